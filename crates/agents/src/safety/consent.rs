//! Whether a listener's identity may be used at all, from the privacy signals of one request.
//!
//! One pure function, [`permit`], called at the edge before anything is logged and again by the agent: identity
//! is what a request must earn, and any signal that denies it wins. Checked in this order:
//!
//! 1. COPPA, or a child by another signal: context only.
//! 2. GDPR: applies when stated, or when GPP section 2 applies. It then needs a readable TCF v2 string with
//!    consent to purposes 1 (storage), 3 (profiling) and 4 (personalised ads), and for our vendor id where one
//!    is configured. Where several strings are present each must permit. Missing or malformed is no consent.
//!    GPP section 5 (Canada) asks the same of express consent.
//! 3. US: an opt-out of sale (`us_privacy`), or of sale, sharing or targeted advertising in an applicable GPP
//!    section, or Global Privacy Control. An unreadable or unknown applicable section counts as an opt-out.
//! 4. `lmt` and `dnt`: honoured everywhere.
//!
//! Consent strings are only read here; they are relayed unmodified elsewhere.

use motet_agent::SafetyReason;
use motet_model::request::Privacy;
use serde::{Deserialize, Serialize};

use super::{
    gpp::{self, Sections, Us},
    tcf,
};

/// How consent is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsentOptions {
    /// Our id on the Global Vendor List; without one, vendor consent cannot be asked for. Default: none.
    pub vendor_id: Option<u16>,
    /// Whether a TCF string counts as the GDPR applying where the request does not say. Default: true.
    pub strict: bool,
}

impl Default for ConsentOptions {
    fn default() -> Self {
        Self { vendor_id: None, strict: true }
    }
}

/// What may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// Identity and context.
    Identity,
    /// Context alone, for this reason.
    ContextOnly(SafetyReason),
}

/// Works out what the privacy signals permit.
///
/// ```
/// use motet_agent::SafetyReason;
/// use motet_agents::safety::consent::{ConsentOptions, Permit, permit};
/// use motet_model::request::Privacy;
/// let options = ConsentOptions::default();
/// assert_eq!(permit(&Privacy::default(), &options), Permit::Identity);
/// let european = Privacy { gdpr: Some(true), ..Privacy::default() };
/// assert_eq!(permit(&european, &options), Permit::ContextOnly(SafetyReason::NoConsent));
/// let sold = Privacy { us_privacy: Some("1YYN".into()), ..Privacy::default() };
/// assert_eq!(permit(&sold, &options), Permit::ContextOnly(SafetyReason::OptedOut));
/// ```
pub fn permit(privacy: &Privacy, options: &ConsentOptions) -> Permit {
    let reason = if privacy.coppa || privacy.child {
        Some(SafetyReason::Child)
    } else {
        denied_by_strings(privacy, options).or_else(|| {
            let limited = privacy.limit_tracking || privacy.do_not_track;
            limited.then_some(SafetyReason::TrackingLimited)
        })
    };
    reason.map_or(Permit::Identity, Permit::ContextOnly)
}

fn denied_by_strings(privacy: &Privacy, options: &ConsentOptions) -> Option<SafetyReason> {
    let sections = match filled(privacy.gpp.as_deref()) {
        None => Sections::new(),
        Some(text) => match gpp::sections(text) {
            Some(sections) => sections,
            None => return Some(SafetyReason::NoConsent),
        },
    };
    if is_denied_in_europe(privacy, &sections, options) || is_denied_in_canada(privacy, &sections, options) {
        return Some(SafetyReason::NoConsent);
    }
    has_opted_out(privacy, &sections).then_some(SafetyReason::OptedOut)
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// A section applies when the request lists it, or lists none and the string holds it.
fn applies(privacy: &Privacy, sections: &Sections<'_>, id: u16) -> bool {
    if privacy.gpp_sections.is_empty() {
        sections.iter().any(|(section, _)| *section == id)
    } else {
        privacy.gpp_sections.iter().any(|section| u16::from(*section) == id)
    }
}

fn is_denied_in_europe(privacy: &Privacy, sections: &Sections<'_>, options: &ConsentOptions) -> bool {
    let tcf = filled(privacy.tcf.as_deref());
    let listed = privacy.gpp_sections.contains(&2);
    let gdpr = match privacy.gdpr {
        Some(stated) => stated || listed,
        None => applies(privacy, sections, 2) || (options.strict && tcf.is_some()),
    };
    if !gdpr {
        return false;
    }
    let from_gpp = sections.iter().filter(|(id, _)| *id == 2).map(|(_, text)| *text);
    let mut strings = tcf.into_iter().chain(from_gpp).peekable();
    strings.peek().is_none() || !strings.all(|text| tcf::permits(text, tcf::EU, options.vendor_id))
}

fn is_denied_in_canada(privacy: &Privacy, sections: &Sections<'_>, options: &ConsentOptions) -> bool {
    if !applies(privacy, sections, 5) {
        return false;
    }
    let text = sections.iter().find(|(id, _)| *id == 5).map(|(_, text)| *text);
    !text.is_some_and(|text| tcf::permits(text, tcf::CANADA, options.vendor_id))
}

fn has_opted_out(privacy: &Privacy, sections: &Sections<'_>) -> bool {
    let stated = filled(privacy.us_privacy.as_deref());
    if stated.is_some_and(|text| gpp::us_privacy(text) != Us::NotOptedOut) {
        return true;
    }
    let is_us = |id: u16| id >= 6;
    let opted_out = |id: u16, text: &str| match id {
        6 => gpp::us_privacy(text) != Us::NotOptedOut,
        _ => gpp::us_section(id, text) != Us::NotOptedOut,
    };
    let held = sections.iter().filter(|(id, _)| is_us(*id) && applies(privacy, sections, *id));
    let missing =
        privacy.gpp_sections.iter().map(|id| u16::from(*id)).any(|id| {
            is_us(id) && !sections.is_empty() && sections.iter().all(|(section, _)| *section != id)
        });
    missing || held.into_iter().any(|(id, text)| opted_out(*id, text))
}
