//! The real programs against a real Kafka, killed at random: nothing is lost, nothing counts twice.

use std::process::Command;

use serde_json::Value;

#[test]
fn nothing_is_lost_and_nothing_counts_twice_over_kills_of_consumer_producer_and_broker() {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_motet"));
    let output =
        bench.args(["bench", "bus-faults", "--kills", "6", "--seed", "3", "--json"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let report: Value =
        serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told} {errors}"));
    for (field, expected) in [("kills", 6), ("lost", 0), ("double", 0), ("records_lost", 0)] {
        assert_eq!(report[field], expected, "{field}: {report} {errors}");
    }
    for field in ["events", "consumer_kills", "producer_kills", "broker_kills"] {
        assert!(report[field].as_u64().is_some_and(|count| count > 0), "{field}: {report}");
    }
    assert!(output.status.success(), "{errors}");
}
