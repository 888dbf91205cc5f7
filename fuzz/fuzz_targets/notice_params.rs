//! Any query is read; a price that was told is not below zero. Any template is substituted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use motet_openrtb::{
    NoticeParams,
    macros::{Render, substitute},
};

fuzz_target!(|query: &str| {
    let told = NoticeParams::parse(query);
    assert!(told.price_micros.is_none_or(|micros| micros >= 0));
    assert!(told.min_to_win_micros.is_none_or(|micros| micros >= 0));
    let _ = substitute(query, Render::Audit);
});
