//! Mutations of a request, before it is decided.

use motet_agents::safety::is_sensitive_segment;
use motet_model::request::{AdRequest, Deal, DealPricing, Imp, Ownership};
use motet_units::{CpmMicros, Rounding};

use super::{LONGEST_ID, Proposer, Refusal, Touched, Verdict, well_formed};
use crate::{
    Money, Target,
    least::Identity,
    options::Rules,
    proto::{
        artf::{Intent, Margin, Mutation, Operation, margin::CalculationType, mutation::Value},
        openrtb::bid_request::{Data, Metric},
    },
};

/// The most segments a user, and the most keywords an inventory, has after agents had their say.
const MOST_WORDS: usize = 256;
/// The most metrics, or data objects, in one mutation.
const MOST_OBJECTS: usize = 16;

/// Where mutations of one request are judged and applied.
#[derive(Debug)]
pub struct RequestBench<'a> {
    request: &'a mut AdRequest,
    rules: &'a Rules,
    identity: Identity,
    money: Money,
    touched: Touched,
}

impl<'a> RequestBench<'a> {
    /// Makes a bench for one request. Prices are in `money`'s currency.
    pub fn new(request: &'a mut AdRequest, rules: &'a Rules, identity: Identity, money: Money) -> Self {
        Self { request, rules, identity, money, touched: Touched::default() }
    }

    /// Judges one mutation and applies it if it stands.
    pub fn judge(&mut self, by: Proposer<'_>, mutation: &Mutation) -> Verdict {
        self.take(by, mutation).into()
    }

    fn take(&mut self, by: Proposer<'_>, mutation: &Mutation) -> Result<(), Refusal> {
        let (intent, operation) = by.may(mutation)?;
        let target = Target::parse(&mutation.path).ok_or(Refusal::UnknownPath)?;
        let value = mutation.value.as_ref().ok_or(Refusal::WrongValue)?;
        match (intent, value) {
            (Intent::ActivateSegments, Value::Ids(ids)) => self.segments(by, operation, target, &ids.id),
            (Intent::ActivateDeals, Value::Ids(ids)) => self.activate_deals(target, &ids.id),
            (Intent::SuppressDeals, Value::Ids(ids)) => self.suppress_deals(target, &ids.id),
            (Intent::AdjustDealFloor, Value::AdjustDeal(terms)) => {
                self.deal_floor(by, target, terms.bidfloor.ok_or(Refusal::WrongValue)?)
            }
            (Intent::AdjustDealMargin, Value::AdjustDeal(terms)) => {
                self.deal_margin(by, target, terms.margin.as_ref().ok_or(Refusal::WrongValue)?)
            }
            (Intent::AddMetrics, Value::Metrics(metrics)) => self.metrics(by, target, &metrics.metric),
            (Intent::AddCids, Value::ContentData(data)) => self.content_ids(target, &data.data),
            _ => Err(Refusal::WrongValue),
        }
    }

    fn segments(
        &mut self,
        by: Proposer<'_>,
        operation: Operation,
        target: Target<'_>,
        ids: &[String],
    ) -> Result<(), Refusal> {
        if target != Target::Segments {
            return Err(Refusal::UnknownPath);
        }
        well_formed(ids)?;
        if self.identity == Identity::Forbidden {
            return Err(Refusal::NoConsent);
        }
        let segments = &mut self.request.user.segments;
        let before = segments.len();
        if operation == Operation::Remove {
            segments.retain(|segment| !ids.contains(&segment_id(segment).to_owned()));
            return if segments.len() < before { Ok(()) } else { Err(Refusal::NoEffect) };
        }
        let mut added: Vec<String> = ids.iter().map(|id| format!("{}/{id}", by.name)).collect();
        if added.iter().any(|segment| is_sensitive_segment(segment)) {
            return Err(Refusal::Sensitive);
        }
        added.retain(|segment| !segments.contains(segment));
        if added.is_empty() {
            return Err(Refusal::NoEffect);
        }
        if before + added.len() > MOST_WORDS {
            return Err(Refusal::TooMany);
        }
        segments.append(&mut added);
        Ok(())
    }

    /// Returns an imp of our own inventory.
    fn own_imp(&mut self, id: &str) -> Result<&mut Imp, Refusal> {
        if self.request.inventory.ownership != Ownership::Owned {
            return Err(Refusal::NotOwn);
        }
        self.request.imps.iter_mut().find(|imp| imp.id == id).ok_or(Refusal::UnknownPath)
    }

    fn activate_deals(&mut self, target: Target<'_>, ids: &[String]) -> Result<(), Refusal> {
        let Target::Imp(imp) = target else { return Err(Refusal::UnknownPath) };
        well_formed(ids)?;
        let (rules, pricing) = (self.rules, DealPricing::Auction(self.request.pricing));
        let imp = self.own_imp(imp)?;
        let mut added = Vec::new();
        for id in ids {
            let floor = *rules.deals.get(id).ok_or(Refusal::UnknownDeal)?;
            let known = imp.deals.iter().chain(&added).any(|deal: &Deal| deal.id == *id);
            if !known {
                let (seats, advertiser_domains) = (Vec::new(), Vec::new());
                added.push(Deal { id: id.clone(), floor, pricing, seats, advertiser_domains });
            }
        }
        if added.is_empty() {
            return Err(Refusal::NoEffect);
        }
        imp.deals.append(&mut added);
        Ok(())
    }

    fn suppress_deals(&mut self, target: Target<'_>, ids: &[String]) -> Result<(), Refusal> {
        let Target::Imp(imp) = target else { return Err(Refusal::UnknownPath) };
        well_formed(ids)?;
        let imp = self.own_imp(imp)?;
        if !ids.iter().all(|id| imp.deals.iter().any(|deal| deal.id == *id)) {
            return Err(Refusal::UnknownDeal);
        }
        imp.deals.retain(|deal| !ids.contains(&deal.id));
        Ok(())
    }

    fn deal_floor(&mut self, by: Proposer<'_>, target: Target<'_>, floor: f64) -> Result<(), Refusal> {
        let (imp, deal) = self.adjustable(target)?;
        let thing = format!("floor {imp} {deal}");
        self.touched.check(&thing, by.name)?;
        let floor = self.money.floor(floor).ok_or(Refusal::OutOfRange)?;
        let least = self.request.imps[imp].floor;
        if floor < least {
            return Err(Refusal::BelowFloor);
        }
        self.set_floor(imp, deal, floor)?;
        self.touched.note(thing, by.name);
        Ok(())
    }

    fn deal_margin(&mut self, by: Proposer<'_>, target: Target<'_>, margin: &Margin) -> Result<(), Refusal> {
        let (imp, deal) = self.adjustable(target)?;
        let thing = format!("margin {imp} {deal}");
        self.touched.check(&thing, by.name)?;
        let floor = self.request.imps[imp].deals[deal].floor;
        let kind = CalculationType::try_from(margin.calculation_type).map_err(|_| Refusal::WrongValue)?;
        let added = match kind {
            CalculationType::Cpm => self.money.floor(margin.value),
            CalculationType::Percent => percent_of(floor, margin.value),
        };
        let added = added.ok_or(Refusal::OutOfRange)?;
        let sum = CpmMicros::new(floor.get().saturating_add(added.get()));
        self.set_floor(imp, deal, sum)?;
        self.touched.note(thing, by.name);
        Ok(())
    }

    /// Returns the places of a deal whose terms may be changed.
    fn adjustable(&mut self, target: Target<'_>) -> Result<(usize, usize), Refusal> {
        let Target::Deal { imp: imp_id, deal: deal_id } = target else { return Err(Refusal::UnknownPath) };
        let imp = self.own_imp(imp_id)?;
        let place = imp.deals.iter().position(|deal| deal.id == deal_id).ok_or(Refusal::UnknownDeal)?;
        if imp.deals[place].pricing == DealPricing::Fixed {
            return Err(Refusal::FixedPrice);
        }
        let imp = self.request.imps.iter().position(|imp| imp.id == imp_id).ok_or(Refusal::UnknownPath)?;
        Ok((imp, place))
    }

    fn set_floor(&mut self, imp: usize, deal: usize, floor: CpmMicros) -> Result<(), Refusal> {
        if floor > self.rules.floor_most {
            return Err(Refusal::OutOfRange);
        }
        let deal = &mut self.request.imps[imp].deals[deal];
        if deal.floor == floor {
            return Err(Refusal::NoEffect);
        }
        deal.floor = floor;
        Ok(())
    }

    fn metrics(&mut self, by: Proposer<'_>, target: Target<'_>, metrics: &[Metric]) -> Result<(), Refusal> {
        let Target::Imp(id) = target else { return Err(Refusal::UnknownPath) };
        let place = self.request.imps.iter().position(|imp| imp.id == id).ok_or(Refusal::UnknownPath)?;
        let [metric] = metrics else {
            return Err(if metrics.is_empty() { Refusal::WrongValue } else { Refusal::TooMany });
        };
        if !metric.r#type().eq_ignore_ascii_case("viewability") {
            return Err(Refusal::Unused);
        }
        let value = metric.value.filter(|value| (0.0..=1.0).contains(value)).ok_or(Refusal::OutOfRange)?;
        let thing = format!("viewability {place}");
        self.touched.check(&thing, by.name)?;
        let imp = &mut self.request.imps[place];
        if imp.metric_viewability.is_some() {
            // The seller states it itself.
            return Err(Refusal::Overruled);
        }
        imp.metric_viewability = Some(value as f32);
        self.touched.note(thing, by.name);
        Ok(())
    }

    fn content_ids(&mut self, target: Target<'_>, data: &[Data]) -> Result<(), Refusal> {
        if target != Target::Content {
            return Err(Refusal::UnknownPath);
        }
        if data.is_empty() || data.len() > MOST_OBJECTS {
            return Err(Refusal::OutOfRange);
        }
        let keywords = &mut self.request.inventory.keywords;
        let mut added = Vec::new();
        for source in data {
            let name = source.name();
            let ids = source.ext.as_ref().map_or(&[][..], |ext| &ext.cids);
            well_formed(ids)?;
            if name.is_empty() || name.len() > LONGEST_ID {
                return Err(Refusal::OutOfRange);
            }
            added.extend(ids.iter().map(|id| format!("cid:{name}:{id}").to_lowercase()));
        }
        added.retain(|keyword| !keywords.contains(keyword));
        if added.is_empty() {
            return Err(Refusal::NoEffect);
        }
        if keywords.len() + added.len() > MOST_WORDS {
            return Err(Refusal::TooMany);
        }
        keywords.append(&mut added);
        Ok(())
    }
}

/// Returns a segment's id as agents are shown it: without its provider.
fn segment_id(segment: &str) -> &str {
    segment.split_once('/').map_or(segment, |(_, id)| id)
}

/// Returns a share of a floor, rounded up; `None` where it is not above 0 to 100 per cent.
fn percent_of(floor: CpmMicros, percent: f64) -> Option<CpmMicros> {
    let in_range = percent > 0.0 && percent <= 100.0;
    in_range.then(|| CpmMicros::from_f64(floor.as_f64() * percent / 100.0, Rounding::Up))
}
