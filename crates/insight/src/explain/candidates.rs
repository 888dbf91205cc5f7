//! The ads considered for an imp, put together from rankings, offers, paces and the auction.
//!
//! A candidate's number is its place among the rankings that were accepted. The baseline numbers its own offers
//! and paces by all its rankings, refused ones too; both numberings are read back here.

use motet_agent::{AgentName, Ask, CandidateIx, Ranking, RefusedReason, Verdict};
use motet_coordinator::{AuctionRecord, Presence, Trace};
use motet_model::{
    catalog::Catalog,
    ids::{AdvertiserIx, CampaignIx, CreativeIx},
    request::{AdRequest, DealPricing},
};
use motet_units::{CpmMicros, Multiplier};
use serde::Serialize;

use super::{counterfactual, words};

/// One ad considered for an imp.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CandidateLine {
    /// Its number in the decision; none where its ranking was refused.
    pub candidate: Option<u16>,
    /// Its rank in the auction, from 1; none where it was not in it.
    pub rank: Option<usize>,
    /// The campaign's id.
    pub campaign: String,
    /// The campaign's name.
    pub campaign_name: String,
    /// The creative's id.
    pub creative: String,
    /// The advertiser's name.
    pub advertiser: String,
    /// P(click given impression).
    pub p_click: f64,
    /// P(conversion given click).
    pub p_conversion: f64,
    /// What one impression is worth to the campaign, as CPM.
    pub value_cpm_micros: Option<CpmMicros>,
    /// The price the bidder offered, as CPM.
    pub bid_cpm_micros: Option<CpmMicros>,
    /// The share of the bid that pacing let through, 0 to 1; none where nothing was asked for.
    pub pacing_multiplier: Option<f64>,
    /// The price it entered the auction with, as CPM.
    pub price_cpm_micros: Option<CpmMicros>,
    /// The lowest price taken for it, as CPM.
    pub floor_cpm_micros: CpmMicros,
    /// Whether a deal fixes its price.
    pub fixed_price: bool,
    /// The chance with which the policy in service would choose it, given the auction.
    pub propensity: Option<f64>,
    /// What became of it.
    pub fate: Fate,
    /// The same in a plain sentence.
    pub sentence: String,
    /// The most it may bid: its value, held to the campaign's own limit.
    #[serde(skip)]
    pub(super) most: Option<CpmMicros>,
    /// Whether an agent asked for pacing; without, the fallback held.
    #[serde(skip)]
    pub(super) paced_by_agent: bool,
    /// Why it was refused, if it was.
    #[serde(skip)]
    pub(super) refused: Option<RefusedReason>,
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fate {
    /// It was chosen, at this price.
    Chosen {
        /// What it pays or offers, as CPM.
        price_cpm_micros: CpmMicros,
    },
    /// Another one was chosen.
    Outbid {
        /// By how much more the chosen one entered, as CPM; zero for a lost tie.
        by_cpm_micros: CpmMicros,
    },
    /// It was the higher one, and exploration chose a lower one.
    PassedOver,
    /// It was refused, under this priority.
    Refused {
        /// The reason's name.
        reason: &'static str,
        /// The priority under which it was refused.
        under: &'static str,
    },
    /// The bidder made no offer for it.
    NoOffer,
}

/// Looks names up, whatever index a proposal holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a>(pub(super) &'a Catalog);

impl Names<'_> {
    pub(super) fn campaign(self, ix: CampaignIx) -> String {
        let known = ix.get() < self.0.campaigns().len();
        if known { self.0.campaign(ix).campaign.id.clone() } else { format!("campaign #{}", ix.0) }
    }

    pub(super) fn campaign_name(self, ix: CampaignIx) -> String {
        let known = ix.get() < self.0.campaigns().len();
        if known { self.0.campaign(ix).campaign.name.clone() } else { self.campaign(ix) }
    }

    pub(super) fn creative(self, ix: CreativeIx) -> String {
        let known = ix.get() < self.0.creatives().len();
        if known { self.0.creative(ix).creative.id.clone() } else { format!("creative #{}", ix.0) }
    }

    pub(super) fn advertiser(self, ix: AdvertiserIx) -> String {
        let known = ix.get() < self.0.advertisers().len();
        if known { self.0.advertiser(ix).advertiser.name.clone() } else { format!("advertiser #{}", ix.0) }
    }

    fn most_cpm(self, ix: CampaignIx) -> Option<CpmMicros> {
        let known = ix.get() < self.0.campaigns().len();
        if known { self.0.campaign(ix).campaign.most_cpm } else { None }
    }
}

/// One ranking with its verdict and the number its offers go by.
struct Ranked<'a> {
    ranking: &'a Ranking,
    verdict: Verdict,
    /// Its number as a candidate.
    candidate: Option<CandidateIx>,
    /// The number its agent's offers and paces name it by.
    asked: Option<CandidateIx>,
}

/// Everything said about candidates in one decision.
pub(super) struct Field<'a> {
    pub(super) names: Names<'a>,
    trace: &'a Trace,
    request: &'a AdRequest,
    ranked: Vec<Ranked<'a>>,
}

impl<'a> Field<'a> {
    pub(super) fn read(trace: &'a Trace, request: &'a AdRequest, names: Names<'a>) -> Self {
        let mut ranked: Vec<Ranked<'a>> = Vec::new();
        let (mut accepted, mut asked_by_baseline) = (0_u16, 0_u16);
        for (proposal, verdict) in &trace.hearing {
            let Ask::Rank(ranking) = &proposal.ask else { continue };
            let candidate = (*verdict == Verdict::Accepted).then_some(CandidateIx(accepted));
            accepted += u16::from(candidate.is_some());
            let asked = match proposal.agent {
                AgentName::Baseline => {
                    asked_by_baseline += 1;
                    Some(CandidateIx(asked_by_baseline - 1))
                }
                _ => candidate,
            };
            ranked.push(Ranked { ranking, verdict: *verdict, candidate, asked });
        }
        Self { names, trace, request, ranked }
    }

    /// Returns the candidates of one imp: the auction's in rank order, then the others as they were named.
    pub(super) fn of_imp(&self, imp: u16, auction: Option<&AuctionRecord>) -> Vec<CandidateLine> {
        let here = self.ranked.iter().filter(|ranked| ranked.ranking.imp == imp);
        let mut lines: Vec<CandidateLine> = here.map(|ranked| self.line(ranked)).collect();
        if let Some(auction) = auction {
            enter(&mut lines, auction);
        }
        lines.sort_by_key(|line| (line.rank.is_none(), line.rank, line.candidate.is_none()));
        for line in &mut lines {
            line.sentence = words::fate_sentence(line);
        }
        lines
    }

    fn line(&self, ranked: &Ranked<'_>) -> CandidateLine {
        let ranking = ranked.ranking;
        let offer = self.offer(ranked.asked);
        let (value, bid) = offer.map_or((None, None), |(value, bid, _)| (Some(value), Some(bid)));
        let multiplier = self.multiplier(ranked.asked);
        let refused = refused_reason(ranked.verdict, offer.map(|(_, _, verdict)| verdict));
        CandidateLine {
            candidate: ranked.candidate.map(|ix| ix.0),
            rank: None,
            campaign: self.names.campaign(ranking.campaign),
            campaign_name: self.names.campaign_name(ranking.campaign),
            creative: self.names.creative(ranking.creative),
            advertiser: self.names.advertiser(ranking.advertiser),
            p_click: ranking.p_click.get(),
            p_conversion: ranking.p_conversion.get(),
            value_cpm_micros: value,
            bid_cpm_micros: bid,
            pacing_multiplier: multiplier.map(Multiplier::get),
            price_cpm_micros: None,
            floor_cpm_micros: ranking.floor,
            fixed_price: self.fixes_price(ranking),
            propensity: None,
            fate: refused.map_or(Fate::NoOffer, |reason| refusal(reason, ranked.verdict)),
            refused,
            sentence: String::new(),
            most: value.map(|value| value.min(self.names.most_cpm(ranking.campaign).unwrap_or(value))),
            paced_by_agent: self.pacing_was_asked(),
        }
    }

    /// Returns the first offer that names a candidate: later ones are refused as repeated.
    fn offer(&self, asked: Option<CandidateIx>) -> Option<(CpmMicros, CpmMicros, Verdict)> {
        let asked = asked?;
        self.trace.hearing.iter().find_map(|(proposal, verdict)| match proposal.ask {
            Ask::Offer { candidate, value, bid } if candidate == asked => Some((value, bid, *verdict)),
            _ => None,
        })
    }

    fn multiplier(&self, asked: Option<CandidateIx>) -> Option<Multiplier> {
        let asked = asked?;
        self.trace.hearing.iter().find_map(|(proposal, verdict)| match proposal.ask {
            Ask::Pace { candidate, multiplier } if candidate == asked && *verdict == Verdict::Accepted => {
                Some(multiplier)
            }
            _ => None,
        })
    }

    fn pacing_was_asked(&self) -> bool {
        self.trace.presence.iter().any(|(agent, presence)| {
            matches!(agent, AgentName::Pacer | AgentName::Baseline) && *presence == Presence::Answered
        })
    }

    fn fixes_price(&self, ranking: &Ranking) -> bool {
        let imp = self.request.imps.get(usize::from(ranking.imp));
        let deal = imp.zip(ranking.deal).and_then(|(imp, deal)| imp.deals.get(usize::from(deal)));
        deal.is_some_and(|deal| deal.pricing == DealPricing::Fixed && ranking.floor > CpmMicros::ZERO)
    }
}

/// Returns why a candidate was refused: its ranking, or else its offer.
fn refused_reason(ranking: Verdict, offer: Option<Verdict>) -> Option<RefusedReason> {
    match (ranking, offer) {
        (Verdict::Refused(reason), _) | (Verdict::Accepted, Some(Verdict::Refused(reason))) => Some(reason),
        (Verdict::Accepted, _) => None,
    }
}

/// An offer refused as repeated, where it is the first, is one whose campaign had its slot already.
fn refusal(reason: RefusedReason, ranking: Verdict) -> Fate {
    let placed = reason == RefusedReason::Repeated && ranking == Verdict::Accepted;
    let name = if placed { "placed_in_an_earlier_slot" } else { reason.name() };
    Fate::Refused { reason: name, under: words::priority_of(reason) }
}

/// Writes the auction's ranks, prices and chances into the lines of its imp.
fn enter(lines: &mut [CandidateLine], auction: &AuctionRecord) {
    let chances = counterfactual::chances(auction);
    let chosen_entry = auction.ranked.iter().find(|(ix, _)| *ix == auction.chosen).map(|(_, price)| *price);
    for (place, ((ix, price), chance)) in auction.ranked.iter().zip(&chances).enumerate() {
        let Some(line) = lines.iter_mut().find(|line| line.candidate == Some(ix.0)) else { continue };
        line.rank = Some(place + 1);
        line.price_cpm_micros = Some(*price);
        line.propensity = Some(*chance);
        line.fate = match chosen_entry {
            _ if *ix == auction.chosen => Fate::Chosen { price_cpm_micros: auction.price },
            Some(chosen) if chosen >= *price => Fate::Outbid { by_cpm_micros: difference(chosen, *price) },
            _ => Fate::PassedOver,
        };
    }
}

pub(super) fn difference(higher: CpmMicros, lower: CpmMicros) -> CpmMicros {
    CpmMicros::new(higher.get() - lower.get())
}
