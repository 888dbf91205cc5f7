//! The generated code is what `proto/openrtb/v2/openrtb.proto` makes. `MOTET_BLESS=1` writes it anew.

use std::{env, fs, path::Path};

use prost_build::Config;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
const GENERATED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/generated");
const NAME: &str = "com.iabtechlab.openrtb.v2.rs";
/// Numbers with a fraction: JSON cannot hold those that are not finite.
const FRACTIONS: [&str; 5] = ["bidfloor", "mincpmpersec", "value", "multiplier", "price"];

fn generate(folder: &Path) {
    let definitions =
        protox::compile(["openrtb/v2/openrtb.proto"], [ROOT]).expect("the definitions are sound");
    let mut config = Config::new();
    config
        .out_dir(folder)
        .type_attribute(".", "#[derive(::serde::Serialize)]")
        .field_attribute(".", "#[serde(skip_serializing_if = \"crate::protobuf::is_unset\")]")
        .field_attribute("request_native", "#[serde(skip)]");
    for fraction in FRACTIONS {
        config.field_attribute(fraction, "#[serde(serialize_with = \"crate::protobuf::finite\")]");
    }
    config.compile_fds(definitions).expect("the definitions make code");
}

#[test]
fn generated_code_is_what_the_definitions_make() {
    if env::var_os("MOTET_BLESS").is_some() {
        return generate(Path::new(GENERATED));
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generated");
    fs::create_dir_all(&folder).unwrap();
    generate(&folder);
    let (made, kept) = (fs::read(folder.join(NAME)).unwrap(), fs::read(Path::new(GENERATED).join(NAME)));
    assert!(kept.is_ok_and(|kept| kept == made), "{NAME} is not what the definitions make: MOTET_BLESS=1");
}
