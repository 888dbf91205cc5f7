//! What agents see of money and learn from.

use motet_agent::{Account, BidRecord, BudgetState, Candidate, CandidateIx, History};
use motet_model::decision::NoBidReason;

use crate::{
    Error, proto,
    wire::{Wire, names, need, records},
};

names! {
    BudgetState { Available, Exhausted }
}

records! {
    BidRecord => BidRecord {
        [user, pricing, market, p_click, p_conversion, features, categories]
        [made_at: made_at_us, value: value_cpm_micros, floor: floor_cpm_micros]
        [bid]
    }
    History => History {
        []
        [won: won_us, billed: billed_us, lost: lost_us, impressed: impressed_us, clicked: clicked_us]
        []
    }
    Account => Account {
        [campaign]
        [
            daily: daily_nanos, total: total_nanos, spent_today: spent_today_nanos,
            reserved_today: reserved_today_nanos, spent: spent_nanos, reserved: reserved_nanos,
            room: room_nanos
        ]
        []
    }
    Candidate => Candidate {
        [
            ix, imp, creative, campaign, advertiser, kind, deal, pricing, fixed_price, market, p_click,
            p_conversion, features
        ]
        [floor: floor_cpm_micros]
        []
    }
}

impl Wire<proto::CandidateAccount> for (CandidateIx, Account) {
    fn put(&self) -> proto::CandidateAccount {
        proto::CandidateAccount { candidate: self.0.put(), account: Some(self.1.put()) }
    }

    fn take(wire: proto::CandidateAccount, _: &'static str) -> Result<Self, Error> {
        let candidate = Wire::take(wire.candidate, "CandidateAccount.candidate")?;
        Ok((candidate, need(wire.account, "CandidateAccount.account")?))
    }
}

impl Wire<proto::Silence> for (u16, NoBidReason) {
    fn put(&self) -> proto::Silence {
        proto::Silence { imp: self.0.put(), why: Some(self.1.put()) }
    }

    fn take(wire: proto::Silence, _: &'static str) -> Result<Self, Error> {
        Ok((Wire::take(wire.imp, "Silence.imp")?, need(wire.why, "Silence.why")?))
    }
}
