//! File sizes: a ratchet, not a wall. A file grows past the limit only if its high mark is recorded by hand.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Problem, SourceFile};

/// Where high marks are kept.
pub(super) const RATCHET: &str = "xtask/ratchet.txt";

/// The most lines of a file that has no mark of its own.
const LIMIT: usize = 500;

fn sizes(files: &[SourceFile]) -> impl Iterator<Item = (&SourceFile, usize)> {
    // What a generator wrote is read by nobody and split by nobody.
    let rust = files.iter().filter(|file| file.extension() == "rs" && !file.path.contains("/generated/"));
    rust.map(|file| (file, file.text.lines().count()))
}

/// Returns the largest Rust files, largest first.
pub(super) fn largest(files: &[SourceFile], count: usize) -> Vec<(String, usize)> {
    let mut all: Vec<(String, usize)> =
        sizes(files).map(|(file, lines)| (file.path.clone(), lines)).collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all.truncate(count);
    all
}

pub(super) fn check(files: &[SourceFile], ratchet: &str) -> Vec<Problem> {
    let marks = read(ratchet);
    let grown = |(file, lines): (&SourceFile, usize)| {
        let most = marks.get(file.path.as_str()).copied().unwrap_or(LIMIT);
        (lines > most).then(|| file.problem(0, format!("has {lines} lines, its mark is {most}: split it")))
    };
    sizes(files).filter_map(grown).collect()
}

fn read(ratchet: &str) -> BTreeMap<&str, usize> {
    let entries = ratchet.lines().filter(|line| !line.starts_with('#'));
    entries
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(mark, path)| Some((path, mark.parse().ok()?)))
        .collect()
}

/// Writes the marks of the files that are larger than the limit.
pub(super) fn to_ratchet(files: &[SourceFile]) -> String {
    let mut text = format!(
        "# Lines of the files that are larger than {LIMIT}. A file may shrink, not grow; `cargo run -p xtask -- tidy --bless` rewrites this.\n"
    );
    for (file, lines) in sizes(files).filter(|(_, lines)| *lines > LIMIT) {
        let _ = writeln!(text, "{lines} {}", file.path);
    }
    text
}
