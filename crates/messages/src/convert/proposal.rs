//! Proposals and verdicts.

use motet_agent::{
    AgentName, Ask, Basis, Intent, Interests, Priority, Proposal, Ranking, RefusedReason, Restraint,
    SafetyReason, Verdict,
};
use motet_model::{codes::CategoryId, decision::Finding};

use crate::{
    Error,
    proto::{self, proposal, restraint},
    wire::{Wire, chosen, names, need, records},
};

names! {
    AgentName { Intent, Relevance, Bidder, Pacer, Guard, Safety, Baseline }
    Basis { Context, Identity }
    Intent { ActivateInterests, ScreenTraffic, Restrain, RankAds, Explore, OfferPrice, PaceSpend }
    Priority { Safety, Consent, Fraud, Budget, Bidding, Relevance }
    SafetyReason {
        Child, NoConsent, OptedOut, TrackingLimited, FloorContent, BrandRisk, AdvertiserBlock, KillSwitch,
        SensitiveCategory
    }
    Finding {
        Crawler, NonBrowser, Datacentre, RateExceeded, DeviceMismatch, ImpossibleSlot, ImpossibleRequest,
        IncompleteSupplyChain, BlockedSeller, KnownInvalid
    }
}

records! {
    Ranking => Ranking {
        [imp, creative, campaign, advertiser, kind, deal, p_click, p_conversion, features]
        [floor: floor_cpm_micros]
        []
    }
}

impl Wire<proto::Interest> for (CategoryId, f32) {
    fn put(&self) -> proto::Interest {
        proto::Interest { category: self.0.put(), weight: self.1 }
    }

    fn take(wire: proto::Interest, _: &'static str) -> Result<Self, Error> {
        if !(0.0..=1.0).contains(&wire.weight) {
            return Err(Error::field("Interest.weight", "0 to 1", wire.weight));
        }
        Ok((Wire::take(wire.category, "Interest.category")?, wire.weight))
    }
}

impl Wire<Vec<proto::Interest>> for Interests {
    fn put(&self) -> Vec<proto::Interest> {
        self.0.put()
    }

    fn take(wire: Vec<proto::Interest>, field: &'static str) -> Result<Self, Error> {
        Wire::take(wire, field).map(Self)
    }
}

impl Wire<proto::Restraint> for Restraint {
    fn put(&self) -> proto::Restraint {
        let restraint = match self {
            Self::RefuseRequest(reason) => restraint::Restraint::RefuseRequest(reason.put()),
            Self::ContextOnly(reason) => restraint::Restraint::ContextOnly(reason.put()),
            Self::ContentRisk { topic, risk } => restraint::Restraint::ContentRisk(restraint::ContentRisk {
                topic: topic.put(),
                risk: risk.put(),
            }),
            Self::NoCategory(category, reason) => restraint::Restraint::NoCategory(restraint::NoCategory {
                category: category.put(),
                reason: reason.put(),
            }),
            Self::NoAdvertiser(advertiser) => restraint::Restraint::NoAdvertiser(advertiser.put()),
            Self::HonourSwitches => {
                restraint::Restraint::HonourSwitches(restraint::HonourSwitches::default())
            }
        };
        proto::Restraint { restraint: Some(restraint) }
    }

    fn take(wire: proto::Restraint, _: &'static str) -> Result<Self, Error> {
        Ok(match chosen(wire.restraint, "Restraint.restraint")? {
            restraint::Restraint::RefuseRequest(reason) => {
                Self::RefuseRequest(Wire::take(reason, "Restraint.refuse_request")?)
            }
            restraint::Restraint::ContextOnly(reason) => {
                Self::ContextOnly(Wire::take(reason, "Restraint.context_only")?)
            }
            restraint::Restraint::ContentRisk(content) => Self::ContentRisk {
                topic: Wire::take(content.topic, "Restraint.ContentRisk.topic")?,
                risk: Wire::take(content.risk, "Restraint.ContentRisk.risk")?,
            },
            restraint::Restraint::NoCategory(no) => Self::NoCategory(
                Wire::take(no.category, "Restraint.NoCategory.category")?,
                Wire::take(no.reason, "Restraint.NoCategory.reason")?,
            ),
            restraint::Restraint::NoAdvertiser(advertiser) => {
                Self::NoAdvertiser(Wire::take(advertiser, "Restraint.no_advertiser")?)
            }
            restraint::Restraint::HonourSwitches(_) => Self::HonourSwitches,
        })
    }
}

impl Wire<proto::Proposal> for Proposal {
    fn put(&self) -> proto::Proposal {
        proto::Proposal { agent: self.agent.put(), ask: Some(put_ask(&self.ask)) }
    }

    fn take(wire: proto::Proposal, _: &'static str) -> Result<Self, Error> {
        let agent = Wire::take(wire.agent, "Proposal.agent")?;
        Ok(Self { agent, ask: take_ask(chosen(wire.ask, "Proposal.ask")?)? })
    }
}

fn put_ask(ask: &Ask) -> proposal::Ask {
    match ask {
        Ask::Profile { interests, basis } => {
            proposal::Ask::Profile(proto::Profile { interests: interests.put(), basis: basis.put() })
        }
        Ask::Flag { finding } => proposal::Ask::Flag(finding.put()),
        Ask::Clear => proposal::Ask::Clear(proto::Clear::default()),
        Ask::Restrain(restraint) => proposal::Ask::Restrain(restraint.put()),
        Ask::Rank(ranking) => proposal::Ask::Rank(ranking.put()),
        Ask::Explore { imp, greed } => {
            proposal::Ask::Explore(proto::Explore { imp: imp.put(), greed: *greed })
        }
        Ask::Offer { candidate, value, bid } => proposal::Ask::Offer(proto::Offer {
            candidate: candidate.put(),
            value_cpm_micros: value.put(),
            bid_cpm_micros: bid.put(),
        }),
        Ask::Pace { candidate, multiplier } => {
            proposal::Ask::Pace(proto::Pace { candidate: candidate.put(), multiplier: multiplier.put() })
        }
    }
}

fn take_ask(ask: proposal::Ask) -> Result<Ask, Error> {
    Ok(match ask {
        proposal::Ask::Profile(profile) => Ask::Profile {
            interests: Wire::take(profile.interests, "Profile.interests")?,
            basis: Wire::take(profile.basis, "Profile.basis")?,
        },
        proposal::Ask::Flag(finding) => Ask::Flag { finding: Wire::take(finding, "Proposal.flag")? },
        proposal::Ask::Clear(_) => Ask::Clear,
        proposal::Ask::Restrain(restraint) => Ask::Restrain(Wire::take(restraint, "Proposal.restrain")?),
        proposal::Ask::Rank(ranking) => Ask::Rank(Wire::take(ranking, "Proposal.rank")?),
        proposal::Ask::Explore(explore) => take_explore(&explore)?,
        proposal::Ask::Offer(offer) => Ask::Offer {
            candidate: Wire::take(offer.candidate, "Offer.candidate")?,
            value: Wire::take(offer.value_cpm_micros, "Offer.value_cpm_micros")?,
            bid: Wire::take(offer.bid_cpm_micros, "Offer.bid_cpm_micros")?,
        },
        proposal::Ask::Pace(pace) => Ask::Pace {
            candidate: Wire::take(pace.candidate, "Pace.candidate")?,
            multiplier: Wire::take(pace.multiplier, "Pace.multiplier")?,
        },
    })
}

fn take_explore(explore: &proto::Explore) -> Result<Ask, Error> {
    if !explore.greed.is_finite() || explore.greed < 0.0 {
        return Err(Error::field("Explore.greed", "finite and at least 0", explore.greed));
    }
    Ok(Ask::Explore { imp: Wire::take(explore.imp, "Explore.imp")?, greed: explore.greed })
}

impl Wire<proto::Verdict> for Verdict {
    fn put(&self) -> proto::Verdict {
        let Self::Refused(reason) = self else { return proto::Verdict::default() };
        let mut verdict = proto::Verdict { refused: Some(refused(*reason) as i32), ..Default::default() };
        match reason {
            RefusedReason::Overruled(priority) => verdict.overruled_by = Some(priority.put()),
            RefusedReason::Unsafe(reason) => verdict.unsafe_for = Some(reason.put()),
            RefusedReason::InvalidTraffic(finding) => verdict.finding = Some(finding.put()),
            _ => {}
        }
        verdict
    }

    fn take(wire: proto::Verdict, _: &'static str) -> Result<Self, Error> {
        use proto::RefusedReason as Reason;
        let Some(code) = wire.refused else { return Ok(Self::Accepted) };
        let unknown = || Error::field("Verdict.refused", "a known RefusedReason", code);
        Ok(Self::Refused(match Reason::try_from(code).map_err(|_| unknown())? {
            Reason::Unspecified => return Err(unknown()),
            Reason::NotOnCard => RefusedReason::NotOnCard,
            Reason::OutOfRange => RefusedReason::OutOfRange,
            Reason::UnknownTarget => RefusedReason::UnknownTarget,
            Reason::Repeated => RefusedReason::Repeated,
            Reason::Late => RefusedReason::Late,
            Reason::Overruled => RefusedReason::Overruled(need(wire.overruled_by, "Verdict.overruled_by")?),
            Reason::Unsafe => RefusedReason::Unsafe(need(wire.unsafe_for, "Verdict.unsafe_for")?),
            Reason::NoConsent => RefusedReason::NoConsent,
            Reason::InvalidTraffic => RefusedReason::InvalidTraffic(need(wire.finding, "Verdict.finding")?),
            Reason::NotEligible => RefusedReason::NotEligible,
            Reason::NoBudget => RefusedReason::NoBudget,
            Reason::Paced => RefusedReason::Paced,
            Reason::BelowFloor => RefusedReason::BelowFloor,
            Reason::AboveValue => RefusedReason::AboveValue,
            Reason::CandidateRefused => RefusedReason::CandidateRefused,
        }))
    }
}

const fn refused(reason: RefusedReason) -> proto::RefusedReason {
    use proto::RefusedReason as Reason;
    match reason {
        RefusedReason::NotOnCard => Reason::NotOnCard,
        RefusedReason::OutOfRange => Reason::OutOfRange,
        RefusedReason::UnknownTarget => Reason::UnknownTarget,
        RefusedReason::Repeated => Reason::Repeated,
        RefusedReason::Late => Reason::Late,
        RefusedReason::Overruled(_) => Reason::Overruled,
        RefusedReason::Unsafe(_) => Reason::Unsafe,
        RefusedReason::NoConsent => Reason::NoConsent,
        RefusedReason::InvalidTraffic(_) => Reason::InvalidTraffic,
        RefusedReason::NotEligible => Reason::NotEligible,
        RefusedReason::NoBudget => Reason::NoBudget,
        RefusedReason::Paced => Reason::Paced,
        RefusedReason::BelowFloor => Reason::BelowFloor,
        RefusedReason::AboveValue => Reason::AboveValue,
        RefusedReason::CandidateRefused => Reason::CandidateRefused,
    }
}
