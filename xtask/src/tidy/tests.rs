use super::*;

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), text: text.to_owned() }
}

fn texts(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

fn package(name: &str, dependencies: &[&str]) -> layers::Package {
    let dependencies = dependencies.iter().map(|&name| name.to_owned()).collect();
    layers::Package { name: name.to_owned(), folder: String::new(), dependencies }
}

#[test]
fn the_project_is_tidy() {
    let report = check(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))).unwrap();
    assert!(report.problems.is_empty(), "{report}");
}

#[test]
fn a_dependency_on_the_same_or_a_higher_layer_is_found() {
    let problems =
        layers::check(&[package("motet-auction", &["motet-ledger", "motet-units", "motet-server"])]);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(layers::check(&[package("motet-auction", &["motet-units"])]).is_empty());
}

#[test]
fn a_crate_without_a_layer_is_found() {
    assert_eq!(layers::check(&[package("motet-attic", &[])]).len(), 1);
}

#[test]
fn a_server_that_links_the_simulator_from_afar_is_found() {
    let all = [package("motet-server", &["motet-insight"]), package("motet-insight", &["motet-sim"])];
    assert_eq!(layers::check(&all).len(), 1);
}

#[test]
fn a_clock_in_the_core_is_found_and_one_in_a_test_is_not() {
    let code = "fn f() {\n    Instant::now();\n}\n";
    assert_eq!(
        texts(&core::check(&[file("crates/engine/src/lib.rs", code)])),
        ["crates/engine/src/lib.rs:2: names Instant::now: the core is told the time"]
    );
    let tested = format!("fn f() {{}}\n\n#[cfg(test)]\nmod tests {{\n{code}}}\n");
    for quiet in [
        file("crates/engine/src/lib.rs", &tested),
        file("crates/engine/src/tests.rs", code),
        file("crates/engine/src/tests/slow.rs", code),
        file("crates/server/src/lib.rs", code),
        file("crates/engine/src/lib.rs", "// Instant::now is not called here.\n"),
    ] {
        assert!(core::check(std::slice::from_ref(&quiet)).is_empty(), "{quiet:?}");
    }
}

#[test]
fn code_after_a_test_only_item_is_still_checked() {
    let code = "fn f() {}\n#[cfg(test)]\nfn g() {}\nfn h() {\n    std::thread::yield_now();\n}\n";
    assert_eq!(core::check(&[file("crates/units/src/lib.rs", code)]).len(), 1);
}

#[test]
fn files_are_the_stores_alone() {
    let code = "use std::fs::File;\n";
    assert!(core::check(&[file("crates/store/src/lib.rs", code)]).is_empty());
    assert_eq!(core::check(&[file("crates/insight/src/lib.rs", code)]).len(), 1);
}

#[test]
fn an_agent_that_names_another_is_found() {
    let code = "use crate::pacer::Plan;\n";
    assert_eq!(core::check(&[file("crates/agents/src/bidder/mod.rs", code)]).len(), 1);
    assert!(core::check(&[file("crates/agents/src/pacer/mod.rs", code)]).is_empty());
    assert!(core::check(&[file("crates/agents/src/lib.rs", code)]).is_empty());
}

#[test]
fn a_file_grows_past_its_mark_only_on_purpose() {
    let long = file("crates/units/src/long.rs", &"x\n".repeat(501));
    assert_eq!(sizes::check(std::slice::from_ref(&long), "").len(), 1);
    let marks = sizes::to_ratchet(std::slice::from_ref(&long));
    assert!(sizes::check(std::slice::from_ref(&long), &marks).is_empty());
    let longer = file("crates/units/src/long.rs", &"x\n".repeat(502));
    assert_eq!(sizes::check(&[longer], &marks).len(), 1);
}

#[test]
fn leftovers_and_trailing_whitespace_are_found() {
    let text = format!("a \n{}\n", concat!("to", "do!()"));
    assert_eq!(words::check(&file("README.md", &text)).len(), 2);
    assert_eq!(words::check(&file("README.md", "no end of line")).len(), 1);
}

#[test]
fn a_dead_link_is_found_and_code_is_not_read() {
    let text = "[a](there.md#part) [b](../gone.md)\n`[c](code.md)`\n```\n[d](fenced.md)\n```\n[e](https://x.example)\n";
    let problems = links::check(&file("docs/README.md", text), |path| path == "docs/there.md");
    assert_eq!(texts(&problems), ["docs/README.md:1: links to ../gone.md, which is not there"]);
}

#[test]
fn a_module_declared_for_tests_alone_is_not_the_core() {
    let parent = file("crates/agents/src/lib.rs", "#[cfg(test)]\nmod cards;\nmod live;\n");
    let quiet = file("crates/agents/src/cards.rs", "std::env::args();\n");
    let loud = file("crates/agents/src/live.rs", "std::env::args();\n");
    assert_eq!(texts(&core::check(&[parent, quiet, loud])).len(), 1);
}
