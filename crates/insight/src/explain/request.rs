//! The request in brief, without anything that names a person.

use motet_agent::{Ask, Restraint, Verdict};
use motet_coordinator::Trace;
use motet_model::{
    codes::CategoryId,
    request::{AdRequest, Channel, DeviceKind, Mode, Pricing},
    taxonomy,
};
use serde::Serialize;

/// The request, without identity: no user key, address, user agent, segment or page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestSummary {
    /// The caller's id.
    pub id: String,
    /// Site, app or screen.
    pub channel: Channel,
    /// The domain or bundle.
    pub place: Option<String>,
    /// The publisher's id.
    pub publisher: Option<String>,
    /// The content's title.
    pub title: Option<String>,
    /// The content's categories, by name where they have one.
    pub content: Vec<String>,
    /// The content's or device's language, ISO 639.
    pub language: Option<String>,
    /// The country, ISO 3166 alpha-3.
    pub country: Option<String>,
    /// The kind of device.
    pub device: DeviceKind,
    /// How many imps it holds.
    pub imps: usize,
    /// `first_price` or `second_price`.
    pub pricing: &'static str,
    /// The currency it is answered in, ISO 4217.
    pub currency: String,
    /// The time the caller waits, in milliseconds.
    pub tmax_ms: Option<i64>,
    /// Whether it is a test, for which no money moves.
    pub test: bool,
    /// Whether identity was used.
    pub identity: Identity,
}

/// Whether a decision used identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "use", rename_all = "snake_case")]
pub enum Identity {
    /// A pseudonymous key was known and permitted.
    Permitted,
    /// None was known.
    Unknown,
    /// It was withheld, for these reasons by name.
    Withheld {
        /// The safety agent's reasons.
        reasons: Vec<&'static str>,
    },
}

impl Identity {
    fn of(request: &AdRequest, trace: &Trace) -> Self {
        let mut reasons: Vec<&'static str> = Vec::new();
        for (proposal, verdict) in &trace.hearing {
            let Ask::Restrain(Restraint::ContextOnly(reason)) = &proposal.ask else { continue };
            if *verdict == Verdict::Accepted && !reasons.contains(&reason.name()) {
                reasons.push(reason.name());
            }
        }
        match (reasons.is_empty(), request.user.key) {
            (false, _) => Self::Withheld { reasons },
            (true, Some(_)) => Self::Permitted,
            (true, None) => Self::Unknown,
        }
    }
}

impl RequestSummary {
    pub(super) fn of(request: &AdRequest, trace: &Trace) -> Self {
        let inventory = &request.inventory;
        Self {
            id: request.id.clone(),
            channel: inventory.channel,
            place: inventory.domain.clone().or_else(|| inventory.bundle.clone()),
            publisher: inventory.publisher.clone(),
            title: inventory.title.clone(),
            content: inventory.categories.iter().map(|category| category_name(*category)).collect(),
            language: inventory.language.or(request.device.language).map(|code| code.to_string()),
            country: request.device.geo.country.map(|code| code.to_string()),
            device: request.device.kind,
            imps: request.imps.len(),
            pricing: match request.pricing {
                Pricing::FirstPrice => "first_price",
                Pricing::SecondPrice => "second_price",
            },
            currency: request.currency.code.to_string(),
            tmax_ms: request.tmax.map(motet_units::Span::millis),
            test: request.mode == Mode::Test,
            identity: Identity::of(request, trace),
        }
    }
}

/// Returns a category's name, or its code where it has none.
pub(super) fn category_name(category: CategoryId) -> String {
    taxonomy::name(category).map_or_else(|| category.code(), str::to_owned)
}
