//! Plain text: no trailing whitespace, no leftovers, no paths of one machine; every crate says what it is.

use super::{Problem, SourceFile, layers::Package};

/// What no file holds. Written in halves, so that this file holds none either.
const LEFTOVERS: [(&str, &str); 6] = [
    (concat!("to", "do!("), "unfinished code"),
    (concat!("unimple", "mented!("), "unfinished code"),
    (concat!("db", "g!("), "left over from debugging"),
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("/ho", "me/"), "a path of one machine"),
];

pub(super) fn check(file: &SourceFile) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (at, line) in file.text.lines().enumerate() {
        if line.ends_with([' ', '\t']) {
            problems.push(file.problem(at + 1, "trailing whitespace"));
        }
        for (leftover, why) in LEFTOVERS {
            if line.contains(leftover) {
                problems.push(file.problem(at + 1, format!("holds '{leftover}': {why}")));
            }
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        problems.push(file.problem(0, "does not end with a line break"));
    }
    problems
}

/// Every crate begins with a module doc.
pub(super) fn check_module_docs(files: &[SourceFile], packages: &[Package]) -> Vec<Problem> {
    packages.iter().filter_map(|package| undocumented(files, package)).collect()
}

fn undocumented(files: &[SourceFile], package: &Package) -> Option<Problem> {
    let root = |name: &str| {
        let path = format!("{}/src/{name}", package.folder);
        files.iter().find(|file| file.path == path)
    };
    let root = root("lib.rs").or_else(|| root("main.rs"))?;
    let documented = root.text.starts_with("//! ");
    (!documented).then(|| root.problem(1, "begins without a module doc"))
}
