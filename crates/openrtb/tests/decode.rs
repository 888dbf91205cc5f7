//! What single fields become, as tables.

mod common;

use common::{options, rates};
use motet_model::{
    codes::Code,
    request::{
        Access, AdRequest, Channel, Completeness, DealPricing, DeviceKind, Durations, Mode, NativeAssetKind,
        Need, Ownership, Placement, Pricing, Security, Size,
    },
};
use motet_openrtb::{DecodeOptions, Decoded, decode, redact};
use motet_units::{CpmMicros, Span};

fn read(body: &str) -> Decoded {
    decode(body.as_bytes(), &options()).unwrap_or_else(|bad| panic!("{bad}\n{body}"))
}

/// Puts one more field into a small request.
fn with(field: &str) -> Decoded {
    read(&format!(r#"{{"id":"r","imp":[{{"id":"1","banner":{{}}}}],{field}}}"#))
}

/// Puts one more field into its imp.
fn imp(field: &str) -> AdRequest {
    read(&format!(r#"{{"id":"r","imp":[{{"id":"1","banner":{{}},{field}}}]}}"#)).request
}

fn refused(body: &str) -> String {
    decode(body.as_bytes(), &options()).expect_err(body).to_string()
}

#[test]
fn refusals_name_the_field_in_one_line() {
    let table = [
        ("", "the body is not JSON: EOF while parsing a value at line 1 column 0"),
        ("{", "the body is not JSON: EOF while parsing an object at line 1 column 1"),
        ("[]", "the body is no JSON object"),
        ("null", "the body is no JSON object"),
        ("{}", "id is missing"),
        (r#"{"id":"r"}"#, "imp is missing"),
        (r#"{"id":{},"imp":[]}"#, "id: invalid type: map, expected a string"),
        (r#"{"id":"r","imp":{}}"#, "imp: invalid type: map, expected an array"),
        (r#"{"id":"r","imp":[1]}"#, "imp[0]: invalid type: integer `1`, expected an object"),
        (
            r#"{"id":"r","imp":[{"id":"1","video":{"maxduration":"long"}}]}"#,
            "imp[0].video.maxduration: 'long' is not a number",
        ),
        (
            r#"{"id":"r","imp":[{"id":"1","banner":{}}],"site":{"page":true}}"#,
            "site.page: invalid type: boolean `true`, expected a string",
        ),
        (r#"{"id":"r","imp":[{"id":"1","banner":{}}],"tmax":-5}"#, "tmax: -5 is below zero"),
        (
            r#"{"id":"r","imp":[{"id":"1","banner":{}}],"app":{},"dooh":{}}"#,
            "only one of site, app and dooh may be present",
        ),
    ];
    for (body, reason) in table {
        assert_eq!(refused(body), reason, "{body}");
    }
    let many = format!(r#"{{"id":"r","imp":[{}]}}"#, vec![r#"{"id":"1"}"#; 101].join(","));
    assert_eq!(refused(&many), "imp has 101 entries, at most 100 are taken");
}

#[test]
fn floors_are_converted_and_rounded_up() {
    let table = [
        (r#""bidfloor":1.1"#, 1_100_000),
        (r#""bidfloor":"0.5""#, 500_000),
        (r#""bidfloor":1,"bidfloorcur":"EUR""#, 1_100_000),
        (r#""bidfloor":0.000001,"bidfloorcur":"EUR""#, 2),
        (r#""bidfloor":100,"bidfloorcur":"jpy""#, 670_000),
        (r#""bidfloor":1,"bidfloorcur":"XXX""#, CpmMicros::MAX.get()),
        (r#""bidfloor":0,"bidfloorcur":"XXX""#, 0),
        (r#""bidfloor":-2"#, 0),
        (r#""bidfloor":null"#, 0),
        (r#""tagid":1"#, 0),
    ];
    for (field, micros) in table {
        assert_eq!(imp(field).imps[0].floor, CpmMicros::new(micros), "{field}");
    }
}

#[test]
fn deals_have_floors_prices_and_guests_of_their_own() {
    let request = imp(r#""bidfloor":9,"bidfloorcur":"EUR","pmp":{"private_auction":"1","deals":[
            {"id":"a","bidfloor":2},
            {"id":7,"bidfloor":2,"bidfloorcur":"EUR","at":3,"wseat":["s"],"wadomain":["Shop.Example"]},
            {"id":"c","at":1,"bidfloor":1,"durfloors":[{"mindur":1,"maxdur":15,"bidfloor":4}]}]}"#);
    let imp = &request.imps[0];
    assert_eq!(imp.access, Access::DealsOnly);
    let summary: Vec<_> = imp.deals.iter().map(|d| (d.id.as_str(), d.floor.get(), d.pricing)).collect();
    assert_eq!(
        summary,
        [
            ("a", 2_000_000, DealPricing::Auction(Pricing::SecondPrice)),
            ("7", 2_200_000, DealPricing::Fixed),
            ("c", 4_000_000, DealPricing::Auction(Pricing::FirstPrice)),
        ]
    );
    assert_eq!(imp.deals[1].seats, ["s"]);
    assert_eq!(imp.deals[1].advertiser_domains, ["shop.example"]);
}

#[test]
fn flags_are_read_as_numbers_booleans_and_texts() {
    for on in ["1", "true", "\"1\"", "\"true\"", "1.0"] {
        let request = imp(&format!(r#""secure":{on},"instl":{on}"#));
        assert_eq!(request.imps[0].secure, Security::HttpsOnly, "{on}");
        assert_eq!(request.imps[0].placement, Placement::Interstitial, "{on}");
        let decoded = with(&format!(
            r#""test":{on},"regs":{{"coppa":{on},"gdpr":{on}}},"ext":{{"motet":{{"nbr":{on}}}}}"#
        ));
        assert_eq!(decoded.request.mode, Mode::Test, "{on}");
        assert!(decoded.request.privacy.coppa && decoded.wants_reasons, "{on}");
        assert_eq!(decoded.request.privacy.gdpr, Some(true), "{on}");
    }
    for off in ["0", "false", "\"0\"", "null", "\"\""] {
        let request = imp(&format!(r#""secure":{off},"rwdd":{off}"#));
        assert_eq!(request.imps[0].secure, Security::Any, "{off}");
        assert_eq!(request.imps[0].placement, Placement::Ordinary, "{off}");
    }
}

#[test]
fn privacy_is_read_in_both_its_places() {
    let first = with(
        r#""regs":{"gdpr":1,"us_privacy":"1YNN","gpp":"DB","gpp_sid":[7,8]},"user":{"consent":"C"},"device":{"lmt":1,"dnt":true}"#,
    );
    let ext = with(
        r#""regs":{"ext":{"gdpr":1,"us_privacy":"1YNN","gpp":"DB","gpp_sid":[7,8]}},"user":{"ext":{"consent":"C"}},"device":{"lmt":"1","dnt":1}"#,
    );
    assert_eq!(first.request.privacy, ext.request.privacy);
    assert_eq!(first.request.privacy.tcf.as_deref(), Some("C"));
    assert_eq!(first.request.privacy.gpp_sections.as_slice(), [7, 8]);
    assert!(first.request.privacy.limit_tracking && first.request.privacy.do_not_track);
    // Where the two places contradict each other, the stricter holds.
    assert_eq!(with(r#""regs":{"gdpr":0,"ext":{"gdpr":1}}"#).request.privacy.gdpr, Some(true));
    assert_eq!(with(r#""regs":{}"#).request.privacy.gdpr, None);
}

#[test]
fn a_child_is_known_by_the_year_of_birth() {
    let body = br#"{"id":"r","imp":[{"id":"1","banner":{}}],"user":{"yob":2015}}"#;
    let child = |year| decode(body, &DecodeOptions { year, ..options() }).unwrap().request.privacy.child;
    assert!(child(2026) && child(2028));
    assert!(!child(2029) && !child(0));
}

#[test]
fn identifiers_come_apart_from_the_request() {
    let decoded = with(
        r#""user":{"id":"exchange-id","buyeruid":"ours","eids":"bad","ext":{"eids":[{"source":"id.example","uids":[{"id":"e1"},{}]}]}},
           "device":{"ifa":"00000000-0000-0000-0000-000000000000"}"#,
    );
    assert_eq!(decoded.identity.best(), Some(("buyeruid", "ours")));
    assert_eq!(decoded.identity.eids, [("id.example".to_owned(), "e1".to_owned())]);
    let request = format!("{:?}{:?}", decoded.request, decoded.identity);
    assert!(!["exchange-id", "ours", "e1", "0000-"].iter().any(|id| request.contains(id)), "{request}");
    let only_zeros = with(r#""device":{"ifa":"00000000-0000-0000-0000-000000000000"}"#);
    assert_eq!(only_zeros.identity.best(), None);
}

#[test]
fn currencies_are_chosen_by_what_is_taken_and_has_a_rate() {
    let table = [
        (r#""cur":[]"#, "USD", true),
        (r#""cur":["EUR","USD"]"#, "USD", true),
        (r#""cur":["GBP","EUR","JPY"]"#, "EUR", true),
        (r#""cur":["GBP"]"#, "USD", false),
        (r#""cur":["nonsense"]"#, "USD", false),
    ];
    for (field, code, taken) in table {
        let decoded = with(field);
        assert_eq!(
            (decoded.request.currency.code.as_str(), decoded.currency_taken),
            (code, taken),
            "{field}"
        );
    }
}

#[test]
fn sizes_come_from_formats_or_the_slot() {
    let sizes = |banner: &str| {
        let request = read(&format!(r#"{{"id":"r","imp":[{{"id":"1","banner":{banner}}}]}}"#)).request;
        let sizes: Vec<_> =
            request.imps[0].media.banner.as_ref().unwrap().sizes.iter().map(|s| (s.w, s.h)).collect();
        (sizes, request.oddities.hidden_slots)
    };
    assert_eq!(sizes(r#"{"w":300,"h":250}"#), (vec![(300, 250)], 0));
    assert_eq!(
        sizes(r#"{"format":[{"w":728,"h":90},{"w":"970","h":90.0}]}"#),
        (vec![(728, 90), (970, 90)], 0)
    );
    assert_eq!(sizes("{}"), (vec![], 0));
    assert_eq!(sizes(r#"{"w":300}"#), (vec![], 0));
    assert_eq!(sizes(r#"{"w":0,"h":0}"#), (vec![], 1));
    assert_eq!(sizes(r#"{"w":1,"h":1}"#), (vec![(1, 1)], 1));
    assert_eq!(sizes(r#"{"format":[{"w":1,"h":1},{"w":300,"h":250}]}"#), (vec![(1, 1), (300, 250)], 0));
    assert_eq!(sizes(r#"{"w":100000,"h":5}"#), (vec![(65_535, 5)], 0));
}

#[test]
fn stacked_slots_are_counted() {
    let request = read(
        r#"{"id":"r","imp":[{"id":"1","tagid":"t","banner":{"pos":1}},{"id":"2","tagid":"t","banner":{"pos":1}},
            {"id":"3","tagid":"t","banner":{"pos":3}},{"id":"4","tagid":"t","audio":{}},{"id":"5","banner":{}},
            {"id":"6","banner":{}}]}"#,
    );
    assert_eq!(request.request.oddities.stacked_slots, 1);
}

#[test]
fn timed_slots_keep_durations_floors_and_protocols() {
    let request = read(
        r#"{"id":"r","imp":[{"id":"1","bidfloorcur":"EUR","audio":{"mimes":["audio/mp3","audio/unheard-of"],
            "minduration":5,"maxduration":30,"protocols":[3,7],"battr":[1,500],"mincpmpersec":0.1,
            "durfloors":[{"mindur":1,"maxdur":15,"bidfloor":2},{"mindur":16,"bidfloor":3}]},
            "video":{"rqddurs":[15,30],"poddur":60,"w":640,"h":360}}]}"#,
    )
    .request;
    let media = &request.imps[0].media;
    let (audio, video) = (media.audio.as_ref().unwrap(), media.video.as_ref().unwrap());
    assert_eq!(audio.durations, Durations::Between { least: 5, most: 30 });
    assert_eq!(audio.mimes.names().collect::<Vec<_>>(), ["audio/mpeg"]);
    assert_eq!(audio.protocols.iter().collect::<Vec<_>>(), [3, 7]);
    assert_eq!(audio.floor_per_second, Some(CpmMicros::new(110_000)));
    let floors: Vec<_> = audio.duration_floors.iter().map(|f| (f.least, f.most, f.floor.get())).collect();
    assert_eq!(floors, [(1, 15, 2_200_000), (16, u32::MAX, 3_300_000)]);
    assert_eq!(video.durations, Durations::OneOf([15, 30].into_iter().collect()));
    assert_eq!(video.size, Some(Size { w: 640, h: 360 }));
}

#[test]
fn a_list_of_nothing_known_does_not_turn_into_any() {
    let request = read(
        r#"{"id":"r","imp":[{"id":"1","video":{"mimes":["video/unheard-of"]},"audio":{"protocols":[900]},
            "banner":{"mimes":["image/unheard-of"]}}],"acat":["?"],"wlang":["??"]}"#,
    )
    .request;
    let media = &request.imps[0].media;
    assert!(media.video.is_none() && media.audio.is_none());
    assert_eq!(media.banner.as_ref().unwrap().mimes.names().collect::<Vec<_>>(), ["text/html"]);
    assert_eq!(request.blocks.allowed_categories.len(), 1);
    assert_eq!(request.languages.len(), 1);
}

#[test]
fn native_requests_are_read_in_every_form() {
    let assets = r#"[{"id":1,"required":1,"title":{"len":90}},{"id":2,"img":{"type":1,"wmin":50,"hmin":50}},
        {"id":3,"required":true,"img":{"type":3,"w":1200,"h":627}},{"id":4,"data":{"type":12,"len":15}}]"#;
    let forms = [
        format!(r#"{{"assets":{assets}}}"#),
        format!(r#"{{"native":{{"assets":{assets}}}}}"#),
        serde_json::to_string(&format!(r#"{{"ver":"1.2","assets":{assets}}}"#)).unwrap(),
        serde_json::to_string(&format!(r#"{{"native":{{"assets":{assets}}}}}"#)).unwrap(),
    ];
    for form in forms {
        let request = imp(&format!(r#""native":{{"request":{form},"battr":[2]}}"#));
        let native = request.imps[0].media.native.as_ref().unwrap_or_else(|| panic!("{form}"));
        let summary: Vec<_> = native.assets.iter().map(|a| (a.id, a.need, a.kind)).collect();
        let (least, wished) = (Size { w: 50, h: 50 }, Size { w: 1200, h: 627 });
        assert_eq!(
            summary,
            [
                (1, Need::Required, NativeAssetKind::Title { length: 90 }),
                (2, Need::Optional, NativeAssetKind::Icon { least }),
                (3, Need::Required, NativeAssetKind::Image { least: wished }),
                (4, Need::Optional, NativeAssetKind::Data { kind: 12, length: 15 }),
            ]
        );
    }
    let unreadable = imp(r#""native":{"request":"no json"}"#);
    assert!(unreadable.imps[0].media.native.is_none() && unreadable.imps[0].media.banner.is_some());
}

#[test]
fn inventory_says_where_and_whose_it_is() {
    let owned = DecodeOptions { owned_publishers: ["mine".to_owned()].into(), ..options() };
    let body = br#"{"id":"r","imp":[{"id":"1","audio":{}}],"ext":{"motet":{"owned":1}},"site":{"page":"https://www.News.example/a",
        "publisher":{"id":"mine"},"cat":["IAB1","IAB1"],"sectioncat":["483"],"cattax":7,"keywords":"Jazz, blues,",
        "content":{"cat":["IAB17-44"],"language":"en-GB","title":"T","kwarray":["BLUES","Live"],"genre":"Podcast"}}}"#;
    let inventory = decode(body, &owned).unwrap().request.inventory;
    assert_eq!(inventory.ownership, Ownership::Owned);
    assert_eq!(decode(body, &options()).unwrap().request.inventory.ownership, Ownership::Exchange);
    assert_eq!(inventory.domain.as_deref(), Some("news.example"));
    assert_eq!(format!("{:?}", inventory.categories), "[IAB1, 9:483, IAB17-44]");
    assert_eq!(inventory.keywords, ["jazz", "blues", "blues", "live", "podcast"]);
    assert_eq!(inventory.language, Code::language("en"));
    let both = with(r#""site":{"domain":"a.example"},"app":{"bundle":"com.app"}"#).request;
    assert!(both.oddities.mixed_channels);
    assert_eq!((both.inventory.channel, both.inventory.bundle.as_deref()), (Channel::Site, Some("com.app")));
}

#[test]
fn the_device_is_read_with_its_place() {
    let device = with(
        r#""device":{"devicetype":"4","os":"iOS","make":"Apple","ip":"nonsense","ipv6":"2001:db8::1","language":"DE-at","w":390,"h":844,
            "sua":{"platform":{"brand":"macOS"},"browsers":[{"brand":"Chrome"}],"mobile":0},
            "geo":{"country":"us","region":"us-ca","utcoffset":-480}},"user":{"geo":{"country":"USA","city":"Los Angeles"}}"#,
    )
    .request
    .device;
    assert_eq!(device.kind, DeviceKind::Phone);
    assert_eq!((device.os.as_deref(), device.make.as_deref()), (Some("ios"), Some("apple")));
    assert_eq!(device.ip, "2001:db8::1".parse().ok());
    assert_eq!(device.language, Code::language("de"));
    assert_eq!(device.geo.country, Code::country("USA"));
    assert_eq!((device.geo.region.as_deref(), device.geo.city.as_deref()), (Some("CA"), Some("los angeles")));
    assert_eq!(device.utc_offset_minutes, Some(-480));
    assert_eq!(device.hints.unwrap().mobile, Some(false));
    assert!(with(r#""device":{"ip":"nonsense"}"#).request.oddities.unreadable_ip);
    assert!(!with(r#""device":{"ip":""}"#).request.oddities.unreadable_ip);
    // A user known to be elsewhere says nothing about the device's city.
    let elsewhere =
        with(r#""device":{"geo":{"country":"DEU"}},"user":{"geo":{"country":"FRA","city":"Paris"}}"#);
    assert_eq!(elsewhere.request.device.geo.city, None);
}

#[test]
fn supply_chains_are_complete_incomplete_or_absent() {
    let table = [
        (
            r#""source":{"schain":{"complete":1,"nodes":[{"asi":"A.example","sid":"1"}]}}"#,
            Completeness::Complete,
        ),
        (
            r#""source":{"ext":{"schain":{"complete":1,"nodes":[{"asi":"a.example"}]}}}"#,
            Completeness::Complete,
        ),
        (r#""source":{"schain":{"complete":0,"nodes":[{"asi":"a.example"}]}}"#, Completeness::Incomplete),
        (r#""source":{"schain":{"complete":1,"nodes":[{"sid":"1"}]}}"#, Completeness::Incomplete),
        (r#""source":{"schain":"1.0,1!a.example"}"#, Completeness::Incomplete),
        (r#""source":{"ext":{"schain":""}}"#, Completeness::Absent),
        (r#""source":{}"#, Completeness::Absent),
    ];
    for (field, completeness) in table {
        assert_eq!(with(field).request.supply.completeness, completeness, "{field}");
    }
}

#[test]
fn the_frame_is_read() {
    let request = with(
        r#""at":1,"tmax":120,"bcat":["IAB25","7"],"cattax":6,"badv":["Bad.Example"],"bapp":["com.x"],"wseat":["s1"],"bseat":["s2"],"wlang":["en"],"wlangb":["fr-CA"]"#,
    )
    .request;
    assert_eq!((request.pricing, request.tmax), (Pricing::FirstPrice, Some(Span::from_millis(120))));
    assert_eq!(format!("{:?}", request.blocks.categories), "[IAB25, 6:7]");
    assert_eq!(request.blocks.domains, ["bad.example"]);
    assert_eq!(request.languages.len(), 2);
    assert_eq!(with(r#""at":2"#).request.pricing, Pricing::SecondPrice);
    assert_eq!(with(r#""at":700"#).request.pricing, Pricing::FirstPrice);
    assert_eq!(with(r#""tmax":0"#).request.tmax, None);
}

#[test]
fn one_play_can_be_many_impressions() {
    for (field, millis) in [
        (r#""qty":{"multiplier":14.2}"#, 14_200),
        (r#""qty":{"multiplier":0}"#, 1_000),
        (r#""qty":{}"#, 1_000),
        (r#""exp":5"#, 1_000),
    ] {
        assert_eq!(imp(field).imps[0].quantity_millis, millis, "{field}");
    }
}

#[test]
fn flawed_imps_keep_no_media_and_the_rest_is_answered() {
    let decoded = read(
        r#"{"id":"r","imp":[{"id":"1","banner":{}},{"id":"1","banner":{}},{"banner":{}},{"id":"4"},{"id":"5","banner":{}}]}"#,
    );
    let offered: Vec<_> = decoded.request.imps.iter().map(|imp| imp.media.banner.is_some()).collect();
    assert_eq!(offered, [false, false, false, false, true]);
    assert!(decoded.tolerated.is_some());
}

#[test]
fn redaction_takes_the_person_out() {
    let mut request = with(
        r#""device":{"ip":"203.0.113.77","ua":"UA","geo":{"country":"DEU","city":"Ulm"}},"user":{"keywords":"golf","data":[{"name":"p","segment":[{"id":"s"}]}]}"#,
    )
    .request;
    assert_eq!(request.user.segments, ["p/s"]);
    redact(&mut request);
    assert!(request.user.segments.is_empty() && request.user.keywords.is_empty());
    assert_eq!(request.device.ip, "203.0.113.0".parse().ok());
    assert_eq!(
        (request.device.geo.city.as_deref(), request.device.user_agent.as_deref()),
        (None, Some("UA"))
    );
    assert_eq!(request.device.geo.country, Code::country("DEU"));
}

#[test]
fn rates_of_nothing_are_left_out() {
    let pound = Code::currency("GBP").unwrap();
    assert!(rates().with(pound, 0).rate(pound).is_none());
}
