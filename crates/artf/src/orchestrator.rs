//! Calling outside agents: in parallel, with the least data, within the request's time; then judging what they propose.
//!
//! Before the decision, agents have at most the configured share of the time that is left; before the answer, what is left.
//! Each agent's own limit may be shorter. Whoever has not answered by then is late and left out; its breaker hears of it.
//! A request that only deals in what no agent may change asks nobody.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use motet_model::request::{AdRequest, CurrencyRate, Ownership};
use motet_units::CpmMicros;
use tokio::{sync::Semaphore, task::JoinSet, time::Instant};
use tonic::transport::{Channel, Endpoint};

use crate::{
    AgentOptions, CallOutcome, Error, IntentSet, Money, Options, Witness,
    breaker::Breaker,
    judge::{MOST_MUTATIONS, Proposer, Refusal, RequestBench, ResponseBench, SentBid, Verdict},
    least::{self, Identity},
    options::Rules,
    proto::{
        artf::{Intent, Lifecycle, Mutation, Originator, RtbRequest, RtbResponse, originator},
        services::rtb_extension_point_client::RtbExtensionPointClient,
    },
};

/// The largest answer taken, in bytes.
const LARGEST_ANSWER: usize = 1 << 20;
/// Less time than this is no use to anyone over a wire.
const LEAST_TIME: Duration = Duration::from_millis(1);
/// What is kept of the time before an answer, for judging and writing it.
const KEPT: Duration = Duration::from_millis(1);
/// How long a value may be in a log line, in bytes.
const LOGGED: usize = 200;

/// A bid that goes out lower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShadedBid {
    /// The bid's place among those sent to agents.
    pub place: usize,
    /// Its price now.
    pub price: CpmMicros,
}

/// Calls outside agents and judges what they propose.
#[derive(Debug)]
pub struct Orchestrator {
    callers: Vec<Arc<Caller>>,
    rules: Rules,
    share: f64,
    originator: String,
    money: Money,
    witness: Arc<dyn Witness>,
    /// A number of this process, so that asks of two do not share names.
    name: u64,
    asks: AtomicU64,
}

/// One agent and how it is reached.
#[derive(Debug)]
struct Caller {
    options: AgentOptions,
    allowed: IntentSet,
    client: RtbExtensionPointClient<Channel>,
    breaker: Breaker,
    places: Semaphore,
}

/// What one agent answered.
struct Heard {
    caller: usize,
    applicable: IntentSet,
    model: String,
    mutations: Vec<Mutation>,
}

impl Orchestrator {
    /// Makes an orchestrator; `None` where no agent is named. `accounting` is the currency all prices are in, `name` a
    /// number of this process. Needs a Tokio runtime; agents are connected to when first asked.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn new(
        options: &Options,
        accounting: CurrencyRate,
        name: u64,
        witness: Arc<dyn Witness>,
    ) -> Result<Option<Self>, Error> {
        if let Some(error) = options.check().into_iter().next() {
            return Err(error);
        }
        if options.agents.is_empty() {
            return Ok(None);
        }
        let callers = options.agents.iter().enumerate().map(|(place, agent)| Caller::new(place, agent));
        Ok(Some(Self {
            callers: callers.map(|caller| caller.map(Arc::new)).collect::<Result<_, _>>()?,
            rules: options.rules()?,
            share: options.share,
            originator: options.originator.clone(),
            money: Money(accounting),
            witness,
            name,
            asks: AtomicU64::new(0),
        }))
    }

    /// Lets agents change a request before it is decided. Returns with time left before the deadline.
    pub async fn before(&self, request: &mut AdRequest, identity: Identity, deadline: Instant) {
        let left = deadline.saturating_duration_since(Instant::now()).mul_f64(self.share);
        let applicable = applicable_to(request, identity, &self.rules);
        let make = |id: &str, intents: IntentSet| {
            let bid_request = least::request(request, id, intents, identity, self.money.0.code);
            self.ask(id, Lifecycle::PublisherBidRequest, request, intents, bid_request)
        };
        let heard = self.call_all(Lifecycle::PublisherBidRequest, applicable, left, make).await;
        if heard.is_empty() {
            return;
        }
        let id = request.id.clone();
        let mut bench = RequestBench::new(request, &self.rules, identity, self.money);
        self.judge_all(&id, &heard, |by, mutation| bench.judge(by, mutation));
    }

    /// Lets agents shade the bids of an answer. Returns the bids that go out lower; by the deadline.
    pub async fn after(&self, request: &AdRequest, bids: &[SentBid], deadline: Instant) -> Vec<ShadedBid> {
        let open = bids.iter().any(|bid| bid.bound.is_none());
        let applicable = if open { [Intent::BidShade].into_iter().collect() } else { IntentSet::EMPTY };
        let left = deadline.saturating_duration_since(Instant::now()).saturating_sub(KEPT);
        let make = |id: &str, intents: IntentSet| {
            let currency = self.money.0.code;
            let bid_request = least::request(request, id, intents, Identity::Forbidden, currency);
            let mut ask = self.ask(id, Lifecycle::DspBidResponse, request, intents, bid_request);
            ask.bid_response = Some(least::response(id, bids, currency));
            ask
        };
        let heard = self.call_all(Lifecycle::DspBidResponse, applicable, left, make).await;
        let mut bench = ResponseBench::new(bids, self.money);
        self.judge_all(&request.id, &heard, |by, mutation| bench.judge(by, mutation));
        let shaded = bench.into_shaded().into_iter();
        shaded.map(|(place, price)| ShadedBid { place, price }).collect()
    }

    fn ask(
        &self,
        id: &str,
        lifecycle: Lifecycle,
        request: &AdRequest,
        intents: IntentSet,
        bid_request: crate::proto::openrtb::BidRequest,
    ) -> RtbRequest {
        let own = request.inventory.ownership == Ownership::Owned;
        let kind = if own { originator::Type::Publisher } else { originator::Type::Dsp };
        RtbRequest {
            lifecycle: lifecycle.into(),
            id: id.to_owned(),
            bid_request: Some(bid_request),
            originator: Some(Originator { r#type: kind.into(), id: self.originator.clone() }),
            applicable_intents: intents.numbers(),
            ..RtbRequest::default()
        }
    }

    /// Calls every agent that has something to say here, all at once, and waits for the last at most.
    async fn call_all(
        &self,
        lifecycle: Lifecycle,
        applicable: IntentSet,
        left: Duration,
        make: impl Fn(&str, IntentSet) -> RtbRequest,
    ) -> Vec<Heard> {
        let mut calls = JoinSet::new();
        for (place, caller) in self.callers.iter().enumerate() {
            let intents = caller.allowed.and(applicable);
            if intents.is_empty() || !caller.options.lifecycle.covers(lifecycle) {
                continue;
            }
            let wait = caller.options.timeout().min(left);
            if wait < LEAST_TIME {
                self.witness.called(&caller.options.name, CallOutcome::NoTime, Duration::ZERO);
                continue;
            }
            let id = format!("{:x}-{:x}", self.name, self.asks.fetch_add(1, Ordering::Relaxed));
            let mut ask = make(&id, intents);
            ask.tmax = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
            let (caller, witness) = (Arc::clone(caller), Arc::clone(&self.witness));
            calls.spawn(async move {
                let began = Instant::now();
                let (outcome, answer) = Box::pin(caller.call(ask, began, wait)).await;
                witness.called(&caller.options.name, outcome, began.elapsed());
                answer.map(|answer| heard(place, intents, answer))
            });
        }
        let mut heard: Vec<Heard> = calls.join_all().await.into_iter().flatten().collect();
        heard.sort_by_key(|heard| (self.callers[heard.caller].options.priority, heard.caller));
        heard
    }

    /// Judges mutations: by intent, then by who comes first, then as they were stated.
    fn judge_all(
        &self,
        request: &str,
        heard: &[Heard],
        mut judge: impl FnMut(Proposer<'_>, &Mutation) -> Verdict,
    ) {
        let mut all: Vec<(&Heard, usize, &Mutation)> = Vec::new();
        for one in heard {
            all.extend(one.mutations.iter().enumerate().map(|(place, mutation)| (one, place, mutation)));
        }
        // A stable sort: agents stay in the order they are heard in.
        all.sort_by_key(|(_, _, mutation)| mutation.intent);
        for (heard, place, mutation) in all {
            let options = &self.callers[heard.caller];
            let by = Proposer {
                name: &options.options.name,
                allowed: options.allowed,
                applicable: heard.applicable,
            };
            let verdict =
                if place < MOST_MUTATIONS { judge(by, mutation) } else { Verdict::Refused(Refusal::TooMany) };
            self.witness.judged(by.name, mutation.intent(), verdict);
            log(request, heard, by.name, mutation, verdict);
        }
    }
}

/// Returns the intents that can change anything of a request.
fn applicable_to(request: &AdRequest, identity: Identity, rules: &Rules) -> IntentSet {
    let own = request.inventory.ownership == Ownership::Owned;
    let deals = own && request.imps.iter().any(|imp| !imp.deals.is_empty());
    let can = |intent: Intent| match intent {
        Intent::Unspecified | Intent::BidShade => false,
        Intent::ActivateSegments => identity == Identity::Permitted,
        Intent::ActivateDeals => own && !rules.deals.is_empty(),
        Intent::SuppressDeals | Intent::AdjustDealFloor | Intent::AdjustDealMargin => {
            deals || own && !rules.deals.is_empty()
        }
        Intent::AddMetrics => request.imps.iter().any(|imp| imp.metric_viewability.is_none()),
        Intent::AddCids => true,
    };
    IntentSet::all().iter().filter(|intent| can(*intent)).collect()
}

fn heard(caller: usize, applicable: IntentSet, answer: RtbResponse) -> Heard {
    let model = answer.metadata.map(|metadata| metadata.model_version).unwrap_or_default();
    Heard { caller, applicable, model, mutations: answer.mutations }
}

/// Writes what was asked for and what became of it: the record the standard asks a host to keep.
fn log(request: &str, heard: &Heard, agent: &str, mutation: &Mutation, verdict: Verdict) {
    let mut value = mutation.value.as_ref().map(|value| format!("{value:?}")).unwrap_or_default();
    if value.len() > LOGGED {
        let cut = (0..=LOGGED).rev().find(|at| value.is_char_boundary(*at)).unwrap_or(0);
        value.truncate(cut);
    }
    tracing::info!(
        target: "motet_artf::mutation",
        request,
        agent,
        model = heard.model,
        intent = mutation.intent().as_str_name(),
        op = mutation.op().as_str_name(),
        path = mutation.path,
        value,
        verdict = verdict.name(),
        "an outside agent's mutation was judged"
    );
}

impl Caller {
    fn new(place: usize, options: &AgentOptions) -> Result<Self, Error> {
        let error = |message: String| Error::new(format!("agents[{place}].endpoint"), message);
        let endpoint = Endpoint::from_shared(options.endpoint.clone())
            .map_err(|why| error(format!("cannot be read: {why}, was '{}'", options.endpoint)))?
            .connect_timeout(Duration::from_secs(1))
            .tcp_nodelay(true)
            .http2_keep_alive_interval(Duration::from_secs(10))
            .keep_alive_timeout(Duration::from_secs(2))
            .keep_alive_while_idle(true);
        let client = RtbExtensionPointClient::new(endpoint.connect_lazy());
        Ok(Self {
            allowed: options.intent_set().map_err(|name| Error::new("agents", name))?,
            client: client.max_decoding_message_size(LARGEST_ANSWER),
            breaker: Breaker::default(),
            places: Semaphore::new(options.in_flight.min(Semaphore::MAX_PERMITS)),
            options: options.clone(),
        })
    }

    /// Asks once; the breaker hears how it went.
    async fn call(
        &self,
        ask: RtbRequest,
        now: Instant,
        wait: Duration,
    ) -> (CallOutcome, Option<RtbResponse>) {
        let Ok(_place) = self.places.try_acquire() else { return (CallOutcome::Busy, None) };
        if !self.breaker.lets_through(now) {
            return (CallOutcome::Resting, None);
        }
        let (outcome, answer) = Box::pin(self.ask(ask, wait)).await;
        match outcome {
            CallOutcome::Answered => self.breaker.answered(),
            _ => self.breaker.failed(Instant::now()),
        }
        (outcome, answer)
    }

    async fn ask(&self, ask: RtbRequest, wait: Duration) -> (CallOutcome, Option<RtbResponse>) {
        let id = ask.id.clone();
        let mut request = tonic::Request::new(ask);
        request.set_timeout(wait);
        let mut client = self.client.clone();
        match tokio::time::timeout(wait, Box::pin(client.get_mutations(request))).await {
            Err(_) => (CallOutcome::Late, None),
            Ok(Err(status)) => {
                tracing::debug!(agent = self.options.name, %status, "an outside agent answered with an error");
                let outcome = match status.code() {
                    tonic::Code::DeadlineExceeded | tonic::Code::Cancelled => CallOutcome::Late,
                    tonic::Code::Unavailable => CallOutcome::Unreachable,
                    _ => CallOutcome::Failed,
                };
                (outcome, None)
            }
            Ok(Ok(answer)) => {
                let answer = answer.into_inner();
                let same = answer.id == id;
                (if same { CallOutcome::Answered } else { CallOutcome::Mismatched }, same.then_some(answer))
            }
        }
    }
}

#[cfg(test)]
mod tests;
