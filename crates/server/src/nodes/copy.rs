//! Copies between stores: from a data folder to PostgreSQL and back, losing nothing, and read again afterwards to be sure.
//!
//! What is copied: the catalog (by the same indices), what every campaign spent and holds by day, the sets of policies, and
//! the state of the engine (what its agents have learned, its open bids). A journal is not copied: it stays where it
//! is, and decisions in it are explained from there.
//!
//! From a folder the engine's state goes whole, and comes back whole as long as no node has run on it. Once nodes have,
//! the shared books are the truth: a folder made from them begins with the catalog, the sums spent by day, and what the
//! agents had learned at the last copy. It is made only when nothing is leased any more: nodes stopped, windows passed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use motet_coordinator::Timing;
use motet_engine::{Carry, Engine, Event, Funding, Options};
use motet_lease::Lease;
use motet_ledger::DayStatement;
use motet_model::{
    catalog::{Catalog, Change},
    ids::CampaignIx,
};
use motet_policy::PolicySet;
use motet_postgres::{EngineState, LeaseRow, PolicySetRow, Session, Store};
use motet_store::journal::{self, Journal, snapshot};
use motet_units::{Nanos, Span, Timestamp};

use crate::runtime::{OpenError, open_engine, wall_clock};

/// The form in which sets of policies are stored.
const POLICIES_FORM: i16 = 1;
/// Changes written in one transaction.
const TOGETHER: usize = 2_000;

/// Where campaigns, money and models are.
#[derive(Clone, Debug)]
pub enum Place {
    /// A data folder that no server is using.
    Folder(PathBuf),
    /// PostgreSQL.
    Shared(Box<Store>),
}

/// Whether what is at the target already may be given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// It must be empty.
    MustBeEmpty,
    /// It is emptied first.
    Replace,
}

/// A copy that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A data folder.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A journal or a snapshot.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// PostgreSQL.
    #[error(transparent)]
    Store(#[from] motet_postgres::Error),
    /// Files of a folder.
    #[error("cannot clear {path}: {source}")]
    Clear {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no data folder.
    #[error("{0} holds no journal")]
    NoFolder(PathBuf),
    /// Something is there already.
    #[error("the target is not empty; --force empties it first")]
    NotEmpty,
    /// Nodes hold leases that have not expired.
    #[error(
        "nodes still hold {held} of the budgets, until {until_s} s from now: stop them, wait, and copy again"
    )]
    Leased {
        /// What is held and not spent.
        held: Nanos,
        /// Seconds until the last lease expires.
        until_s: i64,
    },
    /// Something read cannot be taken.
    #[error("{what} cannot be taken: {reason}")]
    Unfit {
        /// What it is.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// What was written reads differently.
    #[error("the copy was read again and differs from what was copied: {0}")]
    Differs(&'static str),
}

/// What was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Copied {
    /// Campaigns, removed ones too.
    pub campaigns: usize,
    /// Creatives, removed ones too.
    pub creatives: usize,
    /// Spent over all campaigns.
    pub spent: Nanos,
    /// Held for open bids over all campaigns.
    pub reserved: Nanos,
    /// Sets of policies.
    pub policies: usize,
    /// Bytes of engine state.
    pub state_bytes: usize,
}

/// All of a store, in the form both kinds are read into.
#[derive(Debug)]
struct Content {
    catalog: Catalog,
    days: Vec<(CampaignIx, DayStatement)>,
    policies: Vec<PolicySetRow>,
    state: Option<EngineState>,
    /// Whether the state's books are these, so that it can be taken as it is.
    whole: bool,
}

/// Copies everything from one place to another, reads it again and compares. `progress` is told of parts done, of all.
///
/// # Errors
/// Why nothing, or not all, was copied; the source is as before.
pub async fn copy(
    from: &Place,
    to: &Place,
    target: Target,
    progress: &mut (dyn FnMut(usize, usize) + Send),
) -> Result<Copied, Error> {
    let content = read(from).await?;
    match to {
        Place::Folder(dir) => write_folder(dir, &content, target)?,
        Place::Shared(store) => write_store(store, &content, target, progress).await?,
    }
    compare(&content, &read(to).await?)?;
    let (spent, reserved) =
        content.days.iter().fold((Nanos::ZERO, Nanos::ZERO), |(spent, reserved), (_, day)| {
            (spent + day.spent, reserved + day.reserved)
        });
    Ok(Copied {
        campaigns: content.catalog.campaigns().len(),
        creatives: content.catalog.creatives().len(),
        spent,
        reserved,
        policies: content.policies.len(),
        state_bytes: content.state.map_or(0, |state| state.state.len()),
    })
}

fn compare(from: &Content, to: &Content) -> Result<(), Error> {
    if !from.catalog.holds_the_same(&to.catalog) {
        return Err(Error::Differs("the catalog"));
    }
    if recent(&from.days) != recent(&to.days) {
        return Err(Error::Differs("the books"));
    }
    if from.policies.iter().any(|set| !to.policies.contains(set)) {
        return Err(Error::Differs("the sets of policies"));
    }
    if from.whole && from.state.as_ref().map(|s| &s.state) != to.state.as_ref().map(|s| &s.state) {
        return Err(Error::Differs("the engine's state"));
    }
    Ok(())
}

/// What is spent and reserved, by campaign and day: the two newest days of each, and what was before as one.
fn recent(days: &[(CampaignIx, DayStatement)]) -> BTreeMap<(CampaignIx, Option<i64>), (Nanos, Nanos)> {
    let mut newest: BTreeMap<CampaignIx, i64> = BTreeMap::new();
    for (campaign, day) in days {
        let known = newest.entry(*campaign).or_insert(day.day);
        *known = day.day.max(*known);
    }
    let mut sums: BTreeMap<_, (Nanos, Nanos)> = BTreeMap::new();
    for (campaign, day) in days {
        let recent = newest.get(campaign).is_some_and(|newest| day.day >= newest - 1);
        let sum = sums.entry((*campaign, recent.then_some(day.day))).or_default();
        *sum = (sum.0 + day.spent, sum.1 + day.reserved);
    }
    sums.retain(|_, sum| *sum != (Nanos::ZERO, Nanos::ZERO));
    sums
}

async fn read(place: &Place) -> Result<Content, Error> {
    match place {
        Place::Folder(dir) => read_folder(dir),
        Place::Shared(store) => read_store(&mut store.open().await?).await,
    }
}

fn read_folder(dir: &Path) -> Result<Content, Error> {
    if !dir.join("journal").is_dir() {
        return Err(Error::NoFolder(dir.to_owned()));
    }
    // Held open while it is read, so that no server writes to it meanwhile.
    let (_held, _) = Journal::open(&dir.join("journal"), journal::Options::default())?;
    let (engine, _) = open_engine(dir)?;
    let catalog = Catalog::clone(&engine.catalog());
    let campaigns = (0..catalog.campaigns().len() as u32).map(CampaignIx);
    let days = campaigns.flat_map(|ix| engine.days(ix).into_iter().map(move |day| (ix, day))).collect();
    let policies = engine.options().policies.iter().map(|set| policies_row(set)).collect::<Result<_, _>>()?;
    let sequence = engine.next_sequence() - 1;
    let state = EngineState { node: engine.options().node, sequence, state: engine.save() };
    Ok(Content { catalog, days, policies, state: Some(state), whole: true })
}

fn policies_row(set: &PolicySet) -> Result<PolicySetRow, Error> {
    let unfit =
        |error: postcard::Error| Error::Unfit { what: "a set of policies", reason: error.to_string() };
    let policies = postcard::to_allocvec(set).map_err(unfit)?;
    Ok(PolicySetRow { version: set.version.clone(), form: POLICIES_FORM, policies })
}

async fn read_store(session: &mut Session) -> Result<Content, Error> {
    while session.reclaim(1_000).await?.is_positive() {}
    let nodes = session.has_nodes().await?;
    if nodes {
        check_unleased(session).await?;
    }
    let stored = session.whole().await?;
    let mut catalog = Catalog::default();
    for change in stored.changes.iter().flat_map(|(_, changes)| changes) {
        let fits = catalog.apply(change);
        fits.map_err(|error| Error::Unfit { what: "the catalog", reason: error.to_string() })?;
    }
    let mut days: BTreeMap<(CampaignIx, i64), (Nanos, Nanos)> = BTreeMap::new();
    for LeaseRow { campaign, day, lease, .. } in &stored.leases {
        let sum = days.entry((*campaign, *day)).or_default();
        *sum = (sum.0 + lease.spent, sum.1 + lease.outstanding());
    }
    let day = |((campaign, day), (spent, reserved))| (campaign, DayStatement { day, spent, reserved });
    let days = days.into_iter().map(day).collect();
    let state = stored.states.into_iter().max_by_key(|state| state.sequence);
    Ok(Content { catalog, days, policies: stored.policies, whole: !nodes && state.is_some(), state })
}

/// Finds that no node holds anything that is not spent.
async fn check_unleased(session: &mut Session) -> Result<(), Error> {
    let now = session.clock().await?;
    let leases = session.leases().await?;
    let held = leases.iter().filter(|row| row.lease.outstanding().is_positive());
    let (mut sum, mut last) = (Nanos::ZERO, now);
    for row in held {
        sum += row.lease.outstanding();
        last = last.max(row.lease.expires);
    }
    if sum.is_positive() {
        return Err(Error::Leased { held: sum, until_s: (last - now).micros() / 1_000_000 + 1 });
    }
    Ok(())
}

async fn write_store(
    store: &Store,
    content: &Content,
    target: Target,
    progress: &mut (dyn FnMut(usize, usize) + Send),
) -> Result<(), Error> {
    let mut session = store.open().await?;
    match target {
        Target::Replace => session.clear().await?,
        Target::MustBeEmpty if session.is_empty().await? => {}
        Target::MustBeEmpty => return Err(Error::NotEmpty),
    }
    let node = content.state.as_ref().map_or(0, |state| state.node);
    let changes = content.catalog.to_changes();
    let all = changes.len() + content.days.len();
    let (mut catalog, mut place, mut done) = (Catalog::default(), 0, 0);
    for part in changes.chunks(TOGETHER) {
        place = session.append(node, &catalog, place, part).await?.place;
        for change in part {
            let fits = catalog.apply(change);
            fits.map_err(|error| Error::Unfit { what: "the catalog", reason: error.to_string() })?;
        }
        done += part.len();
        progress(done, all);
    }
    let expires = session.clock().await? + longest_hold(content);
    let rows: Vec<LeaseRow> =
        content.days.iter().map(|(campaign, day)| lease_of(*campaign, day, node, expires)).collect();
    for part in rows.chunks(TOGETHER) {
        session.put_leases(part).await?;
        done += part.len();
        progress(done, all);
    }
    for set in &content.policies {
        session.put_policies(set).await?;
    }
    if let Some(state) = &content.state {
        session.put_state(state).await?;
    }
    Ok(())
}

/// Returns for how long what is reserved may still be billed.
fn longest_hold(content: &Content) -> Span {
    let engine = content.state.as_ref().and_then(|state| Engine::load(&state.state).ok());
    let windows = engine.map(|engine| engine.options().coordinator.bid_window_s);
    let longest = windows.map_or(86_400, |w| w.banner.max(w.video).max(w.audio).max(w.native));
    Span::from_secs(i64::from(longest) + 60)
}

fn lease_of(campaign: CampaignIx, day: &DayStatement, node: u16, expires: Timestamp) -> LeaseRow {
    let granted = day.spent + day.reserved;
    let lease = Lease { granted, spent: day.spent, late: Nanos::ZERO, expires, version: 1 };
    LeaseRow { campaign, day: day.day, node, lease }
}

fn write_folder(dir: &Path, content: &Content, target: Target) -> Result<(), Error> {
    let (journal, snapshots) = (dir.join("journal"), dir.join("snapshots"));
    for path in [&journal, &snapshots] {
        let empty = std::fs::read_dir(path).map_or(true, |mut entries| entries.next().is_none());
        if empty {
            continue;
        }
        if target == Target::MustBeEmpty {
            return Err(Error::NotEmpty);
        }
        // One that a server uses is locked, and left alone.
        let (unused, _) = Journal::open(&journal, journal::Options::default())?;
        drop(unused);
        std::fs::remove_dir_all(path).map_err(|source| Error::Clear { path: path.clone(), source })?;
    }
    let (sequence, state) = match &content.state {
        Some(state) if content.whole => (state.sequence, state.state.clone()),
        _ => begin(content)?,
    };
    snapshot::write(&snapshots, sequence, &state)?;
    Journal::begin_at(&journal, sequence + 1)?;
    Ok(())
}

/// Makes an engine of the shared books: the catalog, what was spent, and what agents had learned.
fn begin(content: &Content) -> Result<(u64, Vec<u8>), Error> {
    let learned = content.state.as_ref().and_then(|state| Engine::load(&state.state).ok());
    let known = learned.as_ref().map_or_else(Options::default, |engine| engine.options().clone());
    let options = Options { funding: Funding::Own, ..known };
    let mut engine = Engine::new(Options::default(), 1);
    let now = wall_clock();
    let carries = content.days.iter().map(|(campaign, day)| Carry {
        campaign: *campaign,
        day: day.day,
        spent: day.spent,
    });
    let changes: Vec<Change> = content.catalog.to_changes();
    let events =
        [Event::Configured(Box::new(options)), Event::Changed(changes), Event::Carried(carries.collect())];
    for event in events {
        if let motet_engine::Effect::Changed(Err(reason)) = engine.step(now, &event, Timing::Unlimited) {
            return Err(Error::Unfit { what: "the catalog or the books", reason });
        }
    }
    if let Some(learned) = &learned {
        engine.learn_from(learned);
    }
    Ok((engine.next_sequence() - 1, engine.save()))
}
