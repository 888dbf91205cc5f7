//! From the sampled slots to the optimum and the split of what was missed.

use motet_hindsight::{Candidate, Csr, market};
use motet_units::Nanos;
use serde::{Deserialize, Serialize};

/// One sampled slot.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Every campaign-day that could have been shown, with its worth and the lowest price that would have won, both per
    /// auction in nanos; only those worth more than their price.
    pub candidates: Vec<(u32, f64, f64)>,
    /// What was done.
    pub done: Done,
}

/// What was done about a slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Done {
    /// No bid, held back by pacing or money.
    HeldBack,
    /// No bid, because none reached the floor.
    BelowFloor,
    /// No bid, for another reason.
    NoBid,
    /// A bid.
    Bid {
        /// The campaign-day that bid.
        campaign: u32,
        /// Its true worth, in nanos per auction.
        worth: f64,
        /// What it was thought to be worth.
        estimate: f64,
        /// The lowest price that would have won.
        least: f64,
        /// What was paid, if it won.
        paid: Option<f64>,
        /// The chance with which this ad was chosen.
        propensity: f64,
    },
}

/// Regret by cause, in units of the accounting currency.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Causes {
    /// Another campaign would have been better.
    pub allocation: f64,
    /// An unlikely ad was shown to learn.
    pub exploration: f64,
    /// Worth was misjudged.
    pub estimation: f64,
    /// Lost although worth the price.
    pub underbid: f64,
    /// Won for more than needed.
    pub overbid: f64,
    /// Held back, or budget left over.
    pub pacing: f64,
}

impl Causes {
    /// Returns the sum.
    pub fn total(&self) -> f64 {
        self.allocation + self.exploration + self.estimation + self.underbid + self.overbid + self.pacing
    }

    fn scale(&mut self, by: f64) {
        for cause in [
            &mut self.allocation,
            &mut self.exploration,
            &mut self.estimation,
            &mut self.underbid,
            &mut self.overbid,
            &mut self.pacing,
        ] {
            *cause *= by;
        }
    }
}

/// How far a run stayed behind. Money in units of the accounting currency, scaled from the sample to the run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegretReport {
    /// Slots sampled.
    pub slots: u64,
    /// The share of all slots they are.
    pub share: f64,
    /// No allocation of these slots could have had more surplus.
    pub optimum_at_most: f64,
    /// One that could have been had this much.
    pub optimum_at_least: f64,
    /// The surplus that was had.
    pub realised: f64,
    /// Realised over the bound.
    pub ratio: Option<f64>,
    /// What was missed, by cause; the sum is the bound minus what was realised.
    pub causes: Causes,
}

/// Works out the optimum and splits the regret. `budgets` are those of the sample, in nanos by campaign-day; `share` is the
/// sampled share of the run.
pub fn split(slots: &[Slot], budgets: &[Nanos], share: f64) -> RegretReport {
    let mut day = Csr::new(budgets.to_vec(), 1);
    let mut row = Vec::new();
    for slot in slots {
        row.clear();
        row.extend(slot.candidates.iter().map(|(campaign, worth, price)| Candidate {
            campaign: *campaign,
            value: worth - price,
            price: Nanos::new(*price as i64),
        }));
        let pushed = day.push(&row);
        debug_assert!(pushed.is_ok(), "candidates name campaign-days that have budgets");
    }
    let bound = market::bound(&day, &market::Limits::default());
    let mut causes = Causes::default();
    let (mut realised, mut spend) = (0.0, vec![0.0; budgets.len()]);
    for slot in slots {
        if let Done::Bid { campaign, worth, paid: Some(paid), .. } = slot.done {
            realised += worth - paid;
            spend[campaign as usize] += paid;
        }
        blame(slot, &bound.multipliers, &mut causes);
    }
    // What is left of a budget at the end is money that was worth something elsewhere; the noise of a sample can make it
    // negative.
    let left = bound.multipliers.iter().zip(budgets).zip(&spend).map(|((m, b), s)| m * (b.as_f64() - s));
    causes.pacing += left.sum::<f64>();
    let to_units = if share > 0.0 { 1e-9 / share } else { 0.0 };
    causes.scale(to_units);
    RegretReport {
        slots: slots.len() as u64,
        share,
        optimum_at_most: bound.at_most * to_units,
        optimum_at_least: bound.at_least * to_units,
        realised: realised * to_units,
        ratio: (bound.at_most > 0.0).then(|| realised / bound.at_most),
        causes,
    }
}

/// Puts what one slot missed on its causes.
fn blame(slot: &Slot, multipliers: &[f64], causes: &mut Causes) {
    let surplus = |campaign: u32, worth: f64, price: f64| {
        worth - (1.0 + multipliers[campaign as usize]) * price.trunc() - price.fract()
    };
    let best =
        slot.candidates.iter().map(|(c, worth, price)| surplus(*c, *worth, *price)).fold(0.0, f64::max);
    let (campaign, worth, estimate, least, paid, propensity) = match slot.done {
        Done::HeldBack => {
            causes.pacing += best;
            return;
        }
        Done::BelowFloor => {
            causes.underbid += best;
            return;
        }
        Done::NoBid => {
            causes.allocation += best;
            return;
        }
        Done::Bid { campaign, worth, estimate, least, paid, propensity } => {
            (campaign, worth, estimate, least, paid, propensity)
        }
    };
    let own = surplus(campaign, worth, least).max(0.0);
    let other = if propensity < 0.5 { &mut causes.exploration } else { &mut causes.allocation };
    *other += best - own;
    let Some(paid) = paid else {
        let why = if estimate < least { &mut causes.estimation } else { &mut causes.underbid };
        *why += own;
        return;
    };
    let missed = own - (worth - (1.0 + multipliers[campaign as usize]) * paid);
    if worth < paid && estimate >= paid { causes.estimation += missed } else { causes.overbid += missed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bid(campaign: u32, worth: f64, least: f64, paid: Option<f64>) -> Done {
        Done::Bid { campaign, worth, estimate: worth, least, paid, propensity: 1.0 }
    }

    fn rich(slots: &[Slot]) -> RegretReport {
        split(slots, &[Nanos::new(1_000_000); 2], 1.0)
    }

    #[test]
    fn the_causes_add_up_to_what_was_missed() {
        let slots = [
            Slot { candidates: vec![(0, 90.0, 40.0), (1, 70.0, 40.0)], done: bid(1, 70.0, 40.0, Some(50.0)) },
            Slot { candidates: vec![(0, 90.0, 60.0)], done: bid(0, 90.0, 60.0, None) },
            Slot { candidates: vec![(1, 20.0, 5.0)], done: Done::HeldBack },
            Slot { candidates: vec![], done: bid(0, 10.0, 20.0, Some(25.0)) },
        ];
        for budget in [60, 100, 1_000] {
            let report = split(&slots, &[Nanos::new(budget); 2], 0.5);
            let missed = report.optimum_at_most - report.realised;
            assert!((report.causes.total() - missed).abs() < 1e-15, "{budget}: {report:?}");
        }
    }

    #[test]
    fn paying_more_than_needed_is_an_overbid() {
        let slots = [Slot { candidates: vec![(0, 90.0, 40.0)], done: bid(0, 90.0, 40.0, Some(55.0)) }];
        let report = rich(&slots);
        assert!((report.causes.overbid * 1e9 - 15.0).abs() < 1e-6, "{report:?}");
        assert!((report.causes.total() - report.causes.overbid).abs() < 1e-15);
    }

    #[test]
    fn a_worse_campaign_is_a_matter_of_allocation_unless_drawn_to_learn() {
        let candidates = vec![(0, 90.0, 40.0), (1, 70.0, 40.0)];
        let slot = |propensity| Slot {
            candidates: candidates.clone(),
            done: Done::Bid {
                campaign: 1,
                worth: 70.0,
                estimate: 70.0,
                least: 40.0,
                paid: Some(40.0),
                propensity,
            },
        };
        assert!((rich(&[slot(0.9)]).causes.allocation * 1e9 - 20.0).abs() < 1e-6);
        assert!((rich(&[slot(0.1)]).causes.exploration * 1e9 - 20.0).abs() < 1e-6);
    }

    #[test]
    fn a_bid_lost_to_a_low_estimate_is_a_matter_of_estimation() {
        let lost = |estimate| Slot {
            candidates: vec![(0, 90.0, 40.0)],
            done: Done::Bid { campaign: 0, worth: 90.0, estimate, least: 40.0, paid: None, propensity: 1.0 },
        };
        assert!((rich(&[lost(30.0)]).causes.estimation * 1e9 - 50.0).abs() < 1e-6);
        assert!((rich(&[lost(80.0)]).causes.underbid * 1e9 - 50.0).abs() < 1e-6);
    }
}
