//! Advertisers, campaigns and creatives, as advertisers state them.

use motet_units::{CpmMicros, Nanos, Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    codes::{CategoryId, Code, CodeSet, Mimes},
    request::{MediaKind, Size},
    targeting::Targeting,
};

/// Who pays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Advertiser {
    /// The name it is known by at the edge.
    pub id: String,
    /// For people.
    pub name: String,
    /// The seat its bids are made under.
    pub seat: String,
    /// Which sensitive content it stands beside.
    pub brand_safety: BrandSafety,
    /// Domains and publishers it never appears on, lower case.
    pub blocked_publishers: Vec<String>,
    /// Content categories it never appears in.
    pub blocked_content: Vec<CategoryId>,
    /// Whether it is running.
    pub status: Status,
}

/// Whether something runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It runs.
    #[default]
    Active,
    /// It is held.
    Paused,
}

/// The risk of a sensitive topic: the higher, the less suitable the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// No sensitive topic.
    None,
    /// Educational or scientific treatment.
    #[default]
    Low,
    /// News or entertainment treatment.
    Medium,
    /// Glamorised or graphic treatment.
    High,
    /// Never suitable, for anyone.
    Floor,
}

/// The highest risk an advertiser stands beside; [`Risk::Floor`] is never allowed, whatever is stated.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BrandSafety {
    /// The highest risk taken where no topic says otherwise.
    pub most: Risk,
    /// The highest risk taken for single topics.
    pub topics: Vec<(SensitiveTopic, Risk)>,
}

impl BrandSafety {
    /// Returns the highest risk taken for a topic, never [`Risk::Floor`].
    pub fn most_for(&self, topic: SensitiveTopic) -> Risk {
        let stated = self.topics.iter().find(|(t, _)| *t == topic).map_or(self.most, |(_, risk)| *risk);
        stated.min(Risk::High)
    }
}

/// The sensitive topics of IAB Content Taxonomy 2.2 and later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensitiveTopic {
    /// Adult and explicit sexual content.
    Adult,
    /// Arms and ammunition.
    Arms,
    /// Crime and harm to people and society.
    Crime,
    /// Death, injury or military conflict.
    Death,
    /// Online piracy.
    Piracy,
    /// Hate speech and acts of aggression.
    Hate,
    /// Obscenity and profanity.
    Obscenity,
    /// Illegal drugs, tobacco, vaping, alcohol.
    Drugs,
    /// Spam or harmful content.
    Spam,
    /// Terrorism.
    Terrorism,
    /// Debated sensitive social issues.
    SocialIssues,
}

impl SensitiveTopic {
    /// All eleven.
    pub const ALL: [Self; 11] = [
        Self::Adult,
        Self::Arms,
        Self::Crime,
        Self::Death,
        Self::Piracy,
        Self::Hate,
        Self::Obscenity,
        Self::Drugs,
        Self::Spam,
        Self::Terrorism,
        Self::SocialIssues,
    ];
}

/// A budget, a goal and whom to reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// The name it is known by at the edge.
    pub id: String,
    /// Whose it is.
    pub advertiser: String,
    /// For people.
    pub name: String,
    /// Whether it is running.
    pub status: Status,
    /// What it may spend.
    pub budget: Budget,
    /// What it pays for.
    pub goal: Goal,
    /// The highest price it ever bids, if any.
    pub most_cpm: Option<CpmMicros>,
    /// When it runs.
    pub flight: Flight,
    /// How it spends a day's budget.
    pub pacing: Pacing,
    /// How often one user sees it, if limited.
    pub frequency: Option<FrequencyCap>,
    /// Whom and what it reaches.
    pub targeting: Targeting,
}

/// What a campaign may spend. At least one of the two is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Budget {
    /// Over its whole flight.
    pub total: Option<Nanos>,
    /// In one day of the campaign's clock.
    pub daily: Option<Nanos>,
}

/// What a campaign pays for, and so what an impression is worth to it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Goal {
    /// Impressions, each thousand at this price.
    Cpm {
        /// The price of a thousand.
        price: CpmMicros,
    },
    /// Clicks, each worth this much.
    Cpc {
        /// The worth of a click.
        click: Nanos,
    },
    /// Conversions, each worth this much.
    Cpa {
        /// The worth of a conversion.
        conversion: Nanos,
    },
    /// Sales, at this return on spend.
    TargetRoas {
        /// What a conversion brings on average until reports say otherwise.
        sale: Nanos,
        /// Sales over spend, in thousandths: 4000 is four back for each one spent.
        return_millis: u32,
    },
}

/// When a campaign runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flight {
    /// The first moment.
    pub start: Timestamp,
    /// The moment it is over; `None` runs until stopped.
    pub end: Option<Timestamp>,
    /// The campaign clock's offset from UTC: its days begin at midnight there.
    pub utc_offset: Span,
}

impl Flight {
    /// Tells whether the campaign's time has come and not passed.
    pub fn covers(&self, now: Timestamp) -> bool {
        self.start <= now && self.end.is_none_or(|end| now < end)
    }
}

/// How a day's budget is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pacing {
    /// Along the day's traffic.
    #[default]
    Even,
    /// As fast as the market allows.
    Asap,
    /// More in the first half of the day.
    FrontLoaded,
}

/// How often one user may see a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrequencyCap {
    /// At most this many impressions,
    pub impressions: u16,
    /// within this time.
    pub per: Span,
    /// What is done where the user is unknown and cannot be counted.
    pub unknown_user: UnknownUser,
}

/// What is done where a user cannot be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownUser {
    /// The ad is shown.
    #[default]
    Serve,
    /// The ad is not shown.
    Skip,
}

/// An ad that can be shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Creative {
    /// The name it is known by at the edge (`crid`).
    pub id: String,
    /// Whose ad it is (campaign id).
    pub campaign: String,
    /// Whether it may be shown.
    pub status: Status,
    /// The advertised domains, lower case (`adomain`), at least one.
    pub domains: Vec<String>,
    /// The advertised app's bundle, if it is an app.
    pub bundle: Option<String>,
    /// What it advertises.
    pub categories: Vec<CategoryId>,
    /// Creative attributes (`attr`).
    pub attributes: CodeSet,
    /// Its language, if it has one.
    pub language: Option<Code>,
    /// Where a click leads, http or https.
    pub landing_page: String,
    /// The ad itself.
    pub content: Content,
}

impl Creative {
    /// Tells whether everything it loads is https.
    pub fn is_secure(&self) -> bool {
        match &self.content {
            Content::Html { markup, .. } => !markup.contains("http://"),
            Content::Image { url, .. } => url.starts_with("https://"),
            Content::Video(media) | Content::Audio(media) => {
                media.files.iter().all(|f| f.url.starts_with("https://"))
            }
            Content::Native(native) => [&native.icon, &native.image]
                .into_iter()
                .flatten()
                .all(|image| image.url.starts_with("https://")),
        }
    }
}

/// The ad itself, by media kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Content {
    /// A banner of ready HTML; `{CLICK_URL}` in it is replaced by the click address.
    Html {
        /// Its size.
        size: Size,
        /// The markup.
        markup: String,
    },
    /// A banner of one image.
    Image {
        /// Its size.
        size: Size,
        /// The image's address.
        url: String,
        /// Its mime type.
        mime: Mimes,
    },
    /// A video.
    Video(TimedContent),
    /// An audio spot.
    Audio(TimedContent),
    /// A native ad.
    Native(NativeContent),
}

impl Content {
    /// Returns the media kind it fills.
    pub const fn kind(&self) -> MediaKind {
        match self {
            Self::Html { .. } | Self::Image { .. } => MediaKind::Banner,
            Self::Video(_) => MediaKind::Video,
            Self::Audio(_) => MediaKind::Audio,
            Self::Native(_) => MediaKind::Native,
        }
    }

    /// Returns a banner's size.
    pub const fn size(&self) -> Option<Size> {
        match self {
            Self::Html { size, .. } | Self::Image { size, .. } => Some(*size),
            _ => None,
        }
    }
}

/// A video or an audio spot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimedContent {
    /// How long it plays, in whole seconds, above 0.
    pub duration_s: u32,
    /// The files, at least one.
    pub files: Vec<MediaFile>,
}

impl TimedContent {
    /// Returns the mime types on offer.
    pub fn mimes(&self) -> Mimes {
        self.files.iter().fold(Mimes::EMPTY, |all, file| all.union(file.mime))
    }
}

/// One file of a video or audio spot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaFile {
    /// Its address.
    pub url: String,
    /// Its mime type, exactly one.
    pub mime: Mimes,
    /// Its size, for video.
    pub size: Option<Size>,
    /// Its bit rate in kbit/s; 0 unknown.
    pub bitrate_kbps: u32,
}

/// A native ad's parts.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NativeContent {
    /// The title.
    pub title: String,
    /// The icon.
    pub icon: Option<ImageFile>,
    /// The main image.
    pub image: Option<ImageFile>,
    /// Texts by `AdCOM` data asset type (1 sponsored, 2 description, 12 call to action…).
    pub texts: Vec<(u16, String)>,
}

/// An image of a native ad.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFile {
    /// Its address.
    pub url: String,
    /// Its size.
    pub size: Size,
}
