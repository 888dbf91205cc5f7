//! Any native request is read or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = motet_openrtb::decode_native(text);
});
