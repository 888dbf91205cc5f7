//! A campaign as it is written.

use motet_model::{
    campaign::{Budget, Campaign, Flight, FrequencyCap, Goal, Pacing, UnknownUser},
    catalog::Change,
};
use motet_units::{CpmMicros, Nanos, Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    CreativeSpec, TargetingSpec,
    problem::{At, Problems},
    text::{self, STATUSES, name_of},
};

const PACINGS: [(&str, Pacing); 3] =
    [("even", Pacing::Even), ("asap", Pacing::Asap), ("front_loaded", Pacing::FrontLoaded)];

const UNKNOWN_USERS: [(&str, UnknownUser); 2] = [("serve", UnknownUser::Serve), ("skip", UnknownUser::Skip)];

/// A campaign, with its creatives where a whole file is written.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CampaignSpec {
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Whose it is; not stated where it stands under its advertiser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advertiser: Option<String>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `active` or `paused`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The highest price it ever bids, per thousand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most_cpm: Option<String>,
    /// `even`, `asap` or `front_loaded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pacing: Option<String>,
    /// What it may spend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetSpec>,
    /// What it pays for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<GoalSpec>,
    /// When it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flight: Option<FlightSpec>,
    /// How often one user sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<FrequencySpec>,
    /// Whom and what it reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targeting: Option<TargetingSpec>,
    /// Its creatives, put together with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub creatives: Vec<CreativeSpec>,
    /// The campaign's account as `GET` shows it. Read past, so that what was got can be put again.
    #[serde(skip_serializing)]
    pub statement: Option<serde::de::IgnoredAny>,
}

/// What a campaign may spend; at least one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetSpec {
    /// In one day of its clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily: Option<String>,
    /// Over its whole flight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
}

/// What a campaign pays for: exactly one of `cpm`, `cpc`, `cpa` and `roas`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GoalSpec {
    /// The price of a thousand impressions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpm: Option<String>,
    /// The worth of a click.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpc: Option<String>,
    /// The worth of a conversion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpa: Option<String>,
    /// Sales over spend: `4` is four back for each one spent. Needs `sale`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roas: Option<String>,
    /// What a conversion brings on average until reports say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sale: Option<String>,
}

/// When a campaign runs.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FlightSpec {
    /// The first moment; at once when not stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// The moment it is over; until stopped when not stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Its clock's offset from UTC; `+00:00` when not stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utc_offset: Option<String>,
}

/// How often one user sees a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FrequencySpec {
    /// At most this many impressions,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impressions: Option<u16>,
    /// within this time: `30m`, `24h`, `7d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<String>,
    /// `serve` or `skip` where a user cannot be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_user: Option<String>,
}

impl CampaignSpec {
    /// Adds the changes that put the campaign and its creatives, and every problem met. `owner` is the advertiser
    /// it stands under, if it stands under one.
    pub fn put(&self, at: &At<'_>, owner: Option<&str>, changes: &mut Vec<Change>, problems: &mut Problems) {
        let campaign = self.read(at, owner, problems);
        let id = campaign.id.clone();
        changes.push(Change::PutCampaign(campaign));
        for (i, creative) in self.creatives.iter().enumerate() {
            creative.put(&at.item("creatives", i), Some(&id), changes, problems);
        }
    }

    fn read(&self, at: &At<'_>, owner: Option<&str>, problems: &mut Problems) -> Campaign {
        let id = problems.id(&at.field("id"), self.id.as_ref());
        Campaign {
            advertiser: problems.owner(&at.field("advertiser"), self.advertiser.as_ref(), owner),
            name: problems.name(&at.field("name"), self.name.as_ref(), &id),
            status: problems.one_of(&at.field("status"), self.status.as_ref(), &STATUSES),
            budget: read_budget(self.budget.as_ref(), &at.field("budget"), problems),
            goal: read_goal(self.goal.as_ref(), &at.field("goal"), problems),
            most_cpm: problems.price(&at.field("most_cpm"), self.most_cpm.as_ref()),
            flight: read_flight(self.flight.as_ref(), &at.field("flight"), problems),
            pacing: problems.one_of(&at.field("pacing"), self.pacing.as_ref(), &PACINGS),
            frequency: self.frequency.as_ref().map(|cap| cap.read(&at.field("frequency"), problems)),
            targeting: self
                .targeting
                .as_ref()
                .map(|targeting| targeting.read(&at.field("targeting"), problems))
                .unwrap_or_default(),
            id,
        }
    }

    /// Writes a campaign without its creatives.
    pub fn of(campaign: &Campaign) -> Self {
        let (budget, flight) = (&campaign.budget, &campaign.flight);
        let text = |amount: Nanos| amount.to_string();
        Self {
            id: Some(campaign.id.clone()),
            advertiser: Some(campaign.advertiser.clone()),
            name: Some(campaign.name.clone()),
            status: Some(name_of(&campaign.status, &STATUSES)),
            most_cpm: campaign.most_cpm.map(|price| price.to_string()),
            pacing: Some(name_of(&campaign.pacing, &PACINGS)),
            budget: Some(BudgetSpec { daily: budget.daily.map(text), total: budget.total.map(text) }),
            goal: Some(GoalSpec::of(&campaign.goal)),
            flight: Some(FlightSpec {
                start: Some(flight.start).filter(|start| *start != ALWAYS).map(text::moment_text),
                end: flight.end.map(text::moment_text),
                utc_offset: Some(text::offset_text(flight.utc_offset)),
            }),
            frequency: campaign.frequency.as_ref().map(FrequencySpec::of),
            targeting: TargetingSpec::of(&campaign.targeting),
            creatives: Vec::new(),
            statement: None,
        }
    }
}

/// The start of a campaign that states none.
const ALWAYS: Timestamp = Timestamp::from_secs(0);

fn read_budget(spec: Option<&BudgetSpec>, at: &At<'_>, problems: &mut Problems) -> Budget {
    let Some(spec) = problems.required(at, spec) else { return Budget::default() };
    if spec.daily.is_none() && spec.total.is_none() {
        problems.add("missing", at, "needs 'daily', 'total' or both");
    }
    Budget {
        total: problems.amount(&at.field("total"), spec.total.as_ref()),
        daily: problems.amount(&at.field("daily"), spec.daily.as_ref()),
    }
}

fn read_goal(spec: Option<&GoalSpec>, at: &At<'_>, problems: &mut Problems) -> Goal {
    let nothing = Goal::Cpm { price: CpmMicros::ZERO };
    let Some(spec) = problems.required(at, spec) else { return nothing };
    let stated = [&spec.cpm, &spec.cpc, &spec.cpa, &spec.roas].iter().filter(|goal| goal.is_some()).count();
    if stated != 1 {
        problems.invalid(at, format!("needs exactly one of cpm, cpc, cpa and roas, had {stated}"));
        return nothing;
    }
    if spec.roas.is_none() && spec.sale.is_some() {
        problems.invalid(&at.field("sale"), "goes with roas alone");
    }
    if let Some(price) = problems.price(&at.field("cpm"), spec.cpm.as_ref()) {
        return Goal::Cpm { price };
    }
    if let Some(click) = problems.amount(&at.field("cpc"), spec.cpc.as_ref()) {
        return Goal::Cpc { click };
    }
    if let Some(conversion) = problems.amount(&at.field("cpa"), spec.cpa.as_ref()) {
        return Goal::Cpa { conversion };
    }
    let Some(roas) = &spec.roas else { return nothing };
    let return_millis = problems.optional(&at.field("roas"), Some(roas), text::read_return).unwrap_or(1_000);
    let sale = problems.required(&at.field("sale"), spec.sale.as_ref());
    let sale = problems.amount(&at.field("sale"), sale).unwrap_or_default();
    Goal::TargetRoas { sale, return_millis }
}

fn read_flight(spec: Option<&FlightSpec>, at: &At<'_>, problems: &mut Problems) -> Flight {
    let nothing = FlightSpec::default();
    let spec = spec.unwrap_or(&nothing);
    let start =
        problems.optional(&at.field("start"), spec.start.as_ref(), text::read_moment).unwrap_or(ALWAYS);
    let end = problems.optional(&at.field("end"), spec.end.as_ref(), text::read_moment);
    let offset = problems.optional(&at.field("utc_offset"), spec.utc_offset.as_ref(), text::read_offset);
    if end.is_some_and(|end| end <= start) {
        problems.invalid(&at.field("end"), "must be after the start");
    }
    Flight { start, end, utc_offset: offset.unwrap_or(Span::ZERO) }
}

impl GoalSpec {
    fn of(goal: &Goal) -> Self {
        let nothing = Self::default();
        match goal {
            Goal::Cpm { price } => Self { cpm: Some(price.to_string()), ..nothing },
            Goal::Cpc { click } => Self { cpc: Some(click.to_string()), ..nothing },
            Goal::Cpa { conversion } => Self { cpa: Some(conversion.to_string()), ..nothing },
            Goal::TargetRoas { sale, return_millis } => Self {
                roas: Some(text::return_text(*return_millis)),
                sale: Some(sale.to_string()),
                ..nothing
            },
        }
    }
}

impl FrequencySpec {
    fn read(&self, at: &At<'_>, problems: &mut Problems) -> FrequencyCap {
        let impressions = problems.required(&at.field("impressions"), self.impressions.as_ref()).copied();
        if impressions == Some(0) {
            problems.invalid(&at.field("impressions"), "must be above 0");
        }
        let per = problems.required(&at.field("per"), self.per.as_ref());
        FrequencyCap {
            impressions: impressions.unwrap_or(1),
            per: problems.optional(&at.field("per"), per, text::read_span).unwrap_or(Span::ZERO),
            unknown_user: problems.one_of(
                &at.field("unknown_user"),
                self.unknown_user.as_ref(),
                &UNKNOWN_USERS,
            ),
        }
    }

    fn of(cap: &FrequencyCap) -> Self {
        Self {
            impressions: Some(cap.impressions),
            per: Some(text::span_text(cap.per)),
            unknown_user: Some(name_of(&cap.unknown_user, &UNKNOWN_USERS)),
        }
    }
}

impl Problems {
    /// Takes the owner a spec states, or the one it stands under; both must agree.
    pub(super) fn owner(&mut self, at: &At<'_>, stated: Option<&String>, under: Option<&str>) -> String {
        match (stated, under) {
            (Some(stated), Some(under)) if stated != under && !under.is_empty() => {
                self.invalid(
                    at,
                    format!("must be '{under}', which it stands under, was '{}'", text::short(stated)),
                );
                under.to_owned()
            }
            (_, Some(under)) => under.to_owned(),
            (stated, None) => self.id(at, stated),
        }
    }
}
