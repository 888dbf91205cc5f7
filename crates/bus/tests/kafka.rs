//! Kafka, held to what every bus promises, against a real broker; and to surviving what happens to brokers and members.

mod contract;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use contract::{LIMIT, in_time, number, numbered, receive, settle};
use motet_bus::{CallError, Calls, Error, Positions, Settings, handler, open_bus, open_calls};
use motet_services::Kafka;

/// One broker for the tests that do it no harm; its watchdog ends it with this process.
fn broker() -> &'static Kafka {
    static BROKER: OnceLock<Kafka> = OnceLock::new();
    BROKER.get_or_init(|| Kafka::start().unwrap_or_else(|error| panic!("{error}")))
}

fn settings() -> Settings {
    Settings { session: Duration::from_secs(3), partitions: 4, ..Settings::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_what_every_bus_promises() {
    let bus = open_bus(&broker().url(), &settings()).await.unwrap();
    contract::delivers_whole_and_in_order(&*bus, "whole").await;
    contract::goes_on_after_the_last_commit(&*bus, "commits").await;
    contract::sets_dead_letters_aside(&*bus, "dead").await;
    contract::refuses_names(&*bus).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_keep_what_every_bus_promises() {
    let calls = open_calls(&broker().url(), &settings()).await.unwrap();
    contract::answers_every_ask_once(&calls, "reverse").await;
    contract::drops_late_answers(&calls, "late").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_under_way_are_bounded() {
    let bounded = Settings { in_flight: 1, ..settings() };
    let calls = open_calls(&broker().url(), &bounded).await.unwrap();
    calls.prepare("nobody").await.unwrap();
    let first = tokio::spawn({
        let calls = Arc::clone(&calls);
        async move { calls.call("nobody", Bytes::new(), in_time()).await }
    });
    while calls.counts().now().asked == 0 {
        tokio::task::yield_now().await;
    }
    let second = calls.call("nobody", Bytes::new(), in_time()).await;
    assert!(matches!(second, Err(CallError::Busy { limit: 1 })), "{second:?}");
    first.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_members_share_a_topic_and_one_takes_over_when_the_other_leaves() {
    let bus = open_bus(&broker().url(), &settings()).await.unwrap();
    bus.publish(numbered("shared", 200)).await.unwrap();
    let mut first = bus.subscribe("group", &["shared"]).await.unwrap();
    let all = receive(&mut *first, 200).await;
    let mut second = bus.subscribe("group", &["shared"]).await.unwrap();
    // Joining takes partitions from the first; it learns of that only while it receives.
    let mut got = BTreeSet::new();
    let mut by_second = 0;
    let mut sent = 0;
    while by_second == 0 {
        bus.publish(numbered("shared", 20)).await.unwrap();
        sent += 20;
        assert!(sent < 40_000, "the second member gets nothing");
        let soon = Duration::from_millis(50);
        if let Ok(some) = tokio::time::timeout(soon, second.receive()).await {
            by_second += some.unwrap().len();
        }
        if let Ok(some) = tokio::time::timeout(soon, first.receive()).await {
            got.extend(some.unwrap().iter().map(number));
        }
    }
    // All that the first had is its own no more: a commit of everything says so, and harms nothing.
    let refused = first.commit(&Positions::of(&all)).await;
    assert!(matches!(refused, Err(Error::Moved)), "{refused:?}");
    drop(first);
    bus.publish(numbered("shared", 20)).await.unwrap();
    let mut partitions = BTreeSet::new();
    while partitions.len() < 4 {
        let some = tokio::time::timeout(LIMIT, second.receive()).await.unwrap().unwrap();
        partitions.extend(some.iter().map(|message| message.position.partition));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lag_is_what_waits_behind_the_last_commit() {
    let bus = open_bus(&broker().url(), &settings()).await.unwrap();
    bus.publish(numbered("lag", 500)).await.unwrap();
    let mut subscriber = bus.subscribe("group", &["lag"]).await.unwrap();
    let some = receive(&mut *subscriber, 500).await;
    lag_becomes(&mut *subscriber, 500).await;
    subscriber.commit(&Positions::of(&some)).await.unwrap();
    lag_becomes(&mut *subscriber, 0).await;
}

/// Statistics come while something is received.
async fn lag_becomes(subscriber: &mut dyn motet_bus::Subscriber, wanted: u64) {
    for _ in 0..600 {
        if subscriber.lag() == Some(wanted) {
            return;
        }
        let _ = tokio::time::timeout(Duration::from_millis(200), subscriber.receive()).await;
    }
    panic!("lag is {:?}, not {wanted}", subscriber.lag());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_the_broker_is_killed_and_stopped() {
    let mut kafka = Kafka::start().unwrap_or_else(|error| panic!("{error}"));
    let settings = Settings { publish_timeout: LIMIT, ..settings() };
    let bus = open_bus(&kafka.url(), &settings).await.unwrap();
    let publishing = tokio::spawn({
        let bus = Arc::clone(&bus);
        async move {
            for chunk in numbered("faults", 20_000).chunks(500) {
                // What failed is published again: whoever takes it knows duplicates.
                while let Err(error) = bus.publish(chunk.to_vec()).await {
                    assert!(error.is_passing(), "{error:?}");
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    let mut subscriber = bus.subscribe("group", &["faults"]).await.unwrap();
    let mut seen = BTreeMap::new();
    let mut faults = 0;
    while seen.len() < 20_000 {
        let some = tokio::time::timeout(LIMIT, subscriber.receive()).await.expect("messages come").unwrap();
        for message in &some {
            *seen.entry(number(message)).or_insert(0) += 1;
        }
        // A commit may fail while the broker is away; the next one covers it.
        let _ = subscriber.commit(&Positions::of(&some)).await;
        if faults == 0 && seen.len() > 4_000 {
            faults = 1;
            kafka = tokio::task::spawn_blocking(move || {
                kafka.restart().unwrap();
                kafka
            })
            .await
            .unwrap();
        } else if faults == 1 && seen.len() > 12_000 {
            faults = 2;
            kafka.process().stop().unwrap();
            tokio::time::sleep(Duration::from_secs(2)).await;
            kafka.process().cont().unwrap();
        }
    }
    publishing.await.unwrap();
    assert_eq!(faults, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_after_the_broker_was_killed() {
    let mut kafka = Kafka::start().unwrap_or_else(|error| panic!("{error}"));
    let calls: Arc<dyn Calls> = open_calls(&kafka.url(), &settings()).await.unwrap();
    let serving = calls.serve("echo", "servers", handler(|ask| async move { ask })).await.unwrap();
    settle(&calls, "echo").await;
    kafka.process().kill();
    let soon = contract::in_a(Duration::from_millis(300));
    let missed = calls.call("echo", Bytes::from_static(b"x"), soon).await;
    assert!(matches!(missed, Err(CallError::Late | CallError::Unsent { .. })), "{missed:?}");
    kafka = tokio::task::spawn_blocking(move || {
        kafka.restart().unwrap();
        kafka
    })
    .await
    .unwrap();
    settle(&calls, "echo").await;
    assert!(!serving.has_ended());
    drop(kafka);
}
