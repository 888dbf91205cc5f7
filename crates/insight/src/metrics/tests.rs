//! Names, labels and values as they appear on the page.

use motet_agent::{Priority, RefusedReason};
use motet_model::decision::Finding;

use super::*;

fn line(metrics: &Metrics, start: &str) -> String {
    let page = metrics.encode();
    page.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned()
}

#[test]
fn what_is_recorded_is_told_under_its_name() {
    let metrics = Metrics::new("0.1.0");
    metrics.request(RequestOutcome::Shed, 0.000_07);
    metrics.proposal(AgentName::Pacer, Verdict::Accepted);
    metrics.proposal(AgentName::Relevance, Verdict::Refused(RefusedReason::Overruled(Priority::Safety)));
    metrics.no_bid(NoBidReason::InvalidTraffic(Finding::Crawler));
    metrics.notice(&NoticeKind::Click, NoticeVerdict::Contradicts);
    metrics.notice_refused(&NoticeKind::Impression, TokenRefusal::Forged);
    metrics.spent(Nanos::new(12));
    metrics.agent(AgentName::Guard, 1e-6);
    metrics.commit(0.001, 3, 300);
    metrics.ledger_lag(0.25);
    for (start, end) in [
        ("motet_requests_total{outcome=\"shed\"}", " 1"),
        ("motet_request_seconds_bucket{le=\"0.00005\"}", " 0"),
        ("motet_request_seconds_bucket{le=\"0.0001\"}", " 1"),
        ("motet_request_seconds_bucket{le=\"1.0\"}", " 1"),
        ("motet_agent_seconds_count{agent=\"guard\"}", " 1"),
        ("motet_proposals_accepted_total{agent=\"pacer\"}", " 1"),
        ("motet_proposals_refused_total{agent=\"relevance\",reason=\"overruled\"}", " 1"),
        ("motet_no_bid_total{reason=\"invalid_traffic\"}", " 1"),
        ("motet_notices_total{kind=\"click\",verdict=\"contradicts\"}", " 1"),
        ("motet_notices_refused_total{kind=\"impression\",reason=\"forged\"}", " 1"),
        ("motet_spend_nanos_total", " 12"),
        ("motet_journal_bytes_total", " 300"),
        ("motet_ledger_lag_seconds", " 0.25"),
        ("motet_build_info{version=\"0.1.0\"}", " 1"),
    ] {
        let line = line(&metrics, start);
        assert!(line.ends_with(end), "{start} gives '{line}'");
    }
}

#[test]
fn gauges_of_campaigns_are_those_given_last_and_no_more() {
    let metrics = Metrics::new("0");
    let money = |id: &str| CampaignMoney {
        campaign: id.to_owned(),
        spent: Nanos::new(5),
        reserved: Nanos::new(2),
        left: None,
    };
    metrics.campaigns(&[money("a"), money("b")]);
    metrics.campaigns(&[money("b")]);
    assert_eq!(line(&metrics, "motet_campaign_spent_nanos{campaign=\"a\"}"), "");
    assert!(line(&metrics, "motet_campaign_spent_nanos{campaign=\"b\"}").ends_with(" 5"));
    assert_eq!(line(&metrics, "motet_campaign_budget_left_nanos{"), "");
}

#[test]
fn the_policies_in_service_are_told_by_version_and_refused_actions_never_fall() {
    let metrics = Metrics::new("0");
    metrics.policies("fixed@1", &[(AgentName::Pacer, 2)]);
    metrics.policies("a \"set\"@2", &[(AgentName::Pacer, 5), (AgentName::Guard, 0)]);
    metrics.policies("a \"set\"@2", &[(AgentName::Pacer, 3)]);
    metrics.policy_swap(PolicySwap::RolledBack);
    assert_eq!(line(&metrics, "motet_policy_info{version=\"fixed"), "");
    assert_eq!(line(&metrics, "motet_policy_info{"), "motet_policy_info{version=\"a \\\"set\\\"@2\"} 1");
    assert!(line(&metrics, "motet_policy_actions_refused_total{agent=\"pacer\"}").ends_with(" 5"));
    assert!(line(&metrics, "motet_policy_swaps_total{outcome=\"rolled_back\"}").ends_with(" 1"));
}

#[test]
fn every_name_has_the_prefix_and_the_page_ends_as_it_must() {
    let page = Metrics::new("0").encode();
    assert!(page.ends_with("# EOF\n"));
    let mut names = page.lines().filter(|line| !line.starts_with('#'));
    assert!(names.all(|line| line.starts_with("motet_")));
}

#[test]
fn labels_are_the_names_of_their_reasons() {
    let reasons = [NoBidReason::NoMatch, NoBidReason::Unsafe, NoBidReason::Technical, NoBidReason::NoDeal];
    for reason in reasons {
        assert_eq!(NO_BIDS[no_bid_place(reason)], reason.name());
    }
    for (place, agent) in AGENTS.into_iter().enumerate() {
        assert_eq!(agent_place(agent), place);
    }
    for (place, verdict) in VERDICTS.into_iter().enumerate() {
        assert_eq!(verdict_place(verdict), place);
    }
    assert_eq!(KINDS[kind_place(&NoticeKind::Impression)], "impression");
}

#[test]
fn the_acceptance_of_outside_agents_is_a_share_by_agent_and_intent() {
    let metrics = Metrics::new("0");
    metrics.artf_called("acme", "answered", 0.002);
    for (verdict, applied) in [("applied", true), ("no_consent", false), ("applied", true), ("applied", true)]
    {
        metrics.artf_judged("acme", "activate_segments", verdict, applied);
    }
    metrics.artf_served(Some(3), 0.001);
    metrics.artf_served(None, 0.0);
    let page = metrics.encode();
    for line in [
        r#"motet_artf_calls_total{agent="acme",outcome="answered"} 1"#,
        r#"motet_artf_mutations_total{agent="acme",intent="activate_segments",verdict="applied"} 3"#,
        r#"motet_artf_acceptance_ratio{agent="acme",intent="activate_segments"} 0.75"#,
        r#"motet_artf_asks_total{outcome="turned_away"} 1"#,
        "motet_artf_mutations_proposed_total 3",
    ] {
        assert!(page.contains(line), "{line} is not in\n{page}");
    }
}
