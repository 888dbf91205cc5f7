//! Every kind of message: binary to JSON to binary is the identity, and what an earlier version wrote is read still.
//!
//! `recorded/` holds one message of every kind as it was written when the kind came to be. These files are never
//! rewritten: `MOTET_BLESS=1` adds those of kinds that have none yet.

mod common;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use common::{Draw, kinds::again};
use motet_messages::{Kind, json};
use proptest::prelude::*;

proptest! {
    #[test]
    fn binary_to_json_to_binary_is_the_identity(seed: u64, place in 0..Kind::ALL.len()) {
        let kind = Kind::ALL[place];
        let bytes = Draw::new(seed).message(kind);
        let text = json::to_json(kind, &bytes).unwrap();
        prop_assert_eq!(json::from_json(kind, &text).unwrap(), bytes, "{}: {}", kind.name(), text);
    }

    #[test]
    fn every_kind_is_read_and_written_the_same_again(seed: u64, place in 0..Kind::ALL.len()) {
        let kind = Kind::ALL[place];
        let bytes = Draw::new(seed).message(kind);
        prop_assert_eq!(again(kind, &bytes), Ok(bytes));
    }

    #[test]
    fn a_message_of_another_kind_is_read_or_refused(seed: u64, from in 0..Kind::ALL.len(), to in 0..Kind::ALL.len()) {
        let bytes = Draw::new(seed).message(Kind::ALL[from]);
        let _ = again(Kind::ALL[to], &bytes);
    }
}

fn recorded(kind: Kind, extension: &str) -> PathBuf {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded"));
    folder.join(kind.name()).with_extension(extension)
}

fn record(kind: Kind) {
    // The first draw that says much, so that a field that is lost shows.
    let draws = (0..200).map(|seed| Draw::new(seed).message(kind));
    let bytes = draws.filter(|bytes| bytes.len() < 4_000).max_by_key(Vec::len).unwrap();
    let value: serde_json::Value = serde_json::from_str(&json::to_json(kind, &bytes).unwrap()).unwrap();
    fs::write(recorded(kind, "bin"), bytes).unwrap();
    fs::write(recorded(kind, "json"), serde_json::to_string_pretty(&value).unwrap() + "\n").unwrap();
}

#[test]
fn what_an_earlier_version_wrote_is_read_still() {
    for kind in Kind::ALL {
        if env::var_os("MOTET_BLESS").is_some() && !recorded(kind, "bin").exists() {
            record(kind);
        }
        let name = kind.name();
        let bytes = fs::read(recorded(kind, "bin"))
            .unwrap_or_else(|error| panic!("no recorded {name}: {error}; MOTET_BLESS=1 adds one"));
        let text = fs::read_to_string(recorded(kind, "json")).unwrap();
        let read = again(kind, &bytes).unwrap_or_else(|error| panic!("the recorded {name}: {error}"));
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let now = json::to_json(kind, &read).unwrap();
        // Fields that came later may be added; none that was there may be gone or changed.
        assert_holds(&value(&now), &value(&text), name);
        assert_eq!(again(kind, &json::from_json(kind, &text).unwrap()), Ok(read), "{name} from JSON");
    }
}

/// Checks that all of one value is in another.
fn assert_holds(now: &serde_json::Value, then: &serde_json::Value, place: &str) {
    match (now, then) {
        (serde_json::Value::Object(now), serde_json::Value::Object(then)) => {
            for (name, value) in then {
                let found = now.get(name).unwrap_or_else(|| panic!("{place}.{name} is gone"));
                assert_holds(found, value, &format!("{place}.{name}"));
            }
        }
        (serde_json::Value::Array(now), serde_json::Value::Array(then)) => {
            assert_eq!(now.len(), then.len(), "{place}");
            let pairs = now.iter().zip(then).enumerate();
            pairs.for_each(|(at, (now, then))| assert_holds(now, then, &format!("{place}[{at}]")));
        }
        _ => assert_eq!(now, then, "{place}"),
    }
}

#[test]
fn json_of_another_shape_is_refused() {
    for text in ["", "[]", "{\"nothing\":1}", "{\"agent\":\"AGENT_NAME_NOBODY\"}", "{} {}"] {
        assert!(json::from_json(Kind::Answer, text).is_err(), "{text}");
    }
    let named = json::from_json(Kind::Answer, "{\"policy_version\":\"a@1\"}");
    assert_eq!(named, json::from_json(Kind::Answer, "{\"policyVersion\":\"a@1\"}"));
}
