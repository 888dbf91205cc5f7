//! The text for an engineer.

use std::fmt::Write as _;

use super::{
    AgentLine, CandidateLine, Explanation, Identity, ImpExplanation, Outcome, ProposalLine, RequestSummary,
};

/// Counterfactuals printed for one imp; the JSON form holds all.
const CHANGES_PRINTED: usize = 4;

impl Explanation {
    /// Writes the explanation for an engineer.
    pub fn to_text(&self) -> String {
        let mut text = format!("decision {} at {}\n", self.decision, self.at);
        write_request(&mut text, &self.request);
        for imp in &self.imps {
            write_imp(&mut text, imp);
        }
        text.push_str("\nwho took part\n");
        let rows: Vec<_> = self.agents.iter().map(agent_row).collect();
        write_table(&mut text, &["agent", "presence", "policy", "accepted", "refused"], &rows);
        text.push_str("\nwhat they proposed\n");
        for agent in self.agents.iter().filter(|agent| !agent.proposals.is_empty()) {
            let _ = writeln!(text, "  {}", agent.agent);
            agent.proposals.iter().for_each(|line| write_proposal(&mut text, line));
        }
        let _ = writeln!(text, "\nview digest {}, chance key {}", self.view_digest, self.chance_key);
        text
    }
}

fn write_request(text: &mut String, request: &RequestSummary) {
    let place = request.place.as_deref().unwrap_or("unknown place");
    let _ = write!(text, "request {}: {place}", request.id);
    if let Some(publisher) = &request.publisher {
        let _ = write!(text, " (publisher {publisher})");
    }
    if !request.content.is_empty() {
        let _ = write!(text, ", content {}", request.content.join(", "));
    }
    for part in [&request.country, &request.language].into_iter().flatten() {
        let _ = write!(text, ", {part}");
    }
    let mode = if request.test { "test: no money moves" } else { "live" };
    let _ = writeln!(text, "; {} imp(s), {}, {mode}", request.imps, request.pricing.replace('_', " "));
    let identity = match &request.identity {
        Identity::Permitted => "permitted".to_owned(),
        Identity::Unknown => "unknown".to_owned(),
        Identity::Withheld { reasons } => format!("withheld ({})", reasons.join(", ")),
    };
    let _ = writeln!(text, "identity: {identity}");
}

fn write_imp(text: &mut String, imp: &ImpExplanation) {
    let kinds: Vec<&str> = imp.media.iter().map(|kind| kind.name()).collect();
    let floor = imp.floor_cpm_micros;
    let _ = writeln!(text, "\nimp {} ('{}', {}, floor {floor} CPM)", imp.imp, imp.id, kinds.join(" or "));
    match &imp.outcome {
        Outcome::Bid { .. } => text.push_str("  bid: "),
        Outcome::NoBid { reason, .. } => {
            let _ = write!(text, "  no bid ({}): ", reason.replace('_', " "));
        }
    }
    let _ = writeln!(text, "{}", imp.sentence);
    if let Some(greed) = imp.greed {
        let _ =
            writeln!(text, "  exploration is on with greed {greed}: the chance of each ad is its propensity");
    }
    if !imp.candidates.is_empty() {
        write_candidates(text, &imp.candidates);
    }
    if imp.would_have_changed.is_empty() {
        return;
    }
    text.push_str("  what would have changed it (computed by running the recorded auction again)\n");
    for change in imp.would_have_changed.iter().take(CHANGES_PRINTED) {
        let _ = writeln!(text, "    {}", change.sentence);
    }
    if let Some(more) = imp.would_have_changed.len().checked_sub(CHANGES_PRINTED).filter(|more| *more > 0) {
        let _ = writeln!(text, "    and {more} more in the JSON form");
    }
}

fn write_candidates(text: &mut String, candidates: &[CandidateLine]) {
    let head = [
        "rank", "campaign", "creative", "pCTR", "pCVR", "value", "bid", "pacing", "price", "floor", "chance",
        "outcome",
    ];
    write_table(text, &head, &candidates.iter().map(candidate_row).collect::<Vec<_>>());
}

fn candidate_row(line: &CandidateLine) -> Vec<String> {
    let or_dash = |cell: Option<String>| cell.unwrap_or_else(|| "-".to_owned());
    vec![
        or_dash(line.rank.map(|rank| rank.to_string())),
        line.campaign.clone(),
        line.creative.clone(),
        format!("{:.6}", line.p_click),
        format!("{:.6}", line.p_conversion),
        or_dash(line.value_cpm_micros.map(|value| value.to_string())),
        or_dash(line.bid_cpm_micros.map(|bid| bid.to_string())),
        or_dash(line.pacing_multiplier.map(|share| format!("{share:.3}"))),
        or_dash(line.price_cpm_micros.map(|price| price.to_string())),
        line.floor_cpm_micros.to_string(),
        or_dash(line.propensity.map(|chance| format!("{chance:.4}"))),
        line.sentence.clone(),
    ]
}

fn agent_row(agent: &AgentLine) -> Vec<String> {
    let policy = agent.policy.clone().unwrap_or_else(|| "-".to_owned());
    let counts = [agent.accepted.to_string(), agent.refused.to_string()];
    let [accepted, refused] = counts;
    vec![agent.agent.to_string(), agent.presence.replace('_', " "), policy, accepted, refused]
}

fn write_proposal(text: &mut String, line: &ProposalLine) {
    let verdict = match line.under {
        Some(under) => format!("refused under {under}: {}", line.sentence),
        None => "accepted".to_owned(),
    };
    let (intent, operation, path) = (line.intent, line.operation, &line.path);
    let _ = writeln!(text, "    {intent} {operation} {path}: {}; {verdict}", line.value);
}

/// Writes rows in columns as wide as their widest cell.
fn write_table(text: &mut String, head: &[&str], rows: &[Vec<String>]) {
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let width = |column: usize| {
        let cells = std::iter::once(&head).chain(rows);
        cells.map(|row| row[column].chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    for row in std::iter::once(&head).chain(rows) {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}", width = *width)).collect();
        let _ = writeln!(text, "  {}", cells.join("  ").trim_end());
    }
}
