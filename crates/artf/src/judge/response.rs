//! Mutations of an answer, before it is sent: shading.

use motet_units::CpmMicros;

use super::{Proposer, Refusal, Touched, Verdict};
use crate::{
    Money, Target,
    proto::artf::{Intent, Mutation, mutation::Value},
};

/// A bid about to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct SentBid {
    /// The imp's place in the request.
    pub imp: usize,
    /// The imp's id.
    pub imp_id: String,
    /// The bid's id, as the answer states it.
    pub id: String,
    /// Its seat.
    pub seat: String,
    /// Its price as decided.
    pub price: CpmMicros,
    /// The lowest price the seller takes for it.
    pub floor: CpmMicros,
    /// The deal it is made under.
    pub deal: Option<String>,
    /// Why it cannot be shaded at all, if so.
    pub bound: Option<Refusal>,
}

/// Where mutations of one answer are judged.
#[derive(Debug)]
pub struct ResponseBench<'a> {
    bids: &'a [SentBid],
    money: Money,
    touched: Touched,
    shaded: Vec<(usize, CpmMicros)>,
}

impl<'a> ResponseBench<'a> {
    /// Makes a bench for one answer. Prices are in `money`'s currency.
    pub fn new(bids: &'a [SentBid], money: Money) -> Self {
        Self { bids, money, touched: Touched::default(), shaded: Vec::new() }
    }

    /// Judges one mutation; what stands is noted.
    pub fn judge(&mut self, by: Proposer<'_>, mutation: &Mutation) -> Verdict {
        self.take(by, mutation).into()
    }

    /// Returns the places of the bids to lower, with their prices.
    pub fn into_shaded(self) -> Vec<(usize, CpmMicros)> {
        self.shaded
    }

    fn take(&mut self, by: Proposer<'_>, mutation: &Mutation) -> Result<(), Refusal> {
        let (intent, _) = by.may(mutation)?;
        let Some(Target::Bid { seat, bid }) = Target::parse(&mutation.path) else {
            return Err(Refusal::UnknownPath);
        };
        let (Intent::BidShade, Some(Value::AdjustBid(adjusted))) = (intent, &mutation.value) else {
            return Err(Refusal::WrongValue);
        };
        let same = |sent: &SentBid| sent.id == bid && sent.seat == seat;
        let place = self.bids.iter().position(same).ok_or(Refusal::UnknownPath)?;
        let sent = &self.bids[place];
        if let Some(bound) = sent.bound {
            return Err(bound);
        }
        let thing = format!("bid {place}");
        self.touched.check(&thing, by.name)?;
        let price = self.money.bid(adjusted.price).ok_or(Refusal::OutOfRange)?;
        if price > sent.price {
            return Err(Refusal::RaisesPrice);
        }
        if price == sent.price {
            return Err(Refusal::NoEffect);
        }
        if price < sent.floor || price <= CpmMicros::ZERO {
            return Err(Refusal::BelowFloor);
        }
        self.shaded.push((place, price));
        self.touched.note(thing, by.name);
        Ok(())
    }
}
