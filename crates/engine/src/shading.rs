//! Bids that went out lower than they were decided, because an outside agent shaded them.
//!
//! What is learned from a bid's outcome, and what it costs, follows from the price that was sent. The money held stays as it
//! was until the outcome is known: it is at most more than the bid can cost.
//!
//! The answer does not wait for this event's record. Should the record be lost with a crash, the bid stands at the price
//! decided: its bill, which tells the price paid, is charged right all the same.

use motet_model::decision::Charge;
use motet_units::CpmMicros;

use crate::{Engine, Shade};

impl Engine {
    /// Takes lower prices, all or none.
    ///
    /// # Errors
    /// The first that is not lower, lies under the bid's floor, or is of a bid that cannot be shaded any more.
    pub(crate) fn shade(&mut self, shades: &[Shade]) -> Result<(), String> {
        for shade in shades {
            self.may_shade(shade).map_err(|why| format!("bid {}: {why}", shade.bid))?;
        }
        for shade in shades {
            self.lower(*shade);
        }
        Ok(())
    }

    fn may_shade(&self, shade: &Shade) -> Result<(), String> {
        let open = self.bids.get(shade.bid).ok_or("it is not open")?;
        let bid = &open.record.bid;
        if bid.charge == Charge::OnImpression {
            return Err("it is on our own inventory, where its price is what was cleared".to_owned());
        }
        if open.history != motet_agent::History::default() {
            return Err("its outcome is known".to_owned());
        }
        let least = open.record.floor.max(CpmMicros::new(1));
        if shade.price < least || shade.price >= bid.price {
            let decided = bid.price;
            return Err(format!("expected a price from {least} to below {decided}, was {}", shade.price));
        }
        Ok(())
    }

    fn lower(&mut self, shade: Shade) {
        let Some(open) = self.bids.get_mut(shade.bid) else { return };
        let bid = &mut open.record.bid;
        bid.reserved = shade.holds(bid.reserved, bid.price);
        bid.price = shade.price;
    }
}
