//! Native 1.2 markup: the asked-for assets, by the caller's ids.
//!
//! The impression is stated twice, as `imptrackers` for players of 1.1 and as an event tracker (event 1, method 1) for
//! those of 1.2. A player that calls both is harmless: the address counts once.

use motet_model::{
    campaign::{ImageFile, NativeContent},
    eligibility::native_has,
    request::{Native, NativeAssetKind},
};
use serde::Serialize;

#[derive(Serialize)]
struct Root<'a> {
    native: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    ver: &'static str,
    assets: Vec<Asset<'a>>,
    link: Link<'a>,
    imptrackers: [&'a str; 1],
    eventtrackers: [EventTracker<'a>; 1],
}

#[derive(Serialize)]
struct Link<'a> {
    url: &'a str,
}

#[derive(Serialize)]
struct EventTracker<'a> {
    event: u8,
    method: u8,
    url: &'a str,
}

#[derive(Serialize, Default)]
struct Asset<'a> {
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Title<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    img: Option<Image<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data<'a>>,
}

#[derive(Serialize)]
struct Title<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Image<'a> {
    #[serde(rename = "type")]
    kind: u8,
    url: &'a str,
    w: u16,
    h: u16,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(rename = "type")]
    kind: u16,
    value: &'a str,
}

/// Returns the markup: every asset asked for that the ad has.
pub(super) fn markup(
    content: &NativeContent,
    slot: Option<&Native>,
    impression: &str,
    click: &str,
) -> String {
    let asked = slot.map(|slot| slot.assets.as_slice()).unwrap_or_default();
    let assets = asked
        .iter()
        .filter(|asset| native_has(content, asset.kind))
        .filter_map(|asset| fill(content, asset.id, asset.kind))
        .collect();
    let root = Root {
        native: Body {
            ver: "1.2",
            assets,
            link: Link { url: click },
            imptrackers: [impression],
            eventtrackers: [EventTracker { event: 1, method: 1, url: impression }],
        },
    };
    let written = serde_json::to_string(&root);
    debug_assert!(written.is_ok(), "a native ad is plain data");
    written.unwrap_or_default()
}

fn fill(content: &NativeContent, id: i64, kind: NativeAssetKind) -> Option<Asset<'_>> {
    let empty = Asset { id, ..Asset::default() };
    match kind {
        NativeAssetKind::Title { .. } => Some(Asset { title: Some(Title { text: &content.title }), ..empty }),
        NativeAssetKind::Icon { .. } => Some(Asset { img: Some(image(content.icon.as_ref()?, 1)), ..empty }),
        NativeAssetKind::Image { .. } => {
            Some(Asset { img: Some(image(content.image.as_ref()?, 3)), ..empty })
        }
        NativeAssetKind::Data { kind, .. } => {
            let (_, value) = content.texts.iter().find(|(k, _)| *k == kind)?;
            Some(Asset { data: Some(Data { kind, value }), ..empty })
        }
        NativeAssetKind::Unsupported => None,
    }
}

fn image(file: &ImageFile, kind: u8) -> Image<'_> {
    Image { kind, url: &file.url, w: file.size.w, h: file.size.h }
}
