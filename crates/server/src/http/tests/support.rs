//! A small platform in memory, and calls of the router without sockets.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use motet_agent::Account;
use motet_agents::safety::consent::ConsentOptions;
use motet_coordinator::Timing;
use motet_engine::{Counsel, Engine, Question, SealedRequest, Shade};
use motet_insight::metrics::Metrics;
use motet_model::{
    catalog::{Catalog, Change},
    decision::{Bid, Charge, Decision, ImpDecision, NoBidReason},
    ids::{BidId, CampaignIx, CreativeIx, DecisionId},
    outcome::{Notice, NoticeVerdict},
    request::{AdRequest, Imp},
};
use motet_openrtb::{LinkKind, Links as _};
use motet_units::{CpmMicros, Nanos, Probability, Span, Timestamp};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::{
    api::spec::FileOfSpecs,
    config::Config,
    http::{AdminToken, App, Parts, router},
    platform::{
        Answer, Ask, ChangeError, Explanation, Health, Platform, Report, Swap, SwapError, Unavailable,
    },
    policies::{AgentReport, GateRule, SetReport},
    runtime::wall_clock,
    tokens::{Claim, Secrets},
};

pub(super) const TOKEN: &str = "a-token-for-tests";

/// A platform that bids with the first creative of a taken kind and remembers what it is told.
pub(super) struct InMemory {
    pub(super) catalog: Mutex<Catalog>,
    pub(super) health: Mutex<Health>,
    pub(super) requests: Mutex<Vec<AdRequest>>,
    pub(super) notices: Mutex<Vec<Notice>>,
    pub(super) shades: Mutex<Vec<Shade>>,
    counted: Mutex<HashSet<String>>,
}

impl InMemory {
    fn choose(&self, place: u16, imp: &Imp, at: Timestamp) -> ImpDecision {
        let catalog = self.catalog.lock().unwrap();
        let fitting = catalog.creatives().find(|(_, entry)| imp.media.takes(entry.creative.content.kind()));
        let Some((ix, _)) = fitting else { return ImpDecision::NoBid(NoBidReason::NoCreative) };
        ImpDecision::Bid(bid_of(&catalog, ix, place, at))
    }
}

pub(super) fn bid_of(catalog: &Catalog, ix: CreativeIx, imp: u16, at: Timestamp) -> Bid {
    let entry = catalog.creative(ix);
    Bid {
        id: BidId { decision: DecisionId::new(1, 77), imp },
        campaign: entry.campaign,
        advertiser: catalog.campaign(entry.campaign).advertiser,
        creative: ix,
        price: CpmMicros::from_units(2.5),
        reserved: Nanos::from_units(0.0025),
        deal: None,
        kind: entry.creative.content.kind(),
        size: entry.creative.content.size(),
        propensity: Probability::ONE,
        charge: Charge::OnBilling,
        expires: at + Span::from_secs(3_600),
    }
}

impl Platform for InMemory {
    async fn decide(&self, sealed: Box<SealedRequest>, deadline: Instant) -> Option<Answer> {
        let request = &sealed.request;
        self.requests.lock().unwrap().push(request.clone());
        let ready = *self.health.lock().unwrap() == Health::Ready;
        if !ready || deadline <= crate::runtime::monotonic() {
            return None;
        }
        let at = wall_clock();
        let imps = request.imps.iter().enumerate().map(|(i, imp)| self.choose(i as u16, imp, at)).collect();
        let decision = Decision { id: DecisionId::new(1, 77), at, imps };
        let now = crate::runtime::monotonic();
        let milestones = crate::runtime::Milestones::new(now, now, now, now);
        Some(Answer { decision, sealed, catalog: self.catalog(), milestones })
    }

    async fn notice(&self, notice: Notice, _claim: &Claim) -> Result<NoticeVerdict, Unavailable> {
        if *self.health.lock().unwrap() != Health::Ready {
            return Err(Unavailable::Stopped);
        }
        self.notices.lock().unwrap().push(notice);
        let first = self.counted.lock().unwrap().insert(format!(
            "{} {} {}",
            notice.bid,
            notice.kind.name(),
            notice.key
        ));
        let contradicts = notice.kind.name() == "loss" && !self.notices.lock().unwrap().is_empty() && !first;
        Ok(match (first, contradicts) {
            (true, _) => NoticeVerdict::Counted,
            (false, true) => NoticeVerdict::Contradicts,
            (false, false) => NoticeVerdict::Duplicate,
        })
    }

    async fn change(&self, changes: Vec<Change>) -> Result<(), ChangeError> {
        let mut catalog = self.catalog.lock().unwrap();
        let mut next = catalog.clone();
        for change in &changes {
            next.apply(change).map_err(|error| ChangeError::Refused(error.to_string()))?;
        }
        *catalog = next;
        Ok(())
    }

    fn shade(&self, shades: Vec<Shade>) -> Result<(), Unavailable> {
        self.shades.lock().unwrap().extend(shades);
        Ok(())
    }

    async fn consult(&self, question: Box<Question>) -> Result<Counsel, Unavailable> {
        let mut engine = Engine::new(motet_engine::Options::default(), 1);
        let changes = motet_engine::Event::Changed(changes());
        engine.step(wall_clock(), &changes, Timing::Unlimited);
        Ok(engine.consult(&question))
    }

    fn catalog(&self) -> Arc<Catalog> {
        Arc::new(self.catalog.lock().unwrap().clone())
    }

    async fn accounts(&self, campaigns: Vec<CampaignIx>) -> Result<Vec<Account>, Unavailable> {
        let account = |campaign| Account {
            campaign,
            daily: Some(Nanos::from_units(60.0)),
            total: None,
            spent_today: Nanos::from_units(1.5),
            reserved_today: Nanos::from_units(0.25),
            spent: Nanos::from_units(11.5),
            reserved: Nanos::from_units(0.25),
            room: Nanos::from_units(58.25),
        };
        Ok(campaigns.into_iter().map(account).collect())
    }

    async fn explanation(&self, id: DecisionId) -> Result<Option<Explanation>, Unavailable> {
        let known = id == DecisionId::new(1, 77);
        let json = serde_json::json!({ "decision": id.to_string() });
        Ok(known.then(|| Explanation { json, text: format!("decision {id}") }))
    }

    async fn policies(&self) -> Result<Report, Unavailable> {
        let in_service = SetReport {
            version: "fixed@1".to_owned(),
            since: Timestamp::from_secs(1_700_000_000),
            source: "found",
            made: motet_policy::file::Made::default(),
            metrics: [("surplus".to_owned(), 1.25)].into(),
            gate: None,
        };
        let agent = motet_agent::AgentName::Pacer;
        let agents =
            vec![AgentReport { agent, version: Some("pacer-fixed@1".to_owned()), refused_actions: 3 }];
        let gate = GateRule::Required;
        Ok(Report { folder: None, gate, in_service, agents, previous: None, held: false, last_refusal: None })
    }

    async fn swap_policies(&self, ask: Ask) -> Result<Swap, SwapError> {
        match ask {
            Ask::Reload => Err(SwapError::Refused("tensor 'pacer.means' is missing".to_owned())),
            Ask::Rollback => Err(SwapError::NoPrevious),
            Ask::Fixed => Ok(Swap::Unchanged { version: "fixed@1".to_owned() }),
        }
    }

    fn health(&self) -> Health {
        self.health.lock().unwrap().clone()
    }
}

pub(super) fn config(overrides: &[(&str, &str)]) -> Config {
    let overrides: Vec<_> = overrides.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Config::read(None, [], &overrides).unwrap()
}

/// Returns what advertisers have told the platform.
fn changes() -> Vec<Change> {
    FileOfSpecs::from_toml(crate::api::spec::tests::SAMPLE).unwrap().changes().unwrap()
}

pub(super) fn app_with(config: &Config) -> Arc<App<InMemory>> {
    let mut catalog = Catalog::default();
    for change in changes() {
        catalog.apply(&change).unwrap();
    }
    let platform = InMemory {
        catalog: Mutex::new(catalog),
        health: Mutex::new(Health::Ready),
        requests: Mutex::default(),
        notices: Mutex::default(),
        shades: Mutex::default(),
        counted: Mutex::default(),
    };
    let parts = Parts {
        platform,
        metrics: Arc::new(Metrics::new("0")),
        secrets: Secrets::generate(wall_clock()).unwrap(),
        admin_token: Some(AdminToken::new(TOKEN)),
        consent: ConsentOptions::default(),
        public_url: "https://ads.example/".to_owned(),
    };
    App::new(config, parts).unwrap()
}

pub(super) fn app() -> Arc<App<InMemory>> {
    // The small machine tests run on may pause: no test but the deadline's own is to meet it.
    app_with(&config(&[("openrtb.deadline_ms", "60000")]))
}

/// A response, read whole.
pub(super) struct Seen {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(super) async fn send(app: &Arc<App<InMemory>>, request: Request<Body>) -> Seen {
    let response = router(Arc::clone(app)).oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Seen { status: head.status, headers: head.headers, body }
}

pub(super) async fn get(app: &Arc<App<InMemory>>, path: &str) -> Seen {
    send(app, Request::get(path).body(Body::empty()).unwrap()).await
}

pub(super) async fn bid(app: &Arc<App<InMemory>>, body: impl Into<Body>) -> Seen {
    send(app, Request::post("/openrtb2/bid").body(body.into()).unwrap()).await
}

/// Calls the campaign API with the admin token.
pub(super) async fn admin(
    app: &Arc<App<InMemory>>,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Seen {
    let mut request = Request::builder().method(method).uri(path);
    request = request.header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(app, request.body(body.into()).unwrap()).await
}

/// Returns the path of one of a bid's links.
pub(super) fn link(app: &Arc<App<InMemory>>, kind: LinkKind, expires_in_s: i64) -> String {
    let catalog = app.platform.catalog();
    let ix = catalog.creative_ix("morrow-sub-native").unwrap();
    let bid = bid_of(&catalog, ix, 0, wall_clock() + Span::from_secs(expires_in_s - 3_600));
    let mut url = String::new();
    app.links.of(&catalog, wall_clock()).write(&bid, kind, &mut url);
    url.strip_prefix("https://ads.example").unwrap().to_owned()
}
