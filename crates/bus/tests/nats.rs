//! NATS, held to what every bus promises, against a real server; and to surviving its restart.

mod contract;

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use contract::{LIMIT, in_time, number, numbered, settle};
use motet_bus::{CallError, Calls, Positions, Settings, handler, open_bus, open_calls};
use motet_services::Nats;

/// One server for the tests that do it no harm; its watchdog ends it with this process.
fn server() -> &'static Nats {
    static SERVER: OnceLock<Nats> = OnceLock::new();
    SERVER.get_or_init(|| Nats::start().unwrap_or_else(|error| panic!("{error}")))
}

fn settings() -> Settings {
    Settings { redeliver_after: Duration::from_secs(2), ..Settings::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_what_every_bus_promises() {
    let bus = open_bus(&server().url(), &settings()).await.unwrap();
    contract::delivers_whole_and_in_order(&*bus, "whole").await;
    contract::goes_on_after_the_last_commit(&*bus, "commits").await;
    contract::sets_dead_letters_aside(&*bus, "dead").await;
    contract::refuses_names(&*bus).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_keep_what_every_bus_promises() {
    let calls = open_calls(&server().url(), &settings()).await.unwrap();
    contract::answers_every_ask_once(&calls, "reverse").await;
    contract::drops_late_answers(&calls, "late").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_nobody_serves_fails_at_once() {
    let calls = open_calls(&server().url(), &settings()).await.unwrap();
    let asked = calls.call("nobody", Bytes::new(), in_time()).await;
    assert!(matches!(&asked, Err(CallError::Nobody { subject }) if subject == "nobody"), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_the_server_is_killed() {
    let mut nats = Nats::start().unwrap_or_else(|error| panic!("{error}"));
    let bus =
        open_bus(&nats.url(), &Settings { publish_timeout: Duration::from_secs(5), ..settings() }).await;
    let bus = bus.unwrap();
    let publishing = tokio::spawn({
        let bus = Arc::clone(&bus);
        async move {
            for chunk in numbered("faults", 4_000).chunks(100) {
                while let Err(error) = bus.publish(chunk.to_vec()).await {
                    assert!(error.is_passing(), "{error:?}");
                }
            }
        }
    });
    let mut subscriber = bus.subscribe("group", &["faults"]).await.unwrap();
    let (mut seen, mut killed) = (BTreeMap::new(), false);
    while seen.len() < 4_000 {
        let some = tokio::time::timeout(LIMIT, subscriber.receive()).await.expect("messages come").unwrap();
        for message in &some {
            *seen.entry(number(message)).or_insert(0) += 1;
        }
        let _ = tokio::time::timeout(Duration::from_secs(5), subscriber.commit(&Positions::of(&some))).await;
        if !killed && seen.len() > 1_000 {
            killed = true;
            nats.restart().unwrap();
        }
    }
    publishing.await.unwrap();
    assert!(killed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_after_the_server_was_killed() {
    let mut nats = Nats::start().unwrap_or_else(|error| panic!("{error}"));
    let calls: Arc<dyn Calls> = open_calls(&nats.url(), &settings()).await.unwrap();
    let serving = calls.serve("echo", "servers", handler(|ask| async move { ask })).await.unwrap();
    settle(&calls, "echo").await;
    nats.restart().unwrap();
    for _ in 0..600 {
        let soon = contract::in_a(Duration::from_millis(500));
        if calls.call("echo", Bytes::from_static(b"x"), soon).await.is_ok() {
            assert!(!serving.has_ended());
            return;
        }
        // Until it has subscribed again, the server says that nobody serves.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("calls did not come back");
}
