//! Decisions and outcomes.

use motet_model::{
    decision::{Bid, Charge, Decision, ImpDecision, NoBidReason},
    ids::BidId,
    outcome::{Notice, NoticeKind, NoticeVerdict},
};

use crate::{
    Error,
    proto::{self, imp_decision, notice},
    wire::{Wire, chosen, names, need, records},
};

names! {
    Charge { OnBilling, OnImpression, Never }
    NoticeVerdict { Counted, Duplicate, Expired, Contradicts, Filtered }
}

records! {
    BidId => BidId { [decision, imp] [] [] }
    Bid => Bid {
        [campaign, advertiser, creative, deal, kind, size, propensity, charge]
        [price: price_cpm_micros, reserved: reserved_nanos, expires: expires_us]
        [id]
    }
    Decision => Decision { [id, imps] [at: at_us] [] }
}

impl Wire<proto::ImpDecision> for ImpDecision {
    fn put(&self) -> proto::ImpDecision {
        let outcome = match self {
            Self::Bid(bid) => imp_decision::Outcome::Bid(bid.put()),
            Self::NoBid(reason) => imp_decision::Outcome::NoBid(reason.put()),
        };
        proto::ImpDecision { outcome: Some(outcome) }
    }

    fn take(wire: proto::ImpDecision, _: &'static str) -> Result<Self, Error> {
        Ok(match chosen(wire.outcome, "ImpDecision.outcome")? {
            imp_decision::Outcome::Bid(bid) => Self::Bid(Wire::take(bid, "ImpDecision.bid")?),
            imp_decision::Outcome::NoBid(reason) => Self::NoBid(Wire::take(reason, "ImpDecision.no_bid")?),
        })
    }
}

impl Wire<proto::NoBid> for NoBidReason {
    fn put(&self) -> proto::NoBid {
        let finding = match self {
            Self::InvalidTraffic(finding) => Some(finding.put()),
            _ => None,
        };
        proto::NoBid { reason: no_bid(*self) as i32, finding }
    }

    fn take(wire: proto::NoBid, _: &'static str) -> Result<Self, Error> {
        use proto::NoBidReason as Reason;
        let unknown = || Error::field("NoBid.reason", "a known NoBidReason", wire.reason);
        Ok(match Reason::try_from(wire.reason).map_err(|_| unknown())? {
            Reason::Unspecified => return Err(unknown()),
            Reason::NoMatch => Self::NoMatch,
            Reason::NoCreative => Self::NoCreative,
            Reason::FrequencyCapped => Self::FrequencyCapped,
            Reason::Unsafe => Self::Unsafe,
            Reason::PolicyBlocked => Self::PolicyBlocked,
            Reason::InvalidTraffic => Self::InvalidTraffic(need(wire.finding, "NoBid.finding")?),
            Reason::BudgetExhausted => Self::BudgetExhausted,
            Reason::Paced => Self::Paced,
            Reason::BelowFloor => Self::BelowFloor,
            Reason::NoDeal => Self::NoDeal,
            Reason::SeatNotAllowed => Self::SeatNotAllowed,
            Reason::CurrencyNotTaken => Self::CurrencyNotTaken,
            Reason::DeadlinePassed => Self::DeadlinePassed,
            Reason::AgentAbsent => Self::AgentAbsent,
            Reason::Technical => Self::Technical,
        })
    }
}

const fn no_bid(reason: NoBidReason) -> proto::NoBidReason {
    use proto::NoBidReason as Reason;
    match reason {
        NoBidReason::NoMatch => Reason::NoMatch,
        NoBidReason::NoCreative => Reason::NoCreative,
        NoBidReason::FrequencyCapped => Reason::FrequencyCapped,
        NoBidReason::Unsafe => Reason::Unsafe,
        NoBidReason::PolicyBlocked => Reason::PolicyBlocked,
        NoBidReason::InvalidTraffic(_) => Reason::InvalidTraffic,
        NoBidReason::BudgetExhausted => Reason::BudgetExhausted,
        NoBidReason::Paced => Reason::Paced,
        NoBidReason::BelowFloor => Reason::BelowFloor,
        NoBidReason::NoDeal => Reason::NoDeal,
        NoBidReason::SeatNotAllowed => Reason::SeatNotAllowed,
        NoBidReason::CurrencyNotTaken => Reason::CurrencyNotTaken,
        NoBidReason::DeadlinePassed => Reason::DeadlinePassed,
        NoBidReason::AgentAbsent => Reason::AgentAbsent,
        NoBidReason::Technical => Reason::Technical,
    }
}

impl Wire<proto::Notice> for Notice {
    fn put(&self) -> proto::Notice {
        let kind = match &self.kind {
            NoticeKind::Won { price, minimum_to_win } => notice::Kind::Won(notice::Won {
                price_cpm_micros: price.put(),
                minimum_to_win_cpm_micros: minimum_to_win.put(),
            }),
            NoticeKind::Billed { price } => {
                notice::Kind::Billed(notice::Billed { price_cpm_micros: price.put() })
            }
            NoticeKind::Lost { reason, minimum_to_win } => notice::Kind::Lost(notice::Lost {
                reason: reason.put(),
                minimum_to_win_cpm_micros: minimum_to_win.put(),
            }),
            NoticeKind::Impression => notice::Kind::Impression(notice::Impression::default()),
            NoticeKind::Click => notice::Kind::Click(notice::Click::default()),
            NoticeKind::Conversion { value } => {
                notice::Kind::Conversion(notice::Conversion { value_nanos: value.put() })
            }
        };
        proto::Notice {
            bid: Some(self.bid.put()),
            happened_at_us: self.happened_at.put(),
            key: self.key,
            kind: Some(kind),
        }
    }

    fn take(wire: proto::Notice, _: &'static str) -> Result<Self, Error> {
        let kind = match chosen(wire.kind, "Notice.kind")? {
            notice::Kind::Won(won) => NoticeKind::Won {
                price: Wire::take(won.price_cpm_micros, "Notice.Won.price_cpm_micros")?,
                minimum_to_win: Wire::take(won.minimum_to_win_cpm_micros, "Notice.Won.minimum_to_win")?,
            },
            notice::Kind::Billed(billed) => NoticeKind::Billed {
                price: Wire::take(billed.price_cpm_micros, "Notice.Billed.price_cpm_micros")?,
            },
            notice::Kind::Lost(lost) => NoticeKind::Lost {
                reason: Wire::take(lost.reason, "Notice.Lost.reason")?,
                minimum_to_win: Wire::take(lost.minimum_to_win_cpm_micros, "Notice.Lost.minimum_to_win")?,
            },
            notice::Kind::Impression(_) => NoticeKind::Impression,
            notice::Kind::Click(_) => NoticeKind::Click,
            notice::Kind::Conversion(conversion) => NoticeKind::Conversion {
                value: Wire::take(conversion.value_nanos, "Notice.Conversion.value_nanos")?,
            },
        };
        Ok(Self {
            bid: need(wire.bid, "Notice.bid")?,
            kind,
            happened_at: Wire::take(wire.happened_at_us, "Notice.happened_at_us")?,
            key: wire.key,
        })
    }
}
