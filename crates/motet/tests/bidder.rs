//! The real program with learned policies: over standard input, on a log, and with what is wrong with a folder.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

fn policy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies").join(name)
}

/// Runs the program with some input and returns what it said.
fn motet(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_motet"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that has refused the first line may have gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn bidder(folder: &Path, input: &str) -> Output {
    motet(&["bidder", "--format", "auctionnet", "--policy", folder.to_str().unwrap()], input)
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn first() -> Value {
    json!({"tick": 0, "budget": 2900.0, "remaining_budget": 2900.0, "cpa": 100.0, "category": 0,
           "p_values": [0.0005, 0.001, 0.0002], "p_value_sigmas": [0.0001, 0.0001, 0.0]})
}

fn second() -> Value {
    json!({"tick": 1, "budget": 2900.0, "remaining_budget": 2899.9, "cpa": 100.0, "category": 0,
           "p_values": [0.0007, 0.0001], "p_value_sigmas": [0.0001, 0.0], "bids": [0.04, 0.08, 0.01],
           "won": [0, 1, 0], "cost": [0.0, 0.06, 0.0], "conversions": [0, 0, 0],
           "least_winning_cost": [0.05, 0.06, 0.04]})
}

#[test]
fn a_line_in_is_a_line_out_and_the_end_of_input_ends_well() {
    let input = format!("{}\n{}\n{}\n{}\n", first(), second(), first(), second());
    let output = bidder(&policy("auctionnet-bidder"), &input);
    assert!(output.status.success(), "{}", said(&output.stderr));
    let text = said(&output.stdout);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4);
    // Tick 0 starts an episode anew: the second pair of lines is as the first.
    assert_eq!(lines[..2], lines[2..]);
    let bids: Value = serde_json::from_str(lines[1]).unwrap();
    let bids = bids["bids"].as_array().unwrap();
    assert!(bids.len() == 2 && bids.iter().all(|bid| bid.as_f64().is_some_and(|bid| bid > 0.0)));
    assert!(bidder(&policy("auctionnet-bidder"), "").status.success());
}

#[test]
fn a_bad_line_is_an_error_that_names_its_field() {
    let mut line = second();
    line["cost"] = json!([0.0, "much", 0.0]);
    let output = bidder(&policy("auctionnet-bidder"), &format!("{}\n{line}\n", first()));
    assert!(!output.status.success());
    assert!(
        said(&output.stderr).contains("line 2: field 'cost[1]' must be a number, 0 or more, was \"much\"")
    );
    let output = bidder(&policy("auctionnet-bidder"), "not json\n");
    assert!(!output.status.success() && said(&output.stderr).contains("line 1 is no JSON object"));
}

#[test]
fn a_folder_that_is_no_such_policy_is_refused_with_what_is_wrong() {
    let refused = |folder: &Path, words: &str| {
        let output = bidder(folder, "");
        assert!(!output.status.success());
        assert!(said(&output.stderr).contains(words), "{}", said(&output.stderr));
    };
    refused(Path::new("no-such-folder"), "is no folder");
    refused(
        &policy("ipinyou-theta-bidder"),
        "the policy is a 'ipinyou-theta-bidder', expected a 'auctionnet-bidder'",
    );

    let spoilt = tempfile::tempdir().unwrap();
    let good = policy("auctionnet-bidder");
    fs::copy(good.join("policy.toml"), spoilt.path().join("policy.toml")).unwrap();
    refused(spoilt.path(), "numbers.f32");
    let mut numbers = fs::read(good.join("numbers.f32")).unwrap();
    fs::write(spoilt.path().join("numbers.f32"), &numbers[..numbers.len() - 4]).unwrap();
    refused(spoilt.path(), "bytes, expected");
    let last = numbers.len() - 4;
    numbers[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(spoilt.path().join("numbers.f32"), &numbers).unwrap();
    refused(spoilt.path(), "of part 'network' of numbers.f32 is NaN, expected a finite number");
}

#[test]
fn a_learned_policy_replays_a_log_within_its_budget() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.txt");
    // A dear good one after every nine plain ones.
    let row = |number: usize| if number % 10 == 9 { "0 80 0.01\n" } else { "0 40 0.001\n" };
    fs::write(&log, (0..4_000).map(row).collect::<String>()).unwrap();
    let policy = policy("ipinyou-theta-bidder");
    let arguments = [
        "replay",
        log.to_str().unwrap(),
        "--format",
        "ipinyou-theta",
        "--policy",
        policy.to_str().unwrap(),
        "--budget",
        "9000",
        "--episode",
        "1000",
        "--json",
    ];
    let output = motet(&arguments, "");
    assert!(output.status.success(), "{}", said(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    for field in ["clicks", "sum_pctr", "cost", "lp_sum_pctr", "ratio", "dearest_episode"] {
        assert!(found[field].is_number(), "{field}: {found}");
    }
    assert!(found["ratio"].as_f64().unwrap() > 0.9, "{found}");
    assert!(found["dearest_episode"].as_i64().unwrap() <= 9_000);
}

#[test]
fn training_writes_a_folder_that_can_be_served() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("policy");
    let arguments = [
        "train-bidder",
        "--format",
        "auctionnet",
        "--out",
        out.to_str().unwrap(),
        "--seed",
        "9",
        "--generations",
        "1",
        "--episodes",
        "1",
        "--impressions",
        "2000",
        "--json",
    ];
    let output = motet(&arguments, "");
    assert!(output.status.success(), "{}", said(&output.stderr));
    let last = said(&output.stdout).lines().last().map(str::to_owned).unwrap();
    let last: Value = serde_json::from_str(&last).unwrap();
    assert!(last["metrics"]["merit"].is_number());
    assert!(bidder(&out, &format!("{}\n", first())).status.success());
}
