//! Against a real PostgreSQL: migrations, the catalog's order, leases, notices.
#![cfg(feature = "postgres")]

use std::time::Duration;

use motet_lease::{Ask, Terms};
use motet_model::{
    campaign::{Advertiser, BrandSafety, Budget, Campaign, Flight, Goal, Pacing, Status},
    catalog::{Catalog, Change},
    ids::{BidId, CampaignIx, DecisionId},
    outcome::{Notice, NoticeKind},
    targeting::Targeting,
};
use motet_postgres::{Error, LeaseAsk, Mark, Outcome, Renewal, Session, Store, Taken, Told};
use motet_services::Postgres;
use motet_units::{CpmMicros, Nanos, Span, Timestamp};

const TERMS: Terms = Terms { term: Span::from_secs(60), skew: Span::from_secs(2) };
const CAMPAIGN: CampaignIx = CampaignIx(0);
const DAY: i64 = 20_000;

fn nanos(n: i64) -> Nanos {
    Nanos::new(n)
}

struct Bench {
    server: Postgres,
    store: Store,
}

impl Bench {
    fn start() -> Self {
        let server = Postgres::start().expect("a PostgreSQL server for this test");
        let store = Store::new(&server.url(), Duration::from_secs(20)).unwrap();
        Self { server, store }
    }

    /// A store with one campaign of these budgets.
    async fn with_campaign(total: i64, daily: i64) -> (Self, Session) {
        let bench = Self::start();
        let mut session = bench.store.open().await.unwrap();
        session.append(1, &Catalog::default(), 0, &changes(total, daily)).await.unwrap();
        (bench, session)
    }
}

fn changes(total: i64, daily: i64) -> Vec<Change> {
    let advertiser = Advertiser {
        id: "adv".to_owned(),
        name: "Adv".to_owned(),
        seat: "seat".to_owned(),
        brand_safety: BrandSafety::default(),
        blocked_publishers: Vec::new(),
        blocked_content: Vec::new(),
        status: Status::Active,
    };
    vec![Change::PutAdvertiser(advertiser), put(total, daily)]
}

fn put(total: i64, daily: i64) -> Change {
    Change::PutCampaign(Campaign {
        id: "camp".to_owned(),
        advertiser: "adv".to_owned(),
        name: "Camp".to_owned(),
        status: Status::Active,
        budget: Budget { total: Some(nanos(total)), daily: Some(nanos(daily)) },
        goal: Goal::Cpm { price: CpmMicros::new(1_000_000) },
        most_cpm: None,
        flight: Flight { start: Timestamp::default(), end: None, utc_offset: Span::ZERO },
        pacing: Pacing::Asap,
        frequency: None,
        targeting: Targeting::default(),
    })
}

async fn renew(
    session: &mut Session,
    node: u16,
    version: u64,
    keep: i64,
    want: i64,
) -> motet_postgres::Renewed {
    let ask = Ask { version, keep: nanos(keep), want: nanos(want), least: Nanos::ZERO };
    let asks = [LeaseAsk { campaign: CAMPAIGN, day: DAY, ask }];
    let renewal = Renewal { node, reached: 1, marks: &[], asks: &asks };
    session.renew(&renewal, TERMS).await.unwrap()[0]
}

fn told(node: u16, sequence: u64, charge: i64, expires: Timestamp) -> Told {
    let bid = BidId { decision: DecisionId::new(node, sequence), imp: 0 };
    Told {
        notice: Notice {
            bid,
            kind: NoticeKind::Billed { price: None },
            happened_at: Timestamp::default(),
            key: 0,
        },
        kind: 2,
        owner: node,
        campaign: CAMPAIGN,
        day: DAY,
        charge: nanos(charge),
        expires,
    }
}

#[tokio::test]
async fn migrations_are_applied_once_and_a_newer_schema_is_refused() {
    let bench = Bench::start();
    // Several nodes start together.
    let (first, second) = tokio::join!(bench.store.open(), bench.store.open());
    first.unwrap();
    second.unwrap();
    let mut raw = bench.store.open().await.unwrap();
    assert!(raw.is_empty().await.unwrap());
    execute(&bench, "UPDATE motet.migrations SET digest = 'other'").await;
    assert!(matches!(bench.store.open().await, Err(Error::OtherMigration { number: 1 })));
    execute(&bench, "INSERT INTO motet.migrations VALUES (99, 'x')").await;
    execute(&bench, "DELETE FROM motet.migrations WHERE number = 1").await;
    let error = bench.store.open().await.unwrap_err();
    assert!(matches!(error, Error::Newer { found: 99, known: 1 }), "{error}");
    assert!(error.to_string().contains("start the newer version"));
}

/// Runs a statement as anybody with the password could.
async fn execute(bench: &Bench, statement: &str) -> Option<String> {
    let (client, connection) =
        tokio_postgres::connect(&bench.server.url(), tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let outcome = client.batch_execute(statement).await;
    driver.abort();
    outcome
        .err()
        .map(|error| error.as_db_error().map_or_else(|| error.to_string(), |e| e.message().to_owned()))
}

#[tokio::test]
async fn changes_have_one_order_and_those_that_do_not_fit_are_refused() {
    let (bench, mut session) = Bench::with_campaign(1_000, 500).await;
    // A node that has seen nothing appends after what it has not seen.
    let remove = [Change::RemoveCampaign("camp".to_owned())];
    assert_eq!(session.append(2, &Catalog::default(), 0, &remove).await.unwrap().place, 2);
    let again = session.append(1, &Catalog::default(), 0, &remove).await;
    assert!(matches!(again, Err(Error::Change(_))), "{again:?}");
    let all = session.changes_after(0).await.unwrap();
    assert_eq!(
        all.iter().map(|(place, changes)| (*place, changes.len())).collect::<Vec<_>>(),
        [(1, 2), (2, 1)]
    );
    assert_eq!(session.changes_after(1).await.unwrap()[0].1, remove);
    // Eight nodes at once: no gap, no place twice.
    let appends = (0..8).map(|node| {
        let store = bench.store.clone();
        tokio::spawn(async move {
            let mut session = store.connect().await.unwrap();
            session.append(node, &Catalog::default(), 0, &[put(1_000, 500)]).await.unwrap().place
        })
    });
    let mut places = Vec::new();
    for append in appends.collect::<Vec<_>>() {
        places.push(append.await.unwrap());
    }
    places.sort_unstable();
    assert_eq!(places, (3..11).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_change_is_heard_of_by_who_listens() {
    let (bench, mut session) = Bench::with_campaign(1_000, 500).await;
    let other = bench.store.connect().await.unwrap();
    other.listen().await.unwrap();
    let news = other.news();
    session.append(1, &Catalog::default(), 0, &[put(900, 500)]).await.unwrap();
    tokio::time::timeout(Duration::from_secs(30), news.notified()).await.expect("news of the change");
}

#[tokio::test]
async fn leases_stay_within_daily_and_total_budgets_over_nodes_and_days() {
    let (_bench, mut session) = Bench::with_campaign(1_000, 500).await;
    let first = renew(&mut session, 1, 0, 0, 400).await.outcome.unwrap();
    assert_eq!((first.granted, first.version), (nanos(250), 1));
    let second = renew(&mut session, 2, 0, 0, 400).await.outcome.unwrap();
    assert_eq!(second.granted, nanos(125));
    // Made again from the same version: refused, with the lease in force.
    assert!(renew(&mut session, 1, 0, 0, 400).await.outcome.is_err());
    let given_back = renew(&mut session, 1, 1, 10, 0).await.outcome.unwrap();
    assert_eq!(given_back.granted, nanos(10));
    let budget = &session.budgets().await.unwrap()[0];
    assert_eq!((budget.committed, budget.spent), (nanos(135), Nanos::ZERO));
    assert_eq!(session.budget_days().await.unwrap()[0].committed, nanos(135));
}

#[tokio::test]
async fn the_database_itself_refuses_to_overspend() {
    let (bench, mut session) = Bench::with_campaign(1_000, 500).await;
    renew(&mut session, 1, 0, 0, 400).await.outcome.unwrap();
    for (statement, why) in [
        ("UPDATE motet.leases SET granted = 501", "LE-1"),
        ("UPDATE motet.leases SET spent = 300", "spent_is_granted"),
        ("INSERT INTO motet.leases VALUES (0, 20001, 2, 501, 0, 0, 0, 1)", "LE-1"),
        (
            "INSERT INTO motet.leases VALUES (0, 20001, 2, 500, 0, 0, 0, 1), (0, 20002, 2, 400, 0, 0, 0, 1)",
            "LE-1",
        ),
        ("DELETE FROM motet.leases", "never deleted"),
        ("UPDATE motet.leases SET node = 7", "keeps its campaign"),
    ] {
        let said = execute(&bench, statement).await;
        assert!(said.as_ref().is_some_and(|said| said.contains(why)), "{statement}: {said:?}");
    }
    assert_eq!(session.budgets().await.unwrap()[0].committed, nanos(250));
}

#[tokio::test]
async fn a_bill_counts_once_within_its_nodes_lease_and_in_its_time() {
    let (_bench, mut session) = Bench::with_campaign(1_000, 500).await;
    renew(&mut session, 1, 0, 0, 100).await.outcome.unwrap();
    let later = session.clock().await.unwrap() + Span::from_secs(600);
    let bills = [told(1, 1, 60, later), told(1, 1, 60, later), told(1, 2, 50, later), told(2, 3, 1, later)];
    let taken = session.tell(&bills, TERMS.skew).await.unwrap();
    assert_eq!(taken, [Taken::New, Taken::Known, Taken::NotHeld, Taken::NotHeld]);
    assert_eq!(session.tell(&bills[..1], TERMS.skew).await.unwrap(), [Taken::Known]);
    let now = session.clock().await.unwrap() + Span::from_secs(1);
    assert_eq!(session.tell(&[told(1, 4, 1, now)], TERMS.skew).await.unwrap(), [Taken::Late]);
    let budget = &session.budgets().await.unwrap()[0];
    assert_eq!((budget.committed, budget.spent), (nanos(100), nanos(60)));
}

#[tokio::test]
async fn a_node_judges_what_it_was_told_and_what_was_not_chargeable_is_taken_back() {
    let (_bench, mut session) = Bench::with_campaign(1_000, 500).await;
    renew(&mut session, 1, 0, 0, 200).await.outcome.unwrap();
    let later = session.clock().await.unwrap() + Span::from_secs(600);
    let bills: Vec<Told> = (1..=3).map(|n| told(1, n, 10 * n.cast_signed(), later)).collect();
    session.tell(&bills, TERMS.skew).await.unwrap();
    let inbox = session.look(1, &[(CAMPAIGN, DAY)]).await.unwrap();
    assert_eq!(inbox.notices, bills);
    assert_eq!(inbox.leases[0].lease.spent, nanos(60));
    assert_eq!(session.look(2, &[]).await.unwrap().notices, []);
    let outcomes = [Outcome::Counted(nanos(10)), Outcome::Late, Outcome::Refused];
    let marks: Vec<Mark> = bills
        .iter()
        .zip(outcomes)
        .map(|(told, outcome)| Mark { bid: told.notice.bid, kind: 2, key: 0, campaign: CAMPAIGN, outcome })
        .collect();
    let renewal = Renewal { node: 1, reached: 9, marks: &marks, asks: &[] };
    session.renew(&renewal, TERMS).await.unwrap();
    // Marks are made once: told again, they change nothing.
    session.renew(&renewal, TERMS).await.unwrap();
    let inbox = session.look(1, &[(CAMPAIGN, DAY)]).await.unwrap();
    assert_eq!(inbox.notices, []);
    assert_eq!((inbox.leases[0].lease.spent, inbox.leases[0].lease.late), (nanos(30), nanos(20)));
    assert_eq!(session.tell(&bills[2..], TERMS.skew).await.unwrap(), [Taken::Refused]);
    assert_eq!(session.forget(later + Span::from_secs(1), 100).await.unwrap(), 3);
}

#[tokio::test]
async fn an_expired_lease_is_reclaimed_down_to_what_was_spent() {
    let (_bench, mut session) = Bench::with_campaign(1_000, 500).await;
    let short = Terms { term: Span::from_millis(1), skew: Span::ZERO };
    let ask = Ask { version: 0, keep: Nanos::ZERO, want: nanos(100), least: Nanos::ZERO };
    let asks = [LeaseAsk { campaign: CAMPAIGN, day: DAY, ask }];
    session.renew(&Renewal { node: 1, reached: 1, marks: &[], asks: &asks }, short).await.unwrap();
    // Until somebody reclaims it, what it holds can be billed.
    let later = session.clock().await.unwrap() + Span::from_secs(600);
    assert_eq!(session.tell(&[told(1, 1, 30, later)], TERMS.skew).await.unwrap(), [Taken::New]);
    assert_eq!(session.reclaim(10).await.unwrap(), nanos(70));
    assert_eq!(session.reclaim(10).await.unwrap(), Nanos::ZERO);
    assert_eq!(session.tell(&[told(1, 2, 30, later)], TERMS.skew).await.unwrap(), [Taken::NotHeld]);
    let other = renew(&mut session, 2, 0, 0, 1_000).await;
    assert_eq!(other.outcome.unwrap().granted, nanos(235));
    assert_eq!((other.elsewhere_today, other.elsewhere), (nanos(30), nanos(30)));
}

#[tokio::test]
async fn a_nodes_number_belongs_to_one_journal() {
    let (_bench, mut session) = Bench::with_campaign(1_000, 500).await;
    session.register(1, "a", 0).await.unwrap();
    session.register(1, "a", 5).await.unwrap();
    assert!(matches!(session.register(1, "b", 5).await, Err(Error::NodeTaken { node: 1 })));
    session.renew(&Renewal { node: 1, reached: 9, marks: &[], asks: &[] }, TERMS).await.unwrap();
    let behind = session.register(1, "a", 8).await;
    assert!(matches!(behind, Err(Error::JournalBehind { reached: 9, ends: 8, .. })), "{behind:?}");
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_crash_of_the_database() {
    let (bench, mut session) = Bench::with_campaign(1_000, 500).await;
    renew(&mut session, 1, 0, 0, 100).await.outcome.unwrap();
    let later = session.clock().await.unwrap() + Span::from_secs(600);
    session.tell(&[told(1, 1, 60, later)], TERMS.skew).await.unwrap();
    bench.server.stop().unwrap();
    let lost = session.look(1, &[]).await.unwrap_err();
    assert!(lost.is_passing(), "{lost}");
    let refused = bench.store.connect().await.unwrap_err();
    assert!(refused.is_passing(), "{refused}");
    bench.server.start_again().unwrap();
    let mut session = bench.store.open().await.unwrap();
    assert_eq!(session.budgets().await.unwrap()[0].spent, nanos(60));
    assert_eq!(session.tell(&[told(1, 1, 60, later)], TERMS.skew).await.unwrap(), [Taken::Known]);
}

#[test]
fn an_address_with_a_password_is_never_shown() {
    let store = Store::new("postgres://ann:hidden@db.example:5433/motet", Duration::from_secs(1)).unwrap();
    assert_eq!(store.place(), "db.example:5433/motet");
    assert!(!format!("{store:?}").contains("hidden"));
    let error = Store::new("mysql://ann:hidden@db.example/motet", Duration::from_secs(1)).unwrap_err();
    assert!(!error.to_string().contains("hidden"), "{error}");
    let error = Store::new("postgres://a@b/c?sslmode=require", Duration::from_secs(1)).unwrap_err();
    assert!(error.to_string().contains("sslmode"), "{error}");
}
