//! The addresses that leave with a bid, each with a signed token.

use motet_model::{catalog::Catalog, decision::Bid};
use motet_openrtb::{LinkKind, Links};

use motet_units::{Span, Timestamp};

use crate::{
    config::Attribution,
    tokens::{Claim, Kind, Signer},
};

/// Makes the addresses of one server.
#[derive(Clone, Debug)]
pub struct SignedLinks {
    signer: Signer,
    base: String,
    click_window: Span,
    conversion_window: Span,
}

impl SignedLinks {
    /// Makes links under an address, a final slash of which is left out.
    pub fn new(signer: Signer, base: &str, attribution: Attribution) -> Self {
        let seconds = |seconds: u32| Span::from_secs(i64::from(seconds));
        Self {
            signer,
            base: base.trim_end_matches('/').to_owned(),
            click_window: seconds(attribution.click_window_s),
            conversion_window: seconds(attribution.conversion_window_s),
        }
    }

    /// Returns the claim that reports a conversion of a click made now.
    pub(crate) fn conversion(&self, click: &Claim, now: Timestamp) -> Claim {
        Claim { kind: Kind::Conversion, expires: now + self.conversion_window, ..*click }
    }

    pub(crate) const fn signer(&self) -> &Signer {
        &self.signer
    }
}

const fn path(kind: LinkKind) -> (&'static str, Kind) {
    match kind {
        LinkKind::Win => ("/n/win/", Kind::Win),
        LinkKind::Billing => ("/n/billing/", Kind::Billing),
        LinkKind::Loss => ("/n/loss/", Kind::Loss),
        LinkKind::Impression => ("/i/", Kind::Impression),
        LinkKind::Click => ("/c/", Kind::Click),
    }
}

/// The links of one decision's bids.
#[derive(Clone, Copy, Debug)]
pub struct BidLinks<'a> {
    links: &'a SignedLinks,
    catalog: &'a Catalog,
    decided: Timestamp,
}

impl SignedLinks {
    /// Returns the links of bids decided at a moment from a catalog: they tell the day the bids count on.
    pub const fn of<'a>(&'a self, catalog: &'a Catalog, decided: Timestamp) -> BidLinks<'a> {
        BidLinks { links: self, catalog, decided }
    }
}

impl Links for BidLinks<'_> {
    fn write(&self, bid: &Bid, kind: LinkKind, url: &mut String) {
        let (path, kind) = path(kind);
        let Self { links, catalog, decided } = self;
        // The impression may come at the very end of the bid's window, and the click as long again as one counts.
        let expires = if kind == Kind::Click { bid.expires + links.click_window } else { bid.expires };
        let day = decided.day(catalog.campaign(bid.campaign).campaign.flight.utc_offset);
        let Bid { id, creative, reserved, price, charge, .. } = *bid;
        let claim = Claim {
            bid: id,
            creative,
            reserved,
            price,
            charge,
            day: u16::try_from(day).unwrap_or(0),
            kind,
            expires,
        };
        url.push_str(&links.base);
        url.push_str(path);
        url.push_str(links.signer.sign(&claim).as_str());
    }
}
