//! Any body is answered: decoded, or refused in one line. A tolerated flaw is one that strict decoding refuses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use motet_model::codes::Code;
use motet_openrtb::{DecodeOptions, RateTable, Strictness, decode};

fuzz_target!(|body: &[u8]| {
    let Some(dollar) = Code::currency("USD") else { return };
    let tolerant = DecodeOptions::new(RateTable::new(dollar));
    let strict = DecodeOptions { strictness: Strictness::Strict, ..tolerant.clone() };
    match decode(body, &tolerant) {
        Ok(decoded) => assert_eq!(decoded.tolerated, decode(body, &strict).err()),
        Err(bad) => assert!(!bad.to_string().contains('\n')),
    }
});
