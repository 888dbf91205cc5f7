//! What happened after a bid: win, billing and loss notices, impressions, clicks and conversions.
//!
//! Each comes with a signed token that names the bid; parameters are believed only as far as the engine checks
//! them. A notice that counted, or had counted before, is 204 alike, so that a repeated call is harmless. A token that
//! is not ours is 403, one whose time has passed 410, one that contradicts what is known 409. A click always
//! leads on to the page the creative states, and to no other: the address is never taken from the call.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderValue, Response, StatusCode, Uri, header},
};
use motet_insight::metrics::TokenRefusal;
use motet_model::{
    codes::Code,
    outcome::{Notice, NoticeKind, NoticeVerdict},
};
use motet_openrtb::{NoticeParams, RateTable};
use motet_units::{Nanos, Timestamp};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{
    App, CONVERSION_TOKEN,
    body::{self, BodyLimits},
    reply::{empty, plain, text_reply},
};
use crate::{
    platform::Platform,
    runtime::wall_clock,
    tokens::{Claim, Kind, Refused},
};

/// A transparent picture of one pixel.
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// Most bytes of a conversion's body.
const CONVERSION_BODY: usize = 16 * 1024;

/// `GET|POST /n/{win|billing|loss}/{token}`.
pub(super) async fn notice<P: Platform>(
    State(app): State<Arc<App<P>>>,
    Path((kind, token)): Path<(String, String)>,
    request: Request,
) -> Response<Body> {
    let told = NoticeParams::parse(request.uri().query().unwrap_or(""));
    let Some(kind) = notice_kind(&kind, &told, &app.rates()) else {
        return plain(StatusCode::NOT_FOUND, "notices are win, billing and loss");
    };
    status_of(tell(&app, &token, kind, 0).await)
}

fn notice_kind(name: &str, told: &NoticeParams, rates: &RateTable) -> Option<NoticeKind> {
    let price = told.price(rates);
    let minimum_to_win = told.min_to_win(rates);
    Some(match name {
        "win" => NoticeKind::Won { price, minimum_to_win },
        "billing" => NoticeKind::Billed { price },
        "loss" => NoticeKind::Lost { reason: told.loss.unwrap_or(0), minimum_to_win },
        _ => return None,
    })
}

/// What became of a call.
enum Told {
    Verdict(Claim, NoticeVerdict),
    Refused(Refused),
    Unavailable(Claim, String),
}

/// Checks the token, then tells the platform.
async fn tell<P: Platform>(app: &App<P>, token: &str, kind: NoticeKind, key: u64) -> Told {
    let now = wall_clock();
    let claim = match app.signer().verify(token, Kind::of(&kind), now) {
        Ok(claim) => claim,
        Err(refused) => {
            app.metrics.notice_refused(&kind, refusal_of(&refused));
            return Told::Refused(refused);
        }
    };
    let notice = Notice { bid: claim.bid, kind, happened_at: now, key };
    match app.platform.notice(notice, &claim).await {
        Ok(verdict) => {
            app.metrics.notice(&kind, verdict);
            Told::Verdict(claim, verdict)
        }
        Err(unavailable) => Told::Unavailable(claim, unavailable.to_string()),
    }
}

fn status_of(told: Told) -> Response<Body> {
    match told {
        Told::Verdict(_, NoticeVerdict::Counted | NoticeVerdict::Duplicate | NoticeVerdict::Filtered) => {
            empty(StatusCode::NO_CONTENT)
        }
        Told::Verdict(_, NoticeVerdict::Expired) => plain(StatusCode::GONE, "the bid's window has passed"),
        Told::Verdict(_, NoticeVerdict::Contradicts) => {
            plain(StatusCode::CONFLICT, "the notice contradicts what is known of the bid")
        }
        Told::Refused(Refused::Malformed) => plain(StatusCode::BAD_REQUEST, "token is malformed"),
        Told::Refused(Refused::Forged) => plain(StatusCode::FORBIDDEN, "token is not valid here"),
        Told::Refused(Refused::Expired(_)) => plain(StatusCode::GONE, "token has expired"),
        Told::Unavailable(_, reason) => plain(StatusCode::SERVICE_UNAVAILABLE, reason),
    }
}

/// Why the address of a notice cannot be taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    /// It is not the address of a notice.
    #[error("no address of a notice: expected /n/KIND/TOKEN, /i/TOKEN, /c/TOKEN or /v1/conversions/TOKEN")]
    Form,
    /// What it tells of a conversion cannot be read.
    #[error("a conversion's {0}")]
    Conversion(String),
    /// Its token is malformed.
    #[error("the token is malformed")]
    Malformed,
    /// Its token was not signed here.
    #[error("the token is not valid here")]
    Forged,
    /// Its token's time has passed.
    #[error("the token has expired")]
    Expired,
}

impl<P> App<P> {
    /// Reads a notice from its address, as it would be called over HTTP; scheme and host may lead it. Counts tokens that
    /// are refused.
    pub(crate) fn notice_at(&self, address: &str, now: Timestamp) -> Result<(Notice, Claim), AddressError> {
        let address: Uri = address.trim().parse().map_err(|_| AddressError::Form)?;
        let parts: Vec<&str> = address.path().split('/').skip(1).collect();
        let query = address.query().unwrap_or("");
        let (token, kind, key) = match parts[..] {
            ["n", name, token] => {
                let kind = notice_kind(name, &NoticeParams::parse(query), &self.rates());
                (token, kind.ok_or(AddressError::Form)?, 0)
            }
            ["i", token] => (token, NoticeKind::Impression, 0),
            ["c", token] => (token, NoticeKind::Click, 0),
            ["v1", "conversions", token] => {
                let (value, key) = self.conversion_at(&address)?;
                (token, NoticeKind::Conversion { value }, key)
            }
            _ => return Err(AddressError::Form),
        };
        let claim = self.signer().verify(token, Kind::of(&kind), now).map_err(|refused| {
            self.metrics.notice_refused(&kind, refusal_of(&refused));
            match refused {
                Refused::Malformed => AddressError::Malformed,
                Refused::Forged => AddressError::Forged,
                Refused::Expired(_) => AddressError::Expired,
            }
        })?;
        Ok((Notice { bid: claim.bid, kind, happened_at: now, key }, claim))
    }

    fn conversion_at(&self, address: &Uri) -> Result<(Option<Nanos>, u64), AddressError> {
        let told = axum::extract::Query::<Conversion>::try_from_uri(address);
        let told = told.map_err(|error| AddressError::Conversion(error.to_string()))?.0;
        let value = value_of(&told, &self.rates()).map_err(AddressError::Conversion)?;
        Ok((value, told.key.as_deref().map_or(0, key_of)))
    }
}

const fn refusal_of(refused: &Refused) -> TokenRefusal {
    match refused {
        Refused::Malformed => TokenRefusal::Malformed,
        Refused::Forged => TokenRefusal::Forged,
        Refused::Expired(_) => TokenRefusal::Expired,
    }
}

/// `GET /i/{token}`: the picture is always sent; the status tells whether it counted.
pub(super) async fn impression<P: Platform>(
    State(app): State<Arc<App<P>>>,
    Path(token): Path<String>,
) -> Response<Body> {
    let status = match tell(&app, &token, NoticeKind::Impression, 0).await {
        Told::Verdict(_, NoticeVerdict::Expired) | Told::Refused(Refused::Expired(_)) => StatusCode::GONE,
        Told::Verdict(..) => StatusCode::OK,
        Told::Refused(Refused::Malformed) => StatusCode::BAD_REQUEST,
        Told::Refused(Refused::Forged) => StatusCode::FORBIDDEN,
        Told::Unavailable(..) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut response = text_reply(status, "image/gif", PIXEL);
    no_store(&mut response);
    response
}

/// `GET /c/{token}`: on to the landing page, whatever became of the click, as long as the token is ours.
pub(super) async fn click<P: Platform>(
    State(app): State<Arc<App<P>>>,
    Path(token): Path<String>,
) -> Response<Body> {
    let claim = match tell(&app, &token, NoticeKind::Click, 0).await {
        Told::Verdict(claim, _) | Told::Unavailable(claim, _) | Told::Refused(Refused::Expired(claim)) => {
            claim
        }
        refused @ Told::Refused(_) => return status_of(refused),
    };
    let catalog = app.platform.catalog();
    // Another server's journal may know more creatives than this one's.
    if claim.creative.get() >= catalog.creatives().len() {
        return plain(StatusCode::NOT_FOUND, "the creative is not known here");
    }
    let creative = &catalog.creative(claim.creative).creative;
    let report = app.links().conversion(&claim, wall_clock());
    let page = landing_page(&creative.landing_page, || app.signer().sign(&report).to_string());
    let Ok(location) = HeaderValue::from_str(&page) else {
        return plain(StatusCode::NOT_FOUND, "the creative has no landing page");
    };
    let mut response = empty(StatusCode::FOUND);
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    no_store(&mut response);
    response
}

/// Puts the token that reports a conversion where the page asks for one.
fn landing_page(page: &str, token: impl Fn() -> String) -> String {
    if !page.contains(CONVERSION_TOKEN) {
        return page.to_owned();
    }
    page.replace(CONVERSION_TOKEN, &token())
}

fn no_store(response: &mut Response<Body>) {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// What an advertiser's server tells of a conversion, by query, form or JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Conversion {
    /// The token, if it is not in the path.
    token: Option<String>,
    /// What it brought, as a decimal.
    value: Option<String>,
    /// The currency of the value; the accounting currency when not told.
    currency: Option<String>,
    /// Tells several conversions of one click apart, such as an order number.
    key: Option<String>,
}

/// `GET|POST /v1/conversions[/{token}]`.
pub(super) async fn conversion<P: Platform>(
    State(app): State<Arc<App<P>>>,
    token: Option<Path<String>>,
    request: Request,
) -> Response<Body> {
    let told = match read_conversion(&app, request).await {
        Ok(told) => told,
        Err(refusal) => return plain(StatusCode::BAD_REQUEST, refusal),
    };
    let Some(token) = token.map(|Path(token)| token).or_else(|| told.token.clone()) else {
        return plain(StatusCode::BAD_REQUEST, "token is missing");
    };
    let value = match value_of(&told, &app.rates()) {
        Ok(value) => value,
        Err(refusal) => return plain(StatusCode::BAD_REQUEST, refusal),
    };
    let key = told.key.as_deref().map_or(0, key_of);
    status_of(tell(&app, &token, NoticeKind::Conversion { value }, key).await)
}

async fn read_conversion<P: Platform>(app: &App<P>, request: Request) -> Result<Conversion, String> {
    let (head, body) = request.into_parts();
    let mut told: Conversion =
        axum::extract::Query::try_from_uri(&head.uri).map(|query| query.0).map_err(|e| e.to_string())?;
    let limits =
        BodyLimits { sent: CONVERSION_BODY, decompressed: CONVERSION_BODY, time: app.limits.request };
    let bytes = body::read(&head.headers, body, limits).await.map_err(|error| error.to_string())?;
    if !bytes.is_empty() {
        let stated: Conversion =
            serde_json::from_slice(&bytes).map_err(|error| format!("body is not as expected: {error}"))?;
        told.token = stated.token.or(told.token);
        told.value = stated.value.or(told.value);
        told.currency = stated.currency.or(told.currency);
        told.key = stated.key.or(told.key);
    }
    Ok(told)
}

/// Returns a value in the accounting currency, rounded down to a nano.
fn value_of(told: &Conversion, rates: &RateTable) -> Result<Option<Nanos>, String> {
    let Some(text) = &told.value else { return Ok(None) };
    let stated: Nanos = text.parse().map_err(|error| format!("value: {error}"))?;
    if stated < Nanos::ZERO {
        return Err(format!("value: must be 0 or above, was '{text}'"));
    }
    let rate = match &told.currency {
        None => rates.accounting_rate(),
        Some(code) => Code::currency(code).and_then(|code| rates.rate(code)).ok_or_else(|| {
            format!("currency: no rate is known for '{}'", code.chars().take(8).collect::<String>())
        })?,
    };
    let nanos = i128::from(stated.get()) * i128::from(rate.nanos_per_unit) / 1_000_000_000;
    Ok(Some(Nanos::new(i64::try_from(nanos).unwrap_or(i64::MAX))))
}

/// Turns an order number into the number conversions are told apart by: the first 64 bits of its SHA-256.
fn key_of(text: &str) -> u64 {
    let digest: [u8; 32] = Sha256::digest(text).into();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_converted_exactly_and_rounded_down() {
        let usd = Code::currency("USD").unwrap();
        let rates = RateTable::new(usd).with(Code::currency("EUR").unwrap(), 1_100_000_001);
        let told = |value: &str, currency: Option<&str>| Conversion {
            value: Some(value.to_owned()),
            currency: currency.map(str::to_owned),
            ..Conversion::default()
        };
        assert_eq!(value_of(&told("49.90", None), &rates), Ok(Some(Nanos::new(49_900_000_000))));
        assert_eq!(value_of(&told("0.5", Some("EUR")), &rates), Ok(Some(Nanos::new(550_000_000))));
        assert!(value_of(&told("-1", None), &rates).is_err());
        assert!(value_of(&told("1", Some("XXX")), &rates).is_err());
    }

    #[test]
    fn only_notices_of_exchanges_come_as_notices() {
        assert_eq!(notice_kind("click", &NoticeParams::default(), &rates()), None);
        let lost = notice_kind("loss", &NoticeParams::parse("loss=102"), &rates());
        assert_eq!(lost, Some(NoticeKind::Lost { reason: 102, minimum_to_win: None }));
    }

    fn rates() -> RateTable {
        RateTable::new(Code::currency("USD").unwrap())
    }
}
