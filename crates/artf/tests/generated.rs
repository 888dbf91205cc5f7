//! The generated code is what the protos give now. `MOTET_BLESS=1` writes it anew.

use std::{
    fs,
    path::{Path, PathBuf},
};

const PROTOS: [&str; 2] = ["artf/v1/mutation.proto", "artf/v1/services.proto"];

fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn generate(out: &Path) {
    let protos = crate_folder().join("../../proto");
    let files = protox::compile(PROTOS, [protos]).expect("the protos compile");
    fs::create_dir_all(out).expect("a folder for the generated code");
    tonic_prost_build::configure()
        .out_dir(out)
        .emit_rerun_if_changed(false)
        .compile_fds(files)
        .expect("code is generated");
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.unwrap().file_name());
    let mut names: Vec<PathBuf> = entries.map(PathBuf::from).collect();
    names.sort();
    names
}

#[test]
fn the_generated_code_is_what_the_protos_give() {
    let kept = crate_folder().join("src/generated");
    if std::env::var_os("MOTET_BLESS").is_some() {
        return generate(&kept);
    }
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generated");
    let _ = fs::remove_dir_all(&made);
    generate(&made);
    assert_eq!(names(&kept), names(&made), "files; MOTET_BLESS=1 writes them anew");
    for name in names(&made) {
        let (kept, made) = (fs::read_to_string(kept.join(&name)), fs::read_to_string(made.join(&name)));
        assert!(kept.unwrap() == made.unwrap(), "{} differs; MOTET_BLESS=1 writes it anew", name.display());
    }
}
