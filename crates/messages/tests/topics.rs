//! The topic map, and what is published of a decision and a notice.

mod common;

use std::{collections::BTreeSet, fs};

use common::Draw;
use motet_agent::{AgentName, Ask, CandidateIx, Proposal, RefusedReason, Verdict};
use motet_messages::{
    Kind,
    events::{BidMade, DecisionMade, Event, FeatureVector, NoticeJudged, Outcome, PacingVerdict, Requested},
    publish::{self, Decided, Judged, Outgoing},
    topics::{MAP, Topic, to_markdown},
};
use motet_model::{
    ids::{DecisionId, UserKey},
    outcome::{NoticeKind, NoticeVerdict},
};
use motet_units::{Chance, Multiplier, Span};
use proptest::prelude::*;

#[test]
fn the_page_shows_the_map() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/messages.md");
    let page = fs::read_to_string(path).unwrap();
    if std::env::var_os("MOTET_BLESS").is_some() {
        let (before, rest) = page.split_once("<!-- topics -->\n").expect("the page has a place for the map");
        let (_, after) = rest.split_once("<!-- end of topics -->").expect("the place has an end");
        let blessed = format!("{before}<!-- topics -->\n{}<!-- end of topics -->{after}", to_markdown());
        return fs::write(path, blessed).unwrap();
    }
    assert!(page.contains(&to_markdown()), "docs/messages.md shows another map: MOTET_BLESS=1");
}

#[test]
fn every_topic_is_on_the_map_once() {
    let topics: BTreeSet<Topic> = MAP.iter().map(|row| row.topic).collect();
    let names: BTreeSet<&str> = MAP.iter().map(|row| row.name).collect();
    assert_eq!((topics.len(), names.len()), (MAP.len(), MAP.len()));
    assert_eq!(topics.last(), Some(&Topic::Health), "the last of them is there, and so are those before it");
    for row in &MAP {
        assert_eq!((row.topic.row(), Topic::of_name(row.name)), (row, Some(row.topic)));
    }
    let outcomes = MAP.iter().filter(|row| row.kind == Kind::Outcome).count();
    assert_eq!(outcomes, 3, "impressions, clicks and conversions");
}

fn of(topic: Topic, out: &[Outgoing]) -> Vec<&Outgoing> {
    out.iter().filter(|outgoing| outgoing.topic == topic).collect()
}

/// Draws a decided request and hands over what is published of it.
fn publish_drawn(seed: u64, check: impl FnOnce(&Decided<'_>, &[Outgoing])) {
    let draw = &mut Draw::new(seed);
    let (mut request, made) = (draw.request(), draw.decision_made());
    let bids: Vec<_> = draw.some(3, Draw::bid_record);
    request.user.key = draw.maybe(|d| UserKey(d.bits()));
    let hearing: Vec<_> = draw.some(8, |d| (d.proposal(), d.verdict()));
    let decided = Decided {
        request: &request,
        decision: &made.decision,
        bids: &bids,
        request_digest: made.request_digest,
        chance: made.chance,
        policies: &[(AgentName::Pacer, "p@1".to_owned())],
        parts: &made.parts,
        hearing: &hearing,
        trace: None,
    };
    check(&decided, &publish::decided(&decided));
}

proptest! {
    #[test]
    fn what_is_published_is_read_by_its_topic(seed: u64) {
        publish_drawn(seed, |decided, out| {
            let requested = Requested::decode(&of(Topic::Requests, out)[0].bytes).unwrap();
            assert_eq!(&requested.request, decided.request);
            let made = DecisionMade::decode(&of(Topic::Decisions, out)[0].bytes).unwrap();
            assert_eq!(&made.decision, decided.decision);
            assert_eq!(made.hearing.len(), decided.hearing.len());
            let bids = of(Topic::Bids, out).into_iter().map(|out| BidMade::decode(&out.bytes).unwrap().bid);
            assert_eq!(bids.collect::<Vec<_>>(), decided.decision.bids().cloned().collect::<Vec<_>>());
            let features = of(Topic::Features, out).into_iter().map(|out| FeatureVector::decode(&out.bytes).unwrap());
            assert!(features.map(|f| f.features).eq(decided.bids.iter().map(|bid| bid.features)));
        });
    }

    #[test]
    fn one_record_gives_the_same_ids_again_and_each_but_once(seed: u64) {
        publish_drawn(seed, |decided, out| {
            assert_eq!(publish::decided(decided), out);
            let mut ids = BTreeSet::new();
            for outgoing in out {
                let id = common::kinds::envelope_of(outgoing.topic.row().kind, &outgoing.bytes).message;
                assert!(ids.insert(id), "{:?} {id}", outgoing.topic);
            }
        });
    }

    #[test]
    fn keys_keep_a_users_and_a_campaigns_order(seed: u64) {
        publish_drawn(seed, |decided, out| {
            let user = decided.request.user.key.map_or(decided.decision.id.0, |user| user.0).to_be_bytes();
            for topic in [Topic::Requests, Topic::Decisions, Topic::Intents, Topic::Rankings] {
                assert!(of(topic, out).iter().all(|out| out.key == user), "{topic:?}");
            }
            for (out, bid) in of(Topic::Bids, out).iter().zip(decided.decision.bids()) {
                assert_eq!(out.key, u64::from(bid.campaign.0).to_be_bytes());
            }
        });
    }

    #[test]
    fn an_outcome_is_published_where_a_notice_counted(seed: u64) {
        let draw = &mut Draw::new(seed);
        let (notice, verdict, known) = (draw.notice(), draw.notice_verdict(), draw.maybe(Draw::bid_record));
        let known_at = notice.happened_at + Span::from_micros(draw.within(-5, 5));
        let record = DecisionId(draw.bits());
        let out = publish::judged(&Judged { record, notice: &notice, verdict, known_at, bid: known.as_ref(), trace: None });
        let judged = NoticeJudged::decode(&out[0].bytes).unwrap();
        prop_assert_eq!((judged.notice, judged.verdict), (notice, verdict));
        let outcome = matches!(notice.kind, NoticeKind::Impression | NoticeKind::Click | NoticeKind::Conversion { .. });
        let counted = verdict == NoticeVerdict::Counted && known.is_some() && outcome;
        prop_assert_eq!(out.len(), 1 + usize::from(counted));
        if counted {
            prop_assert_eq!(Some(Outcome::decode(&out[1].bytes).unwrap().bid), known);
        }
    }
}

#[test]
fn pacing_is_published_under_the_campaign_of_its_candidate() {
    let draw = &mut Draw::new(11);
    let (request, made) = (draw.request(), draw.decision_made());
    let rank = |draw: &mut Draw, verdict| {
        (Proposal { agent: AgentName::Relevance, ask: Ask::Rank(draw.ranking()) }, verdict)
    };
    let pace = |candidate| Ask::Pace { candidate: CandidateIx(candidate), multiplier: Multiplier::ONE };
    let mut hearing = vec![
        rank(draw, Verdict::Refused(RefusedReason::NoBudget)),
        rank(draw, Verdict::Accepted),
        rank(draw, Verdict::Accepted),
    ];
    hearing.extend([1, 7].map(|ix| (Proposal { agent: AgentName::Pacer, ask: pace(ix) }, Verdict::Accepted)));
    let decided = Decided {
        request: &request,
        decision: &made.decision,
        bids: &[],
        request_digest: 0,
        chance: Chance::default(),
        policies: &[],
        parts: &[],
        hearing: &hearing,
        trace: None,
    };
    let out = publish::decided(&decided);
    // Candidate 1 is the second accepted; there is no candidate 7.
    let [paced] = of(Topic::Pacing, &out)[..] else { panic!("one of the two is published") };
    let Ask::Rank(second) = &hearing[2].0.ask else { unreachable!() };
    assert_eq!(PacingVerdict::decode(&paced.bytes).unwrap().campaign, second.campaign);
    assert_eq!(paced.key, u64::from(second.campaign.0).to_be_bytes());
}
