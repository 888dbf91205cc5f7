//! One remote agent: its versions side by side, each asked by weight, measured, and left alone while it fails.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use motet_agent::{Absence, AgentName, RemoteAnswer, Said};
use motet_messages::answer;
use motet_units::Chance;

use crate::{
    Told, Watch,
    allowance::{self, Latencies},
    breaker::{self, Breaker, Leave},
    caller::{Caller, Failed},
    monotonic,
};

/// What remote agents are held to.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Rules {
    /// When they are left alone.
    pub breaker: breaker::Rules,
    /// How long they are waited for.
    pub allowance: allowance::Rules,
    /// Whether an ask that takes longer than nineteen in twenty do is sent a second time, the first answer counting.
    pub hedge: bool,
}

/// A share of a request's time with which nobody elsewhere is asked.
const TOO_LITTLE: Duration = Duration::from_micros(200);
/// How long a probe is waited for: nobody else waits for it.
const PROBE: Duration = Duration::from_secs(1);

/// One version of an agent.
#[derive(Debug)]
pub struct Version {
    name: String,
    weight: u32,
    caller: Box<dyn Caller>,
    health: Mutex<Health>,
}

#[derive(Debug)]
struct Health {
    breaker: Breaker,
    latencies: Latencies,
}

impl Version {
    /// Makes a version that gets `weight` in the sum of all weights of the requests.
    pub fn new(name: String, weight: u32, caller: Box<dyn Caller>, rules: &Rules) -> Self {
        let health = Health { breaker: Breaker::new(rules.breaker), latencies: Latencies::default() };
        Self { name, weight, caller, health: Mutex::new(health) }
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn health<T>(&self, with: impl FnOnce(&mut Health) -> T) -> T {
        with(&mut self.health.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells whether it is left alone.
    pub fn is_open(&self) -> bool {
        self.health(|health| health.breaker.is_open())
    }
}

/// One remote agent.
#[derive(Debug)]
pub struct Remote {
    agent: AgentName,
    versions: Vec<Arc<Version>>,
    rules: Rules,
    watch: Arc<dyn Watch>,
}

impl Remote {
    /// Makes an agent of versions; their weights must not all be 0.
    pub fn new(agent: AgentName, versions: Vec<Version>, rules: Rules, watch: Arc<dyn Watch>) -> Self {
        Self { agent, versions: versions.into_iter().map(Arc::new).collect(), rules, watch }
    }

    /// Returns which agent it is.
    pub const fn agent(&self) -> AgentName {
        self.agent
    }

    /// Asks one version, chosen by weight under the hearing's key. Answers within `share`, come what may; with less than
    /// a fifth of a millisecond it is not asked at all, and that is no fault of the agent's.
    pub async fn ask(self: &Arc<Self>, hearing: u64, ask: Bytes, share: Duration) -> RemoteAnswer {
        let version = self.choose(hearing);
        let now = monotonic();
        let said = if share < TOO_LITTLE {
            Err(Absence::Late)
        } else {
            self.try_ask(version, hearing, ask, share, now).await
        };
        let told = said.as_ref().map_or_else(|absence| Told::Absent(*absence), |_| Told::Answered);
        self.watch.heard(self.agent, version.name(), told, now.elapsed());
        RemoteAnswer { agent: self.agent, said }
    }

    async fn try_ask(
        self: &Arc<Self>,
        version: &Arc<Version>,
        hearing: u64,
        ask: Bytes,
        share: Duration,
        now: Instant,
    ) -> Result<Said, Absence> {
        match version.health(|health| health.breaker.leave(now)) {
            Leave::Ask => self.wait_for(version, hearing, ask, share).await,
            Leave::Probe => {
                self.probe(Arc::clone(version), hearing, ask);
                Err(Absence::Unreachable)
            }
            Leave::Skip => Err(Absence::Unreachable),
        }
    }

    /// Chooses a version by weight, the same for the same hearing. One that is left alone gives way to one that is not;
    /// yet it is chosen now and then all the same when it is due for a probe.
    fn choose(&self, hearing: u64) -> &Arc<Version> {
        let total: u64 = self.versions.iter().map(|version| u64::from(version.weight)).sum();
        let mut draw = Chance::new(hearing, self.agent as u64).stream("version").below(total.max(1));
        let by_weight = self.versions.iter().find(|version| {
            let chosen = draw < u64::from(version.weight);
            draw = draw.saturating_sub(u64::from(version.weight));
            chosen
        });
        let chosen = by_weight.unwrap_or(&self.versions[0]);
        let due = || chosen.health(|health| health.breaker.is_due(monotonic()));
        if !chosen.is_open() || due() {
            return chosen;
        }
        let standing = self.versions.iter().find(|version| version.weight > 0 && !version.is_open());
        standing.unwrap_or(chosen)
    }

    async fn wait_for(
        &self,
        version: &Arc<Version>,
        hearing: u64,
        ask: Bytes,
        share: Duration,
    ) -> Result<Said, Absence> {
        let began = monotonic();
        let rules = self.rules;
        let (allowed, hedge_after) = version.health(|health| {
            let hedge_after = rules.hedge.then(|| health.latencies.percentile(0.95)).flatten();
            (health.latencies.allowance(rules.allowance, share), hedge_after)
        });
        let deadline = began + allowed;
        let waited =
            tokio::time::timeout_at(deadline.into(), call(version, ask, deadline, hedge_after)).await;
        let heard = match waited {
            Ok(heard) => heard.and_then(|bytes| self.read(hearing, &bytes)),
            Err(_) => Err(Failed::new(Absence::Late, "no answer by the deadline")),
        };
        self.note(version, began, heard)
    }

    /// Sends an ask nobody waits for, to find out whether the agent is back.
    fn probe(self: &Arc<Self>, version: Arc<Version>, hearing: u64, ask: Bytes) {
        let prober = Arc::clone(self);
        tokio::spawn(async move {
            let began = monotonic();
            let deadline = began + PROBE;
            let waited = tokio::time::timeout_at(deadline.into(), version.caller.call(ask, deadline)).await;
            let heard = waited.unwrap_or_else(|_| Err(Failed::new(Absence::Late, "no answer to a probe")));
            // How it went is noted; the answer itself comes too late for its request.
            let _ = prober.note(&version, began, heard.and_then(|bytes| prober.read(hearing, &bytes)));
        });
    }

    /// Reads an answer and checks that it is one to this ask.
    fn read(&self, hearing: u64, bytes: &[u8]) -> Result<Said, Failed> {
        let broken = |why: String| Failed::new(Absence::Broken, why);
        let answer = answer::decode(bytes).map_err(|error| broken(error.to_string()))?;
        if answer.agent != self.agent || answer.envelope.hearing != hearing {
            return Err(broken(format!("it answers for the {} of another hearing", answer.agent.name())));
        }
        Ok(Said::new(answer.policy_version, answer.proposals))
    }

    fn note(&self, version: &Version, began: Instant, heard: Result<Said, Failed>) -> Result<Said, Absence> {
        let now = monotonic();
        let (opened, closed) = version.health(|health| {
            let was_open = health.breaker.is_open();
            match &heard {
                Ok(_) => {
                    health.latencies.note(now - began);
                    health.breaker.answered();
                }
                Err(failed) => {
                    // A late one took at least as long as it was given: the next is given more, up to its share.
                    if failed.absence == Absence::Late {
                        health.latencies.note(now - began);
                    }
                    health.breaker.failed(now);
                }
            }
            (!was_open && health.breaker.is_open(), was_open && !health.breaker.is_open())
        });
        let agent = self.agent.name();
        heard
            .map_err(|failed| {
                if opened {
                    tracing::warn!(
                        agent,
                        version = version.name,
                        why = failed.why,
                        "a remote agent is left alone"
                    );
                } else {
                    tracing::debug!(
                        agent,
                        version = version.name,
                        why = failed.why,
                        "a remote agent did not answer"
                    );
                }
                self.watch.open(self.agent, version.name(), version.is_open());
                failed.absence
            })
            .inspect(|_| {
                if closed {
                    tracing::info!(agent, version = version.name, "a remote agent answers again");
                    self.watch.open(self.agent, version.name(), false);
                }
            })
    }
}

/// Calls once, and where asked to a second time after a while; the first answer counts.
async fn call(
    version: &Version,
    ask: Bytes,
    deadline: Instant,
    hedge_after: Option<Duration>,
) -> Result<Bytes, Failed> {
    let first = version.caller.call(ask.clone(), deadline);
    let Some(after) = hedge_after else { return first.await };
    tokio::pin!(first);
    tokio::select! {
        answer = &mut first => return answer,
        () = tokio::time::sleep(after) => {}
    }
    let second = version.caller.call(ask, deadline);
    tokio::pin!(second);
    tokio::select! {
        answer = &mut first => match answer {
            Ok(answer) => Ok(answer),
            Err(_) => second.await,
        },
        answer = &mut second => match answer {
            Ok(answer) => Ok(answer),
            Err(_) => first.await,
        },
    }
}
