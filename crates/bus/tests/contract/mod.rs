//! What every bus promises, whatever it is made of. Each kind's test file calls all of this.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use motet_bus::{
    Bus, CallError, Calls, Delivered, Message, Positions, REASON, Subscriber, dead_letter, handler,
};

/// How long anything may take; far more than it does.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// A deadline that is not meant to pass.
#[expect(clippy::disallowed_methods, reason = "a call needs a deadline")]
pub(crate) fn in_time() -> Instant {
    Instant::now() + LIMIT
}

/// Returns the moment after a while.
#[expect(clippy::disallowed_methods, reason = "a call needs a deadline")]
pub(crate) fn in_a(while_: Duration) -> Instant {
    Instant::now() + while_
}

/// Makes messages numbered from 0, of a few keys.
pub(crate) fn numbered(topic: &str, count: usize) -> Vec<Message> {
    let message = |number: usize| {
        let message = Message::new(topic, format!("key-{}", number % 7), number.to_string());
        message.with("number", &number.to_string())
    };
    (0..count).map(message).collect()
}

pub(crate) fn number(message: &Delivered) -> usize {
    std::str::from_utf8(&message.payload).unwrap().parse().unwrap()
}

/// Receives until a number of messages has come.
pub(crate) async fn receive(subscriber: &mut dyn Subscriber, count: usize) -> Vec<Delivered> {
    let mut received = Vec::new();
    while received.len() < count {
        let some = tokio::time::timeout(LIMIT, subscriber.receive()).await;
        received.extend(some.expect("messages come in time").unwrap());
    }
    received
}

/// Every message comes once to each group, whole, and in the order of its key.
pub(crate) async fn delivers_whole_and_in_order(bus: &dyn Bus, topic: &str) {
    let sent = numbered(topic, 1_000);
    bus.publish(sent.clone()).await.unwrap();
    for group in ["one", "two"] {
        let mut subscriber = bus.subscribe(group, &[topic]).await.unwrap();
        let received = receive(&mut *subscriber, sent.len()).await;
        let mut last = BTreeMap::new();
        for message in &received {
            let original = &sent[number(message)];
            assert_eq!((&message.key, &message.payload), (&original.key, &original.payload));
            assert_eq!(message.headers.get("number"), original.headers.get("number"));
            let before = last.insert(message.key.clone(), number(message));
            assert!(before.is_none_or(|before| before < number(message)), "{group}: order of a key");
        }
        let distinct: BTreeSet<usize> = received.iter().map(number).collect();
        assert_eq!((received.len(), distinct.len()), (sent.len(), sent.len()), "{group}");
    }
    assert_eq!(bus.counts().now().published, 1_000);
}

/// What was committed is not delivered again; what was not, is.
pub(crate) async fn goes_on_after_the_last_commit(bus: &dyn Bus, topic: &str) {
    bus.publish(numbered(topic, 300)).await.unwrap();
    let mut first = bus.subscribe("group", &[topic]).await.unwrap();
    let received = receive(&mut *first, 300).await;
    let (done, open) = received.split_at(100);
    // A position stands for all before it in its partition, so what is open is what no commit reaches.
    let positions = Positions::of(done);
    first.commit(&positions).await.unwrap();
    drop(first);
    let mut second = bus.subscribe("group", &[topic]).await.unwrap();
    let again = receive(&mut *second, open.len()).await;
    let numbers = |messages: &[Delivered]| messages.iter().map(number).collect::<BTreeSet<_>>();
    assert_eq!(numbers(&again), numbers(open));
    second.commit(&Positions::of(&again)).await.unwrap();
    drop(second);
    bus.publish(numbered(topic, 1)).await.unwrap();
    let mut third = bus.subscribe("group", &[topic]).await.unwrap();
    assert_eq!(receive(&mut *third, 1).await.len(), 1);
}

/// What cannot be taken is set aside on a topic of its own, with the reason.
pub(crate) async fn sets_dead_letters_aside(bus: &dyn Bus, topic: &str) {
    bus.publish(vec![Message::new(topic, "k", "not what was expected")]).await.unwrap();
    let mut subscriber = bus.subscribe("group", &[topic]).await.unwrap();
    let bad = receive(&mut *subscriber, 1).await.remove(0);
    bus.publish(vec![dead_letter(&bad, "no number")]).await.unwrap();
    let dead_topic = format!("{topic}.dead");
    let mut undertaker = bus.subscribe("group", &[&dead_topic]).await.unwrap();
    let dead = receive(&mut *undertaker, 1).await.remove(0);
    assert_eq!(dead.headers.get(REASON), Some("no number"));
    assert_eq!((dead.key, dead.payload), (bad.key, bad.payload));
}

/// Names that are none are refused before anything is done.
pub(crate) async fn refuses_names(bus: &dyn Bus) {
    assert!(bus.publish(vec![Message::new("a topic", "", "")]).await.is_err());
    assert!(bus.subscribe("a group", &["topic"]).await.is_err());
}

/// Every ask is answered once, by one of the two that serve, many at a time.
pub(crate) async fn answers_every_ask_once(calls: &Arc<dyn Calls>, subject: &str) {
    let worked = Arc::new(AtomicUsize::new(0));
    let mut serving = Vec::new();
    for _ in 0..2 {
        let worked = Arc::clone(&worked);
        let reverse = handler(move |ask: Bytes| {
            worked.fetch_add(1, Ordering::Relaxed);
            async move { ask.iter().rev().copied().collect() }
        });
        serving.push(calls.serve(subject, "servers", reverse).await.unwrap());
    }
    settle(calls, subject).await;
    worked.store(0, Ordering::Relaxed);
    let asks = (0..200_u32).map(|number| {
        let (calls, subject) = (Arc::clone(calls), subject.to_owned());
        tokio::spawn(async move {
            let answer = calls.call(&subject, number.to_le_bytes().to_vec().into(), in_time()).await;
            assert_eq!(answer.unwrap(), &number.to_be_bytes()[..]);
        })
    });
    for ask in asks.collect::<Vec<_>>() {
        ask.await.unwrap();
    }
    // Kafka may have an ask worked on twice while a group is shared out anew; it is still answered once.
    assert!(worked.load(Ordering::Relaxed) >= 200);
    assert!(serving.iter().all(|serving| !serving.has_ended()));
}

/// Asks until there is an answer: those who serve a group may still be sharing it out.
pub(crate) async fn settle(calls: &Arc<dyn Calls>, subject: &str) {
    for _ in 0..40 {
        let soon = in_a(Duration::from_secs(3));
        if calls.call(subject, Bytes::from_static(b"settle"), soon).await.is_ok() {
            return;
        }
    }
    panic!("nobody serves '{subject}'");
}

/// An answer that comes after the deadline is counted and dropped.
pub(crate) async fn drops_late_answers(calls: &Arc<dyn Calls>, subject: &str) {
    let (gate, opened) = tokio::sync::watch::channel(false);
    let slow = handler(move |ask: Bytes| {
        let mut opened = opened.clone();
        async move {
            if ask == "slow" {
                let _ = opened.wait_for(|open| *open).await;
            }
            ask
        }
    });
    let _serving = calls.serve(subject, "servers", slow).await.unwrap();
    settle(calls, subject).await;
    let before = calls.counts().now().late_replies;
    let soon = in_a(Duration::from_millis(500));
    let late = calls.call(subject, Bytes::from_static(b"slow"), soon).await;
    assert!(matches!(late, Err(CallError::Late)), "{late:?}");
    gate.send_replace(true);
    for _ in 0..6_000 {
        if calls.counts().now().late_replies > before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the late answer was not counted");
}
