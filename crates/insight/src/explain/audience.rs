//! The texts for those outside: the listener who was shown an ad, and the advertiser who pays for one.
//!
//! A viewer is told what was used about them and about the page, never anything of other people. An
//! advertiser is told about its own campaign, never the names or offers of others; what it had to beat is told
//! as the price that was paid, as an exchange does.

use std::fmt::Write as _;

use motet_agent::{Ask, Basis, Interests, Verdict};
use motet_coordinator::Trace;
use motet_model::{catalog::Catalog, decision::Bid, request::Channel, targeting::Targeting};
use motet_units::CpmMicros;
use serde::Serialize;

use super::{CandidateLine, Explanation, Fate, Identity, ImpExplanation, Outcome, request::category_name};

/// The interests a decision was made with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InterestsUsed {
    /// `context` (the content alone) or `identity` (past events too).
    pub basis: Basis,
    /// The categories by name, heaviest first.
    pub categories: Vec<String>,
}

/// Returns the interests accepted into a decision; none where no profile was.
pub(super) fn interests_used(trace: &Trace) -> Option<InterestsUsed> {
    trace.hearing.iter().find_map(|(proposal, verdict)| match &proposal.ask {
        Ask::Profile { interests, basis } if *verdict == Verdict::Accepted => {
            Some(InterestsUsed { basis: *basis, categories: category_names(interests) })
        }
        _ => None,
    })
}

fn category_names(interests: &Interests) -> Vec<String> {
    interests.0.iter().map(|(category, _)| category_name(*category)).collect()
}

/// Says whom the chosen campaign asked to reach, one phrase for each thing it asks for.
pub(super) fn reach(bid: &Bid, catalog: &Catalog) -> Vec<String> {
    if bid.campaign.get() >= catalog.campaigns().len() {
        return Vec::new();
    }
    reach_in_words(&catalog.campaign(bid.campaign).campaign.targeting)
}

fn reach_in_words(targeting: &Targeting) -> Vec<String> {
    let mut phrases = Vec::new();
    let mut countries: Vec<String> = targeting.places.iter().map(|place| place.country.to_string()).collect();
    countries.dedup();
    if !countries.is_empty() {
        phrases.push(format!("people in {}", countries.join(", ")));
    }
    let content: Vec<String> = targeting.categories.iter().map(|category| category_name(*category)).collect();
    if !content.is_empty() {
        phrases.push(format!("content about {}", content.join(", ")));
    }
    if !targeting.languages.is_empty() {
        let languages: Vec<String> = targeting.languages.iter().map(ToString::to_string).collect();
        phrases.push(format!("content or devices in the language {}", languages.join(", ")));
    }
    let others = [
        (!targeting.devices.is_empty() || !targeting.systems.is_empty(), "certain kinds of device"),
        (!targeting.segments.is_empty(), "certain audience segments"),
        (!targeting.keywords.is_empty(), "certain keywords"),
        (!targeting.publishers.is_empty(), "this publisher, among those it chose"),
        (!targeting.dayparts.is_empty(), "certain hours of the week"),
    ];
    phrases.extend(others.into_iter().filter(|(asked, _)| *asked).map(|(_, phrase)| phrase.to_owned()));
    phrases
}

impl Explanation {
    /// Writes why an ad was shown, for the person it was shown to.
    pub fn to_viewer_text(&self) -> String {
        let mut text = String::new();
        for imp in &self.imps {
            self.write_for_viewer(&mut text, imp);
        }
        if text.is_empty() {
            text.push_str("No ad was shown.\n");
            return text;
        }
        text.push_str(self.what_was_used());
        text.push('\n');
        text
    }

    fn write_for_viewer(&self, text: &mut String, imp: &ImpExplanation) {
        if !matches!(imp.outcome, Outcome::Bid { .. }) {
            return;
        }
        let Some(chosen) = chosen(imp) else { return };
        let _ = writeln!(text, "This ad is paid for by {}.", chosen.advertiser);
        if !self.request.content.is_empty() {
            let _ = writeln!(text, "{} is about {}.", self.place(), self.request.content.join(", "));
        }
        if let Some(interests) = self.own_interests() {
            let _ = writeln!(text, "Your earlier visits suggest that you are interested in {interests}.");
        }
        if !imp.reach.is_empty() {
            let _ = writeln!(text, "The advertiser asked to reach {}.", imp.reach.join("; "));
        }
        if imp.greed.is_some() {
            text.push_str(
                "Chance played a part: ads are tried in turn, so that it is not always the same one.\n",
            );
        }
    }

    fn own_interests(&self) -> Option<String> {
        let used = self.interests.as_ref()?;
        let own = used.basis == Basis::Identity && !used.categories.is_empty();
        own.then(|| used.categories.join(", "))
    }

    const fn place(&self) -> &'static str {
        match self.request.channel {
            Channel::Site => "This page",
            Channel::App => "What you have open in this app",
            Channel::Dooh => "This screen's programme",
            Channel::Unknown => "What you are watching, reading or hearing",
        }
    }

    /// Says what was used about the viewer. Country and device kind are part of every request, whoever asks.
    const fn what_was_used(&self) -> &'static str {
        match self.request.identity {
            Identity::Permitted => {
                "About you, your earlier visits, your country, your kind of device and what you have open were used."
            }
            Identity::Unknown => {
                "You were not known: only your country, your kind of device and what you have open were used."
            }
            Identity::Withheld { .. } => {
                "Your earlier visits were not used, because you have not allowed it or it is not permitted here: \
                 only your country, your kind of device and what you have open were."
            }
        }
    }

    /// Writes what became of one campaign in this decision, for its advertiser. `campaign` is its id.
    pub fn to_advertiser_text(&self, campaign: &str) -> String {
        let mut text = format!("Decision {} at {}, campaign {campaign}.\n", self.decision, self.at);
        let mut named = false;
        for imp in &self.imps {
            for line in imp.candidates.iter().filter(|line| line.campaign == campaign) {
                named = true;
                write_for_advertiser(&mut text, imp, line);
            }
        }
        if !named {
            text.push_str("None of its ads was considered: another reason than price kept it out.\n");
            for imp in self.imps.iter().filter(|imp| matches!(imp.outcome, Outcome::NoBid { .. })) {
                let _ = writeln!(text, "Imp {} got no ad at all. {}", imp.imp, imp.sentence);
            }
        }
        text
    }
}

fn chosen(imp: &ImpExplanation) -> Option<&CandidateLine> {
    imp.candidates.iter().find(|line| matches!(line.fate, Fate::Chosen { .. }))
}

fn write_for_advertiser(text: &mut String, imp: &ImpExplanation, line: &CandidateLine) {
    let _ = writeln!(text, "Imp {}, creative {}: {}", imp.imp, line.creative, told_to_advertiser(imp, line));
    let _ = writeln!(
        text,
        "  predicted: {} of impressions are clicked, {} of clicks convert",
        percent(line.p_click),
        percent(line.p_conversion)
    );
    if let (Some(value), Some(bid)) = (line.value_cpm_micros, line.bid_cpm_micros) {
        let _ = writeln!(text, "  worth {value} CPM to the campaign; the bidder offered {bid} CPM");
    }
    if let Some(share) = line.pacing_multiplier.filter(|share| *share < 1.0) {
        let _ =
            writeln!(text, "  pacing let {} of the bid through, to keep to the spend plan", percent(share));
    }
}

fn told_to_advertiser(imp: &ImpExplanation, line: &CandidateLine) -> String {
    match line.fate {
        Fate::Outbid { .. } | Fate::PassedOver => match paid(imp) {
            Some(paid) => format!("Not chosen; the ad chosen pays {paid} CPM."),
            None => "Not chosen.".to_owned(),
        },
        Fate::Chosen { .. } | Fate::Refused { .. } | Fate::NoOffer => line.sentence.clone(),
    }
}

fn paid(imp: &ImpExplanation) -> Option<CpmMicros> {
    match imp.outcome {
        Outcome::Bid { price_cpm_micros, .. } => Some(price_cpm_micros),
        Outcome::NoBid { .. } => None,
    }
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}
