//! Whole responses, one per media kind, and what must never get into them.

mod common;

use std::fmt::Write;

use common::{in_both_forms, options};
use expect_test::{Expect, expect};
use motet_model::{
    campaign::{
        Advertiser, BrandSafety, Budget, Campaign, Content as Ad, Creative, Flight, Goal, ImageFile,
        MediaFile, NativeContent, Pacing, Status, TimedContent,
    },
    catalog::{Catalog, Change},
    codes::{CodeSet, Mimes},
    decision::{Bid, Charge, Decision, Finding, ImpDecision, NoBidReason},
    ids::{AdvertiserIx, BidId, CampaignIx, CreativeIx, DecisionId},
    request::{AdRequest, Size},
    targeting::Targeting,
};
use motet_openrtb::{Answer, DecodeOptions, LinkKind, Links, Reasons, decode};
use motet_units::{CpmMicros, Nanos, Probability, Span, Timestamp};

struct TestLinks;

impl Links for TestLinks {
    fn write(&self, bid: &Bid, kind: LinkKind, url: &mut String) {
        let path = format!("{kind:?}").to_lowercase();
        write!(url, "https://ads.example/{path}?t={}", bid.id).unwrap();
    }
}

fn creative(id: &str, content: Ad) -> Creative {
    Creative {
        id: id.to_owned(),
        campaign: "camp".to_owned(),
        status: Status::Active,
        domains: vec!["shop.example".to_owned()],
        bundle: None,
        categories: vec!["IAB17-44".parse().unwrap(), "9:483".parse().unwrap()],
        attributes: CodeSet::from_iter([1, 6]),
        language: motet_model::codes::Code::language("en"),
        landing_page: "https://shop.example/".to_owned(),
        content,
    }
}

fn timed(url: &str, mime: &str, size: Option<Size>) -> TimedContent {
    let file = MediaFile { url: url.to_owned(), mime: Mimes::of(mime).unwrap(), size, bitrate_kbps: 128 };
    TimedContent { duration_s: 30, files: vec![file] }
}

fn catalog(name: &str, content: Ad) -> Catalog {
    let advertiser = Advertiser {
        id: "adv".to_owned(),
        name: name.to_owned(),
        seat: "seat-1".to_owned(),
        brand_safety: BrandSafety::default(),
        blocked_publishers: vec![],
        blocked_content: vec![],
        status: Status::Active,
    };
    let campaign = Campaign {
        id: "camp".to_owned(),
        advertiser: "adv".to_owned(),
        name: "Campaign".to_owned(),
        status: Status::Active,
        budget: Budget::default(),
        goal: Goal::Cpm { price: CpmMicros::from_units(5.0) },
        most_cpm: None,
        flight: Flight { start: Timestamp::from_secs(0), end: None, utc_offset: Span::ZERO },
        pacing: Pacing::Even,
        frequency: None,
        targeting: Targeting::default(),
    };
    let mut catalog = Catalog::default();
    catalog.apply(&Change::PutAdvertiser(advertiser)).unwrap();
    catalog.apply(&Change::PutCampaign(campaign)).unwrap();
    catalog.apply(&Change::PutCreative(creative("cr-1", content))).unwrap();
    catalog
}

fn bid(request: &AdRequest, catalog: &Catalog, imp: u16) -> ImpDecision {
    let content = &catalog.creative(CreativeIx(0)).creative.content;
    let price = CpmMicros::new(2_345_678);
    ImpDecision::Bid(Bid {
        id: BidId { decision: DecisionId::new(1, 7), imp },
        campaign: CampaignIx(0),
        advertiser: AdvertiserIx(0),
        creative: CreativeIx(0),
        price,
        reserved: Nanos::new(price.get()),
        deal: request.imps[usize::from(imp)].deals.first().map(|_| 0),
        kind: content.kind(),
        size: content.size(),
        propensity: Probability::ONE,
        charge: Charge::of(request.inventory.ownership),
        expires: Timestamp::from_secs(1_000 + 3_600),
    })
}

fn request(body: &str) -> AdRequest {
    let owned = DecodeOptions { owned_publishers: ["mine".to_owned()].into(), ..options() };
    decode(body.as_bytes(), &owned).unwrap().request
}

fn decision(imps: Vec<ImpDecision>) -> Decision {
    Decision { id: DecisionId::new(1, 7), at: Timestamp::from_secs(1_000), imps }
}

fn respond(
    request: &AdRequest,
    catalog: &Catalog,
    imps: Vec<ImpDecision>,
    reasons: Reasons,
) -> Option<String> {
    let decision = decision(imps);
    let answer = Answer { request, decision: &decision, catalog, links: &TestLinks, reasons };
    in_both_forms(&answer)
}

/// Checks a response to a request with one imp, laid out for reading, its markup below.
fn check(body: &str, name: &str, content: Ad, expected: &Expect) {
    let (request, catalog) = (request(body), catalog(name, content));
    let text = respond(&request, &catalog, vec![bid(&request, &catalog, 0)], Reasons::NotWanted).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let adm = json["seatbid"][0]["bid"][0]["adm"].take();
    expected.assert_eq(&format!(
        "{}\n\n{}\n",
        serde_json::to_string_pretty(&json).unwrap(),
        adm.as_str().unwrap()
    ));
}

#[test]
fn an_image_banner_is_answered_whole() {
    let content = Ad::Image {
        size: Size { w: 300, h: 250 },
        url: "https://cdn.example/a.png?x=1&y=\"2\"".to_owned(),
        mime: Mimes::of("image/png").unwrap(),
    };
    check(
        r#"{"id":"req","cur":["EUR"],"imp":[{"id":"i1","banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"deal-9"}]}}]}"#,
        "Shop",
        content,
        &expect![[r#"
            {
              "bidid": "0001000000000007",
              "cur": "EUR",
              "id": "req",
              "seatbid": [
                {
                  "bid": [
                    {
                      "adid": "cr-1",
                      "adm": null,
                      "adomain": [
                        "shop.example"
                      ],
                      "attr": [
                        1,
                        6
                      ],
                      "burl": "https://ads.example/billing?t=0001000000000007-0&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mult=${AUCTION_MULTIPLIER}&bcur=EUR",
                      "cat": [
                        "IAB17-44"
                      ],
                      "cid": "camp",
                      "crid": "cr-1",
                      "dealid": "deal-9",
                      "exp": 3600,
                      "h": 250,
                      "id": "0001000000000007-0",
                      "impid": "i1",
                      "language": "en",
                      "lurl": "https://ads.example/loss?t=0001000000000007-0&loss=${AUCTION_LOSS}&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mtw=${AUCTION_MIN_TO_WIN}&bcur=EUR",
                      "mtype": 1,
                      "nurl": "https://ads.example/win?t=0001000000000007-0&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mtw=${AUCTION_MIN_TO_WIN}&bcur=EUR",
                      "price": 2.132434,
                      "w": 300
                    }
                  ],
                  "seat": "seat-1"
                }
              ]
            }

            <a href="https://ads.example/click?t=0001000000000007-0" target="_blank" rel="noopener"><img src="https://cdn.example/a.png?x=1&amp;y=&quot;2&quot;" width="300" height="250" alt="" style="border:0"></a><img src="https://ads.example/impression?t=0001000000000007-0" width="1" height="1" alt="" style="position:absolute;visibility:hidden">
        "#]],
    );
}

#[test]
fn an_html_banner_on_our_own_inventory_is_settled() {
    let markup =
        "<a href=\"{CLICK_URL}\">Buy</a><i data-p=\"${AUCTION_PRICE}\" data-i=\"${AUCTION_IMP_ID}\"></i>";
    check(
        r#"{"id":"req","imp":[{"id":"\"><script>","banner":{}}],"site":{"publisher":{"id":"mine"}}}"#,
        "Shop",
        Ad::Html { size: Size { w: 320, h: 50 }, markup: markup.to_owned() },
        &expect![[r#"
            {
              "bidid": "0001000000000007",
              "cur": "USD",
              "id": "req",
              "seatbid": [
                {
                  "bid": [
                    {
                      "adid": "cr-1",
                      "adm": null,
                      "adomain": [
                        "shop.example"
                      ],
                      "attr": [
                        1,
                        6
                      ],
                      "cat": [
                        "IAB17-44"
                      ],
                      "cid": "camp",
                      "crid": "cr-1",
                      "exp": 3600,
                      "h": 50,
                      "id": "0001000000000007-0",
                      "impid": "\"><script>",
                      "language": "en",
                      "mtype": 1,
                      "nurl": "https://ads.example/win?t=0001000000000007-0&price=2.345678&cur=USD&mtw=&bcur=USD",
                      "price": 2.345678,
                      "w": 320
                    }
                  ],
                  "seat": "seat-1"
                }
              ]
            }

            <a href="https://ads.example/click?t=0001000000000007-0">Buy</a><i data-p="2.345678" data-i="%22%3E%3Cscript%3E"></i><img src="https://ads.example/impression?t=0001000000000007-0" width="1" height="1" alt="" style="position:absolute;visibility:hidden">
        "#]],
    );
}

#[test]
fn a_video_is_answered_with_vast() {
    let size = Some(Size { w: 1280, h: 720 });
    check(
        r#"{"id":"req","imp":[{"id":"i1","video":{"mimes":["video/mp4"],"protocols":[2,3,13]}}]}"#,
        "A & B <Co>",
        Ad::Video(timed("https://cdn.example/v.mp4?a=1&b=]]>", "video/mp4", size)),
        &expect![[r#"
            {
              "bidid": "0001000000000007",
              "cur": "USD",
              "id": "req",
              "seatbid": [
                {
                  "bid": [
                    {
                      "adid": "cr-1",
                      "adm": null,
                      "adomain": [
                        "shop.example"
                      ],
                      "attr": [
                        1,
                        6
                      ],
                      "burl": "https://ads.example/billing?t=0001000000000007-0&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mult=${AUCTION_MULTIPLIER}&bcur=USD",
                      "cat": [
                        "IAB17-44"
                      ],
                      "cid": "camp",
                      "crid": "cr-1",
                      "dur": 30,
                      "exp": 3600,
                      "id": "0001000000000007-0",
                      "impid": "i1",
                      "language": "en",
                      "lurl": "https://ads.example/loss?t=0001000000000007-0&loss=${AUCTION_LOSS}&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mtw=${AUCTION_MIN_TO_WIN}&bcur=USD",
                      "mtype": 2,
                      "nurl": "https://ads.example/win?t=0001000000000007-0&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mtw=${AUCTION_MIN_TO_WIN}&bcur=USD",
                      "price": 2.345678,
                      "protocol": 13
                    }
                  ],
                  "seat": "seat-1"
                }
              ]
            }

            <?xml version="1.0" encoding="UTF-8"?><VAST version="4.2" xmlns="http://www.iab.com/VAST"><Ad id="0001000000000007-0"><InLine><AdSystem>Motet</AdSystem><Impression id="motet"><![CDATA[https://ads.example/impression?t=0001000000000007-0]]></Impression><AdServingId>0001000000000007-0</AdServingId><AdTitle>cr-1</AdTitle><Advertiser>A &amp; B &lt;Co&gt;</Advertiser><Creatives><Creative id="cr-1"><UniversalAdId idRegistry="motet">cr-1</UniversalAdId><Linear><Duration>00:00:30</Duration><MediaFiles><MediaFile delivery="progressive" type="video/mp4" width="1280" height="720" bitrate="128"><![CDATA[https://cdn.example/v.mp4?a=1&b=]]]]><![CDATA[>]]></MediaFile></MediaFiles><VideoClicks><ClickThrough id="motet"><![CDATA[https://ads.example/click?t=0001000000000007-0]]></ClickThrough></VideoClicks></Linear></Creative></Creatives></InLine></Ad></VAST>
        "#]],
    );
}

#[test]
fn an_old_player_gets_an_old_vast() {
    check(
        r#"{"id":"req","imp":[{"id":"i1","video":{"protocols":[2,3]}}]}"#,
        "Shop",
        Ad::Video(timed("https://cdn.example/v.mp4", "video/mp4", None)),
        &expect![[r#"
            {
              "bidid": "0001000000000007",
              "cur": "USD",
              "id": "req",
              "seatbid": [
                {
                  "bid": [
                    {
                      "adid": "cr-1",
                      "adm": null,
                      "adomain": [
                        "shop.example"
                      ],
                      "attr": [
                        1,
                        6
                      ],
                      "burl": "https://ads.example/billing?t=0001000000000007-0&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mult=${AUCTION_MULTIPLIER}&bcur=USD",
                      "cat": [
                        "IAB17-44"
                      ],
                      "cid": "camp",
                      "crid": "cr-1",
                      "dur": 30,
                      "exp": 3600,
                      "id": "0001000000000007-0",
                      "impid": "i1",
                      "language": "en",
                      "lurl": "https://ads.example/loss?t=0001000000000007-0&loss=${AUCTION_LOSS}&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mtw=${AUCTION_MIN_TO_WIN}&bcur=USD",
                      "mtype": 2,
                      "nurl": "https://ads.example/win?t=0001000000000007-0&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mtw=${AUCTION_MIN_TO_WIN}&bcur=USD",
                      "price": 2.345678,
                      "protocol": 3
                    }
                  ],
                  "seat": "seat-1"
                }
              ]
            }

            <?xml version="1.0" encoding="UTF-8"?><VAST version="3.0"><Ad id="0001000000000007-0"><InLine><AdSystem>Motet</AdSystem><AdTitle>cr-1</AdTitle><Impression id="motet"><![CDATA[https://ads.example/impression?t=0001000000000007-0]]></Impression><Creatives><Creative id="cr-1"><Linear><Duration>00:00:30</Duration><VideoClicks><ClickThrough id="motet"><![CDATA[https://ads.example/click?t=0001000000000007-0]]></ClickThrough></VideoClicks><MediaFiles><MediaFile delivery="progressive" type="video/mp4" width="0" height="0" bitrate="128"><![CDATA[https://cdn.example/v.mp4]]></MediaFile></MediaFiles></Linear></Creative></Creatives></InLine></Ad></VAST>
        "#]],
    );
}

#[test]
fn an_audio_spot_is_answered_with_vast() {
    check(
        r#"{"id":"req","imp":[{"id":"i1","audio":{}}]}"#,
        "Shop",
        Ad::Audio(timed("https://cdn.example/a.mp3", "audio/mpeg", None)),
        &expect![[r#"
            {
              "bidid": "0001000000000007",
              "cur": "USD",
              "id": "req",
              "seatbid": [
                {
                  "bid": [
                    {
                      "adid": "cr-1",
                      "adm": null,
                      "adomain": [
                        "shop.example"
                      ],
                      "attr": [
                        1,
                        6
                      ],
                      "burl": "https://ads.example/billing?t=0001000000000007-0&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mult=${AUCTION_MULTIPLIER}&bcur=USD",
                      "cat": [
                        "IAB17-44"
                      ],
                      "cid": "camp",
                      "crid": "cr-1",
                      "dur": 30,
                      "exp": 3600,
                      "id": "0001000000000007-0",
                      "impid": "i1",
                      "language": "en",
                      "lurl": "https://ads.example/loss?t=0001000000000007-0&loss=${AUCTION_LOSS}&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mtw=${AUCTION_MIN_TO_WIN}&bcur=USD",
                      "mtype": 3,
                      "nurl": "https://ads.example/win?t=0001000000000007-0&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mtw=${AUCTION_MIN_TO_WIN}&bcur=USD",
                      "price": 2.345678,
                      "protocol": 13
                    }
                  ],
                  "seat": "seat-1"
                }
              ]
            }

            <?xml version="1.0" encoding="UTF-8"?><VAST version="4.2" xmlns="http://www.iab.com/VAST"><Ad id="0001000000000007-0" adType="audio"><InLine><AdSystem>Motet</AdSystem><Impression id="motet"><![CDATA[https://ads.example/impression?t=0001000000000007-0]]></Impression><AdServingId>0001000000000007-0</AdServingId><AdTitle>cr-1</AdTitle><Advertiser>Shop</Advertiser><Creatives><Creative id="cr-1"><UniversalAdId idRegistry="motet">cr-1</UniversalAdId><Linear><Duration>00:00:30</Duration><MediaFiles><MediaFile delivery="progressive" type="audio/mpeg" width="0" height="0" bitrate="128"><![CDATA[https://cdn.example/a.mp3]]></MediaFile></MediaFiles><VideoClicks><ClickThrough id="motet"><![CDATA[https://ads.example/click?t=0001000000000007-0]]></ClickThrough></VideoClicks></Linear></Creative></Creatives></InLine></Ad></VAST>
        "#]],
    );
}

#[test]
fn a_native_ad_is_answered_with_the_assets_asked_for() {
    let content = NativeContent {
        title: "Fresh \"coffee\" </script>".to_owned(),
        icon: None,
        image: Some(ImageFile {
            url: "https://cdn.example/m.jpg".to_owned(),
            size: Size { w: 1200, h: 627 },
        }),
        texts: vec![(1, "Shop".to_owned()), (2, "far too long for the slot".to_owned())],
    };
    check(
        r#"{"id":"req","imp":[{"id":"i1","native":{"request":{"assets":[{"id":11,"required":1,"title":{"len":90}},
            {"id":12,"img":{"type":1}},{"id":13,"img":{"type":3}},{"id":14,"data":{"type":1}},
            {"id":15,"data":{"type":2,"len":5}}]}}}]}"#,
        "Shop",
        Ad::Native(content),
        &expect![[r#"
            {
              "bidid": "0001000000000007",
              "cur": "USD",
              "id": "req",
              "seatbid": [
                {
                  "bid": [
                    {
                      "adid": "cr-1",
                      "adm": null,
                      "adomain": [
                        "shop.example"
                      ],
                      "attr": [
                        1,
                        6
                      ],
                      "burl": "https://ads.example/billing?t=0001000000000007-0&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mult=${AUCTION_MULTIPLIER}&bcur=USD",
                      "cat": [
                        "IAB17-44"
                      ],
                      "cid": "camp",
                      "crid": "cr-1",
                      "exp": 3600,
                      "id": "0001000000000007-0",
                      "impid": "i1",
                      "language": "en",
                      "lurl": "https://ads.example/loss?t=0001000000000007-0&loss=${AUCTION_LOSS}&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mtw=${AUCTION_MIN_TO_WIN}&bcur=USD",
                      "mtype": 4,
                      "nurl": "https://ads.example/win?t=0001000000000007-0&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mtw=${AUCTION_MIN_TO_WIN}&bcur=USD",
                      "price": 2.345678
                    }
                  ],
                  "seat": "seat-1"
                }
              ]
            }

            {"native":{"ver":"1.2","assets":[{"id":11,"title":{"text":"Fresh \"coffee\" </script>"}},{"id":13,"img":{"type":3,"url":"https://cdn.example/m.jpg","w":1200,"h":627}},{"id":14,"data":{"type":1,"value":"Shop"}}],"link":{"url":"https://ads.example/click?t=0001000000000007-0"},"imptrackers":["https://ads.example/impression?t=0001000000000007-0"],"eventtrackers":[{"event":1,"method":1,"url":"https://ads.example/impression?t=0001000000000007-0"}]}}
        "#]],
    );
}

const TWO: &str = r#"{"id":"req","imp":[{"id":"i1","banner":{}},{"id":"i2","banner":{}}]}"#;

fn html() -> Ad {
    Ad::Html { size: Size { w: 1, h: 1 }, markup: "x".to_owned() }
}

#[test]
fn without_bids_and_wishes_there_is_no_content() {
    let (request, catalog) = (request(TWO), catalog("Shop", html()));
    let no_bids = || vec![ImpDecision::NoBid(NoBidReason::Paced), ImpDecision::NoBid(NoBidReason::NoMatch)];
    assert_eq!(respond(&request, &catalog, no_bids(), Reasons::NotWanted), None);
    let text = respond(&request, &catalog, no_bids(), Reasons::Wanted).unwrap();
    expect![[r#"{"id":"req","bidid":"0001000000000007","cur":"USD","nbr":504,"ext":{"motet":{"imps":[{"impid":"i1","reason":"paced","code":504,"sentence":"Pacing held the matching campaigns back to keep to their spend plans."},{"impid":"i2","reason":"no_match","code":500,"sentence":"No campaign's targeting matches this request."}]}}}"#]].assert_eq(&text);
}

#[test]
fn every_imp_without_a_bid_has_a_reason_beside_the_bids() {
    let (request, catalog) = (request(TWO), catalog("Shop", html()));
    let crawler = ImpDecision::NoBid(NoBidReason::InvalidTraffic(Finding::Crawler));
    let text =
        respond(&request, &catalog, vec![crawler, bid(&request, &catalog, 1)], Reasons::NotWanted).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["nbr"], serde_json::Value::Null);
    assert_eq!(json["seatbid"][0]["bid"][0]["impid"], "i2");
    expect![[r#"{"motet":{"imps":[{"code":3,"impid":"i1","reason":"crawler","sentence":"The user agent is a known crawler."}]}}"#]].assert_eq(&json["ext"].to_string());
}

#[test]
fn bids_of_one_seat_are_one_group() {
    let (request, catalog) = (request(TWO), catalog("Shop", html()));
    let bids = vec![bid(&request, &catalog, 0), bid(&request, &catalog, 1)];
    let text = respond(&request, &catalog, bids, Reasons::NotWanted).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["seatbid"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["seatbid"][0]["bid"].as_array().map(Vec::len), Some(2));
    assert!(json.get("ext").is_none());
}

#[test]
fn a_test_render_says_audit() {
    let body = r#"{"id":"req","test":1,"imp":[{"id":"i1","banner":{}}],"site":{"publisher":{"id":"mine"}}}"#;
    let content = Ad::Html { size: Size { w: 1, h: 1 }, markup: "${AUCTION_PRICE}".to_owned() };
    let (request, catalog) = (request(body), catalog("Shop", content));
    let text = respond(&request, &catalog, vec![bid(&request, &catalog, 0)], Reasons::NotWanted).unwrap();
    assert!(text.contains("\"adm\":\"AUDIT") && text.contains("price=AUDIT"), "{text}");
}
