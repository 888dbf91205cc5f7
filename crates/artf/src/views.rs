//! What Motet's agents say of a host's auction, as mutations the host may take.
//!
//! | intent | from | said when |
//! |---|---|---|
//! | `ACTIVATE_SEGMENTS` | the intent agent's interests, as `CATTAX:CODE` of the content taxonomy | identity is permitted, the weight is at least [`LEAST_WEIGHT`] |
//! | `ADJUST_DEAL_FLOOR` | the floor that earns most on the learned landscape | enough is known of the market, it is at least the imp's floor and 1 % off the present one |
//! | `ADJUST_DEAL_MARGIN` | the markup that earns most above the floor, CPM | enough is known of the market |
//! | `ADD_METRICS` | P(click) of the ad most likely to be clicked, `click_through_rate` | an ad of ours fits the imp |
//! | `BID_SHADE` | the bid with the highest expected profit | enough is known of the market, the price is first-price, it is lower |
//!
//! *Enough* is [`ENOUGH`] outcomes. No deals are activated or suppressed and no content ids added: Motet has none to tell of.

use motet_agent::Appraisal;
use motet_engine::Counsel;
use motet_model::request::{AdRequest, CurrencyRate, DealPricing, Imp};
use motet_units::CpmMicros;

use crate::{
    API_VERSION, IntentSet, Money,
    proto::{
        artf::{
            AdjustBidPayload, AdjustDealPayload, IDsPayload, Intent, Margin, Metadata, MetricsPayload,
            Mutation, Operation, margin::CalculationType, mutation::Value,
        },
        openrtb::{BidRequest, BidResponse, bid_request::Metric},
    },
};

/// Outcomes a market must stand for before anything is said of its prices.
pub const ENOUGH: f64 = 50.0;
/// The least weight of an interest that is told.
pub const LEAST_WEIGHT: f32 = 0.05;
/// The least change of a floor that is worth a word, as a share.
const LEAST_CHANGE: f64 = 0.01;

/// A host's auction as it was asked about, beside what the agents said of it.
#[derive(Clone, Copy)]
pub struct Auction<'a> {
    /// The host's request on the wire.
    pub wire: &'a BidRequest,
    /// The host's bids on the wire, if it has any yet.
    pub response: Option<&'a BidResponse>,
    /// The request as the core has it.
    pub request: &'a AdRequest,
    /// What the agents said. Its offers are in the order of [`offers`].
    pub counsel: &'a Counsel,
    /// Finds a currency's rate.
    pub rate: &'a dyn Fn(&str) -> Option<CurrencyRate>,
}

impl std::fmt::Debug for Auction<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auction").field("request", &self.request.id).finish_non_exhaustive()
    }
}

/// A bid on the wire with its seat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WireBid<'a> {
    /// The seat.
    pub seat: &'a str,
    /// The bid's id.
    pub id: &'a str,
    /// The imp's id.
    pub imp: &'a str,
    /// The deal's id, if it is made under one.
    pub deal: Option<&'a str>,
    /// Its price in the response's currency.
    pub price: f64,
}

/// Iterates over the bids of a response in their order.
pub fn offers(response: &BidResponse) -> impl Iterator<Item = WireBid<'_>> {
    response.seatbid.iter().flat_map(|seat| {
        seat.bid.iter().map(|bid| WireBid {
            seat: seat.seat(),
            id: bid.id(),
            imp: bid.impid(),
            deal: bid.dealid.as_deref().filter(|id| !id.is_empty()),
            price: bid.price(),
        })
    })
}

/// Says what answered.
pub fn metadata(model: &str) -> Metadata {
    Metadata { api_version: API_VERSION.to_owned(), model_version: model.to_owned() }
}

/// Returns the mutations proposed before a request is decided, of these intents alone.
pub fn of_request(auction: &Auction<'_>, intents: IntentSet) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    if auction.counsel.refused.is_some() {
        return mutations;
    }
    if intents.has(Intent::ActivateSegments) {
        mutations.extend(segments(auction.counsel));
    }
    if intents.has(Intent::AddMetrics) {
        mutations.extend(click_rates(auction));
    }
    for counsel in &auction.counsel.deals {
        let Some(imp) = auction.request.imps.get(usize::from(counsel.imp)) else { continue };
        if counsel.appraisal.evidence >= ENOUGH {
            mutations.extend(deal_terms(
                auction,
                imp,
                usize::from(counsel.deal),
                &counsel.appraisal,
                intents,
            ));
        }
    }
    mutations
}

fn segments(counsel: &Counsel) -> Option<Mutation> {
    let told = counsel.interests.0.iter().filter(|(_, weight)| *weight >= LEAST_WEIGHT);
    let id: Vec<String> = told.map(|(category, _)| category.to_string()).collect();
    let value = Value::Ids(IDsPayload { id });
    let empty = matches!(&value, Value::Ids(ids) if ids.id.is_empty());
    (!empty)
        .then(|| mutation(Intent::ActivateSegments, Operation::Add, "/user/data/segment".to_owned(), value))
}

fn click_rates<'a>(auction: &Auction<'a>) -> impl Iterator<Item = Mutation> + use<'a> {
    let imps = auction.request.imps.iter().zip(&auction.counsel.p_click);
    imps.filter_map(|(imp, p_click)| {
        let metric = Metric {
            r#type: Some("click_through_rate".to_owned()),
            value: Some((*p_click)?.get()),
            vendor: Some("motet".to_owned()),
        };
        let value = Value::Metrics(MetricsPayload { metric: vec![metric] });
        Some(mutation(Intent::AddMetrics, Operation::Add, format!("/imp/{}", imp.id), value))
    })
}

fn deal_terms(
    auction: &Auction<'_>,
    imp: &Imp,
    place: usize,
    appraisal: &Appraisal,
    intents: IntentSet,
) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    let Some(deal) = imp.deals.get(place).filter(|deal| deal.pricing != DealPricing::Fixed) else {
        return mutations;
    };
    let Some(money) = deal_money(auction, &imp.id, &deal.id) else { return mutations };
    let path = format!("/imp/{}/pmp/deals/{}", imp.id, deal.id);
    let floor = appraisal.floor.max(imp.floor);
    let change = (floor.as_f64() - deal.floor.as_f64()).abs();
    if intents.has(Intent::AdjustDealFloor) && change > deal.floor.as_f64() * LEAST_CHANGE {
        let terms = AdjustDealPayload { bidfloor: Some(money.write_floor(floor)), margin: None };
        let value = Value::AdjustDeal(terms);
        mutations.push(mutation(Intent::AdjustDealFloor, Operation::Replace, path.clone(), value));
    }
    if intents.has(Intent::AdjustDealMargin) && appraisal.markup > CpmMicros::ZERO {
        let calculation_type = CalculationType::Cpm.into();
        let margin = Margin { value: money.write_floor(appraisal.markup), calculation_type };
        let value = Value::AdjustDeal(AdjustDealPayload { bidfloor: None, margin: Some(margin) });
        mutations.push(mutation(Intent::AdjustDealMargin, Operation::Replace, path, value));
    }
    mutations
}

/// Returns the currency a deal's floor is stated in.
fn deal_money(auction: &Auction<'_>, imp: &str, deal: &str) -> Option<Money> {
    let imp = auction.wire.imp.iter().find(|one| one.id() == imp)?;
    let deal = imp.pmp.as_ref()?.deals.iter().find(|one| one.id() == deal)?;
    (auction.rate)(deal.bidfloorcur.as_deref().unwrap_or("USD")).map(Money)
}

/// Returns the mutations proposed before an answer is sent, of these intents alone.
pub fn of_response(auction: &Auction<'_>, intents: IntentSet) -> Vec<Mutation> {
    let Some(response) = auction.response.filter(|_| intents.has(Intent::BidShade)) else {
        return Vec::new();
    };
    if auction.counsel.refused.is_some() {
        return Vec::new();
    }
    let Some(money) = (auction.rate)(response.cur.as_deref().unwrap_or("USD")).map(Money) else {
        return Vec::new();
    };
    let bids = offers(response).zip(&auction.counsel.offers);
    bids.filter_map(|(bid, appraisal)| shade(&bid, appraisal.as_ref()?, money)).collect()
}

fn shade(bid: &WireBid<'_>, appraisal: &Appraisal, money: Money) -> Option<Mutation> {
    let price = money.write_bid(appraisal.bid);
    if appraisal.evidence < ENOUGH || price <= 0.0 || price >= bid.price {
        return None;
    }
    let path = format!("/seatbid/{}/bid/{}", bid.seat, bid.id);
    let value = Value::AdjustBid(AdjustBidPayload { price });
    Some(mutation(Intent::BidShade, Operation::Replace, path, value))
}

fn mutation(intent: Intent, op: Operation, path: String, value: Value) -> Mutation {
    Mutation { intent: intent.into(), op: op.into(), path, value: Some(value) }
}
