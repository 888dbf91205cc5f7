//! The float: which bids may be answered before their records are on the disk, and what is out on them.
//!
//! If the machine stops, the records after the last one on the disk are lost, and with them bids that were answered. The
//! next start withholds, of every campaign, its float or what it has left, whichever is less (`Event::Opened`). A bid is
//! answered early only if that covers all of its campaign's early bids, wherever the records break off from here on:
//!
//! * *out*, the campaign's early bids since the last record known to be on the disk, this one included, comes to at most its
//!   float;
//! * what the campaign has left after this bid comes to at least what has been *given back*, to anyone, since that
//!   record: money a lost record gave back does not count;
//! * no change (of budgets, options, policies) is among the records since;
//! * the campaign's day is the same as at that record, and the bid's notices count no longer than the longest window.
//!
//! Why that is enough: say the records break off at D, at or after that record, and b is the last early bid lost. Its
//! campaign had `left(b) ≥ given back` then, and since D it had lost to reservations, early or not, all that separates
//! `left(D)` from `left(b)` but for what was given back. So `left(D) ≥` all early bids between. And they are among those
//! counted as out at b, so the float covers them. The property test plays this against random ends.

use std::collections::VecDeque;

use motet_engine::Engine;
use motet_model::{
    decision::{Bid, Decision},
    ids::CampaignIx,
};
use motet_units::{Nanos, Timestamp};

/// What is true up to a record.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// The record.
    sequence: u64,
    /// Everything given back since the beginning, in nanos.
    returned: i128,
    at: Timestamp,
}

impl Mark {
    fn of(engine: &Engine) -> Self {
        let (sequence, returned) = (engine.next_sequence() - 1, engine.totals().returned_nanos);
        Self { sequence, returned, at: engine.now() }
    }
}

/// What is out, batch by batch.
#[derive(Debug)]
pub(super) struct FloatBook {
    /// Early bids not known to be on the disk, by campaign.
    out: Vec<Nanos>,
    /// Those of the batch being filled, then those of each batch handed to the writer.
    filling: Vec<(CampaignIx, Nanos)>,
    written: VecDeque<(Mark, Vec<(CampaignIx, Nanos)>)>,
    /// The last record known to be on the disk.
    durable: Mark,
    /// The last record that changed what early bids are measured by.
    changed: u64,
}

impl FloatBook {
    /// Opens the book; everything the engine has taken is on the disk.
    pub(super) fn new(engine: &Engine) -> Self {
        let durable = Mark::of(engine);
        Self { out: Vec::new(), filling: Vec::new(), written: VecDeque::new(), durable, changed: 0 }
    }

    /// States that the engine's last event changed something: until it is on the disk no bid is answered early.
    pub(super) fn changed(&mut self, engine: &Engine) {
        self.changed = engine.next_sequence() - 1;
    }

    /// States that the batch being filled ends with the engine's last event and goes to the writer.
    pub(super) fn sealed(&mut self, engine: &Engine) {
        self.written.push_back((Mark::of(engine), std::mem::take(&mut self.filling)));
    }

    /// States up to which record everything is on the disk.
    pub(super) fn durable_through(&mut self, sequence: u64) {
        while let Some((mark, _)) = self.written.front()
            && mark.sequence <= sequence
            && let Some((mark, early)) = self.written.pop_front()
        {
            self.durable = mark;
            for (campaign, amount) in early {
                self.out[campaign.get()] -= amount;
            }
        }
    }

    /// Tells whether the bids of the engine's last decision may be answered now; if so they are out.
    pub(super) fn admit(&mut self, engine: &Engine, decision: &Decision) -> bool {
        if self.durable.sequence < self.changed {
            return false;
        }
        let begun = self.filling.len();
        let covered = decision.bids().all(|bid| self.put_out(engine, bid));
        if !covered {
            for (campaign, amount) in self.filling.drain(begun..) {
                self.out[campaign.get()] -= amount;
            }
        }
        covered
    }

    fn put_out(&mut self, engine: &Engine, bid: &Bid) -> bool {
        let (campaign, now) = (bid.campaign, engine.now());
        if campaign.get() >= self.out.len() {
            self.out.resize(campaign.get() + 1, Nanos::ZERO);
        }
        let out = self.out[campaign.get()] + bid.reserved;
        let given_back = engine.totals().returned_nanos - self.durable.returned;
        let covered = out <= engine.float(campaign)
            && i128::from(engine.account(campaign).room.get()) >= given_back
            && engine.day(campaign, now) == engine.day(campaign, self.durable.at)
            && bid.expires <= now + engine.longest_window();
        if covered {
            self.out[campaign.get()] = out;
            self.filling.push((campaign, bid.reserved));
        }
        covered
    }
}

#[cfg(test)]
mod tests;
