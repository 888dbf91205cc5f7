//! The addresses that leave with a bid, each with a signed token.

use motet_model::decision::Bid;
use motet_openrtb::{LinkKind, Links};

use crate::tokens::{Claim, Kind, Signer};

/// Makes the addresses of one server.
#[derive(Clone, Debug)]
pub struct SignedLinks {
    signer: Signer,
    base: String,
}

impl SignedLinks {
    /// Makes links under an address, a final slash of which is left out.
    pub fn new(signer: Signer, base: &str) -> Self {
        Self { signer, base: base.trim_end_matches('/').to_owned() }
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

impl Links for SignedLinks {
    fn write(&self, bid: &Bid, kind: LinkKind, url: &mut String) {
        let (path, kind) = path(kind);
        let claim = Claim { bid: bid.id, creative: bid.creative, kind, expires: bid.expires };
        url.push_str(&self.base);
        url.push_str(path);
        url.push_str(self.signer.sign(&claim).as_str());
    }
}
