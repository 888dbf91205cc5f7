//! What is advertised: the campaigns of a scenario's groups as the engine is told of them, and the truth about each.

use motet_model::{
    campaign::{
        Advertiser, BrandSafety, Budget, Campaign, Content, Creative, Flight, FrequencyCap, Goal, ImageFile,
        MediaFile, NativeContent, Risk, Status, TimedContent, UnknownUser,
    },
    catalog::Change,
    codes::{CategoryId, Code, CodeSet, Mimes, Taxonomy},
    request::Size,
    targeting::{Place, Targeting},
};
use motet_units::{Chance, CpmMicros, Nanos, Span, Stream, Timestamp};

use super::{listeners::DEVICES, topics};
use crate::{
    dist,
    scenario::{CampaignGroup, GoalKind, Medium, Range, Reach, Scenario},
};

/// What is true of a campaign, which the engine is never told.
#[derive(Clone, Debug)]
pub struct CampaignTruth {
    /// Its group's place in the scenario.
    pub group: u16,
    /// What it advertises.
    pub topic: u8,
    /// What it pays for.
    pub goal: Goal,
    /// The chance that a click converts, on average.
    pub conversion_rate: f64,
    /// What a conversion brings on average.
    pub sale: Nanos,
    /// Its budget of a day.
    pub daily_budget: Nanos,
}

/// The campaigns of a world. Places are the indices the engine gives, for all are told at once and in this order.
#[derive(Clone, Debug)]
pub struct Campaigns {
    /// The truth, by campaign index.
    pub truth: Vec<CampaignTruth>,
    /// The quality of each creative, by creative index: what it multiplies the click chance by.
    pub quality: Vec<f64>,
    /// The campaign of each creative.
    pub of_creative: Vec<u32>,
    /// What the engine is told at the start.
    pub changes: Vec<Change>,
}

impl Campaigns {
    /// Draws the campaigns of a scenario. Budgets are multiplied by `budget_share`.
    pub fn new(scenario: &Scenario, seed: u64, budget_share: f64) -> Self {
        let mut campaigns =
            Self { truth: Vec::new(), quality: Vec::new(), of_creative: Vec::new(), changes: Vec::new() };
        for (place, group) in scenario.campaigns.iter().enumerate() {
            campaigns.changes.push(Change::PutAdvertiser(advertiser(group)));
            for number in 0..group.count {
                let key = (place as u64) << 32 | u64::from(number);
                let mut draw = Chance::new(seed, key).stream("campaign");
                campaigns.add(scenario, place as u16, number, budget_share, &mut draw);
            }
        }
        campaigns
    }

    fn add(&mut self, scenario: &Scenario, place: u16, number: u32, budget_share: f64, draw: &mut Stream) {
        let group = &scenario.campaigns[usize::from(place)];
        let topic = pick_topic(group, draw);
        let (goal, sale) = goal(group, draw);
        let budget = Nanos::from_units(within(group.daily_budget, draw) * budget_share);
        let truth = CampaignTruth {
            group: place,
            topic,
            goal,
            conversion_rate: group.conversion_rate,
            sale,
            daily_budget: budget,
        };
        let campaign = campaign(scenario, group, number, &truth, draw);
        let index = self.truth.len() as u32;
        for (medium, variant) in
            group.media.iter().flat_map(|medium| (0..group.creatives).map(move |variant| (*medium, variant)))
        {
            self.changes.push(Change::PutCreative(creative(&campaign, medium, variant, topic)));
            self.quality.push(dist::log_normal(draw, 1.0, group.quality_sigma));
            self.of_creative.push(index);
        }
        // A creative names its campaign, so the campaign goes first.
        let creatives = group.media.len() * usize::from(group.creatives);
        self.changes.insert(self.changes.len() - creatives, Change::PutCampaign(campaign));
        self.truth.push(truth);
    }
}

fn within(range: Range, draw: &mut Stream) -> f64 {
    range[0] + (range[1] - range[0]) * draw.unit()
}

fn pick_topic(group: &CampaignGroup, draw: &mut Stream) -> u8 {
    let stated: Vec<u8> = group.topics.iter().filter_map(|name| topics::by_name(name)).collect();
    if stated.is_empty() {
        // As uneven as the listeners' interests.
        return (draw.unit() * draw.unit() * topics::all().len() as f64) as u8;
    }
    stated[draw.below(stated.len() as u64) as usize]
}

fn goal(group: &CampaignGroup, draw: &mut Stream) -> (Goal, Nanos) {
    let worth = within(group.worth, draw);
    let money = Nanos::from_units(worth);
    let return_millis = (group.return_on_spend * 1_000.0) as u32;
    match group.goal {
        GoalKind::Cpm => (Goal::Cpm { price: CpmMicros::from_units(worth) }, money),
        GoalKind::Cpc => (Goal::Cpc { click: money }, money),
        GoalKind::Cpa => (Goal::Cpa { conversion: money }, money),
        GoalKind::Roas => (Goal::TargetRoas { sale: money, return_millis }, money),
    }
}

fn advertiser(group: &CampaignGroup) -> Advertiser {
    Advertiser {
        id: format!("{}-advertiser", group.id),
        name: format!("The advertiser of {}", group.id),
        seat: format!("seat-{}", group.id),
        brand_safety: BrandSafety { most: Risk::Medium, topics: Vec::new() },
        blocked_publishers: Vec::new(),
        blocked_content: Vec::new(),
        status: Status::Active,
    }
}

fn campaign(
    scenario: &Scenario,
    group: &CampaignGroup,
    number: u32,
    truth: &CampaignTruth,
    draw: &mut Stream,
) -> Campaign {
    let at_day = |day: f64| Timestamp::from_micros(scenario.begins().micros() + (day * 86_400e6) as i64);
    let cap = FrequencyCap {
        impressions: group.daily_frequency,
        per: Span::from_secs(86_400),
        unknown_user: UnknownUser::Serve,
    };
    Campaign {
        id: format!("{}-{number}", group.id),
        advertiser: format!("{}-advertiser", group.id),
        name: format!("{} {number}: {}", group.id, topics::all()[usize::from(truth.topic)].name),
        status: Status::Active,
        budget: Budget { total: None, daily: Some(truth.daily_budget) },
        goal: truth.goal,
        most_cpm: None,
        flight: Flight {
            start: at_day(group.enters_day),
            end: (group.leaves_day > 0.0).then(|| at_day(group.leaves_day)),
            utc_offset: Span::from_secs(i64::from(scenario.utc_offset_minutes) * 60),
        },
        pacing: group.pacing,
        frequency: (group.daily_frequency > 0).then_some(cap),
        targeting: targeting(scenario, group.reach, truth.topic, draw),
    }
}

fn targeting(scenario: &Scenario, reach: Reach, topic: u8, draw: &mut Stream) -> Targeting {
    let reach = match reach {
        Reach::Mixed => {
            [Reach::Everyone, Reach::Context, Reach::Country, Reach::Device][draw.below(4) as usize]
        }
        other => other,
    };
    match reach {
        Reach::Everyone | Reach::Mixed => Targeting::default(),
        Reach::Context => {
            Targeting { categories: vec![topics::all()[usize::from(topic)].category], ..Targeting::default() }
        }
        Reach::Country => {
            let countries = &scenario.listeners.countries;
            let skewed = draw.unit() * draw.unit();
            let country = &countries[(skewed * countries.len() as f64) as usize];
            let place = Code::country(country).map(|country| Place { country, region: None, city: None });
            Targeting { places: place.into_iter().collect(), ..Targeting::default() }
        }
        Reach::Device => {
            let device = DEVICES[draw.below(DEVICES.len() as u64) as usize];
            Targeting { devices: vec![device.kind], ..Targeting::default() }
        }
    }
}

/// The banner sizes of the world.
pub const SIZES: [Size; 3] = [Size { w: 300, h: 250 }, Size { w: 728, h: 90 }, Size { w: 320, h: 50 }];

fn mime(name: &str) -> Mimes {
    Mimes::of(name).expect("a mime type the model knows")
}

fn creative(campaign: &Campaign, medium: Medium, variant: u16, topic: u8) -> Creative {
    Creative {
        id: format!("{}-{medium:?}-{variant}", campaign.id).to_lowercase(),
        campaign: campaign.id.clone(),
        status: Status::Active,
        domains: vec![format!("{}.example", campaign.id)],
        bundle: None,
        categories: product_category(topic).into_iter().collect(),
        attributes: CodeSet::EMPTY,
        language: None,
        landing_page: format!("https://{}.example/", campaign.id),
        content: content(medium, variant),
    }
}

/// A creative says what it advertises in the content taxonomy's own code, as many do.
fn product_category(topic: u8) -> Option<CategoryId> {
    let code = topics::all()[usize::from(topic)].category.code();
    CategoryId::new(Taxonomy::Content3, &code)
}

fn content(medium: Medium, variant: u16) -> Content {
    let file = |url: &str, kind: &str, size, bitrate_kbps| MediaFile {
        url: url.to_owned(),
        mime: mime(kind),
        size,
        bitrate_kbps,
    };
    let size = SIZES[usize::from(variant) % SIZES.len()];
    match medium {
        Medium::Audio => Content::Audio(TimedContent {
            duration_s: if variant.is_multiple_of(2) { 30 } else { 15 },
            files: vec![file("https://cdn.example/spot.mp3", "audio/mpeg", None, 128)],
        }),
        Medium::Video => Content::Video(TimedContent {
            duration_s: if variant.is_multiple_of(2) { 15 } else { 30 },
            files: vec![file(
                "https://cdn.example/film.mp4",
                "video/mp4",
                Some(Size { w: 640, h: 360 }),
                1_200,
            )],
        }),
        Medium::Banner => {
            Content::Image { size, url: "https://cdn.example/banner.png".to_owned(), mime: mime("image/png") }
        }
        Medium::Native => Content::Native(NativeContent {
            title: "A better one".to_owned(),
            icon: None,
            image: Some(ImageFile {
                url: "https://cdn.example/main.jpg".to_owned(),
                size: Size { w: 1_200, h: 627 },
            }),
            texts: vec![(1, "Sponsor".to_owned()), (2, "See why".to_owned())],
        }),
    }
}
