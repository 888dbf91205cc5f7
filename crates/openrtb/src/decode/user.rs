//! The user: what may be kept (segments, keywords, privacy signals) and what may not (identifiers), apart.

use std::fmt;

use motet_model::request::{Privacy, User};
use serde_json::value::RawValue;

use super::add_keywords;
use crate::wire::{self, Eid, List};

/// The age in years up to which a user is taken for a child (COPPA: under 13; one more, since `yob` is only a year).
const CHILD_AGE: i64 = 13;

/// Raw identifiers of one user. They are never logged: the debug form only tells which are there.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The id this platform set at the exchange (`user.buyeruid`).
    pub buyeruid: Option<String>,
    /// The exchange's id (`user.id`).
    pub user_id: Option<String>,
    /// The device's advertising id (`device.ifa`).
    pub ifa: Option<String>,
    /// Extended ids as (source, id), in the request's order.
    pub eids: Vec<(String, String)>,
}

impl Identity {
    /// Returns the best identifier as (kind, value): ours, then the extended ones, the exchange's, the device's. An
    /// advertising id of zeros is what a device sends that withholds it.
    pub fn best(&self) -> Option<(&str, &str)> {
        let ifa = self.ifa.as_deref().filter(|ifa| ifa.bytes().any(|b| !matches!(b, b'0' | b'-')));
        let buyeruid = self.buyeruid.as_deref().map(|id| ("buyeruid", id));
        let eid = self.eids.first().map(|(source, id)| (source.as_str(), id.as_str()));
        let user_id = self.user_id.as_deref().map(|id| ("user_id", id));
        buyeruid.or(eid).or(user_id).or(ifa.map(|id| ("ifa", id)))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("buyeruid", &self.buyeruid.is_some())
            .field("user_id", &self.user_id.is_some())
            .field("ifa", &self.ifa.is_some())
            .field("eids", &self.eids.len())
            .finish()
    }
}

/// What the user and regs objects hold.
pub(crate) struct People<'a> {
    pub(crate) user: User,
    pub(crate) identity: Identity,
    pub(crate) privacy: Privacy,
    pub(crate) geo: Option<wire::Geo<'a>>,
}

/// Reads user and regs.
pub(crate) fn read<'a>(wire: wire::User<'a>, regs: wire::Regs<'a>, year: u16) -> People<'a> {
    let mut keywords = Vec::new();
    add_keywords(&mut keywords, &wire.keywords, &wire.kwarray);
    let user = User { key: None, segments: segments(&wire.data), keywords };
    let mut privacy = privacy(regs);
    privacy.tcf = wire.consent.0.or(wire.ext.0.consent.0).owned();
    privacy.child = is_child(wire.yob.0, year);
    let identity = Identity {
        buyeruid: wire.buyeruid.owned(),
        user_id: wire.id.owned(),
        ifa: None,
        eids: [wire.eids, wire.ext.0.eids].into_iter().flatten().flat_map(eids).collect(),
    };
    People { user, identity, privacy, geo: wire.geo }
}

fn is_child(year_of_birth: Option<i64>, year: u16) -> bool {
    let year = i64::from(year);
    year_of_birth.is_some_and(|born| year > 0 && (0..=CHILD_AGE).contains(&year.saturating_sub(born)))
}

/// Reads the regs, first-class and in `ext`. A flag set in either place is set.
fn privacy(regs: wire::Regs<'_>) -> Privacy {
    let ext = regs.ext.unwrap_or_default();
    let either = |a: Option<bool>, b: Option<bool>| match (a, b) {
        (Some(a), Some(b)) => Some(a || b),
        (a, b) => a.or(b),
    };
    let sections = if regs.gpp_sid.0.is_empty() { ext.gpp_sid } else { regs.gpp_sid };
    Privacy {
        coppa: either(regs.coppa.0, ext.coppa.0).unwrap_or(false),
        gdpr: either(regs.gdpr.0, ext.gdpr.0),
        us_privacy: regs.us_privacy.or(ext.us_privacy).owned(),
        gpp: regs.gpp.or(ext.gpp).owned(),
        gpp_sections: sections.0.iter().filter_map(|id| u8::try_from(id.0?).ok()).collect(),
        ..Privacy::default()
    }
}

/// Names the segments as `provider/segment`; a provider or segment is known by its id, or its name.
fn segments(data: &List<wire::Data<'_>>) -> Vec<String> {
    let mut segments = Vec::new();
    for provider in &data.0 {
        let Some(owner) = provider.name.get().or(provider.id.get()) else { continue };
        for segment in &provider.segment.0 {
            if let Some(id) = segment.id.get().or(segment.name.get()) {
                segments.push(format!("{owner}/{id}"));
            }
        }
    }
    segments
}

/// Reads extended ids; a list of another shape is left out.
fn eids(raw: &RawValue) -> Vec<(String, String)> {
    let list = serde_json::from_str::<List<Eid<'_>>>(raw.get()).unwrap_or_default();
    let pairs = list.0.into_iter().flat_map(|eid| {
        let source = eid.source.owned().unwrap_or_default();
        eid.uids.0.into_iter().filter_map(move |uid| Some((source.clone(), uid.id.owned()?)))
    });
    pairs.collect()
}
