//! The embedded bus, held to what every bus promises, and to surviving a crash.

#[allow(dead_code, reason = "embedded calls have no late answers to drop")]
mod contract;

use std::{path::Path, sync::Arc};

use contract::{number, numbered, receive};
use motet_bus::{Bus, Calls, Embedded, EmbeddedCalls, Error, Message, Positions, Settings};

fn open(dir: &Path) -> Embedded {
    Embedded::open(dir, &Settings::default()).unwrap()
}

#[tokio::test]
async fn it_keeps_what_every_bus_promises() {
    let dir = tempfile::tempdir().unwrap();
    let bus = open(dir.path());
    contract::delivers_whole_and_in_order(&bus, "whole").await;
    contract::goes_on_after_the_last_commit(&bus, "commits").await;
    contract::sets_dead_letters_aside(&bus, "dead").await;
    contract::refuses_names(&bus).await;
}

#[tokio::test]
async fn calls_are_answered_once() {
    let calls: Arc<dyn Calls> = Arc::new(EmbeddedCalls::new(&Settings::default()));
    contract::answers_every_ask_once(&calls, "reverse").await;
}

#[tokio::test]
async fn nobody_serves_after_serving_has_ended() {
    let calls: Arc<dyn Calls> = Arc::new(EmbeddedCalls::new(&Settings::default()));
    let echo = motet_bus::handler(|ask| async move { ask });
    let serving = calls.serve("echo", "g", echo).await.unwrap();
    assert!(calls.call("echo", "x".into(), contract::in_time()).await.is_ok());
    drop(serving);
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    let asked = calls.call("echo", "x".into(), contract::in_time()).await;
    assert!(matches!(asked, Err(motet_bus::CallError::Nobody { .. })), "{asked:?}");
}

#[tokio::test]
async fn messages_and_positions_are_there_after_it_was_opened_anew() {
    let dir = tempfile::tempdir().unwrap();
    {
        let bus = open(dir.path());
        bus.publish(numbered("topic", 10)).await.unwrap();
        let mut subscriber = bus.subscribe("group", &["topic"]).await.unwrap();
        let some = receive(&mut *subscriber, 10).await;
        subscriber.commit(&Positions::of(&some[..4])).await.unwrap();
    }
    let bus = reopened(dir.path()).await;
    let mut subscriber = bus.subscribe("group", &["topic"]).await.unwrap();
    let rest = receive(&mut *subscriber, 6).await;
    assert_eq!(rest.iter().map(number).collect::<Vec<_>>(), [4, 5, 6, 7, 8, 9]);
}

/// Opens it again; the writing thread of the one before may still be closing its journals.
async fn reopened(dir: &Path) -> Embedded {
    for _ in 0..1_000 {
        let bus = open(dir);
        if bus.publish(vec![Message::new("probe", "", "")]).await.is_ok()
            && bus.subscribe("probe", &["topic"]).await.is_ok()
        {
            return bus;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the journals stay locked");
}

#[tokio::test]
async fn a_second_member_of_a_group_stands_by_until_the_first_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let bus = open(dir.path());
    bus.publish(numbered("topic", 3)).await.unwrap();
    let mut first = bus.subscribe("group", &["topic"]).await.unwrap();
    let some = receive(&mut *first, 3).await;
    let mut second = bus.subscribe("group", &["topic"]).await.unwrap();
    let waits = tokio::time::timeout(std::time::Duration::from_millis(200), second.receive()).await;
    assert!(waits.is_err(), "two members are at work");
    assert!(matches!(second.commit(&Positions::of(&some)).await, Err(Error::Moved)));
    first.commit(&Positions::of(&some[..2])).await.unwrap();
    drop(first);
    assert_eq!(receive(&mut *second, 1).await.iter().map(number).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn segments_that_every_group_has_passed_go_and_others_stay() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { segment_bytes: 512, keep_segments: Some(1), ..Settings::default() };
    let bus = Embedded::open(dir.path(), &settings).unwrap();
    let segments = || std::fs::read_dir(dir.path().join("topic/journal")).unwrap().count();
    let mut subscriber = bus.subscribe("group", &["topic"]).await.unwrap();
    for _ in 0..128 {
        bus.publish(numbered("topic", 2)).await.unwrap();
        let some = receive(&mut *subscriber, 2).await;
        subscriber.commit(&Positions::of(&some)).await.unwrap();
    }
    assert!(segments() < 20, "{} segments are left", segments());
    // A new group begins at the oldest message kept.
    let mut late = bus.subscribe("late", &["topic"]).await.unwrap();
    assert!(!receive(&mut *late, 1).await.is_empty());
}

#[tokio::test]
async fn a_message_larger_than_a_record_is_refused_and_the_bus_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let bus = open(dir.path());
    let large = vec![0; motet_store::journal::MAX_RECORD_BYTES + 1];
    let refused = bus.publish(vec![Message::new("topic", "", large)]).await;
    assert!(matches!(refused, Err(Error::TooLarge { .. })), "{refused:?}");
    bus.publish(numbered("topic", 1)).await.unwrap();
    assert_eq!((bus.counts().now().published, bus.counts().now().not_published), (1, 1));
}
