use proptest::prelude::*;

use motet_units::Span;

use super::*;

fn signer() -> Signer {
    Signer::new([(1, [7; 32])])
}

fn sample(kind: Kind) -> Claim {
    Claim {
        bid: BidId { decision: DecisionId::new(3, 0x0012_3456_789A), imp: 2 },
        creative: CreativeIx(77),
        reserved: Nanos::new(2_345_678),
        price: CpmMicros::new(2_345_678),
        charge: Charge::OnBilling,
        day: 20_500,
        kind,
        expires: Timestamp::from_secs(1_800_000_000),
    }
}

const NOW: Timestamp = Timestamp::from_secs(1_799_999_000);

fn tag_hex(key: &[u8], text: &[u8]) -> String {
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(key).unwrap();
    mac.update(text);
    secrets::hex(&mac.finalize().into_bytes())
}

#[test]
fn the_signature_is_that_of_rfc_4231() {
    let cases: [(&[u8], &[u8], &str); 5] = [
        (
            &[0x0b; 20],
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            &[0xaa; 131],
            b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ];
    for (key, text, tag) in cases {
        assert_eq!(tag_hex(key, text), tag);
    }
    // A token's tag is the first half of the same function over its body.
    let claim = sample(Kind::Win);
    let token = URL_SAFE_NO_PAD.decode(signer().sign(&claim).as_str()).unwrap();
    assert_eq!(secrets::hex(&token[BODY..]), tag_hex(&[7; 32], &body(1, &claim))[..32]);
}

#[test]
fn a_token_says_what_it_was_signed_for() {
    for kind in Kind::ALL {
        let token = signer().sign(&sample(kind));
        assert_eq!(token.as_str().len(), 72);
        assert_eq!(signer().verify(token.as_str(), kind, NOW), Ok(sample(kind)));
    }
}

#[test]
fn a_token_is_worth_nothing_for_another_kind_or_key() {
    for signed in Kind::ALL {
        let token = signer().sign(&sample(signed));
        for asked in Kind::ALL.into_iter().filter(|asked| *asked != signed) {
            assert_eq!(signer().verify(token.as_str(), asked, NOW), Err(Refused::Forged));
        }
        let other_secret = Signer::new([(1, [8; 32])]);
        let other_id = Signer::new([(2, [7; 32])]);
        for other in [other_secret, other_id] {
            assert_eq!(other.verify(token.as_str(), signed, NOW), Err(Refused::Forged));
        }
    }
}

#[test]
fn a_token_lasts_to_its_last_moment_and_no_longer() {
    let claim = sample(Kind::Click);
    let token = signer().sign(&claim);
    assert_eq!(signer().verify(token.as_str(), Kind::Click, claim.expires), Ok(claim));
    let after = claim.expires + Span::from_micros(1);
    assert_eq!(signer().verify(token.as_str(), Kind::Click, after), Err(Refused::Expired(claim)));
    assert_eq!(signer().verify(token.as_str(), Kind::Win, after), Err(Refused::Forged));
    let uneven = Claim { expires: Timestamp::from_micros(1_500_000), ..claim };
    let token = signer().sign(&uneven);
    assert!(signer().verify(token.as_str(), Kind::Click, uneven.expires).is_ok());
}

#[test]
fn what_is_no_token_is_malformed() {
    let good = signer().sign(&sample(Kind::Win));
    let cut = &good.as_str()[..69];
    for text in ["", "abc", cut, &format!("{good}A"), &good.as_str().replace(&good.as_str()[..1], "!")] {
        assert_eq!(signer().verify(text, Kind::Win, NOW), Err(Refused::Malformed), "{text}");
    }
}

#[test]
fn none_of_a_hundred_thousand_mutations_is_taken() {
    let mut stream = motet_units::Chance::new(1, 1).stream("mutations");
    let mut accepted = 0;
    for round in 0..100_000_u32 {
        let kind = Kind::ALL[round as usize % 6];
        let token = signer().sign(&sample(kind));
        let mut bytes = URL_SAFE_NO_PAD.decode(token.as_str()).unwrap();
        for _ in 0..=stream.below(3) {
            let place = stream.below(bytes.len() as u64) as usize;
            bytes[place] ^= 1 + stream.below(255) as u8;
        }
        let mutated = URL_SAFE_NO_PAD.encode(&bytes);
        let changed = mutated != token.as_str();
        accepted += u32::from(changed && signer().verify(&mutated, kind, NOW).is_ok());
    }
    assert_eq!(accepted, 0);
}

proptest! {
    #[test]
    fn any_claim_survives_the_way_through_its_text(
        decision in any::<u64>(), imp in any::<u16>(), creative in any::<u32>(),
        expires in 0..i64::from(u32::MAX), kind in 0..6_usize, money in (0_i64..1 << 53, 0_i64..1 << 53),
        day in any::<u16>(), charge in prop::sample::select(vec![Charge::OnBilling, Charge::OnImpression]),
    ) {
        let claim = Claim {
            bid: BidId { decision: DecisionId(decision), imp },
            creative: CreativeIx(creative),
            reserved: Nanos::new(money.0),
            price: CpmMicros::new(money.1),
            charge,
            day,
            kind: Kind::ALL[kind],
            expires: Timestamp::from_secs(expires),
        };
        let token = signer().sign(&claim);
        prop_assert_eq!(signer().verify(token.as_str(), claim.kind, Timestamp::from_secs(0)), Ok(claim));
    }

    #[test]
    fn no_text_is_taken_or_breaks_the_reader(text in "\\PC{0,90}") {
        prop_assert!(signer().verify(&text, Kind::Win, NOW).is_err());
    }
}

const DAY: i64 = 86_400;

fn day(n: i64) -> Timestamp {
    Timestamp::from_secs(n * DAY)
}

#[test]
fn a_new_key_signs_while_the_old_one_is_still_accepted() {
    let (rotate, overlap) = (Span::from_secs(30 * DAY), Span::from_secs(7 * DAY));
    let mut secrets = Secrets::generate(day(0)).unwrap();
    let claim = Claim { expires: day(100), ..sample(Kind::Billing) };
    let old = secrets.signer().sign(&claim);

    assert!(!secrets.rotate(day(30), rotate, overlap).unwrap());
    assert!(secrets.rotate(day(31), rotate, overlap).unwrap());
    let new = secrets.signer().sign(&claim);
    assert_ne!(old, new);
    for token in [old, new] {
        assert_eq!(secrets.signer().verify(token.as_str(), Kind::Billing, day(31)), Ok(claim));
    }

    assert!(!secrets.rotate(day(38), rotate, overlap).unwrap(), "within the overlap");
    assert!(secrets.rotate(day(39), rotate, overlap).unwrap());
    let verify = |token: Token| secrets.signer().verify(token.as_str(), Kind::Billing, day(39));
    assert_eq!(verify(old), Err(Refused::Forged));
    assert_eq!(verify(new), Ok(claim));
}

#[test]
fn secrets_are_kept_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/secrets.toml");
    let made = Secrets::open_or_create(&path, day(0)).unwrap();
    let read = Secrets::open_or_create(&path, day(1)).unwrap();
    let token = made.signer().sign(&sample(Kind::Win));
    assert!(read.signer().verify(token.as_str(), Kind::Win, NOW).is_ok());
    assert_eq!(made.user_hasher().key("ifa", "abc"), read.user_hasher().key("ifa", "abc"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let rotated =
        Secrets::open_and_rotate(&path, day(40), Span::from_secs(DAY), Span::from_secs(DAY)).unwrap();
    let again = Secrets::open_or_create(&path, day(40)).unwrap();
    assert_eq!(rotated.signer().sign(&sample(Kind::Win)), again.signer().sign(&sample(Kind::Win)));
}

#[test]
fn a_broken_file_is_an_error_that_does_not_repeat_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets.toml");
    std::fs::write(&path, "user_key = \"5ec4e7\"\nsigning_keys = []").unwrap();
    let error = Secrets::open_or_create(&path, day(0)).unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(told.contains("secrets.toml") && !told.contains("5ec4e7"), "{told}");
}

#[test]
fn nothing_secret_is_ever_printed() {
    let secrets = Secrets::generate(day(0)).unwrap();
    let told = format!("{secrets:?} {:?} {:?}", secrets.signer(), secrets.user_hasher());
    assert_eq!(told, "Secrets { signing_keys: 1, .. } Signer { key_ids: [1], .. } UserHasher(…)");
}

#[test]
fn users_differ_by_kind_and_secret() {
    let (one, two) = (Secrets::generate(day(0)).unwrap(), Secrets::generate(day(0)).unwrap());
    let key = |secrets: &Secrets, kind: &str| secrets.user_hasher().key(kind, "abc");
    assert_eq!(key(&one, "ifa"), key(&one, "ifa"));
    assert_ne!(key(&one, "ifa"), key(&one, "user_id"));
    assert_ne!(key(&one, "ifa"), key(&two, "ifa"));
}
