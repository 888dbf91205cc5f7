//! Hostile input: whatever comes, decoding returns.

mod common;

use common::{corpus, options, request_of};
use motet_openrtb::{decode, decode_native};
use proptest::prelude::*;

const SEEDS: [&str; 3] = [
    r#"{"id":"r","imp":[{"id":"1","banner":{"format":[{"w":300,"h":250}]},"bidfloor":1.5,"pmp":{"deals":[{"id":"d"}]}}],"site":{"page":"https://a.example/é"}}"#,
    r#"{"id":"r","at":1,"imp":[{"id":"1","video":{"mimes":["video/mp4"],"durfloors":[{"mindur":1}]},"native":{"request":"{\"assets\":[{\"id\":1,\"title\":{\"len\":5}}]}"}}],"device":{"ip":"1.2.3.4","geo":{"country":"de"}}}"#,
    r#"{"id":"r","imp":[{"id":"1","audio":{}}],"user":{"ext":{"eids":[{"source":"s","uids":[{"id":"1"}]}],"consent":"C"}},"regs":{"ext":{"gdpr":1}},"source":{"schain":{"nodes":[]}}}"#,
];

/// Cuts, doubles and replaces bytes of a body.
fn mutate(body: &str, edits: &[(usize, u8, u8)]) -> Vec<u8> {
    let mut bytes = body.as_bytes().to_vec();
    for (place, what, byte) in edits {
        let at = place % bytes.len().max(1);
        match what % 4 {
            0 if at < bytes.len() => bytes[at] = *byte,
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.insert(at, *byte),
            _ => bytes.truncate(at + 1),
        }
    }
    bytes
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes, &options());
    }

    #[test]
    fn any_native_text_is_answered(text in ".{0,100}") {
        let _ = decode_native(&text);
    }

    #[test]
    fn mutated_requests_are_answered_in_one_line(
        seed in 0..SEEDS.len(),
        edits in proptest::collection::vec((any::<usize>(), 0_u8..4, prop_oneof![any::<u8>(), Just(b'"'), Just(b'-'), Just(b'9')]), 1..6),
    ) {
        if let Err(bad) = decode(&mutate(SEEDS[seed], &edits), &options()) {
            prop_assert!(!bad.to_string().contains('\n'), "{bad:?}");
        }
    }
}

#[test]
fn every_prefix_of_a_real_request_is_answered() {
    let Some(lines) = corpus("requests.jsonl") else { return };
    for line in lines.iter().step_by(37) {
        let (request, _) = request_of(line);
        for end in (0..request.len()).step_by(5) {
            assert!(decode(&request.as_bytes()[..end], &options()).is_err());
        }
    }
}
