//! Whether a creative fits an imp: the seller's rules on media, size, duration, blocks, seats and deals.
//!
//! One definition, used by the relevance agent and the baseline alike. It says what is wrong, not only that
//! something is, so that a refusal can be explained.

use motet_units::CpmMicros;
use serde::{Deserialize, Serialize};

use crate::{
    campaign::{Advertiser, Campaign, Content, Creative, NativeContent, TimedContent},
    catalog::CreativeEntry,
    codes::{CategoryId, CodeSet},
    request::{
        Access, AdRequest, Banner, Deal, Imp, Media, MediaKind, Native, NativeAssetKind, Need, Security,
        Timed,
    },
    targeting::{Ancestors, is_among},
};

/// Why a creative does not fit an imp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misfit {
    /// The imp does not take this media kind.
    Media,
    /// The size is not taken.
    Size,
    /// The mime type is not taken.
    Mime,
    /// The duration is not taken.
    Duration,
    /// No VAST version in common.
    Protocol,
    /// A native asset is missing or too long.
    NativeAsset,
    /// The creative has a blocked attribute.
    Attribute,
    /// The imp needs https throughout.
    NotSecure,
    /// The language is not taken.
    Language,
    /// The advertised category is blocked or not among those allowed.
    Category,
    /// The advertised domain is blocked.
    Domain,
    /// The advertised app is blocked.
    Bundle,
    /// The seat may not bid.
    Seat,
    /// No deal in common, or a deal is needed.
    Deal,
}

/// How a creative fits an imp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fit {
    /// The media kind it fills.
    pub kind: MediaKind,
    /// The deal it would be bid under, by its place in the imp's list.
    pub deal: Option<u16>,
    /// The lowest price taken for it: deal before duration before imp (OpenRTB 2.6, section 7.11).
    pub floor: CpmMicros,
}

/// Works out whether and how a creative fits an imp.
///
/// # Errors
/// The first rule it breaks.
pub fn fit(
    entry: &CreativeEntry,
    campaign: &Campaign,
    advertiser: &Advertiser,
    request: &AdRequest,
    imp: &Imp,
    parent: Ancestors,
) -> Result<Fit, Misfit> {
    let creative = &entry.creative;
    fits_media(creative, &imp.media)?;
    if imp.secure == Security::HttpsOnly && !entry.secure {
        return Err(Misfit::NotSecure);
    }
    fits_language(creative, request)?;
    fits_blocks(creative, request, parent)?;
    fits_seat(&advertiser.seat, request)?;
    let deal = usable_deal(creative, campaign, advertiser, imp)?;
    Ok(Fit { kind: creative.content.kind(), deal, floor: floor(creative, imp, deal) })
}

fn fits_media(creative: &Creative, media: &Media) -> Result<(), Misfit> {
    let blocked = match (&creative.content, media) {
        (Content::Html { .. } | Content::Image { .. }, Media { banner: Some(banner), .. }) => {
            fits_banner(&creative.content, banner)?;
            banner.blocked_attributes
        }
        (Content::Video(content), Media { video: Some(slot), .. })
        | (Content::Audio(content), Media { audio: Some(slot), .. }) => {
            fits_timed(content, slot)?;
            slot.blocked_attributes
        }
        (Content::Native(content), Media { native: Some(slot), .. }) => {
            fits_native(content, slot)?;
            slot.blocked_attributes
        }
        _ => return Err(Misfit::Media),
    };
    if creative.attributes.intersects(blocked) { Err(Misfit::Attribute) } else { Ok(()) }
}

fn fits_banner(content: &Content, banner: &Banner) -> Result<(), Misfit> {
    let size_taken =
        banner.sizes.is_empty() || content.size().is_some_and(|size| banner.sizes.contains(&size));
    if !size_taken {
        return Err(Misfit::Size);
    }
    match content {
        Content::Image { mime, .. } if !banner.mimes.is_empty() && !banner.mimes.intersects(*mime) => {
            Err(Misfit::Mime)
        }
        _ => Ok(()),
    }
}

/// The VAST versions the markup is valid under: 4.0 to 4.3 inline, as `AdCOM` codes 7, 11, 13 and 15 (video creatives
/// use nothing newer than 2.0's core, so players of 2.0 and 3.0 (2, 3) read it too).
const PROTOCOLS: CodeSet = CodeSet(1 << 2 | 1 << 3 | 1 << 7 | 1 << 11 | 1 << 13 | 1 << 15);

fn fits_timed(content: &TimedContent, slot: &Timed) -> Result<(), Misfit> {
    if !slot.mimes.is_empty() && !slot.mimes.intersects(content.mimes()) {
        return Err(Misfit::Mime);
    }
    if !slot.durations.admits(content.duration_s) {
        return Err(Misfit::Duration);
    }
    if slot.protocols.is_empty() || slot.protocols.intersects(PROTOCOLS) {
        Ok(())
    } else {
        Err(Misfit::Protocol)
    }
}

fn fits_native(content: &NativeContent, slot: &Native) -> Result<(), Misfit> {
    let missing = |asset: &crate::request::NativeAsset| {
        asset.need == Need::Required && !native_has(content, asset.kind)
    };
    if slot.assets.iter().any(missing) { Err(Misfit::NativeAsset) } else { Ok(()) }
}

/// Tells whether a native ad can fill an asset.
pub fn native_has(content: &NativeContent, kind: NativeAssetKind) -> bool {
    let short_enough = |text: &str, most: u32| most == 0 || text.chars().count() <= most as usize;
    let large_enough = |image: &Option<crate::campaign::ImageFile>, least: crate::request::Size| {
        image.as_ref().is_some_and(|i| i.size.w >= least.w && i.size.h >= least.h)
    };
    match kind {
        NativeAssetKind::Title { length } => short_enough(&content.title, length),
        NativeAssetKind::Icon { least } => large_enough(&content.icon, least),
        NativeAssetKind::Image { least } => large_enough(&content.image, least),
        NativeAssetKind::Data { kind, length } => {
            content.texts.iter().any(|(k, text)| *k == kind && short_enough(text, length))
        }
        NativeAssetKind::Unsupported => false,
    }
}

fn fits_language(creative: &Creative, request: &AdRequest) -> Result<(), Misfit> {
    match creative.language {
        Some(language) if !request.languages.is_empty() && !request.languages.contains(&language) => {
            Err(Misfit::Language)
        }
        _ => Ok(()),
    }
}

fn fits_blocks(creative: &Creative, request: &AdRequest, parent: Ancestors) -> Result<(), Misfit> {
    let blocks = &request.blocks;
    // Lists of the request that are empty are seen first: the creative's own need no look then.
    let within = |list: &[CategoryId]| creative.categories.iter().any(|c| is_among(*c, list, parent));
    let blocked = !blocks.categories.is_empty() && within(&blocks.categories);
    let allowed = blocks.allowed_categories.is_empty() || within(&blocks.allowed_categories);
    if blocked || !allowed {
        return Err(Misfit::Category);
    }
    let lies_below = |domain: &String| blocks.domains.iter().any(|blocked| is_subdomain(domain, blocked));
    if !blocks.domains.is_empty() && creative.domains.iter().any(lies_below) {
        return Err(Misfit::Domain);
    }
    if blocks.bundles.is_empty() {
        return Ok(());
    }
    match &creative.bundle {
        Some(bundle) if blocks.bundles.contains(bundle) => Err(Misfit::Bundle),
        _ => Ok(()),
    }
}

/// Tells whether a domain is another or lies below it: `shop.example.com` lies below `example.com`.
pub fn is_subdomain(domain: &str, of: &str) -> bool {
    domain == of || domain.strip_suffix(of).is_some_and(|rest| rest.ends_with('.'))
}

fn fits_seat(seat: &str, request: &AdRequest) -> Result<(), Misfit> {
    let blocks = &request.blocks;
    let allowed = blocks.allowed_seats.is_empty() || blocks.allowed_seats.iter().any(|s| s == seat);
    let blocked = blocks.blocked_seats.iter().any(|s| s == seat);
    if allowed && !blocked { Ok(()) } else { Err(Misfit::Seat) }
}

/// Finds the deal a creative is bid under: a campaign with deals bids on these alone, one without only in the open.
fn usable_deal(
    creative: &Creative,
    campaign: &Campaign,
    advertiser: &Advertiser,
    imp: &Imp,
) -> Result<Option<u16>, Misfit> {
    if campaign.targeting.admits_deal(None) {
        return if imp.access == Access::Open { Ok(None) } else { Err(Misfit::Deal) };
    }
    let usable = |deal: &Deal| {
        let seat = deal.seats.is_empty() || deal.seats.contains(&advertiser.seat);
        let domain = deal.advertiser_domains.is_empty()
            || creative.domains.iter().any(|d| deal.advertiser_domains.contains(d));
        campaign.targeting.admits_deal(Some(&deal.id)) && seat && domain
    };
    imp.deals.iter().position(usable).map(|place| Some(place as u16)).ok_or(Misfit::Deal)
}

/// Returns the floor that holds for a creative: the deal's, else the duration's, else the imp's.
pub fn floor(creative: &Creative, imp: &Imp, deal: Option<u16>) -> CpmMicros {
    if let Some(deal) = deal.and_then(|place| imp.deals.get(usize::from(place))) {
        return deal.floor;
    }
    let (content, slot) = match &creative.content {
        Content::Video(content) => (content, imp.media.video.as_ref()),
        Content::Audio(content) => (content, imp.media.audio.as_ref()),
        _ => return imp.floor,
    };
    slot.and_then(|slot| timed_floor(content.duration_s, slot)).unwrap_or(imp.floor)
}

fn timed_floor(seconds: u32, slot: &Timed) -> Option<CpmMicros> {
    let by_duration = slot.duration_floors.iter().find(|f| (f.least..=f.most).contains(&seconds));
    by_duration.map(|f| f.floor).or_else(|| {
        slot.floor_per_second.map(|floor| CpmMicros::new(floor.get().saturating_mul(i64::from(seconds))))
    })
}
