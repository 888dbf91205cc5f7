//! The manifest and the labels of the container are what the program prints. `MOTET_BLESS=1` writes them anew.

use std::{fs, path::PathBuf};

use motet_artf::manifest::{labels, manifest};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const BEGIN: &str = "# artf-labels: begin";
const END: &str = "# artf-labels: end";

fn deploy(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy")).join(name)
}

fn hold_equal(name: &str, made: &str) {
    if std::env::var_os("MOTET_BLESS").is_some() {
        fs::write(deploy(name), made).unwrap();
    }
    let kept = fs::read_to_string(deploy(name)).unwrap();
    assert!(kept == made, "deploy/{name} is not what the program says; MOTET_BLESS=1 writes it anew");
}

#[test]
fn the_manifest_in_the_deploy_folder_is_the_programs() {
    hold_equal("artf-manifest.json", &format!("{:#}\n", manifest(VERSION)));
}

#[test]
fn the_containers_labels_are_the_programs() {
    let text = fs::read_to_string(deploy("Containerfile")).unwrap();
    let begin = text.find(BEGIN).unwrap();
    let begin = begin + text[begin..].find('\n').unwrap() + 1;
    let end = text.find(END).unwrap();
    let quoted = labels(VERSION).map(|(key, value)| {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        format!("{key}=\"{value}\"")
    });
    let made = format!("{}LABEL {}\n{}", &text[..begin], quoted.join(" \\\n      "), &text[end..]);
    hold_equal("Containerfile", &made);
}
