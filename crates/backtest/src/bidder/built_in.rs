//! The built-in bidders by name.

use std::{fmt, str::FromStr};

use super::{
    Bidder, Constant, CostPerClick, Dual, ETA_EPISODE, ETA_WHOLE_LOG, Linear, Random, Rlb, Shaded,
    SpendEvenly, tune,
};
use crate::{Error, Setting, bid_from_fen, log_units, replay};

/// A built-in bidder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuiltIn {
    /// One price for everything.
    Constant,
    /// Any price up to a top.
    Random,
    /// pCTR × cost per click.
    Truthful,
    /// pCTR × mean price ÷ mean pCTR.
    Linear,
    /// The same, tuned.
    TunedLinear,
    /// Spends evenly by feedback control.
    Pid,
    /// Holds a cost per click by feedback control.
    PidCostPerClick,
    /// Dual mirror descent.
    Dual,
    /// Dynamic programming.
    Rlb,
    /// Dual descent, shaded for auctions in which one pays one's own bid.
    Shaded,
}

impl BuiltIn {
    /// All of them, simple ones first.
    pub const ALL: [Self; 10] = [
        Self::Constant,
        Self::Random,
        Self::Truthful,
        Self::Linear,
        Self::TunedLinear,
        Self::Pid,
        Self::PidCostPerClick,
        Self::Dual,
        Self::Rlb,
        Self::Shaded,
    ];

    /// Returns the name it is asked for by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Constant => "const",
            Self::Random => "random",
            Self::Truthful => "truthful",
            Self::Linear => "linear",
            Self::TunedLinear => "lin",
            Self::Pid => "pid",
            Self::PidCostPerClick => "pid-ecpc",
            Self::Dual => "dual",
            Self::Rlb => "rlb",
            Self::Shaded => "shaded",
        }
    }

    /// Returns all names, for messages.
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// Makes the bidder, tuned on the setting's train part.
    ///
    /// # Errors
    /// When it needs clicks to learn from and there are none.
    pub fn make(self, setting: &Setting<'_>) -> Result<Box<dyn Bidder>, Error> {
        let learnt = &setting.learnt;
        let naive = learnt.mean_price() / learnt.mean_pctr().max(f64::MIN_POSITIVE);
        let per_click = || learnt.cost_per_click().ok_or(Error::NoClicks(self.name()));
        let eta = if setting.rules.episode == 0 { ETA_WHOLE_LOG } else { ETA_EPISODE };
        let dearest = (learnt.counts().len() as f64).max(2.0);
        Ok(match self {
            Self::Constant => Box::new(Constant::new(bid_from_fen(tuned_constant(setting, dearest)))),
            Self::Random => {
                let make = |top| Random::new(top, setting.seed);
                let top = tune::best(setting.train, &setting.train_rules, 1.0, 2.0 * dearest, make);
                Box::new(make(top))
            }
            Self::Truthful => Box::new(Linear::new(per_click()?)),
            Self::Linear => Box::new(Linear::new(naive)),
            Self::TunedLinear => Box::new(Linear::new(tuned_linear(setting, naive))),
            Self::Pid => Box::new(SpendEvenly::new(tuned_linear(setting, naive), SpendEvenly::GAINS)),
            Self::PidCostPerClick => {
                per_click()?;
                Box::new(steered_to_cost_per_click(setting, naive))
            }
            Self::Dual => Box::new(Dual::new(learnt, eta)),
            Self::Rlb => Box::new(Rlb::new(learnt, setting.episode, setting.rules.budget)),
            Self::Shaded => Box::new(Shaded::paced(learnt, eta)),
        })
    }
}

fn tuned_constant(setting: &Setting<'_>, dearest: f64) -> f64 {
    tune::best(setting.train, &setting.train_rules, 1.0, dearest, |fen| Constant::new(bid_from_fen(fen)))
}

fn tuned_linear(setting: &Setting<'_>, naive: f64) -> f64 {
    tune::best(setting.train, &setting.train_rules, naive / 128.0, naive * 8.0, Linear::new)
}

/// Makes a controller that aims at what a click costs the tuned linear bidder on the train part.
fn steered_to_cost_per_click(setting: &Setting<'_>, naive: f64) -> CostPerClick {
    let factor = tuned_linear(setting, naive);
    let tally = replay(setting.train, &setting.train_rules, &mut Linear::new(factor), &mut |_| ());
    let clicks = if tally.clicks > 0 { tally.clicks as f64 } else { tally.sum_pctr };
    let reference = log_units(tally.cost) / clicks.max(f64::MIN_POSITIVE);
    CostPerClick::new(factor, reference.max(1.0), CostPerClick::GAINS, setting.log.len() as u64)
}

impl fmt::Display for BuiltIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for BuiltIn {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|built_in| built_in.name() == name);
        found.ok_or_else(|| Error::UnknownBidder(name.to_owned()))
    }
}
