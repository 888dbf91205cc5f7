//! An advertiser as it is written.

use std::collections::BTreeMap;

use motet_model::{
    campaign::{Advertiser, BrandSafety},
    catalog::Change,
};
use serde::{Deserialize, Serialize};

use super::{
    CampaignSpec,
    problem::{At, Problems},
    text::{self, RISKS, STATED_RISKS, STATUSES, TOPICS, name_of, one_of},
};

/// An advertiser, with its campaigns where a whole file is written.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdvertiserSpec {
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The seat its bids are made under; its id when not stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seat: Option<String>,
    /// `active` or `paused`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Domains and publishers it never appears on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocked_publishers: Vec<String>,
    /// Content categories it never appears in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocked_content: Vec<String>,
    /// Which sensitive content it stands beside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand_safety: Option<BrandSafetySpec>,
    /// Its campaigns, put together with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub campaigns: Vec<CampaignSpec>,
}

/// The highest risk an advertiser stands beside: `none`, `low`, `medium` or `high`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BrandSafetySpec {
    /// Where no topic says otherwise; `low` when not stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<String>,
    /// For single topics.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub topics: BTreeMap<String, String>,
}

impl AdvertiserSpec {
    /// Adds the changes that put the advertiser and its campaigns, and every problem met.
    pub fn put(&self, at: &At<'_>, changes: &mut Vec<Change>, problems: &mut Problems) {
        let advertiser = self.read(at, problems);
        let id = advertiser.id.clone();
        changes.push(Change::PutAdvertiser(advertiser));
        for (i, campaign) in self.campaigns.iter().enumerate() {
            campaign.put(&at.item("campaigns", i), Some(&id), changes, problems);
        }
    }

    fn read(&self, at: &At<'_>, problems: &mut Problems) -> Advertiser {
        let id = problems.id(&at.field("id"), self.id.as_ref());
        let seat = self.seat.clone().unwrap_or_else(|| id.clone());
        if self.seat.is_some() {
            problems.length(&at.field("seat"), &seat, 1, 64);
        }
        Advertiser {
            name: problems.name(&at.field("name"), self.name.as_ref(), &id),
            seat,
            brand_safety: self
                .brand_safety
                .as_ref()
                .map_or_else(BrandSafety::default, |safety| safety.read(&at.field("brand_safety"), problems)),
            blocked_publishers: problems.list(at, "blocked_publishers", &self.blocked_publishers, |text| {
                if (1..=253).contains(&text.len()) {
                    Ok(text.to_lowercase())
                } else {
                    Err("must have 1 to 253 characters".to_owned())
                }
            }),
            blocked_content: problems.categories(at, "blocked_content", &self.blocked_content),
            status: problems.one_of(&at.field("status"), self.status.as_ref(), &STATUSES),
            id,
        }
    }

    /// Writes an advertiser without its campaigns.
    pub fn of(advertiser: &Advertiser) -> Self {
        let texts = |list: &[motet_model::codes::CategoryId]| list.iter().map(ToString::to_string).collect();
        Self {
            id: Some(advertiser.id.clone()),
            name: Some(advertiser.name.clone()),
            seat: Some(advertiser.seat.clone()),
            status: Some(name_of(&advertiser.status, &STATUSES)),
            blocked_publishers: advertiser.blocked_publishers.clone(),
            blocked_content: texts(&advertiser.blocked_content),
            brand_safety: Some(BrandSafetySpec::of(&advertiser.brand_safety)),
            campaigns: Vec::new(),
        }
    }
}

impl BrandSafetySpec {
    fn read(&self, at: &At<'_>, problems: &mut Problems) -> BrandSafety {
        let mut topics = Vec::new();
        for (name, risk) in &self.topics {
            let here = at.field("topics");
            let topic = one_of(name, &TOPICS).map_err(|message| problems.invalid(&here, message));
            let risk =
                one_of(risk, STATED_RISKS).map_err(|message| problems.invalid(&here.field(name), message));
            if let (Ok(topic), Ok(risk)) = (topic, risk) {
                topics.push((topic, risk));
            }
        }
        topics.sort_unstable();
        let most = self.most.as_deref().unwrap_or("low");
        let most = one_of(most, STATED_RISKS).unwrap_or_else(|message| {
            problems.invalid(&at.field("most"), message);
            motet_model::campaign::Risk::Low
        });
        BrandSafety { most, topics }
    }

    fn of(safety: &BrandSafety) -> Self {
        let topic = |(topic, risk): &(_, _)| (text::name_of(topic, &TOPICS), text::name_of(risk, &RISKS));
        Self { most: Some(name_of(&safety.most, &RISKS)), topics: safety.topics.iter().map(topic).collect() }
    }
}
