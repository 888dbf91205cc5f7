//! What all handlers share.

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use motet_agents::safety::consent::ConsentOptions;
use motet_artf::Orchestrator;
use motet_insight::metrics::Metrics;
use motet_model::codes::Code;
use motet_openrtb::{DecodeOptions, RateTable};
use motet_units::{Nanos, Timestamp};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::SignedLinks;
use crate::{
    api::Idempotency,
    artf::ArtfMetrics,
    config::Config,
    runtime::wall_clock,
    tokens::{Secrets, SecretsError, Signer, UserHasher},
};

/// The token the campaign API is used with, kept as a hash. It never shows in its `Debug` form.
#[derive(Clone)]
pub struct AdminToken([u8; 32]);

impl AdminToken {
    /// Keeps a token.
    pub fn new(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// Makes a token from the system's randomness and returns it beside its text, to be shown once.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn generate() -> Result<(Self, String), SecretsError> {
        let text = crate::tokens::hex(&crate::tokens::random::<24>()?);
        Ok((Self::new(&text), text))
    }

    /// Tells whether a token is this one, in a time that does not depend on how much of it is right.
    pub fn is(&self, token: &str) -> bool {
        let theirs: [u8; 32] = Sha256::digest(token).into();
        self.0.ct_eq(&theirs).into()
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(…)")
    }
}

/// What an app is built from, besides its configuration.
#[derive(Debug)]
pub struct Parts<P> {
    /// The platform behind it.
    pub platform: P,
    /// Where everything is counted.
    pub metrics: Arc<Metrics>,
    /// Signing keys and the users' key.
    pub secrets: Secrets,
    /// The token of the campaign API; without one it is closed.
    pub admin_token: Option<AdminToken>,
    /// How consent is read; the same as the safety agent's.
    pub consent: ConsentOptions,
    /// Where exchanges and browsers reach this server, without a final slash.
    pub public_url: String,
}

/// A configuration an app cannot be built from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// No currency has this code.
    #[error("'{0}' is no ISO 4217 currency")]
    Currency(String),
    /// No rate is written like this.
    #[error("the rate of {code} must be a decimal above 0, was '{rate}'")]
    Rate {
        /// The currency.
        code: String,
        /// What stands there.
        rate: String,
    },
    /// Outside agents cannot be called as configured.
    #[error("artf.{0}")]
    Artf(#[from] motet_artf::Error),
}

/// Sizes and times requests are held to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) body: usize,
    pub(crate) decompressed: usize,
    pub(crate) import: usize,
    pub(crate) gzip_from: usize,
    pub(crate) in_flight: usize,
    pub(crate) request: Duration,
    pub(crate) deadline: Duration,
    pub(crate) margin: Duration,
    /// Whether answers say how long each stage took.
    pub(crate) timing: bool,
}

impl Limits {
    const fn of(config: &Config) -> Self {
        let (server, openrtb) = (&config.server, &config.openrtb);
        Self {
            body: server.body_limit_kib * 1024,
            decompressed: server.decompressed_limit_kib * 1024,
            import: server.import_limit_kib * 1024,
            gzip_from: server.gzip_from_bytes,
            in_flight: server.in_flight,
            request: server.request_timeout(),
            deadline: Duration::from_millis(openrtb.deadline_ms),
            margin: Duration::from_millis(openrtb.margin_ms),
            timing: server.timing,
        }
    }
}

/// What all handlers share.
pub struct App<P> {
    pub(crate) platform: P,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) limits: Limits,
    pub(crate) links: SignedLinks,
    pub(crate) users: UserHasher,
    pub(crate) consent: ConsentOptions,
    pub(crate) admin_token: Option<AdminToken>,
    pub(crate) idempotency: Idempotency,
    /// Calls outside agents, where there are any.
    pub(crate) outside: Option<Orchestrator>,
    decode: RwLock<Arc<DecodeOptions>>,
    in_flight: AtomicUsize,
}

impl<P> fmt::Debug for App<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("links", &self.links).finish_non_exhaustive()
    }
}

/// Makes what calls outside agents; `None` where none is named.
fn outside(
    config: &Config,
    decode: &DecodeOptions,
    metrics: &Arc<Metrics>,
) -> Result<Option<Orchestrator>, BuildError> {
    let witness = Arc::new(ArtfMetrics::new(Arc::clone(metrics)));
    // The moment tells this process's asks from those of the one before.
    let name = wall_clock().micros().unsigned_abs();
    Ok(Orchestrator::new(&config.artf.options(), decode.rates.accounting_rate(), name, witness)?)
}

impl<P> App<P> {
    /// Builds an app. Where outside agents are named, within a Tokio runtime.
    ///
    /// # Errors
    /// When the accounting currency, a rate or an outside agent's settings cannot be read.
    pub fn new(config: &Config, parts: Parts<P>) -> Result<Arc<Self>, BuildError> {
        let decode = decode_options(config)?;
        Ok(Arc::new(Self {
            outside: outside(config, &decode, &parts.metrics)?,
            limits: Limits::of(config),
            links: SignedLinks::new(parts.secrets.signer(), &parts.public_url, config.attribution),
            users: parts.secrets.user_hasher(),
            consent: parts.consent,
            admin_token: parts.admin_token,
            idempotency: Idempotency::new(config.server.idempotency_keys),
            decode: RwLock::new(Arc::new(decode)),
            in_flight: AtomicUsize::new(0),
            metrics: parts.metrics,
            platform: parts.platform,
        }))
    }

    /// Returns the platform behind the app.
    pub const fn platform(&self) -> &P {
        &self.platform
    }

    pub(crate) const fn links(&self) -> &SignedLinks {
        &self.links
    }

    pub(crate) const fn signer(&self) -> &Signer {
        self.links.signer()
    }

    /// Returns how requests are read now; only the year ever changes.
    pub(crate) fn decode_options(&self, now: Timestamp) -> Arc<DecodeOptions> {
        let options = Arc::clone(&self.decode.read().unwrap_or_else(PoisonError::into_inner));
        let year = year_of(now);
        if options.year == year {
            return options;
        }
        let options = Arc::new(DecodeOptions { year, ..DecodeOptions::clone(&options) });
        *self.decode.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&options);
        options
    }

    pub(crate) fn rates(&self) -> RateTable {
        self.decode.read().unwrap_or_else(PoisonError::into_inner).rates.clone()
    }

    /// Takes a place among the requests being decided; `None` when all are taken.
    pub(crate) fn enter(&self) -> Option<Place<'_>> {
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        let place = Place { taken: &self.in_flight };
        if before < self.limits.in_flight { Some(place) } else { None }
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }
}

/// A place among the requests being decided; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    taken: &'a AtomicUsize,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns the year by the average length of one: right but for hours around new year.
fn year_of(now: Timestamp) -> u16 {
    const AVERAGE_YEAR_S: i64 = 31_556_952;
    u16::try_from(1970 + now.secs() / AVERAGE_YEAR_S).unwrap_or(0)
}

pub(super) fn decode_options(config: &Config) -> Result<DecodeOptions, BuildError> {
    let openrtb = &config.openrtb;
    let currency = |code: &str| Code::currency(code).ok_or_else(|| BuildError::Currency(code.to_owned()));
    let mut rates = RateTable::new(currency(&openrtb.currency)?);
    for (code, rate) in &openrtb.rates {
        let positive = rate.parse::<Nanos>().ok().filter(|nanos| nanos.is_positive());
        let nanos =
            positive.ok_or_else(|| BuildError::Rate { code: code.clone(), rate: rate.clone() })?.get();
        rates = rates.with(currency(code)?, nanos);
    }
    Ok(DecodeOptions {
        most_imps: u16::try_from(openrtb.imps_max).unwrap_or(u16::MAX),
        owned_publishers: openrtb.owned_publishers.iter().cloned().collect(),
        ..DecodeOptions::new(rates)
    })
}
