//! The truth about one campaign's budget: what is granted to which node, and what is spent of it.

use std::collections::BTreeMap;

use motet_units::{Nanos, Span, Timestamp};

/// How long a lease lasts, and how far clocks may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// From a renewal to the expiry, by the pool's clock.
    pub term: Span,
    /// The most a node's clock may differ from the pool's, either way.
    pub skew: Span,
}

impl Terms {
    /// Returns the last moment, by its own clock, at which a bid of a lease's holder may still be billed.
    pub fn until(self, expires: Timestamp) -> Timestamp {
        expires - self.skew
    }
}

/// What one node holds of one campaign on one day. Amounts are sums since the day began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Lease {
    /// What the node may have committed, what is spent included.
    pub granted: Nanos,
    /// What was billed.
    pub spent: Nanos,
    /// The part of `spent` that the node's own books do not hold: bills that were taken for it and that it learned of
    /// only after it had given the money back.
    pub late: Nanos,
    /// When the rest may be reclaimed.
    pub expires: Timestamp,
    /// Grows with every change of what is granted.
    pub version: u64,
}

impl Lease {
    /// Returns what is granted and not spent.
    pub fn outstanding(&self) -> Nanos {
        self.granted - self.spent
    }
}

/// What a node asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The version of the lease it knows; 0 for none.
    pub version: u64,
    /// What it goes on holding, of what was granted before: at least what it has committed.
    pub keep: Nanos,
    /// What it would hold beyond that.
    pub want: Nanos,
    /// The least that is of use to it: about the price of a few bids.
    pub least: Nanos,
}

/// Why the pool changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The ask was made from an older lease than the one in force, which comes with the refusal.
    #[error("the lease is at version {}, not the one the ask was made from", .0.version)]
    Stale(Lease),
    /// The bill is not within what its node holds.
    #[error("a bill of {bill} is not within the {left} left of the lease")]
    NotHeld {
        /// What was to be billed.
        bill: Nanos,
        /// What is left of the lease.
        left: Nanos,
    },
}

/// What is wrong with a pool: a fault of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// LE-1: a lease has spent more than it was granted, or less than nothing.
    #[error("LE-1: node {node} spent {spent} of {granted} granted")]
    Overspent {
        /// The node.
        node: u16,
        /// What it spent.
        spent: Nanos,
        /// What it was granted.
        granted: Nanos,
    },
    /// LE-1: more is granted than the budget, and more than before.
    #[error("LE-1: {granted} granted, {limit} allowed")]
    Overgranted {
        /// What is granted.
        granted: Nanos,
        /// The budget, or what was granted before it was lowered.
        limit: Nanos,
    },
}

/// One campaign's budget on one day, with its leases.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Pool {
    total: Option<Nanos>,
    daily: Option<Nanos>,
    /// Granted on other days, out of the total budget.
    granted_before: Nanos,
    leases: BTreeMap<u16, Lease>,
}

impl Pool {
    /// Makes the pool of a day on which nothing is granted yet. `None` is no limit of that kind.
    pub fn new(total: Option<Nanos>, daily: Option<Nanos>) -> Self {
        Self { total, daily, ..Self::default() }
    }

    /// Makes a pool from what the store holds: what is granted on all other days, and the leases of this one.
    pub fn restore(
        total: Option<Nanos>,
        daily: Option<Nanos>,
        granted_before: Nanos,
        leases: impl IntoIterator<Item = (u16, Lease)>,
    ) -> Self {
        Self { total, daily, granted_before, leases: leases.into_iter().collect() }
    }

    /// Changes the budget. What is granted stays granted.
    pub fn set_budget(&mut self, total: Option<Nanos>, daily: Option<Nanos>) {
        (self.total, self.daily) = (total, daily);
    }

    /// Renews a node's lease: takes back what it no longer keeps, grants what it asks for as far as there is room, and
    /// puts the expiry off.
    ///
    /// Of what is free a node gets at most half, so that another that comes later finds something; but where half is
    /// less than the least it can use, all of it: the end of a budget goes to whoever has the traffic.
    ///
    /// # Errors
    /// [`Refused::Stale`] where the ask was made from another version of the lease; nothing changed.
    pub fn renew(&mut self, node: u16, ask: Ask, now: Timestamp, terms: Terms) -> Result<Lease, Refused> {
        let old = self.leases.get(&node).copied().unwrap_or_default();
        if ask.version != old.version {
            return Err(Refused::Stale(old));
        }
        // A node keeps at most what it had: whatever it states, a renewal alone brings no money.
        let kept = ask.keep.max(old.spent).min(old.granted);
        let free = self.room_beside(old.granted) - kept;
        let fair = Nanos::new(free.get() / 2).max(free.min(ask.least));
        let more = ask.want.min(fair).max(Nanos::ZERO);
        let lease =
            Lease { granted: kept + more, expires: now + terms.term, version: old.version + 1, ..old };
        self.leases.insert(node, lease);
        Ok(lease)
    }

    /// Returns what one lease could be granted if it held nothing: the budget less what all others hold.
    fn room_beside(&self, own: Nanos) -> Nanos {
        let others = self.granted() - own;
        let left = |limit: Option<Nanos>, used: Nanos| limit.map_or(Nanos::MAX, |limit| limit - used);
        left(self.daily, others).min(left(self.total, others + self.granted_before))
    }

    /// Takes a bill of a bid made by a node.
    ///
    /// # Errors
    /// [`Refused::NotHeld`] where it is not within the node's lease; nothing changed.
    pub fn bill(&mut self, node: u16, amount: Nanos) -> Result<(), Refused> {
        let left = self.leases.get(&node).map_or(Nanos::ZERO, Lease::outstanding);
        if amount < Nanos::ZERO || amount > left {
            return Err(Refused::NotHeld { bill: amount, left });
        }
        if let Some(lease) = self.leases.get_mut(&node) {
            lease.spent += amount;
        }
        Ok(())
    }

    /// Notes that a bill of a node was taken whose money its own books had given back before it learned of it.
    pub fn note_late(&mut self, node: u16, amount: Nanos) {
        if let Some(lease) = self.leases.get_mut(&node) {
            lease.late += amount;
        }
    }

    /// Takes back a bill that its node found not to be chargeable.
    pub fn unbill(&mut self, node: u16, amount: Nanos) {
        if let Some(lease) = self.leases.get_mut(&node) {
            lease.spent = (lease.spent - amount).max(lease.late);
        }
    }

    /// Takes back what is not spent of every lease whose expiry has come, and returns how much that was.
    pub fn reclaim(&mut self, now: Timestamp) -> Nanos {
        let mut back = Nanos::ZERO;
        for lease in self.leases.values_mut().filter(|lease| lease.expires <= now) {
            if lease.outstanding().is_positive() {
                back += lease.outstanding();
                lease.granted = lease.spent;
                lease.version += 1;
            }
        }
        back
    }

    /// Returns a node's lease.
    pub fn lease(&self, node: u16) -> Option<&Lease> {
        self.leases.get(&node)
    }

    /// Iterates over the leases, by node.
    pub fn leases(&self) -> impl Iterator<Item = (u16, &Lease)> {
        self.leases.iter().map(|(node, lease)| (*node, lease))
    }

    /// Returns what is granted on this day, over all nodes.
    pub fn granted(&self) -> Nanos {
        self.leases.values().fold(Nanos::ZERO, |sum, lease| sum + lease.granted)
    }

    /// Returns what is spent on this day, over all nodes.
    pub fn spent(&self) -> Nanos {
        self.leases.values().fold(Nanos::ZERO, |sum, lease| sum + lease.spent)
    }

    /// Checks LE-1 against the budget in force; for pools whose budget was never lowered.
    ///
    /// # Errors
    /// The first rule broken.
    pub fn check(&self) -> Result<(), Violation> {
        for (node, lease) in self.leases() {
            if lease.spent < Nanos::ZERO || lease.spent > lease.granted {
                return Err(Violation::Overspent { node, spent: lease.spent, granted: lease.granted });
            }
        }
        let granted = self.granted();
        for (granted, limit) in [(granted, self.daily), (granted + self.granted_before, self.total)] {
            if let Some(limit) = limit.filter(|limit| granted > *limit) {
                return Err(Violation::Overgranted { granted, limit });
            }
        }
        Ok(())
    }
}
