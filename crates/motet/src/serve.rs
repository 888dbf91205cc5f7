//! `motet serve`: configuration, journal, engine and sockets put together, and taken down without losing anything.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use motet_coordinator::BidWindows;
use motet_engine::{Float, Funding, Options, TeamKind};
use motet_insight::metrics::Metrics;
#[cfg(feature = "postgres")]
use motet_server::nodes::{self, Node, share_secrets};
use motet_server::{
    api::spec::FileOfSpecs,
    bus::Couriers,
    config::{Config, Team},
    http::{AdminToken, App, Parts, Shutdown},
    logging,
    placing::Placed,
    platform::Platform,
    probe::MetricsProbe,
    runtime::{Runtime, Settings, wall_clock},
    tokens::Secrets,
};
use motet_units::Span;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{bench::http::pin, cli};

/// The environment variable the admin token is read from.
const TOKEN_VARIABLE: &str = motet_server::config::ADMIN_TOKEN_VARIABLE;
/// The campaigns of `--sample` and the demo.
const SAMPLE: &str = include_str!("../../server/sample/campaigns.toml");
/// Commands that may wait for the engine: far more than it takes within a deadline.
const QUEUE: usize = 8_192;

/// What a server is started with, beyond its configuration file.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The configuration file.
    pub(crate) config: Option<PathBuf>,
    /// The address to listen on, instead of the configured one.
    pub(crate) listen: Option<String>,
    /// The data folder, instead of the configured one.
    pub(crate) data_dir: Option<PathBuf>,
    /// Whether to load the sample campaigns.
    pub(crate) sample: bool,
    /// Settings to change, as `section.key=value`.
    pub(crate) overrides: Vec<String>,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Running {
    /// Where it listens.
    pub(crate) addr: SocketAddr,
    /// Where hosts ask its agents, if they can.
    pub(crate) extension_point: Option<SocketAddr>,
    /// The admin token, to be shown once if it was made here.
    pub(crate) admin_token: String,
    /// Whether the token was made here.
    pub(crate) token_made: bool,
    /// The engine behind it.
    pub(crate) runtime: Arc<Runtime>,
    /// The agents placed elsewhere.
    placed: Placed,
    /// What goes out to the bus and comes in from it, if there is one.
    pub(crate) couriers: Option<Couriers>,
    /// What it shares with other nodes, if it does.
    #[cfg(feature = "postgres")]
    node: Option<Node>,
    shutdown: Shutdown,
    serving: JoinHandle<()>,
    asked: Option<JoinHandle<()>>,
}

impl Running {
    /// Stops it: no new requests, those in flight answered, everything durable, a snapshot written.
    pub(crate) async fn stop(self) {
        self.shutdown.begin();
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the server ended in a panic");
        }
        if let Some(Err(error)) = wait(self.asked).await {
            tracing::error!(%error, "the extension point ended in a panic");
        }
        drop(self.placed);
        if let Some(couriers) = self.couriers {
            couriers.stop().await;
        }
        #[cfg(feature = "postgres")]
        if let Some(node) = self.node {
            node.leave().await;
        }
        let runtime = self.runtime;
        // Stopping waits for threads: it must not hold up this one.
        if tokio::task::spawn_blocking(move || runtime.stop()).await.is_err() {
            tracing::error!("the runtime ended in a panic");
        }
    }
}

/// Waits for a task, where there is one.
async fn wait(task: Option<JoinHandle<()>>) -> Option<Result<(), tokio::task::JoinError>> {
    Some(task?.await)
}

/// Runs a server until it is told to stop.
pub(crate) fn command(options: &cli::Serve) -> Result<()> {
    if let Some(core) = options.core {
        pin(core);
    }
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if options.core.is_some() {
        builder.worker_threads(1);
    }
    let plan = Plan {
        config: options.config.clone(),
        listen: options.listen.clone(),
        data_dir: options.data_dir.clone(),
        sample: options.sample,
        overrides: options.overrides.clone(),
    };
    run(builder, plan)
}

/// Runs a server under a plan until it is told to stop.
pub(crate) fn run(mut builder: tokio::runtime::Builder, plan: Plan) -> Result<()> {
    builder.enable_all().build()?.block_on(async {
        let running = start(plan).await?;
        if running.token_made {
            println!("admin token (shown once; set {TOKEN_VARIABLE} to choose it): {}", running.admin_token);
        }
        println!("listening on {}", running.addr);
        if let Some(addr) = running.extension_point {
            println!("extension point on {addr}");
        }
        wait_for_stop().await?;
        tracing::info!("stopping");
        running.stop().await;
        Ok(())
    })
}

/// Waits for Ctrl-C or, where there is one, the signal operators stop services with.
pub(crate) async fn wait_for_stop() -> Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            stopped = tokio::signal::ctrl_c() => stopped?,
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await?;
    Ok(())
}

/// Starts a server.
pub(crate) async fn start(plan: Plan) -> Result<Running> {
    let config = read_config(&plan)?;
    // A process has one log; a second server in it, as in tests, shares the first one's.
    if let Err(error) = logging::init(&config.log) {
        tracing::debug!(%error, "logging was set up before");
    }
    let settings = settings(&config)?;
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION")));
    let probe = Arc::new(MetricsProbe::new(Arc::clone(&metrics), config.metrics.campaigns));
    let runtime = tokio::task::spawn_blocking(move || Runtime::start(&settings, probe)).await??;
    let runtime = Arc::new(runtime);
    report_opening(&runtime);
    let (policies, keeper) = (config.policies.settings(), Arc::clone(&runtime));
    tokio::task::spawn_blocking(move || keeper.serve_policies(policies)).await??;
    let placed = motet_server::placing::place(&runtime, &config.placement, &metrics).await?;
    if !config.store.is_shared() && runtime.opened().followed > 0 {
        bail!(
            "the data folder is that of a node that shares its budgets with others: set store.url, or make a folder of \
               its own with `motet store copy`"
        );
    }
    let listener = TcpListener::bind(config.server.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.server.listen))?;
    let addr = listener.local_addr()?;
    let (admin_token, text, token_made) = admin_token()?;
    let front = Front { config, metrics, admin_token, listener, addr, sample: plan.sample };
    let shutdown = Shutdown::default();
    #[cfg(feature = "postgres")]
    let (opened, node) = if front.config.store.is_shared() {
        let settings = nodes::Settings::of(&front.config)?;
        let secrets = share_secrets(&settings.store, &front.config.secrets_path(), wall_clock()).await?;
        let node = Node::join(Arc::clone(&runtime), settings).await?;
        (front.open(node.clone(), &runtime, secrets, &shutdown).await?, Some(node))
    } else {
        let secrets = secrets(&front.config)?;
        (front.open(Arc::clone(&runtime), &runtime, secrets, &shutdown).await?, None)
    };
    #[cfg(not(feature = "postgres"))]
    let opened = {
        let secrets = secrets(&front.config)?;
        front.open(Arc::clone(&runtime), &runtime, secrets, &shutdown).await?
    };
    let Open { serving, couriers, extension_point, asked } = opened;
    Ok(Running {
        addr,
        extension_point,
        admin_token: text,
        token_made,
        runtime,
        placed,
        couriers,
        #[cfg(feature = "postgres")]
        node,
        shutdown,
        serving,
        asked,
    })
}

/// What is put before a platform.
struct Front {
    config: Config,
    metrics: Arc<Metrics>,
    admin_token: AdminToken,
    listener: TcpListener,
    addr: SocketAddr,
    sample: bool,
}

/// The doors that are open.
struct Open {
    serving: JoinHandle<()>,
    couriers: Option<Couriers>,
    extension_point: Option<SocketAddr>,
    asked: Option<JoinHandle<()>>,
}

impl Front {
    /// Opens the doors.
    async fn open<P: Platform>(
        self,
        platform: P,
        runtime: &Arc<Runtime>,
        secrets: Secrets,
        shutdown: &Shutdown,
    ) -> Result<Open> {
        let Self { config, metrics, admin_token, listener, addr, sample } = self;
        if sample {
            load_sample(&platform).await?;
        }
        let parts = Parts {
            platform,
            metrics,
            secrets,
            admin_token: Some(admin_token),
            consent: runtime_consent(&config)?,
            public_url: config.public_url(addr),
        };
        let app = App::new(&config, parts)?;
        let couriers = Couriers::start(&config, &app, runtime).await?;
        let (extension_point, asked) = match extension_point(&config, &app, shutdown).await? {
            Some((addr, asked)) => (Some(addr), Some(asked)),
            None => (None, None),
        };
        let stop = shutdown.clone();
        let serving =
            tokio::spawn(async move { motet_server::http::serve(&config, app, listener, stop).await });
        Ok(Open { serving, couriers, extension_point, asked })
    }
}

/// Opens the extension point, where one is configured.
async fn extension_point<P: Platform>(
    config: &Config,
    app: &Arc<App<P>>,
    shutdown: &Shutdown,
) -> Result<Option<(SocketAddr, JoinHandle<()>)>> {
    let listen = &config.artf.listen;
    if listen.is_empty() {
        return Ok(None);
    }
    let listener =
        TcpListener::bind(listen.as_str()).await.with_context(|| format!("cannot listen on {listen}"))?;
    let addr = listener.local_addr()?;
    let (config, app, shutdown) = (config.clone(), Arc::clone(app), shutdown.clone());
    let asked = tokio::spawn(async move {
        if let Err(error) = motet_server::artf::serve(&config, app, listener, shutdown).await {
            tracing::error!(%error, "the extension point failed");
        }
    });
    Ok(Some((addr, asked)))
}

fn read_config(plan: &Plan) -> Result<Config> {
    let mut overrides = Vec::new();
    for setting in &plan.overrides {
        let (key, value) = setting
            .split_once('=')
            .with_context(|| format!("a setting is written as section.key=value, was '{setting}'"))?;
        overrides.push((key.trim().to_owned(), value.trim().to_owned()));
    }
    if let Some(listen) = &plan.listen {
        overrides.push(("server.listen".to_owned(), listen.clone()));
    }
    if let Some(dir) = &plan.data_dir {
        overrides.push(("journal.dir".to_owned(), dir.to_string_lossy().into_owned()));
    }
    let config = Config::load(plan.config.as_deref(), &overrides)?;
    let problems = config.check();
    if let [first, rest @ ..] = problems.as_slice() {
        let more = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
        bail!("{first}{more}; `motet config check` shows all");
    }
    Ok(config)
}

/// Turns the configuration into how the runtime is kept.
pub(crate) fn settings(config: &Config) -> Result<Settings> {
    Ok(Settings {
        data_dir: config.journal.dir.clone(),
        engine: engine_options(config)?,
        segment_bytes: config.journal.segment_mib << 20,
        snapshot_every: config.journal.snapshot_every,
        keep_segments: (config.journal.keep_segments > 0).then_some(config.journal.keep_segments),
        commit_delay: Duration::from_micros(config.journal.commit_delay_us),
        tick: Duration::from_secs(config.control.tick_s),
        queue: QUEUE,
        elsewhere: config.placement.elsewhere().into_iter().map(|(agent, _)| agent).collect(),
    })
}

/// Turns the configuration into the engine's options.
pub(crate) fn engine_options(config: &Config) -> Result<Options> {
    let windows = config.ledger.bid_window_s;
    let mut options = Options {
        seed: config.decision.seed,
        node: config.decision.node,
        funding: if config.store.is_shared() { Funding::Leased } else { Funding::Own },
        click_window_s: config.attribution.click_window_s,
        conversion_window_s: config.attribution.conversion_window_s,
        team: match config.decision.team {
            Team::Agents => TeamKind::Agents,
            Team::Baseline => TeamKind::Baseline,
        },
        intent: agent(config, "intent")?,
        relevance: agent(config, "relevance")?,
        bidder: agent(config, "bidder")?,
        pacer: agent(config, "pacer")?,
        guard: agent(config, "guard")?,
        safety: agent(config, "safety")?,
        ..Options::default()
    };
    if !config.agent("baseline").is_empty() {
        bail!("agents.baseline: the baseline has no options");
    }
    options.float = float(config)?;
    options.ledger.reservations = config.ledger.open_bids as u64;
    options.coordinator.candidates_per_imp = config.decision.candidates_per_imp;
    options.relevance.candidates = config.decision.candidates_per_imp;
    options.coordinator.bid_window_s = BidWindows {
        banner: windows.banner,
        video: windows.video,
        audio: windows.audio,
        native: windows.native,
    };
    Ok(options)
}

/// Returns how much of a budget may be out on bids answered before their records are on the disk. Nothing where budgets are
/// shared: what a node would withhold after a crash is not part of what it keeps of its leases.
fn float(config: &Config) -> Result<Float> {
    if config.store.is_shared() {
        return Ok(Float::default());
    }
    let most = &config.ledger.float_most;
    Ok(Float {
        share_ppm: (config.ledger.float_share * 1e6) as u32,
        most: most.parse().with_context(|| format!("ledger.float_most: expected a decimal, was '{most}'"))?,
    })
}

/// Reads one agent's options.
fn agent<T: serde::de::DeserializeOwned>(config: &Config, name: &str) -> Result<T> {
    config
        .agent(name)
        .try_into()
        .map_err(|error: toml::de::Error| anyhow::anyhow!("agents.{name}: {}", error.message()))
}

/// How consent is read at the edge: the safety agent's own rules.
fn runtime_consent(config: &Config) -> Result<motet_agents::safety::consent::ConsentOptions> {
    let safety: motet_agents::safety::Options = agent(config, "safety")?;
    Ok(safety.consent)
}

fn report_opening(runtime: &Runtime) {
    let opened = runtime.opened();
    tracing::info!(
        snapshot = opened.snapshot,
        replayed = opened.replayed,
        truncated_bytes = opened.truncated_bytes,
        "journal opened"
    );
}

async fn load_sample(platform: &impl Platform) -> Result<()> {
    let specs = FileOfSpecs::from_toml(SAMPLE)
        .map_err(|problem| anyhow::anyhow!("the sample campaigns: {problem}"))?;
    let changes =
        specs.changes().map_err(|problems| anyhow::anyhow!("the sample campaigns: {problems:?}"))?;
    platform.change(changes).await.context("the sample campaigns were refused")
}

/// Takes the admin token from the environment, or makes one. Returns it, its text, and whether it was made.
fn admin_token() -> Result<(AdminToken, String, bool)> {
    let given = std::env::vars_os().find(|(name, _)| name == TOKEN_VARIABLE).map(|(_, value)| value);
    let Some(value) = given else {
        let (token, text) = AdminToken::generate()?;
        return Ok((token, text, true));
    };
    let text = value.into_string().ok().context("the admin token is not text")?;
    if text.len() < 16 {
        bail!("{TOKEN_VARIABLE} must have at least 16 characters, has {}", text.len());
    }
    Ok((AdminToken::new(&text), text, false))
}

fn secrets(config: &Config) -> Result<Secrets> {
    let days = |days: u32| Span::from_secs(i64::from(days) * 86_400);
    let (rotate, overlap) = (days(config.tokens.rotate_days), days(config.tokens.overlap_days));
    Ok(Secrets::open_and_rotate(&config.secrets_path(), wall_clock(), rotate, overlap)?)
}
