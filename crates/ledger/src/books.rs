//! One set of double-entry books: four accounts that sum to zero and a limit they are funded to.

use motet_units::Nanos;
use serde::{Deserialize, Serialize};

/// Where money can be. The order is that of [`Books::balances`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Account {
    /// The advertiser's side: minus what was granted.
    Funding,
    /// Granted and free.
    Available,
    /// Held for bids without an outcome yet.
    Reserved,
    /// Charged.
    Spent,
}

/// What is wrong with a set of books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The accounts do not sum to zero.
    Unbalanced,
    /// An account other than funding is below zero.
    Negative,
    /// The grant is neither the limit nor what is already reserved and spent.
    Misfunded,
}

/// A limit and the money under it, all at most [`Nanos::MAX`] so that no sum clamps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Books {
    limit: Nanos,
    balances: [Nanos; 4],
}

impl Books {
    /// Opens books funded to a limit.
    pub(crate) fn new(limit: Nanos) -> Self {
        let mut books = Self { limit, balances: [Nanos::ZERO; 4] };
        books.fund();
        books
    }

    /// Returns what may still be reserved.
    pub(crate) fn available(&self) -> Nanos {
        self.balance(Account::Available)
    }

    /// Returns what is held for open bids.
    pub(crate) fn reserved(&self) -> Nanos {
        self.balance(Account::Reserved)
    }

    /// Returns what has been charged.
    pub(crate) fn spent(&self) -> Nanos {
        self.balance(Account::Spent)
    }

    /// Changes the limit; nothing is available while reserved and spent money reaches it.
    pub(crate) fn set_limit(&mut self, limit: Nanos) {
        self.limit = limit;
        self.fund();
    }

    /// Holds an amount; the caller has seen that it is available.
    pub(crate) fn reserve(&mut self, amount: Nanos) {
        self.transfer(Account::Available, Account::Reserved, amount);
    }

    /// Charges part of a held amount and frees the rest.
    pub(crate) fn settle(&mut self, held: Nanos, charge: Nanos) {
        self.transfer(Account::Reserved, Account::Spent, charge);
        self.release(held - charge);
    }

    /// Frees a held amount.
    pub(crate) fn release(&mut self, held: Nanos) {
        self.transfer(Account::Reserved, Account::Available, held);
        self.fund();
    }

    /// Audits the books on their own.
    pub(crate) fn audit(&self) -> Result<(), Fault> {
        let [funding, available, reserved, spent] = self.balances.map(Nanos::get);
        if funding + available + reserved + spent != 0 {
            return Err(Fault::Unbalanced);
        }
        if available < 0 || reserved < 0 || spent < 0 {
            return Err(Fault::Negative);
        }
        if -funding != self.limit.get().max(reserved + spent) {
            return Err(Fault::Misfunded);
        }
        Ok(())
    }

    fn balance(&self, account: Account) -> Nanos {
        self.balances[account as usize]
    }

    /// Moves the grant to the limit, or to what is already committed where that is more.
    fn fund(&mut self) {
        let granted = -self.balance(Account::Funding);
        let wanted = self.limit.max(self.reserved() + self.spent());
        if wanted > granted {
            self.transfer(Account::Funding, Account::Available, wanted - granted);
        } else {
            self.transfer(Account::Available, Account::Funding, granted - wanted);
        }
    }

    /// The only way money moves.
    fn transfer(&mut self, from: Account, to: Account, amount: Nanos) {
        debug_assert!(amount >= Nanos::ZERO, "a transfer moves a positive amount, was {amount}");
        self.balances[from as usize] -= amount;
        self.balances[to as usize] += amount;
    }
}
