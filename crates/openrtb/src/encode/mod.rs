//! A decision to a bid response's bytes.
//!
//! Bids are grouped by seat, in the order the seats first appear. Prices are converted to the answer's currency and
//! rounded down to a millionth. `ext.motet.imps` names each imp without a bid, its reason, the standard's code and one
//! plain sentence: always where the response has content anyway (some imp has a bid), and where the caller asked for
//! reasons. Without bids and without that wish there is no content at all, the cheapest no-bid there is.
//!
//! On an exchange's inventory a bid carries `nurl`, `burl` and `lurl` with the standard's macros for the exchange to
//! substitute; an impression address in the markup is for learning, and billing is the exchange's notice. On our own
//! inventory the auction is over when the response is written: `nurl` has its macros substituted, there is no `burl`
//! or `lurl`, and the impression in the markup is what is charged.

mod escape;
mod html;
mod native;
mod protobuf;
mod vast;

use std::borrow::Cow;

use motet_model::{
    campaign::{Content as Ad, Creative},
    catalog::Catalog,
    codes::{CodeSet, Taxonomy},
    decision::{Bid, Decision, ImpDecision, NoBidReason},
    request::{AdRequest, Imp, MediaKind, Mode, Ownership},
};
use serde::Serialize;

pub use self::protobuf::encode_protobuf;
use crate::{
    macros::{MacroValues, Render, substitute},
    money::from_accounting,
    notice::{LinkKind, Links, address},
    reasons::{INVALID_REQUEST, nbr},
};

/// A decision with what is needed to put it into words.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// The request decided on.
    pub request: &'a AdRequest,
    /// The decision.
    pub decision: &'a Decision,
    /// The catalog it was made with.
    pub catalog: &'a Catalog,
    /// Makes the addresses of notices, impressions and clicks.
    pub links: &'a dyn Links,
    /// Whether the caller asked for a reason where there is no bid.
    pub reasons: Reasons,
}

impl std::fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("decision", &self.decision.id).finish_non_exhaustive()
    }
}

/// Whether a caller asked for reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Reasons {
    /// A response without bids has no content.
    #[default]
    NotWanted,
    /// A response without bids says why.
    Wanted,
}

/// Whether a response has content: what tells HTTP 200 from 204.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Bytes were written.
    Some,
    /// Nothing was written: no bid, and no reasons wanted.
    None,
}

/// Writes the response of a decision, appended to `out`.
pub fn encode(answer: &Answer<'_>, out: &mut Vec<u8>) -> Content {
    let Some(response) = Response::of(answer) else { return Content::None };
    // Every field is a text or a finite number, and writing to a Vec does not fail.
    let written = serde_json::to_writer(out, &response);
    debug_assert!(written.is_ok(), "a bid response is plain data");
    Content::Some
}

/// Returns the code for the whole response: the first imp's reason; "invalid request" where nothing was asked.
fn response_nbr(decision: &Decision) -> u16 {
    no_bids(decision).next().map_or(INVALID_REQUEST, |(_, reason)| nbr(reason))
}

fn no_bids(decision: &Decision) -> impl Iterator<Item = (usize, NoBidReason)> + '_ {
    decision.imps.iter().enumerate().filter_map(|(place, imp)| match imp {
        ImpDecision::NoBid(reason) => Some((place, *reason)),
        ImpDecision::Bid(_) => None,
    })
}

#[derive(Serialize)]
struct Response<'a> {
    id: &'a str,
    bidid: String,
    cur: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbr: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    seatbid: Vec<SeatBid<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ext: Option<Extension<'a>>,
}

impl<'a> Response<'a> {
    /// Makes the response; `None` where it has no content.
    fn of(answer: &Answer<'a>) -> Option<Self> {
        let seats = seats(answer);
        if seats.is_empty() && answer.reasons == Reasons::NotWanted {
            return None;
        }
        Some(Self {
            id: &answer.request.id,
            bidid: answer.decision.id.to_string(),
            cur: answer.request.currency.code.as_str(),
            nbr: if seats.is_empty() { Some(response_nbr(answer.decision)) } else { None },
            ext: Extension::of(answer),
            seatbid: seats,
        })
    }
}

#[derive(Serialize)]
struct SeatBid<'a> {
    bid: Vec<WireBid<'a>>,
    seat: &'a str,
}

#[derive(Serialize)]
struct Extension<'a> {
    motet: MotetExtension<'a>,
}

#[derive(Serialize)]
struct MotetExtension<'a> {
    imps: Vec<ImpReason<'a>>,
}

/// Why one imp has no bid.
#[derive(Serialize)]
struct ImpReason<'a> {
    impid: &'a str,
    reason: &'static str,
    code: u16,
    sentence: &'static str,
}

impl<'a> Extension<'a> {
    fn of(answer: &Answer<'a>) -> Option<Self> {
        let request = answer.request;
        let reason = |(place, reason): (usize, NoBidReason)| ImpReason {
            impid: request.imps.get(place).map_or("", |imp: &Imp| &imp.id),
            reason: match reason {
                NoBidReason::InvalidTraffic(finding) => finding.name(),
                other => other.name(),
            },
            code: nbr(reason),
            sentence: reason.sentence(),
        };
        let imps: Vec<_> = no_bids(answer.decision).map(reason).collect();
        (!imps.is_empty()).then_some(Self { motet: MotetExtension { imps } })
    }
}

/// One bid, its fields as the standard names them.
#[derive(Serialize)]
struct WireBid<'a> {
    id: String,
    impid: &'a str,
    price: f64,
    adid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nurl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    burl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lurl: Option<String>,
    adm: String,
    adomain: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<&'a str>,
    cid: &'a str,
    crid: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cat: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cattax: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attr: Vec<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dealid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    w: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    h: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<u32>,
    exp: i64,
    mtype: u8,
}

/// Groups the bids by seat, in the order the seats first appear.
fn seats<'a>(answer: &Answer<'a>) -> Vec<SeatBid<'a>> {
    let mut seats: Vec<SeatBid<'a>> = Vec::new();
    for bid in answer.decision.bids() {
        let Some(imp) = answer.request.imps.get(usize::from(bid.id.imp)) else { continue };
        let offer = Offer::new(answer, bid, imp);
        let wire = offer.wire();
        match seats.iter_mut().find(|seat| seat.seat == offer.seat) {
            Some(seat) => seat.bid.push(wire),
            None => seats.push(SeatBid { bid: vec![wire], seat: offer.seat }),
        }
    }
    seats
}

/// One bid with all it refers to.
struct Offer<'a> {
    request: &'a AdRequest,
    imp: &'a Imp,
    bid: &'a Bid,
    creative: &'a Creative,
    advertiser: &'a str,
    campaign: &'a str,
    seat: &'a str,
    links: &'a dyn Links,
    exp_s: i64,
}

impl<'a> Offer<'a> {
    fn new(answer: &Answer<'a>, bid: &'a Bid, imp: &'a Imp) -> Self {
        let advertiser = &answer.catalog.advertiser(bid.advertiser).advertiser;
        Self {
            request: answer.request,
            imp,
            bid,
            creative: &answer.catalog.creative(bid.creative).creative,
            advertiser: &advertiser.name,
            campaign: &answer.catalog.campaign(bid.campaign).campaign.id,
            seat: &advertiser.seat,
            links: answer.links,
            exp_s: ((bid.expires - answer.decision.at).millis() / 1_000).max(0),
        }
    }

    fn link(&self, kind: LinkKind) -> String {
        address(self.links, self.bid, kind, self.request.currency.code)
    }

    fn is_ours(&self) -> bool {
        self.request.inventory.ownership == Ownership::Owned
    }

    fn wire(&self) -> WireBid<'a> {
        let creative = self.creative;
        let size = self.bid.size.or_else(|| creative.content.size());
        let (cat, cattax) = self.categories();
        let exchange_link = |kind| (!self.is_ours()).then(|| self.link(kind));
        WireBid {
            id: self.bid.id.to_string(),
            impid: &self.imp.id,
            price: from_accounting(self.bid.price, self.request.currency).units(),
            adid: &creative.id,
            nurl: Some(self.settled(self.link(LinkKind::Win))),
            burl: exchange_link(LinkKind::Billing),
            lurl: exchange_link(LinkKind::Loss),
            adm: self.settled(self.markup()),
            adomain: &creative.domains,
            bundle: creative.bundle.as_deref(),
            cid: self.campaign,
            crid: &creative.id,
            cat,
            cattax,
            attr: attributes(creative.attributes),
            language: creative.language.as_ref().map(motet_model::codes::Code::as_str),
            dealid: self.deal(),
            w: size.map(|size| size.w),
            h: size.map(|size| size.h),
            protocol: self.vast_version().map(vast::Version::protocol),
            dur: match &creative.content {
                Ad::Video(content) | Ad::Audio(content) => Some(content.duration_s),
                _ => None,
            },
            exp: self.exp_s,
            mtype: mtype(self.bid.kind),
        }
    }

    fn deal(&self) -> Option<&'a str> {
        let place = usize::from(self.bid.deal?);
        self.imp.deals.get(place).map(|deal| deal.id.as_str())
    }

    /// Returns the advertised categories of one list: `cattax` speaks for all of them.
    fn categories(&self) -> (Vec<String>, Option<i64>) {
        let all = &self.creative.categories;
        let Some(first) = all.first() else { return (Vec::new(), None) };
        let of_one_list = all.iter().filter(|category| category.taxonomy() == first.taxonomy());
        let cattax = Some(first.taxonomy()).filter(|list| *list != Taxonomy::Content1).map(Taxonomy::cattax);
        (of_one_list.map(|category| category.code()).collect(), cattax)
    }

    fn vast_version(&self) -> Option<vast::Version> {
        let slot = match self.bid.kind {
            MediaKind::Video => self.imp.media.video.as_ref()?,
            MediaKind::Audio => self.imp.media.audio.as_ref()?,
            MediaKind::Banner | MediaKind::Native => return None,
        };
        Some(vast::Version::for_slot(slot.protocols))
    }

    fn markup(&self) -> String {
        let (impression, click) = (self.link(LinkKind::Impression), self.link(LinkKind::Click));
        match &self.creative.content {
            Ad::Html { markup, .. } => html::ready(markup, &impression, &click),
            Ad::Image { size, url, .. } => html::image(url, *size, &impression, &click),
            Ad::Video(content) | Ad::Audio(content) => {
                let version = self.vast_version().unwrap_or_default();
                vast::inline(self, content, version, &impression, &click)
            }
            Ad::Native(content) => {
                native::markup(content, self.imp.media.native.as_ref(), &impression, &click)
            }
        }
    }

    /// Substitutes the macros where we are the seller; elsewhere the seller does.
    fn settled(&self, text: String) -> String {
        if !self.is_ours() {
            return text;
        }
        let price = from_accounting(self.bid.price, self.request.currency);
        let values = MacroValues {
            auction_id: Some(Cow::Borrowed(&self.request.id)),
            bid_id: Some(Cow::Owned(self.bid.id.to_string())),
            imp_id: Some(Cow::Borrowed(&self.imp.id)),
            seat_id: Some(Cow::Borrowed(self.seat)),
            ad_id: Some(Cow::Borrowed(&self.creative.id)),
            price: Some(price),
            currency: Some(self.request.currency.code),
            multiplier_millis: Some(self.imp.quantity_millis),
            ..MacroValues::default()
        };
        let render = if self.request.mode == Mode::Test { Render::Audit } else { Render::Live(&values) };
        match substitute(&text, render) {
            Cow::Owned(substituted) => substituted,
            Cow::Borrowed(_) => text,
        }
    }
}

fn attributes(set: CodeSet) -> Vec<u8> {
    set.iter().collect()
}

/// Returns `AdCOM`'s creative markup type.
const fn mtype(kind: MediaKind) -> u8 {
    match kind {
        MediaKind::Banner => 1,
        MediaKind::Video => 2,
        MediaKind::Audio => 3,
        MediaKind::Native => 4,
    }
}
