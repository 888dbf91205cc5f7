//! The guard: whether traffic comes from people, before anything is spent on it, and whether its events do.
//!
//! Requests: what they say of themselves (`faults`, `user_agents`, `devices`), where they come from (`datacentres`),
//! what they ask for (slots nobody can see, channels that exclude each other, supply chains that do not reach the
//! publisher, sellers nobody authorised), how often they come (`counters`), whether they were heard before and what
//! their address and user do over a day (`habits`), and what their kind of visitor does at their seller (`visitors`, `crowds`).
//! The first finding in that written order is given; a request gets exactly one flag or one clear. No request is refused
//! because of its seller alone.
//!
//! Notices: clicks before any impression, faster than a hand, or more of them than a person makes; conversions
//! without or right after a click; anything of a user found invalid before; clicks and conversions that a suspect source
//! reports (`sources`, `traffic`). An exchange's own statements (won,
//! billed, lost) are its to make and are not screened: what it bills for a request the guard let pass is owed.
//!
//! It never learns who a user is: keys are hashes made at the edge, and where identity is not permitted there are
//! none. A shortened address (ending in 0) stands for up to 256 hosts and is allowed so much more.
//!
//! Rates are read before the request is counted, from counts that halve each minute: at a steady rate of `r` a
//! minute the count settles at r ÷ ln 2. The thresholds are the policy's.

mod card;
mod counters;
mod crowds;
mod datacentres;
mod devices;
mod faults;
mod habits;
mod sources;
#[cfg(test)]
mod tests;
mod traffic;
mod user_agents;
mod visitors;

pub use card::CARD;

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;
use motet_agent::{
    Agent, AgentCard, AgentName, Ask, BidRecord, GuardSight, History, MarketKey, Observation, Proposal,
    Sight, Tick, View,
};
use motet_model::{
    catalog::Catalog,
    decision::Finding,
    ids::UserKey,
    outcome::{Notice, NoticeKind, NoticeVerdict},
    request::{AdRequest, MediaKind},
};
use motet_policy::{Fixed, Policy, Steering, Subject};
use motet_units::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use self::{
    counters::Counters, datacentres::Datacentres, habits::Habits, sources::Sources, user_agents::UserAgents,
    visitors::Visitors,
};

const FORMAT: u32 = 3;
/// A count that halves each minute settles at the rate a minute divided by ln 2.
const SETTLES_AT: f64 = std::f64::consts::LOG2_E;
/// Invalid events after which a user is taken as known, halving each day.
const KNOWN_AFTER: f64 = 3.0;
const RATE_HALF_LIFE: Span = Span::from_secs(60);
const CLICK_HALF_LIFE: Span = Span::from_secs(3_600);
const INVALID_HALF_LIFE: Span = Span::from_secs(86_400);

/// What is done with a supply chain that does not reach the publisher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncompleteChain {
    /// The request is refused.
    Refuse,
    /// It is let pass.
    Allow,
}

/// Which conversions count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversionRule {
    /// Those after a click or an impression.
    AfterImpression,
    /// Those after a click alone.
    AfterClick,
}

/// How the guard is set up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Ranges of datacentres and proxies beside the built-in ones. Default: none.
    pub datacentres: Vec<IpNet>,
    /// Domains of sellers whose supply chains are refused, lower case. Default: none.
    pub blocked_sellers: Vec<String>,
    /// Who may sell a domain or app bundle, lower case, by publisher ids: what sellers' lists (ads.txt, app-ads.txt) say.
    /// What is not listed anyone may sell. Default: none.
    pub authorised_sellers: BTreeMap<String, Vec<String>>,
    /// What is done with an incomplete supply chain that names its nodes. Default: refuse.
    pub incomplete_chain: IncompleteChain,
    /// Imps sharing one tag and media that make a request impossible. Default: 3.
    pub most_stacked: u16,
    /// The shortest time from decision to click a hand makes, in milliseconds. Default: 300.
    pub fastest_click_ms: i64,
    /// The shortest time from click to conversion a person makes, in milliseconds. Default: 1000.
    pub fastest_conversion_ms: i64,
    /// Which conversions count. Default: after an impression.
    pub conversions: ConversionRule,
    /// The share of an ordinary seller's requests that may be refused along with a seller's machines, from 0 (machines are
    /// refused only where no person is like them) to 1. Default: 0.03.
    pub most_people_refused: f64,
    /// Places in each table of counts. Default: 16384.
    pub places: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            datacentres: Vec::new(),
            blocked_sellers: Vec::new(),
            authorised_sellers: BTreeMap::new(),
            incomplete_chain: IncompleteChain::Refuse,
            most_stacked: 3,
            fastest_click_ms: 300,
            fastest_conversion_ms: 1_000,
            conversions: ConversionRule::AfterImpression,
            most_people_refused: 0.03,
            places: 16_384,
        }
    }
}

/// What the policy moves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Thresholds {
    user_per_minute: f64,
    address_per_minute: f64,
    clicks_per_hour: f64,
    click_rate_times: f64,
}

impl Thresholds {
    fn of(action: &[f64]) -> Option<Self> {
        let [user_per_minute, address_per_minute, clicks_per_hour, click_rate_times] = *action else {
            return None;
        };
        Some(Self { user_per_minute, address_per_minute, clicks_per_hour, click_rate_times })
    }
}

/// What the guard learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct State {
    thresholds: Thresholds,
    users: Counters,
    addresses: Counters,
    clicks: Counters,
    invalid: Counters,
    sources: Sources,
    habits: Habits,
    visitors: Visitors,
    /// Requests and findings since the last tick.
    requests: f64,
    findings: f64,
    last_tick: Option<Timestamp>,
}

/// The guard.
#[derive(Debug)]
pub struct Guard {
    options: Options,
    steering: Steering,
    user_agents: UserAgents,
    datacentres: Datacentres,
    state: State,
}

impl Guard {
    /// Makes the agent under a policy.
    ///
    /// # Errors
    /// When the policy does not fit the card.
    pub fn new(options: Options, policy: Box<dyn Policy>) -> Result<Self, motet_policy::Error> {
        let steering = crate::seat(policy, &CARD)?;
        let table = |half_life| Counters::new(options.places, half_life);
        let thresholds = Thresholds::of(&crate::defaults(&CARD));
        let state = State {
            thresholds: thresholds.expect("the card names four actions"),
            users: table(RATE_HALF_LIFE),
            addresses: table(RATE_HALF_LIFE),
            clicks: table(CLICK_HALF_LIFE),
            invalid: table(INVALID_HALF_LIFE),
            sources: Sources::default(),
            habits: Habits::new(options.places),
            visitors: Visitors::new(options.places),
            requests: 0.0,
            findings: 0.0,
            last_tick: None,
        };
        let datacentres = Datacentres::new(&options.datacentres);
        Ok(Self { options, steering, user_agents: UserAgents::new(), datacentres, state })
    }

    /// Returns the fixed policy: the card's defaults.
    pub fn fixed_policy() -> Box<dyn Policy> {
        Box::new(Fixed::new("guard-fixed@1", crate::defaults(&CARD)))
    }

    fn find(&self, sight: &GuardSight<'_>, now: Timestamp) -> Option<Finding> {
        self.find_fault(sight)
            .or_else(|| self.find_by_rate(sight, now))
            .or_else(|| self.state.habits.find(sight.user, sight.device.ip, now))
            .or_else(|| self.find_by_history(sight, now))
    }

    /// Learns what a request says of its seller.
    fn learn_arrival(
        &mut self,
        request: &AdRequest,
        bids: &[BidRecord],
        stranger: Option<bool>,
        at: Timestamp,
    ) {
        let visitor = self.state.visitors.meet(request, bids, at);
        let sight = GuardSight {
            request: &request.id,
            device: &request.device,
            inventory: &request.inventory,
            imps: &request.imps,
            supply: &request.supply,
            oddities: request.oddities,
            user: request.user.key,
        };
        let faulty = self.find_fault(&sight).is_some();
        let hour = usize::from(at.hour_of_week(Span::ZERO)) % 24;
        for kind in MediaKind::ALL {
            if request.imps.iter().any(|imp| imp.media.takes(kind)) {
                let market = MarketKey::of(request, kind);
                self.state.sources.request(
                    market,
                    kind,
                    traffic::Arrival { hour, stranger, faulty, visitor },
                );
            }
        }
    }

    fn find_by_rate(&self, sight: &GuardSight<'_>, now: Timestamp) -> Option<Finding> {
        let State { thresholds, users, addresses, .. } = &self.state;
        let over = |count: f64, per_minute: f64| count > per_minute * SETTLES_AT;
        let user = sight.user.is_some_and(|user| over(users.count(user.0, now), thresholds.user_per_minute));
        let address = sight.device.ip.is_some_and(|ip| {
            let most = thresholds.address_per_minute * hosts(ip);
            over(addresses.count(address_key(ip), now), most)
        });
        let habits = &self.state.habits;
        let again = || habits::request_key(sight.request, sight.user, sight.device.ip);
        (user || address || again().is_some_and(|key| habits.is_repeat(key))).then_some(Finding::RateExceeded)
    }

    fn find_by_history(&self, sight: &GuardSight<'_>, now: Timestamp) -> Option<Finding> {
        let user = sight.user.is_some_and(|user| self.is_known(user, now));
        (user || self.is_refused(sight, now)).then_some(Finding::KnownInvalid)
    }

    /// Tells whether this kind of visitor is refused at its seller.
    fn is_refused(&self, sight: &GuardSight<'_>, now: Timestamp) -> bool {
        let State { sources, visitors, .. } = &self.state;
        if !sources.refuse_anybody() {
            return false;
        }
        let visitor = visitors.kind(sight.user, sight.device.ip, sight.inventory, now);
        let mut kinds =
            MediaKind::ALL.into_iter().filter(|kind| sight.imps.iter().any(|i| i.media.takes(*kind)));
        kinds.any(|kind| sources.refuse(MarketKey::of_inventory(sight.inventory, kind), visitor))
    }

    fn is_known(&self, user: UserKey, now: Timestamp) -> bool {
        self.state.invalid.count(user.0, now) > KNOWN_AFTER
    }

    /// Says whether a notice's traffic is invalid. Order and timing that exclude each other are
    /// [`Finding::ImpossibleRequest`].
    pub fn judge_notice(
        &self,
        bid: &BidRecord,
        notice: &Notice,
        history: History,
        known_at: Timestamp,
    ) -> Option<Finding> {
        let event = match notice.kind {
            NoticeKind::Won { .. } | NoticeKind::Billed { .. } | NoticeKind::Lost { .. } => return None,
            NoticeKind::Impression => None,
            NoticeKind::Click => self.judge_click(bid, notice, history, known_at),
            NoticeKind::Conversion { .. } => self.judge_conversion(notice, history),
        };
        let reported = !matches!(notice.kind, NoticeKind::Impression);
        let known = || {
            bid.user.is_some_and(|user| self.is_known(user, known_at))
                || reported && self.state.sources.is_suspect(bid.market)
        };
        event.or_else(|| known().then_some(Finding::KnownInvalid))
    }

    fn judge_click(
        &self,
        bid: &BidRecord,
        notice: &Notice,
        history: History,
        known_at: Timestamp,
    ) -> Option<Finding> {
        let shown = history.impressed.or(history.billed);
        let fastest = Span::from_millis(self.options.fastest_click_ms);
        if shown.is_none() || notice.happened_at - bid.made_at < fastest {
            return Some(Finding::ImpossibleRequest);
        }
        let most = self.state.thresholds.clicks_per_hour * SETTLES_AT;
        let many = bid.user.is_some_and(|user| self.state.clicks.count(user.0, known_at) > most);
        many.then_some(Finding::RateExceeded)
    }

    fn judge_conversion(&self, notice: &Notice, history: History) -> Option<Finding> {
        let possible = match (history.clicked, self.options.conversions) {
            (Some(clicked), _) => {
                notice.happened_at - clicked >= Span::from_millis(self.options.fastest_conversion_ms)
            }
            (None, ConversionRule::AfterImpression) => history.impressed.or(history.billed).is_some(),
            (None, ConversionRule::AfterClick) => false,
        };
        (!possible).then_some(Finding::ImpossibleRequest)
    }

    fn learn_notice(
        &mut self,
        bid: &BidRecord,
        notice: &Notice,
        verdict: NoticeVerdict,
        known_at: Timestamp,
    ) {
        let state = &mut self.state;
        state.habits.noticed(bid, &notice.kind, verdict, known_at);
        let visitor = state.visitors.of_bid(bid);
        let told = matches!(verdict, NoticeVerdict::Counted | NoticeVerdict::Filtered);
        if let Some(visitor) = visitor.filter(|_| told && notice.kind == NoticeKind::Click) {
            state.sources.reported_click(bid.market, bid.bid.kind, visitor);
        }
        match (notice.kind, verdict) {
            (NoticeKind::Impression, NoticeVerdict::Counted) => {
                state.sources.impression(bid.market, bid.bid.kind, visitor);
            }
            (NoticeKind::Click, NoticeVerdict::Counted) => state.sources.click(bid.market, bid.bid.kind),
            // A suspect source goes on reporting while its ads go on being shown: were its clicks left out, its rate would
            // fall until it looked honest.
            (NoticeKind::Click, NoticeVerdict::Filtered) if state.sources.is_suspect(bid.market) => {
                state.sources.click(bid.market, bid.bid.kind);
            }
            (NoticeKind::Conversion { .. }, NoticeVerdict::Counted | NoticeVerdict::Filtered) => {
                let quick = state.habits.is_quick(bid, notice.happened_at);
                state.sources.conversion(bid.market, bid.bid.kind, quick);
            }
            _ => {}
        }
        let Some(user) = bid.user else { return };
        if notice.kind == NoticeKind::Click && verdict != NoticeVerdict::Expired {
            state.clicks.add(user.0, 1.0, known_at);
        }
        // What a suspect source reports of its visitors says nothing about them.
        if verdict == NoticeVerdict::Filtered && !state.sources.is_suspect(bid.market) {
            state.invalid.add(user.0, 1.0, known_at);
        }
    }
}

/// Returns how many hosts an address may stand for, as its rate allows: more where it was shortened.
fn hosts(ip: IpAddr) -> f64 {
    match ip {
        IpAddr::V4(ip) if ip.octets()[3] == 0 => 16.0,
        _ => 1.0,
    }
}

/// Returns the key of an address: a v4 address itself, the /64 of a v6 one, which is one line's.
fn address_key(ip: IpAddr) -> u64 {
    match ip.to_canonical() {
        IpAddr::V4(ip) => u64::from(ip.to_bits()) | 1 << 63,
        IpAddr::V6(ip) => (ip.to_bits() >> 64) as u64,
    }
}

impl Agent for Guard {
    fn card(&self) -> &'static AgentCard {
        &CARD
    }

    fn policy_version(&self) -> &str {
        self.steering.version()
    }

    fn take_policy(&mut self, policy: Box<dyn Policy>) -> Result<(), motet_policy::Error> {
        self.steering.reseat(policy, CARD.observation.len())
    }

    fn refused_actions(&self) -> u64 {
        self.steering.refused()
    }

    fn propose(&self, view: &View<'_>, proposals: &mut Vec<Proposal>) {
        let Sight::Guard(sight) = &view.sight else { return };
        let finding = self.find(sight, view.now);
        let ask = finding.map_or(Ask::Clear, |finding| Ask::Flag { finding });
        proposals.push(Proposal { agent: AgentName::Guard, ask });
    }

    fn screen_notice(
        &self,
        bid: &BidRecord,
        notice: &Notice,
        history: History,
        known_at: Timestamp,
    ) -> Option<Finding> {
        self.judge_notice(bid, notice, history, known_at)
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        match observation {
            Observation::Decided { request, bids, at } => {
                self.state.requests += 1.0;
                let stranger = self.state.habits.decided(request, bids, *at);
                self.learn_arrival(request, bids, stranger, *at);
                if let Some(user) = request.user.key {
                    self.state.users.add(user.0, 1.0, *at);
                }
                if let Some(ip) = request.device.ip {
                    self.state.addresses.add(address_key(ip), 1.0, *at);
                }
            }
            Observation::Noticed { bid, notice, verdict, known_at } => {
                self.state.findings += f64::from(u8::from(*verdict == NoticeVerdict::Filtered));
                self.learn_notice(bid, notice, *verdict, *known_at);
            }
            Observation::Expired { .. } | Observation::Changed { .. } | Observation::Budget { .. } => {}
        }
    }

    fn control(&mut self, tick: &Tick<'_>) {
        let passed = self.state.last_tick.map_or(0.0, |last| (tick.now - last).as_secs_f64());
        self.state.last_tick = Some(tick.now);
        let minutes = (passed / 60.0).max(1.0 / 60.0);
        let per_minute = (self.state.requests / minutes).min(1e9);
        let filtered = self.state.findings / self.state.requests.max(1.0);
        (self.state.requests, self.state.findings) = (0.0, 0.0);
        if let Some(thresholds) =
            self.steering.steer(Subject::Platform, &[per_minute, filtered.min(1.0)]).and_then(Thresholds::of)
        {
            self.state.thresholds = thresholds;
        }
        self.state.habits.fade(passed);
        let people = self.options.most_people_refused;
        self.state.sources.judge(passed, self.state.thresholds.click_rate_times, people);
    }

    fn save(&self) -> Vec<u8> {
        crate::state::save(FORMAT, &self.state)
    }

    fn restore(&mut self, state: &[u8], _catalog: &Catalog) -> Result<(), String> {
        let mut state: State = crate::state::restore(FORMAT, state)?;
        let own = &self.state;
        let tables = [
            (&own.users, &state.users),
            (&own.addresses, &state.addresses),
            (&own.clicks, &state.clicks),
            (&own.invalid, &state.invalid),
        ];
        if !tables.iter().all(|(own, saved)| own.fits(saved))
            || !own.habits.fits(&state.habits)
            || !own.visitors.fits(&state.visitors)
        {
            return Err("the saved tables of counts have another size than configured".to_owned());
        }
        state.sources.index();
        self.state = state;
        Ok(())
    }
}
