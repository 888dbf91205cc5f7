//! What is written is read back equal, and whatever comes in is read or refused, never a panic.

mod common;

use common::Draw;
use motet_agent::{AgentName, Proposal};
use motet_messages::{
    Error, MOST_BYTES, MOST_PROPOSALS, answer, ask,
    describe::Description,
    feed::{self, News},
    proto, screen,
};
use motet_model::catalog::Catalog;
use proptest::prelude::*;
use prost::Message as _;

proptest! {
    #[test]
    fn an_ask_brings_the_view_across(seed: u64) {
        let draw = &mut Draw::new(seed);
        let (envelope, view, catalog) = (draw.envelope(), draw.view(), draw.catalog());
        let bytes = ask::encode(&envelope, &view.view(&catalog));
        prop_assert_eq!(ask::decode(&bytes), Ok((envelope, view)));
    }

    #[test]
    fn an_answer_brings_the_proposals_across(seed: u64) {
        let draw = &mut Draw::new(seed);
        let (envelope, agent, policy) = (draw.envelope(), draw.agent(), draw.text());
        let proposals: Vec<Proposal> = draw.some(12, Draw::proposal);
        let silences: Vec<_> = draw.some(3, |d| (d.u16(), d.no_bid()));
        let bytes = answer::encode_with_silences(&envelope, agent, &policy, &proposals, &silences);
        let policy_version = policy;
        prop_assert_eq!(answer::decode(&bytes), Ok(answer::Answer { envelope, agent, policy_version, proposals, silences }));
    }

    #[test]
    fn a_feed_brings_what_is_learned_across(seed: u64) {
        let draw = &mut Draw::new(seed);
        let (envelope, sequence, catalog) = (draw.envelope(), draw.bits(), draw.catalog());
        let (observation, tick, seat, policies) = (draw.observation(), draw.tick(), draw.seat(), draw.policies());
        let messages = [
            (feed::encode_observation(&envelope, sequence, &observation.observation(&catalog)), News::Observation(Box::new(observation))),
            (feed::encode_tick(&envelope, sequence, &tick.tick(&catalog)), News::Tick(tick.clone())),
            (feed::encode_tick_more(&envelope, sequence, &tick.tick(&catalog)), News::TickMore(tick)),
            (feed::encode_seat(&envelope, sequence, &seat), News::Seat(Box::new(seat))),
            (feed::encode_policies(&envelope, sequence, &policies), News::Policies(policies)),
        ];
        for (bytes, news) in messages {
            prop_assert_eq!(feed::decode(&bytes), Ok(feed::Fed { envelope, sequence, news }));
        }
    }

    #[test]
    fn a_notice_is_screened_from_afar(seed: u64) {
        let draw = &mut Draw::new(seed);
        let (envelope, bid, notice, history) = (draw.envelope(), draw.bid_record(), draw.notice(), draw.history());
        let bytes = screen::encode_ask(&envelope, &bid, &notice, history);
        let known_at = envelope.known_at;
        prop_assert_eq!(screen::decode_ask(&bytes), Ok((envelope, screen::Screening { bid, notice, history, known_at })));
        let finding = draw.maybe(Draw::finding);
        prop_assert_eq!(screen::decode_answer(&screen::encode_answer(&envelope, finding)), Ok((envelope, finding)));
    }

    #[test]
    fn whatever_comes_in_is_read_or_refused(bytes: Vec<u8>) {
        let _ = (ask::decode(&bytes), answer::decode(&bytes), feed::decode(&bytes), screen::decode_ask(&bytes));
    }

    #[test]
    fn a_damaged_message_is_read_or_refused(seed: u64, place: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let draw = &mut Draw::new(seed);
        let (envelope, catalog) = (draw.envelope(), Catalog::default());
        let mut ask = ask::encode(&envelope, &draw.view().view(&catalog));
        let mut seat = feed::encode_seat(&envelope, 1, &draw.seat());
        for bytes in [&mut ask, &mut seat] {
            let at = place.index(bytes.len());
            bytes[at] = byte;
            bytes.truncate(cut.index(2 * bytes.len()));
        }
        let _ = (ask::decode(&ask), feed::decode(&seat));
    }
}

/// Changes one part of a sound answer and returns why it is refused.
fn refused(change: impl FnOnce(&mut proto::Answer)) -> Error {
    let draw = &mut Draw::new(1);
    let mut message = answer::to_proto(&draw.envelope(), AgentName::Bidder, "bidder-fixed@1", &[], &[]);
    change(&mut message);
    answer::decode(&message.encode_to_vec()).unwrap_err()
}

fn proposal(ask: proto::proposal::Ask) -> proto::Proposal {
    proto::Proposal { agent: proto::AgentName::Bidder as i32, ask: Some(ask) }
}

fn said(ask: proto::proposal::Ask) -> String {
    refused(|answer| answer.proposals.push(proposal(ask))).to_string()
}

#[test]
fn what_is_out_of_range_is_refused_by_its_field() {
    use proto::proposal::Ask;
    let pace = |multiplier| said(Ask::Pace(proto::Pace { candidate: 0, multiplier }));
    assert_eq!(pace(1.5), "Pace.multiplier must be 0 to 1, was 1.5");
    assert_eq!(pace(f64::NAN), "Pace.multiplier must be 0 to 1, was NaN");
    let offer = |bid_cpm_micros| said(Ask::Offer(proto::Offer { bid_cpm_micros, ..Default::default() }));
    assert_eq!(offer(-1), "Offer.bid_cpm_micros must be 0 to 2^53, was -1");
    let greed = |greed| said(Ask::Explore(proto::Explore { imp: 0, greed }));
    assert_eq!(greed(f64::INFINITY), "Explore.greed must be finite and at least 0, was inf");
    assert_eq!(said(Ask::Flag(99)), "Proposal.flag must be a known Finding, was 99");
    let far = proto::Pace { candidate: 70_000, multiplier: 0.5 };
    assert_eq!(said(Ask::Pace(far)), "Pace.candidate must be 0 to 65535, was 70000");
    let sure = proto::Ranking { p_click: 1.2, kind: 1, ..Default::default() };
    assert_eq!(said(Ask::Rank(sure)), "Ranking.p_click must be 0 to 1, was 1.2");
    let rich = proto::Ranking { kind: 1, features: vec![1; 21], ..Default::default() };
    assert_eq!(said(Ask::Rank(rich)), "Ranking.features may hold 20 entries, was 21");
}

#[test]
fn what_is_missing_is_refused_by_its_field() {
    let nothing = proto::Proposal { agent: 1, ask: None };
    assert_eq!(refused(|a| a.proposals.push(nothing)).to_string(), "Proposal.ask is missing");
    assert_eq!(refused(|a| a.envelope = None).to_string(), "envelope is missing");
    assert_eq!(refused(|a| a.agent = 0).to_string(), "Answer.agent must be a known AgentName, was 0");
}

#[test]
fn an_envelope_of_another_schema_is_refused() {
    let another = |version| refused(|a| a.envelope.as_mut().unwrap().schema_version = version);
    assert_eq!(another(0).to_string(), "the message has schema version 0, this program reads 1 to 1");
    assert_eq!(another(2), Error::Schema { most: 1, found: 2 });
    let id = refused(|a| a.envelope.as_mut().unwrap().message_id.truncate(3));
    assert_eq!(id.to_string(), "Envelope.message_id must be 16 bytes, was 3 bytes");
    let early = refused(|a| a.envelope.as_mut().unwrap().known_at_us = -9);
    assert!(early.to_string().starts_with("Envelope.known_at_us must be at or after"), "{early}");
    let trace = refused(|a| a.envelope.as_mut().unwrap().traceparent = "00-0-0-0".to_owned());
    assert_eq!(trace.to_string(), "Envelope.traceparent must be a W3C traceparent, was 00-0-0-0");
}

#[test]
fn too_much_is_refused() {
    let clear = proposal(proto::proposal::Ask::Clear(proto::Clear {}));
    let many = refused(|a| a.proposals = vec![clear; MOST_PROPOSALS + 1]);
    assert_eq!(many, Error::TooMany { field: "Answer.proposals", most: 4_096, found: 4_097 });
    let large = refused(|a| a.policy_version = "x".repeat(MOST_BYTES));
    assert!(matches!(large, Error::TooLarge { most: MOST_BYTES, .. }), "{large}");
}

#[test]
fn a_field_of_a_later_version_is_passed_over() {
    let draw = &mut Draw::new(3);
    let (envelope, view, catalog) = (draw.envelope(), draw.view(), Catalog::default());
    let mut bytes = ask::encode(&envelope, &view.view(&catalog));
    // Field 1000, a varint of 5.
    bytes.extend([0xc0, 0x3e, 0x05]);
    assert_eq!(ask::decode(&bytes), Ok((envelope, view)));
}

#[test]
fn a_description_comes_back() {
    let draw = &mut Draw::new(5);
    let drawn = draw.policies().agents.into_iter().next();
    let numbers = drawn.map(|policy| policy.observation).unwrap_or_default();
    let description = Description {
        agent: AgentName::Pacer,
        version: 3,
        intents: vec![motet_agent::Intent::PaceSpend],
        observation: numbers.clone(),
        action: numbers,
        policy_version: "pacer-fixed@1".to_owned(),
        program_version: "0.1.0".to_owned(),
        sequence: 9,
    };
    assert_eq!(Description::from_proto(description.to_proto()), Ok(description));
}
