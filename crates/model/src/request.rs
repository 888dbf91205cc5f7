//! An ad request as the core sees it: parsed once at the edge, in the accounting currency, with identity already
//! taken out where the listener did not permit it.

use std::net::IpAddr;

use motet_units::{CpmMicros, Span};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::{
    codes::{CategoryId, Code, CodeSet, Mimes},
    ids::UserKey,
};

/// One call asking what to show, holding one or more imps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdRequest {
    /// The caller's id.
    pub id: String,
    /// The opportunities, at least one.
    pub imps: Vec<Imp>,
    /// Where the ad would be shown.
    pub inventory: Inventory,
    /// On what it would be shown.
    pub device: Device,
    /// To whom, as far as permitted.
    pub user: User,
    /// The privacy signals as received; consent strings are relayed unmodified.
    pub privacy: Privacy,
    /// What the seller does not take.
    pub blocks: Blocks,
    /// How the seller's auction prices the winner.
    pub pricing: Pricing,
    /// The currency the answer is given in.
    pub currency: CurrencyRate,
    /// Languages the creative may have; empty means any.
    pub languages: SmallVec<[Code; 2]>,
    /// The time the caller waits, network included.
    pub tmax: Option<Span>,
    /// Whether the request is a test whose answer is never billed.
    pub mode: Mode,
    /// The supply chain as declared.
    pub supply: SupplyChain,
    /// Oddities the edge tolerated but the guard should know of.
    pub oddities: Oddities,
}

/// Whether money is at stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Mode {
    /// Live traffic.
    #[default]
    Live,
    /// A test request: decided as usual, never reserved or billed.
    Test,
}

/// How the seller's auction prices the winner (`at`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pricing {
    /// The winner pays its bid.
    FirstPrice,
    /// The winner pays the next bid: bidding the value is right.
    SecondPrice,
}

/// A currency and its rate, fixed when the request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrencyRate {
    /// ISO 4217.
    pub code: Code,
    /// Nanos of the accounting currency that one unit of this currency is worth; above 0.
    pub nanos_per_unit: i64,
}

/// One opportunity to show an ad.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Imp {
    /// The caller's id, unique within the request.
    pub id: String,
    /// The media kinds taken, at least one.
    pub media: Media,
    /// The lowest price taken in the open auction.
    pub floor: CpmMicros,
    /// Deals on offer.
    pub deals: Vec<Deal>,
    /// Whether anyone without a deal may bid.
    pub access: Access,
    /// Whether markup must be https.
    pub secure: Security,
    /// The publisher's name for the slot.
    pub tag: Option<String>,
    /// The caller's advised time from auction to impression.
    pub expiry: Option<Span>,
    /// How many impressions one play counts as, in thousandths: 1000 except out of home.
    pub quantity_millis: u32,
    /// Whether the slot covers the screen or rewards the listener.
    pub placement: Placement,
    /// Billing and display hints the guard checks: 0x0 and 1x1 slots, stacked imps and the like live in `oddities`.
    pub metric_viewability: Option<f32>,
}

/// Whether anyone without a deal may bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Access {
    /// Deals and the open auction.
    #[default]
    Open,
    /// Deals only (`private_auction` 1).
    DealsOnly,
}

/// Whether markup must be https.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Security {
    /// Either scheme.
    #[default]
    Any,
    /// https only.
    HttpsOnly,
}

/// What the slot asks of the listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Placement {
    /// An ordinary slot.
    #[default]
    Ordinary,
    /// A full-screen slot.
    Interstitial,
    /// A slot the listener is rewarded for.
    Rewarded,
}

/// The media kinds an imp takes; several may be present.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Media {
    /// A display banner.
    pub banner: Option<Banner>,
    /// Video.
    pub video: Option<Timed>,
    /// Audio.
    pub audio: Option<Timed>,
    /// A native ad.
    pub native: Option<Native>,
}

/// One of the four media kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// A display banner.
    Banner,
    /// Video.
    Video,
    /// Audio.
    Audio,
    /// A native ad.
    Native,
}

impl MediaKind {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Banner, Self::Video, Self::Audio, Self::Native];

    /// Returns the lower-case name used in metrics, config and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Banner => "banner",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Native => "native",
        }
    }
}

impl Media {
    /// Tells whether a kind is taken.
    pub const fn takes(&self, kind: MediaKind) -> bool {
        match kind {
            MediaKind::Banner => self.banner.is_some(),
            MediaKind::Video => self.video.is_some(),
            MediaKind::Audio => self.audio.is_some(),
            MediaKind::Native => self.native.is_some(),
        }
    }
}

/// Width and height in device-independent pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Size {
    /// Width.
    pub w: u16,
    /// Height.
    pub h: u16,
}

/// A banner slot.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Banner {
    /// Sizes taken; empty means unknown, and any is offered.
    pub sizes: SmallVec<[Size; 4]>,
    /// Creative attributes not taken (`battr`).
    pub blocked_attributes: CodeSet,
    /// Mime types taken; empty means any.
    pub mimes: Mimes,
    /// Position on screen as `AdCOM` codes it; 0 unknown, 1 above the fold, 3 below.
    pub position: u8,
}

/// A video or audio slot.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Timed {
    /// Mime types taken; empty means unknown, and any is offered.
    pub mimes: Mimes,
    /// Durations taken.
    pub durations: Durations,
    /// VAST and DAAST versions taken, as `AdCOM` codes; empty means any.
    pub protocols: CodeSet,
    /// Creative attributes not taken (`battr`).
    pub blocked_attributes: CodeSet,
    /// The player's size, for video.
    pub size: Option<Size>,
    /// Floors by duration; they stand before the imp's floor.
    pub duration_floors: SmallVec<[DurationFloor; 2]>,
    /// The lowest price per second of play; it stands before the imp's floor.
    pub floor_per_second: Option<CpmMicros>,
}

/// Durations a slot takes, in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Durations {
    /// From a least to a most.
    Between {
        /// The least.
        least: u32,
        /// The most.
        most: u32,
    },
    /// Exactly one of these (`rqddurs`, live streams).
    OneOf(SmallVec<[u32; 4]>),
}

impl Default for Durations {
    fn default() -> Self {
        Self::Between { least: 0, most: u32::MAX }
    }
}

impl Durations {
    /// Tells whether a duration in seconds is taken.
    pub fn admits(&self, seconds: u32) -> bool {
        match self {
            Self::Between { least, most } => (*least..=*most).contains(&seconds),
            Self::OneOf(exact) => exact.contains(&seconds),
        }
    }
}

/// A floor for creatives of some durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DurationFloor {
    /// The shortest it holds for, in seconds.
    pub least: u32,
    /// The longest it holds for, in seconds.
    pub most: u32,
    /// The floor.
    pub floor: CpmMicros,
}

/// A native slot: which assets it needs, by the caller's asset ids.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Native {
    /// The assets asked for, in the caller's order.
    pub assets: Vec<NativeAsset>,
    /// Creative attributes not taken (`battr`).
    pub blocked_attributes: CodeSet,
}

/// One asset of a native slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NativeAsset {
    /// The caller's id for it.
    pub id: i64,
    /// Whether the ad may do without it.
    pub need: Need,
    /// What it is.
    pub kind: NativeAssetKind,
}

/// Whether an ad may do without something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Need {
    /// It must be there.
    Required,
    /// It may be left out.
    Optional,
}

/// What a native asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NativeAssetKind {
    /// A title of at most this many characters.
    Title {
        /// The most characters.
        length: u32,
    },
    /// An icon at least this large.
    Icon {
        /// The least size; zeros when not stated.
        least: Size,
    },
    /// A main image at least this large.
    Image {
        /// The least size; zeros when not stated.
        least: Size,
    },
    /// A text of at most this many characters, of `AdCOM`'s data asset type (1 sponsored, 2 description, 12 call to action…).
    Data {
        /// The data asset type.
        kind: u16,
        /// The most characters.
        length: u32,
    },
    /// A video, or something newer: not offered; a slot that requires it gets no native ad.
    Unsupported,
}

/// A deal on offer with its own floor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deal {
    /// The deal's id, as campaigns target it.
    pub id: String,
    /// Its floor; with [`DealPricing::Fixed`] the price itself.
    pub floor: CpmMicros,
    /// How it is priced.
    pub pricing: DealPricing,
    /// Seats that may bid on it; empty means any.
    pub seats: Vec<String>,
    /// Advertiser domains that may bid on it; empty means any.
    pub advertiser_domains: Vec<String>,
}

/// How a deal is priced (`at` of a deal).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DealPricing {
    /// As the request's auction.
    Auction(Pricing),
    /// The floor is the price (`at` 3).
    Fixed,
}

/// Where the ad would be shown.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Inventory {
    /// Site, app or screen.
    pub channel: Channel,
    /// Whose inventory it is, and so when an impression is charged.
    pub ownership: Ownership,
    /// The site's, app's or screen's id.
    pub id: Option<String>,
    /// The domain (site) or store domain, lower case.
    pub domain: Option<String>,
    /// The app's bundle.
    pub bundle: Option<String>,
    /// The page's address.
    pub page: Option<String>,
    /// The publisher's id.
    pub publisher: Option<String>,
    /// Content categories of site, section, page and content, in the Content Taxonomy where mapped.
    pub categories: SmallVec<[CategoryId; 6]>,
    /// Keywords of site and content, lower case.
    pub keywords: Vec<String>,
    /// The content's language.
    pub language: Option<Code>,
    /// The content's title, for explanations and brand safety.
    pub title: Option<String>,
}

/// Site, app or screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A website.
    Site,
    /// An app.
    App,
    /// Digital out of home.
    Dooh,
    /// Not stated.
    #[default]
    Unknown,
}

/// Whose inventory it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Ownership {
    /// An exchange's: it runs the deciding auction and sends a billing notice.
    #[default]
    Exchange,
    /// Our own: the deciding auction is ours, and the impression is what is charged.
    Owned,
}

/// The device, with its address shortened where identity is not permitted.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Device {
    /// What it is.
    pub kind: DeviceKind,
    /// The user agent string.
    pub user_agent: Option<String>,
    /// Platform and brands by client hints (`sua`), lower case.
    pub hints: Option<ClientHints>,
    /// The network address.
    pub ip: Option<IpAddr>,
    /// Where it is.
    pub geo: Geo,
    /// Its language.
    pub language: Option<Code>,
    /// The operating system's name, lower case.
    pub os: Option<String>,
    /// The maker, lower case.
    pub make: Option<String>,
    /// Screen size; zeros when unknown.
    pub screen: Option<Size>,
    /// The clock's offset from UTC in minutes.
    pub utc_offset_minutes: Option<i16>,
}

/// What the browser says of itself in structured form.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClientHints {
    /// The platform's brand, lower case.
    pub platform: Option<String>,
    /// The browsers' brands, lower case.
    pub browsers: Vec<String>,
    /// Whether it calls itself mobile.
    pub mobile: Option<bool>,
}

/// What a device is, after `AdCOM`'s device types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// Not stated.
    #[default]
    Unknown,
    /// A phone.
    Phone,
    /// A tablet.
    Tablet,
    /// A personal computer.
    Computer,
    /// A television.
    Tv,
    /// A connected device or set-top box, smart speakers included.
    Connected,
    /// A public screen.
    Screen,
}

/// A place.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Geo {
    /// ISO 3166 alpha-3.
    pub country: Option<Code>,
    /// ISO 3166-2 without the country, upper case.
    pub region: Option<String>,
    /// The city's name, lower case.
    pub city: Option<String>,
}

/// The listener or reader, as far as permitted.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct User {
    /// The keyed hash of the best identifier; `None` when unknown or not permitted.
    pub key: Option<UserKey>,
    /// Audience segments as `provider/segment`, empty when not permitted.
    pub segments: Vec<String>,
    /// Keywords of interest, lower case, empty when not permitted.
    pub keywords: Vec<String>,
}

/// Privacy signals as received.
#[expect(clippy::struct_excessive_bools, reason = "each is an independent signal of the wire")]
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Privacy {
    /// Whether COPPA applies.
    pub coppa: bool,
    /// Whether the GDPR applies; `None` when not stated.
    pub gdpr: Option<bool>,
    /// The TCF consent string.
    pub tcf: Option<String>,
    /// The US Privacy string.
    pub us_privacy: Option<String>,
    /// The GPP string.
    pub gpp: Option<String>,
    /// The GPP sections that apply.
    pub gpp_sections: SmallVec<[u8; 4]>,
    /// Whether the device limits ad tracking (`lmt`).
    pub limit_tracking: bool,
    /// Whether the browser asks not to be tracked (`dnt`).
    pub do_not_track: bool,
    /// Whether the user or content is known to be a child's by other signals.
    pub child: bool,
}

/// What the seller does not take.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Blocks {
    /// Blocked advertiser categories (`bcat`).
    pub categories: Vec<CategoryId>,
    /// Allowed advertiser categories (`acat`); empty means all.
    pub allowed_categories: Vec<CategoryId>,
    /// Blocked advertiser domains (`badv`), lower case.
    pub domains: Vec<String>,
    /// Blocked app bundles (`bapp`).
    pub bundles: Vec<String>,
    /// Seats that may bid (`wseat`); empty means all.
    pub allowed_seats: Vec<String>,
    /// Seats that may not (`bseat`).
    pub blocked_seats: Vec<String>,
}

/// The supply chain as declared (`schain`).
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SupplyChain {
    /// Whether a chain was stated, and complete.
    pub completeness: Completeness,
    /// The systems' domains, first seller first, lower case.
    pub systems: Vec<String>,
}

/// Whether a supply chain reaches back to the publisher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Completeness {
    /// No chain was stated.
    #[default]
    Absent,
    /// It does not reach back to the publisher.
    Incomplete,
    /// It does.
    Complete,
}

/// Oddities the edge tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Oddities {
    /// Slots of 0x0 or 1x1 pixels.
    pub hidden_slots: u16,
    /// Imps that share one tag and media, as stacked ads do.
    pub stacked_slots: u16,
    /// More than one of site, app and dooh was present.
    pub mixed_channels: bool,
    /// The network address could not be read.
    pub unreadable_ip: bool,
}
