//! Motet's agents as hosts ask them, and what is counted of the open agent interface.
//!
//! A host's request takes the same way in as an exchange's: read by the same code, held to the same consent, its user known
//! by the same key. Then the agents in service are asked on the engine's thread, and nothing is decided, held or learned.

use std::{future::Future, sync::Arc, time::Duration};

use motet_artf::{
    Ask, CallOutcome, Counsellor, ExtensionPoint, Money, NoCounsel, Said, Verdict, Witness, intents,
    openrtb_json,
    proto::{
        artf::{Intent, Lifecycle},
        openrtb::BidResponse,
    },
    views::{self, Auction},
};
use motet_engine::{Offer, Question};
use motet_insight::metrics::Metrics;
use motet_model::{
    codes::Code,
    request::{AdRequest, CurrencyRate},
};
use motet_openrtb::{Decoded, RateTable};
use motet_units::CpmMicros;
use tokio::net::TcpListener;

use crate::{
    config::Config,
    http::{App, Shutdown, bid},
    platform::{Health, Platform},
    runtime::wall_clock,
};

/// Counts what happens over the open agent interface.
#[derive(Clone, Debug)]
pub struct ArtfMetrics(Arc<Metrics>);

impl ArtfMetrics {
    /// Makes a witness that counts here.
    pub const fn new(metrics: Arc<Metrics>) -> Self {
        Self(metrics)
    }
}

impl Witness for ArtfMetrics {
    fn called(&self, agent: &str, outcome: CallOutcome, took: Duration) {
        self.0.artf_called(agent, outcome.name(), took.as_secs_f64());
    }

    fn judged(&self, agent: &str, intent: Intent, verdict: Verdict) {
        let applied = verdict == Verdict::Applied;
        self.0.artf_judged(agent, intents::name(intent), verdict.name(), applied);
    }

    fn served(&self, mutations: Option<usize>, took: Duration) {
        self.0.artf_served(mutations, took.as_secs_f64());
    }
}

/// Serves the extension point on a listener until stopped.
///
/// # Errors
/// When the transport fails.
pub async fn serve<P: Platform>(
    config: &Config,
    app: Arc<App<P>>,
    listener: TcpListener,
    shutdown: Shutdown,
) -> Result<(), impl std::error::Error + Send + Sync + 'static + use<P>> {
    let witness = Arc::new(ArtfMetrics::new(Arc::clone(&app.metrics)));
    let point = ExtensionPoint::new(Arc::new(Host(app)), config.artf.limits(), witness);
    motet_artf::serve(listener, point, async move { shutdown.begun().await }).await
}

/// The agents behind an app.
struct Host<P>(Arc<App<P>>);

impl<P: Platform> Counsellor for Host<P> {
    fn counsel(&self, ask: Ask) -> impl Future<Output = Result<Said, NoCounsel>> + Send {
        counsel(&self.0, ask)
    }

    fn is_ready(&self) -> bool {
        self.0.platform.health() == Health::Ready
    }
}

async fn counsel<P: Platform>(app: &App<P>, ask: Ask) -> Result<Said, NoCounsel> {
    let wire = ask.request.bid_request.as_ref();
    let wire = wire.ok_or_else(|| NoCounsel::BadRequest("bid_request is missing".to_owned()))?;
    let response = ask.request.bid_response.as_ref().filter(|_| ask.lifecycle == Lifecycle::DspBidResponse);
    let body = openrtb_json::bid_request(wire).to_string();
    let options = app.decode_options(wall_clock());
    let decoded = motet_openrtb::decode(body.as_bytes(), &options);
    let Decoded { mut request, identity, .. } =
        decoded.map_err(|error| NoCounsel::BadRequest(format!("bid_request: {error}")))?;
    bid::apply_consent(app, &mut request, &identity);
    bid::map_categories(&mut request);
    let offers = response.map(|response| offers(response, &request, &options.rates)).unwrap_or_default();
    let question = Box::new(Question { request: request.clone(), offers });
    let counsel = app.platform.consult(question).await;
    let counsel = counsel.map_err(|unavailable| NoCounsel::Unavailable(unavailable.to_string()))?;
    let auction = Auction {
        wire,
        response,
        request: &request,
        counsel: &counsel,
        rate: &|code| rate(&options.rates, code),
    };
    let mutations = match ask.lifecycle {
        Lifecycle::DspBidResponse => views::of_response(&auction, ask.intents),
        Lifecycle::PublisherBidRequest | Lifecycle::Unspecified => views::of_request(&auction, ask.intents),
    };
    Ok(Said { mutations, model: counsel.model.clone() })
}

fn rate(rates: &RateTable, code: &str) -> Option<CurrencyRate> {
    rates.rate(Code::currency(code)?)
}

/// Reads a host's bids, one offer each; a bid whose imp, deal or price is none of the request's gets no counsel.
fn offers(response: &BidResponse, request: &AdRequest, rates: &RateTable) -> Vec<Offer> {
    let money = rate(rates, response.cur.as_deref().unwrap_or("USD")).map(Money);
    let offer = |bid: views::WireBid<'_>| {
        let place = request.imps.iter().position(|imp| imp.id == bid.imp)?;
        let deal = match bid.deal {
            Some(id) => Some(request.imps[place].deals.iter().position(|deal| deal.id == id)?),
            None => None,
        };
        let price = money?.bid(bid.price)?;
        Some(Offer {
            imp: u16::try_from(place).ok()?,
            deal: deal.and_then(|deal| u16::try_from(deal).ok()),
            price,
        })
    };
    let nowhere = Offer { imp: u16::MAX, deal: None, price: CpmMicros::ZERO };
    views::offers(response).map(|bid| offer(bid).unwrap_or(nowhere)).collect()
}

#[cfg(test)]
mod tests;
