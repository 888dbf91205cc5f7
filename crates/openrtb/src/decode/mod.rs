//! A bid request's bytes to an [`AdRequest`], once.
//!
//! Two kinds of flaw are told apart. What cannot be read at all (not JSON, a wrong type, a negative size, a deal
//! without an id) is refused whole, naming the field. What makes only a part unanswerable (an imp without media, two
//! imps of one id, a native request that is not JSON) is tolerated by default: that part keeps no media, so nothing
//! can fit it and it gets no bid, and the rest is answered. [`Strictness::Strict`] refuses those as well.
//!
//! | flaw | tolerant | strict |
//! |---|---|---|
//! | an empty `imp`, or none but something beside the id | no imps | refused |
//! | no id, but imps | no imps | refused |
//! | an imp without id, or of another's id, or without media | that imp has no media | refused |
//! | a native request that is not readable JSON, or asks for no asset | no native | refused |
//! | site and app together | the site counts, `Oddities::mixed_channels` | refused |
//! | dooh together with site or app | refused | refused |
//! | a floor in a currency without a rate | the floor is [`motet_units::CpmMicros::MAX`], above any bid | same |
//! | a floor below zero | no floor | same |
//! | `ext` that is no object, except `regs.ext` | read as empty | same |
//!
//! `regs.ext` is the exception because losing it may lose "the GDPR applies"; losing a consent string only loses
//! a permission.
//!
//! A caller asks for reasons with `ext.motet.nbr` 1.

mod countries;
mod device;
mod imp;
mod inventory;
mod native;
mod user;

use std::collections::BTreeSet;

use motet_model::{
    codes::{CategoryId, Code, Taxonomy},
    request::{AdRequest, Blocks, CurrencyRate, Mode, Oddities, Pricing},
};
use motet_units::Span;
use smallvec::SmallVec;

pub(crate) use self::native::from_text as native_from_text;
pub use self::user::Identity;
use crate::{
    RateTable,
    wire::{self, Int, List, Text},
};

/// What the edge knows besides the request.
#[derive(Clone, Debug)]
pub struct DecodeOptions {
    /// The rates of the moment; its accounting currency is the core's.
    pub rates: RateTable,
    /// The most imps a request may have, at least 1 and at most 65,535.
    pub most_imps: u16,
    /// Publisher ids whose inventory is our own. Nothing in the request can claim that.
    pub owned_publishers: BTreeSet<String>,
    /// Whether flaws of single parts refuse the whole.
    pub strictness: Strictness,
    /// The year of the moment, to tell a child by `user.yob`; 0 leaves that out.
    pub year: u16,
}

impl DecodeOptions {
    /// Makes options with 100 imps at most, nothing owned, tolerant, no year.
    pub const fn new(rates: RateTable) -> Self {
        Self {
            rates,
            most_imps: 100,
            owned_publishers: BTreeSet::new(),
            strictness: Strictness::Tolerant,
            year: 0,
        }
    }
}

/// Whether flaws of single parts refuse the whole request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Strictness {
    /// The flawed part gets no bid.
    #[default]
    Tolerant,
    /// The request is refused: for conformance tests of a seller.
    Strict,
}

/// A request that is not OpenRTB, in one line naming the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// The body is not JSON at all.
    #[error("the body is not JSON: {reason}")]
    NotJson {
        /// What the parser met, and where.
        reason: String,
    },
    /// The body is not the Protobuf form of a request.
    #[error("the body is not Protobuf: {reason}")]
    NotProtobuf {
        /// What the reader met.
        reason: String,
    },
    /// The body is JSON but no object.
    #[error("the body is no JSON object")]
    NotAnObject,
    /// Something required is not there.
    #[error("{field} is missing")]
    Missing {
        /// The field.
        field: String,
    },
    /// A field holds what it cannot hold.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Two imps have one id.
    #[error("imp[{first}].id and imp[{second}].id are both '{id}'")]
    DuplicateImp {
        /// The first imp's place.
        first: usize,
        /// The second imp's place.
        second: usize,
        /// The id, shortened.
        id: String,
    },
    /// More than one of site, app and dooh.
    #[error("only one of site, app and dooh may be present")]
    SeveralChannels,
    /// More imps than are taken.
    #[error("imp has {count} entries, at most {most} are taken")]
    TooManyImps {
        /// How many there are.
        count: usize,
        /// How many are taken.
        most: u16,
    },
}

impl BadRequest {
    pub(crate) fn missing(field: impl Into<String>) -> Self {
        Self::Missing { field: field.into() }
    }

    pub(crate) fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), problem: problem.into() }
    }
}

/// A request as the core takes it, and what the core must not see.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The request, without a user key. The caller sets one from `identity` where that is permitted.
    pub request: AdRequest,
    /// The raw identifiers. Hash them or drop them.
    pub identity: Identity,
    /// Whether the caller asked for a reason where there is no bid (`ext.motet.nbr`).
    pub wants_reasons: bool,
    /// Whether a currency the seller takes has a rate. If not, the answer is
    /// [`motet_model::decision::NoBidReason::CurrencyNotTaken`]; `request.currency` is the accounting currency then.
    pub currency_taken: bool,
    /// The first flaw that was tolerated, if any.
    pub tolerated: Option<BadRequest>,
}

/// The flaws met so far: kept when tolerant, returned when strict.
pub(crate) struct Flaws {
    strictness: Strictness,
    first: Option<BadRequest>,
}

impl Flaws {
    /// Keeps the flaw if tolerant.
    ///
    /// # Errors
    /// The flaw itself if strict.
    pub(crate) fn tolerate(&mut self, flaw: impl FnOnce() -> BadRequest) -> Result<(), BadRequest> {
        if self.strictness == Strictness::Strict {
            return Err(flaw());
        }
        if self.first.is_none() {
            self.first = Some(flaw());
        }
        Ok(())
    }
}

/// Reads a bid request.
///
/// # Errors
/// When it is not OpenRTB, in one line naming the field; see the module's table for what is tolerated.
pub fn decode(body: &[u8], options: &DecodeOptions) -> Result<Decoded, BadRequest> {
    let text = std::str::from_utf8(body).map_err(|e| BadRequest::NotJson { reason: e.to_string() })?;
    if text.trim_start().starts_with('[') {
        return Err(BadRequest::NotAnObject);
    }
    let wire: wire::BidRequest<'_> = serde_json::from_str(text).map_err(|e| explain(text, &e))?;
    let mut flaws = Flaws { strictness: options.strictness, first: None };
    check_frame(&wire, options, &mut flaws)?;
    build(wire, options, flaws)
}

/// Finds the path of what could not be read. Runs on refused requests only.
fn explain(text: &str, error: &serde_json::Error) -> BadRequest {
    if !error.is_data() {
        return BadRequest::NotJson { reason: error.to_string() };
    }
    if !text.trim_start().starts_with('{') {
        return BadRequest::NotAnObject;
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read: Result<wire::BidRequest<'_>, _> = serde_path_to_error::deserialize(&mut deserializer);
    match read {
        Err(e) => BadRequest::invalid(e.path().to_string(), plain(&e.inner().to_string())),
        Ok(_) => BadRequest::NotJson { reason: error.to_string() },
    }
}

/// Puts a parser's message into the standard's words: the path says where, and a struct is an object on the wire.
pub(crate) fn plain(message: &str) -> String {
    let message = message.rfind(" at line ").map_or(message, |end| &message[..end]);
    match message.split_once("expected struct ") {
        Some((before, _)) => format!("{before}expected an object"),
        None => message.to_owned(),
    }
}

fn check_frame(
    wire: &wire::BidRequest<'_>,
    options: &DecodeOptions,
    flaws: &mut Flaws,
) -> Result<(), BadRequest> {
    let places = [&wire.site, &wire.app, &wire.dooh];
    let named = places.iter().filter(|place| place.is_some()).count();
    let count = wire.imp.as_ref().map_or(0, |imps| imps.0.len());
    let says_more =
        wire.imp.is_some() || named > 0 || wire.device.is_some() || wire.user.is_some() || wire.ext.is_some();
    if wire.id.is_empty() {
        if count == 0 {
            return Err(BadRequest::missing("id"));
        }
        flaws.tolerate(|| BadRequest::missing("id"))?;
    }
    if count == 0 {
        if !says_more {
            return Err(BadRequest::missing("imp"));
        }
        flaws.tolerate(|| BadRequest::missing("imp"))?;
    }
    if count > usize::from(options.most_imps) {
        return Err(BadRequest::TooManyImps { count, most: options.most_imps });
    }
    if named > 1 {
        if wire.dooh.is_some() {
            return Err(BadRequest::SeveralChannels);
        }
        flaws.tolerate(|| BadRequest::SeveralChannels)?;
    }
    Ok(())
}

fn build(
    wire: wire::BidRequest<'_>,
    options: &DecodeOptions,
    mut flaws: Flaws,
) -> Result<Decoded, BadRequest> {
    let mut oddities =
        Oddities { mixed_channels: wire.site.is_some() && wire.app.is_some(), ..Oddities::default() };
    let pricing = pricing(wire.at);
    // Without an id the answer could not be matched to the request, so nothing is offered.
    let imps = wire.imp.filter(|_| !wire.id.is_empty()).unwrap_or_default().0;
    let imps = imp::imps(imps, &options.rates, pricing, &mut oddities, &mut flaws)?;
    let (currency, currency_taken) = answer_currency(&wire.cur, &options.rates);
    let people = user::read(*wire.user.unwrap_or_default(), *wire.regs.unwrap_or_default(), options.year);
    let inventory = inventory::read(wire.site, wire.app, wire.dooh, &options.owned_publishers);
    let (device, ifa) =
        device::read(*wire.device.unwrap_or_default(), people.geo.as_ref(), &inventory, &mut oddities);
    let mut privacy = people.privacy;
    privacy.limit_tracking = device.limits_tracking;
    privacy.do_not_track = device.do_not_track;
    let request = AdRequest {
        id: wire.id.owned().unwrap_or_default(),
        imps,
        inventory,
        device: device.device,
        user: people.user,
        privacy,
        blocks: Blocks {
            categories: categories(&wire.bcat, wire.cattax),
            allowed_categories: allowed_categories(&wire.acat, wire.cattax),
            domains: wire.badv.0.iter().filter_map(Text::lower).collect(),
            bundles: owned(wire.bapp),
            allowed_seats: owned(wire.wseat),
            blocked_seats: owned(wire.bseat),
        },
        pricing,
        currency,
        languages: languages(&wire.wlang, &wire.wlangb),
        tmax: wire.tmax.positive().map(|ms| Span::from_millis(i64::from(ms))),
        mode: if wire.test.is_on() { Mode::Test } else { Mode::Live },
        supply: inventory::supply_chain(&wire.source.unwrap_or_default()),
        oddities,
    };
    let mut identity = people.identity;
    identity.ifa = ifa;
    let wants_reasons = wire.ext.is_some_and(|ext| ext.0.motet.0.nbr.is_on());
    Ok(Decoded { request, identity, wants_reasons, currency_taken, tolerated: flaws.first })
}

/// Reads `at`: 1 is first price, 2 and nothing are second price. An exchange's own mechanism is taken for first price:
/// then the bid is never above what winning may cost.
fn pricing(at: Int) -> Pricing {
    match at.0 {
        None | Some(0 | 2) => Pricing::SecondPrice,
        Some(_) => Pricing::FirstPrice,
    }
}

/// Chooses the answer's currency: the accounting currency where it is taken, else the first taken with a rate.
fn answer_currency(taken: &List<Text<'_>>, rates: &RateTable) -> (CurrencyRate, bool) {
    let accounting = rates.accounting_rate();
    let mut codes = taken.0.iter().filter(|code| !code.is_empty()).peekable();
    if codes.peek().is_none() {
        return (accounting, true);
    }
    let known: Vec<CurrencyRate> =
        codes.filter_map(|code| rates.rate(Code::currency(code.as_str())?)).collect();
    if known.contains(&accounting) {
        return (accounting, true);
    }
    known.first().map_or((accounting, false), |rate| (*rate, true))
}

pub(crate) fn owned(list: List<Text<'_>>) -> Vec<String> {
    list.0.into_iter().filter_map(Text::owned).collect()
}

/// Reads one category. Codes of Content Taxonomy 1.0 are known by their prefix, whatever list is stated.
pub(crate) fn category(code: &str, cattax: Int) -> Option<CategoryId> {
    let is_first = code.get(..3).is_some_and(|prefix| prefix.eq_ignore_ascii_case("IAB"));
    let taxonomy = if is_first { Taxonomy::Content1 } else { Taxonomy::from_cattax(cattax.0.unwrap_or(1)) };
    CategoryId::new(taxonomy, code)
}

fn categories(list: &List<Text<'_>>, cattax: Int) -> Vec<CategoryId> {
    list.0.iter().filter_map(|code| category(code.as_str(), cattax)).collect()
}

/// Reads `acat`. A list of which nothing can be read still allows only what is on it: nothing.
fn allowed_categories(list: &List<Text<'_>>, cattax: Int) -> Vec<CategoryId> {
    let mut read = categories(list, cattax);
    if read.is_empty() && !list.0.is_empty() {
        read.extend(CategoryId::new(Taxonomy::Other, "unread"));
    }
    read
}

/// Reads the languages a creative may have. A list of which nothing can be read is kept as `zxx`, "no linguistic
/// content", so that it does not turn into "any".
fn languages(codes: &List<Text<'_>>, tags: &List<Text<'_>>) -> SmallVec<[Code; 2]> {
    let stated = || codes.0.iter().chain(&tags.0).filter(|code| !code.is_empty());
    let mut read: SmallVec<[Code; 2]> = stated().filter_map(|code| Code::language(code.as_str())).collect();
    if read.is_empty() && stated().next().is_some() {
        read.extend(Code::language("zxx"));
    }
    read
}

/// The most keywords kept of one source; the rest are left out.
const MOST_KEYWORDS: usize = 64;

/// Adds the keywords of a comma-separated text and of an array, lower case, without repeats.
pub(crate) fn add_keywords(words: &mut Vec<String>, text: &Text<'_>, array: &List<Text<'_>>) {
    let split = text.as_str().split(',');
    for word in split.chain(array.0.iter().map(Text::as_str)).map(str::trim).filter(|w| !w.is_empty()) {
        if words.len() >= MOST_KEYWORDS {
            return;
        }
        // A word said twice is kept twice: looking for it costs more than it saves, and matching does not mind.
        words.push(word.to_lowercase());
    }
}
