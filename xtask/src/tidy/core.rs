//! What the core may not name: clocks, threads, sockets, environment variables, files; and one agent another.
//!
//! Tests are left out: a file or folder named `tests`, modules declared under `#[cfg(test)]`, and what follows
//! such a module within a file.

use std::collections::BTreeSet;

use super::{Problem, SourceFile};

/// Crates that are told everything and fetch nothing.
const CORE: [&str; 27] = [
    "units",
    "model",
    "agent",
    "auction",
    "ledger",
    "lease",
    "onnx",
    "policy",
    "agents",
    "baseline",
    "coordinator",
    "experiment",
    "hindsight",
    "messages",
    "plot",
    "ope",
    "engine",
    "sim",
    "arena",
    "autobid",
    "backtest",
    "calibrate",
    "openrtb",
    "store",
    "insight",
    "learn",
    "train",
];

/// What none of them names, and why.
const FORBIDDEN: [(&str, &str); 9] = [
    ("std::thread", "threads belong to the edge"),
    ("Instant::now", "the core is told the time"),
    ("SystemTime::now", "the core is told the time"),
    ("std::env", "configuration is read once at the edge"),
    ("TcpListener", "sockets belong to the edge"),
    ("TcpStream", "sockets belong to the edge"),
    ("UdpSocket", "sockets belong to the edge"),
    ("tokio::", "async belongs to the edge"),
    ("thread_rng", "chance is drawn by key"),
];

/// Where independent worlds are run side by side: results come in the order of the jobs, so threads never show in them.
const SIDE_BY_SIDE: [(&str, &str); 3] =
    [("sim", "parallel.rs"), ("arena", "worlds.rs"), ("learn", "actor_critic/side_by_side.rs")];

const FILES: &str = "std::fs";

const AGENTS: [&str; 6] = ["intent", "relevance", "bidder", "pacer", "guard", "safety"];

/// Checks the core's files among some.
pub(super) fn check(files: &[SourceFile]) -> Vec<Problem> {
    let test_modules: BTreeSet<String> = files.iter().flat_map(test_modules).collect();
    let is_test_module = |file: &&SourceFile| {
        let module = file.path.trim_end_matches(".rs");
        test_modules.iter().any(|test| module == test || module.starts_with(&format!("{test}/")))
    };
    files.iter().filter(|file| !is_test_module(file)).flat_map(check_file).collect()
}

fn check_file(file: &SourceFile) -> Vec<Problem> {
    let Some(place) = file.path.strip_prefix("crates/") else { return Vec::new() };
    let Some((name, path)) = place.split_once("/src/") else { return Vec::new() };
    if file.extension() != "rs" || is_test(path) || !CORE.contains(&name) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (line, text) in code_lines(&file.text) {
        let may_thread = SIDE_BY_SIDE.contains(&(name, path)) && text.contains("std::thread");
        let found = forbidden(name, text).filter(|_| !may_thread);
        problems.extend(found.map(|why| file.problem(line, why)));
        if name == "agents" {
            problems.extend(other_agent(path, text).map(|why| file.problem(line, why)));
        }
    }
    problems
}

fn is_test(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

/// Returns the modules a file declares for tests alone, as paths without extension.
fn test_modules(file: &SourceFile) -> Vec<String> {
    let Some((folder, name)) = file.path.rsplit_once('/') else { return Vec::new() };
    let home = match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        _ => file.path.trim_end_matches(".rs").to_owned(),
    };
    let declared = file.text.split("#[cfg(test)]\n").skip(1).filter_map(|after| {
        let line = after.lines().find(|line| !line.starts_with("#["))?;
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    declared.map(|module| format!("{home}/{module}")).collect()
}

/// Iterates over the lines of code outside tests, from 1, without comments on lines of their own.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let code = text.find("\n#[cfg(test)]\n").map_or(text, |tests| without_tests(text, tests));
    let numbered = code.lines().enumerate().map(|(at, line)| (at + 1, line));
    numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Cuts a file at its test module; a test item in the middle of a file cuts nothing.
fn without_tests(text: &str, at: usize) -> &str {
    let after = text[at..].lines().skip(2).find(|line| !line.starts_with("#["));
    if after.is_some_and(|line| line.starts_with("mod ")) { &text[..=at] } else { text }
}

fn forbidden<'a>(name: &'a str, line: &'a str) -> impl Iterator<Item = String> + 'a {
    let named = FORBIDDEN.iter().filter(|(token, _)| line.contains(token));
    let named = named.map(|(token, why)| format!("names {token}: {why}"));
    let reads_files = name != "store" && line.contains(FILES);
    named.chain(reads_files.then(|| format!("names {FILES}: only the store touches files")))
}

/// Returns what is wrong where a line in one agent's folder names another agent's.
fn other_agent(path: &str, line: &str) -> Option<String> {
    let own = path.split(['/', '.']).next().filter(|own| AGENTS.contains(own))?;
    let others = AGENTS.into_iter().filter(|other| *other != own);
    let mut named = others.filter(|other| line.contains(&format!("crate::{other}")));
    named
        .next()
        .map(|other| format!("the {own} agent names the {other} agent; agents never import each other"))
}
