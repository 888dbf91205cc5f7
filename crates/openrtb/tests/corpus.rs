//! Real requests: 1,454 of 150 and more exchange adapters, and 62 malformed ones.
#![allow(clippy::match_same_arms, reason = "rulings are grouped by what they are about")]

mod common;

use std::collections::BTreeMap;

use common::{corpus, options, request_of};
use motet_model::request::Media;
use motet_openrtb::{BadRequest, DecodeOptions, Strictness, decode};

#[test]
fn every_real_request_is_read() {
    let Some(lines) = corpus("requests.jsonl") else { return };
    for (at, line) in lines.iter().enumerate() {
        let (request, source) = request_of(line);
        if let Err(bad) = decode(request.as_bytes(), &options()) {
            panic!("line {}: {source}: {bad}\n{request}", at + 1);
        }
    }
    assert!(lines.len() > 1_000);
}

/// Some of the real requests are fixtures for an adapter's own refusals. They break the standard in one part or as a
/// whole; tolerant decoding answers them without a bid, strict decoding refuses them. Counted here by what is wrong.
#[test]
fn strict_decoding_refuses_what_tolerant_decoding_forgives() {
    let Some(lines) = corpus("requests.jsonl") else { return };
    let strict = DecodeOptions { strictness: Strictness::Strict, ..options() };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in &lines {
        let (request, source) = request_of(line);
        let tolerated = decode(request.as_bytes(), &options()).unwrap().tolerated;
        let refused = decode(request.as_bytes(), &strict).err();
        assert_eq!(tolerated, refused, "{source}");
        let Some(bad) = refused else { continue };
        let kind = match &bad {
            BadRequest::Missing { field } if field == "id" => "no id",
            BadRequest::Missing { field } if field == "imp" => "no imps",
            BadRequest::Missing { field } if field.ends_with("].id") => "imp without id",
            BadRequest::Missing { field } if field.ends_with("or native") => "imp without media",
            BadRequest::Missing { .. } | BadRequest::Invalid { .. } => "native unreadable",
            BadRequest::DuplicateImp { .. } => "imps of one id",
            BadRequest::SeveralChannels => "site and app",
            other => panic!("{source}: {other}"),
        };
        *counts.entry(kind).or_default() += 1;
    }
    let counts: Vec<_> = counts.into_iter().collect();
    expect_test::expect![[r#"
        [
            (
                "imp without media",
                27,
            ),
            (
                "imps of one id",
                7,
            ),
            (
                "native unreadable",
                40,
            ),
            (
                "no id",
                1,
            ),
            (
                "no imps",
                13,
            ),
            (
                "site and app",
                19,
            ),
        ]
    "#]]
    .assert_debug_eq(&counts);
}

/// Why each malformed request is refused, or why not.
enum Ruling {
    /// It breaks OpenRTB (or Native) itself: 400, and the reason names this.
    Breaks(&'static str),
    /// A rule of Prebid Server's own, or about its own extensions: answered.
    PrebidOnly,
    /// The standard lets a bidder tolerate it: unknown enum values, sizes and mime types that real traffic leaves out.
    Tolerable,
    /// It breaks the standard in one part, as some real requests do: answered without a bid for that part, refused
    /// when strict. The reason names this.
    PartBroken(&'static str),
}

use Ruling::{Breaks, PartBroken, PrebidOnly, Tolerable};

/// By the file's name in Prebid Server's tests.
fn ruling(name: &str) -> Option<Ruling> {
    Some(match name {
        // Not a bid request at all.
        "empty-object" => Breaks("id is missing"),
        "only-request-id" => Breaks("imp is missing"),
        "malformed-bid-request" => Breaks("no JSON object"),
        // Exclusive by section 3.2.1; a screen is never a site.
        "site-dooh-both" => Breaks("only one of site, app and dooh"),
        // Deal.id is required (3.2.12).
        "deal-no-id" => Breaks("imp[0].pmp.deals[0].id is missing"),
        // A flag has two values (3.2.3); an unreadable one must not lose the GDPR.
        "regs-gdpr-invalid" => Breaks("regs.gdpr: 2 is neither 0 nor 1"),
        "regs-ext-malformed" => Breaks("regs.ext: invalid type"),
        // A consent string is a string (3.2.20).
        "user-ext-consent-int" | "user-gdpr-consent-invalid" => Breaks("user.ext.consent: a consent string"),
        // Lengths, counts and rates are not below zero.
        "banner-h-negative" => Breaks("imp[0].banner.h: -1 is below zero"),
        "format-h-negative" => Breaks("imp[0].banner.format[0].h: -1 is below zero"),
        "format-hratio-negative" => Breaks("imp[0].banner.format[0].hratio: -1 is below zero"),
        "format-wmin-negative" => Breaks("imp[0].banner.format[0].wmin: -1 is below zero"),
        "format-wratio-negative" => Breaks("imp[0].banner.format[0].wratio: -1 is below zero"),
        "device-w-negative" => Breaks("device.w: -1 is below zero"),
        "video-h-negative" => Breaks("imp[0].video.h: -1 is below zero"),
        "video-minbitrate-negative" => Breaks("imp[0].video.minbitrate: -1 is below zero"),
        "audio-maxseq-negative" => Breaks("imp[0].audio.maxseq: -1 is below zero"),
        "audio-minbitrate-negative" => Breaks("imp[0].audio.minbitrate: -1 is below zero"),
        "audio-sequence-negative" => Breaks("imp[0].audio.sequence: -1 is below zero"),
        "asset-img-hmin-negative" => Breaks("native.request.assets[0].img.hmin: -30 is below zero"),
        "asset-img-w-negative" => Breaks("native.request.assets[0].img.w: -20 is below zero"),
        // Native 1.2, section 4.2 and 4.6: one kind per asset, data.type and the video's fields are required.
        "asset-mixed-type" => Breaks("only one of title, img, video and data"),
        "asset-data-no-type" => Breaks("assets[0].data.type is missing"),
        "asset-video-no-maxduration" => Breaks("assets[0].video.maxduration is missing"),
        "asset-video-no-mimes" => Breaks("assets[0].video.mimes is missing"),
        "asset-video-protocols-empty" => Breaks("assets[0].video.protocols is missing"),
        // The same flaws as in some real requests, each of one part only.
        "imp-id-duplicates" => PartBroken("imp[0].id and imp[1].id are both"),
        "imp-no-type" | "metric-empty-object" => {
            PartBroken("imp[0]: banner, video, audio or native is missing")
        }
        "bad_stored_req" | "imp-info-invalid" => {
            PartBroken("imp[0]: banner, video, audio or native is missing")
        }
        "empty" => PartBroken("imp[0].native.request is missing"),
        "asset-empty" => PartBroken("no assets are asked for"),
        // Enum values the standard may add any month.
        "contextsubtype-invalid" | "contextsubtype-negative" | "request-plcmttype-invalid" => Tolerable,
        "eventtracker-event-large" | "eventtracker-methods-large" | "eventtracker-methods-empty" => Tolerable,
        "context-type-product-incompatible-subtype" => Tolerable,
        // Sizes are recommended, not required (3.2.6); hmin, wmin, wmax were fields of 2.3.
        "banner-hmin" | "banner-wmin" | "banner-wmax" | "banner-w-only" | "format-empty-array" => Tolerable,
        // "Required" by the letter, left out by much real traffic.
        "video-mimes-empty" => Tolerable,
        // A text the standard does not look into; the consent check does.
        "us-privacy-invalid" => Tolerable,
        // Prebid Server's extensions: aliases, targeting, caching, stored requests, bidder parameters.
        "all-invalid" | "custom-rates-invalid-usepbs-false" | "alias-bidder-self" | "alias-unknown-core" => {
            PrebidOnly
        }
        "bid-adj-factors-case-invalid-same-bidder-names" | "bid-adjustment-negative" | "cache-nothing" => {
            PrebidOnly
        }
        "imp-ext-empty" | "imp-ext-invalid-params" | "imp-ext-prebid-bidder-empty" | "invalid-source" => {
            PrebidOnly
        }
        "storedrequest-id-int" | "user-ext-prebid-buyeruids-unknown" | "user-ext-prebid-empty" => PrebidOnly,
        _ => return None,
    })
}

#[test]
fn malformed_requests_are_refused_where_they_break_openrtb_itself() {
    let Some(lines) = corpus("invalid.jsonl") else { return };
    let strict = DecodeOptions { strictness: Strictness::Strict, ..options() };
    let mut refused = 0;
    for line in &lines {
        let (request, source) = request_of(line);
        let name = source.rsplit('/').next().unwrap().trim_end_matches(".json");
        let tolerant = decode(request.as_bytes(), &options());
        let ruling = ruling(name).unwrap_or_else(|| panic!("no ruling on {name}"));
        match ruling {
            Breaks(reason) => {
                let bad = tolerant.expect_err(name).to_string();
                assert!(bad.contains(reason), "{name}: {bad}");
                assert!(!bad.contains('\n'), "{name}: {bad}");
                refused += 1;
            }
            PrebidOnly | Tolerable => {
                let decoded = tolerant.unwrap_or_else(|bad| panic!("{name}: {bad}"));
                assert_eq!(decoded.tolerated, None, "{name}");
            }
            PartBroken(reason) => {
                let decoded = tolerant.unwrap_or_else(|bad| panic!("{name}: {bad}"));
                assert!(decoded.request.imps.iter().all(|imp| imp.media == Media::default()), "{name}");
                let bad = decode(request.as_bytes(), &strict).expect_err(name).to_string();
                assert!(bad.contains(reason), "{name}: {bad}");
            }
        }
    }
    assert_eq!((lines.len(), refused), (62, 27));
}
