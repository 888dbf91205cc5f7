//! The generated code is what the definitions make. `MOTET_BLESS=1` writes it anew.

use std::{env, fs, path::Path};

use prost::Message as _;
use prost_build::Config;
use prost_types::FileDescriptorSet;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
const GENERATED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/generated");
const FILES: [&str; 7] = [
    "motet/v1/envelope.proto",
    "motet/v1/request.proto",
    "motet/v1/catalog.proto",
    "motet/v1/proposal.proto",
    "motet/v1/decision.proto",
    "motet/v1/agent.proto",
    "motet/v1/events.proto",
];

fn generate(folder: &Path) {
    let definitions = protox::compile(FILES, [ROOT]).expect("the definitions are sound");
    let mut config = Config::new();
    config.out_dir(folder);
    fs::write(folder.join("motet.v1.bin"), without_comments(&definitions)).unwrap();
    tonic_prost_build::configure()
        .client_mod_attribute(".", "#[cfg(feature = \"grpc\")]")
        .server_mod_attribute(".", "#[cfg(feature = \"grpc\")]")
        .out_dir(folder)
        .compile_fds_with_config(definitions, config)
        .expect("the definitions make code");
}

/// The definitions for the JSON form, where comments and places in files are of no use.
fn without_comments(definitions: &FileDescriptorSet) -> Vec<u8> {
    let mut definitions = definitions.clone();
    definitions.file.iter_mut().for_each(|file| file.source_code_info = None);
    definitions.encode_to_vec()
}

#[test]
fn generated_code_is_what_the_definitions_make() {
    if env::var_os("MOTET_BLESS").is_some() {
        return generate(Path::new(GENERATED));
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generated");
    fs::create_dir_all(&folder).unwrap();
    generate(&folder);
    for name in ["motet.v1.rs", "motet.v1.bin"] {
        let (made, kept) = (fs::read(folder.join(name)).unwrap(), fs::read(Path::new(GENERATED).join(name)));
        assert!(
            kept.is_ok_and(|kept| kept == made),
            "{name} is not what the definitions make: MOTET_BLESS=1"
        );
    }
}
