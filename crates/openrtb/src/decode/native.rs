//! Native requests: JSON within JSON, 1.0 to 1.2, as a text or an object, with or without the `native` wrapper.
//!
//! One that is no JSON, or asks for no asset, is not offered: what it needs cannot be known. One that is readable but
//! breaks a rule of Native 1.2 (an asset of two kinds, a text without a type) refuses the request.

use std::borrow::Cow;

use motet_model::request::{Native, NativeAsset, NativeAssetKind, Need, Size};
use serde_json::value::RawValue;

use super::{BadRequest, Flaws, plain};
use crate::wire::{self, Count, NativeRoot};

/// `AdCOM`'s image asset types: 1 is an icon, 3 a main image.
const ICON: i64 = 1;

/// Reads one imp's native slot; `None` where it is tolerated as not offered.
pub(crate) fn read(
    wire: &wire::Native<'_>,
    imp: usize,
    flaws: &mut Flaws,
) -> Result<Option<Native>, BadRequest> {
    let field = || format!("imp[{imp}].native.request");
    let Some(text) = wire.request.and_then(unwrap) else {
        flaws.tolerate(|| BadRequest::missing(field()))?;
        return Ok(None);
    };
    match from_text(&text) {
        Ok(native) if native.assets.is_empty() => {
            flaws.tolerate(|| BadRequest::invalid(field(), "no assets are asked for"))?;
            Ok(None)
        }
        Ok(native) => Ok(Some(Native { blocked_attributes: wire.battr.set, ..native })),
        Err(BadRequest::NotJson { reason }) => {
            flaws.tolerate(|| BadRequest::invalid(field(), reason))?;
            Ok(None)
        }
        Err(BadRequest::Invalid { field: within, problem }) => {
            Err(BadRequest::invalid(format!("{}.{within}", field()), problem))
        }
        Err(BadRequest::Missing { field: within }) => {
            Err(BadRequest::missing(format!("{}.{within}", field())))
        }
        Err(other) => Err(BadRequest::invalid(field(), other.to_string())),
    }
}

/// Returns the inner JSON of a request given as a text, or the object itself; `None` for nothing.
fn unwrap(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = if raw.get().starts_with('"') {
        Cow::Owned(serde_json::from_str::<String>(raw.get()).ok()?)
    } else {
        Cow::Borrowed(raw.get())
    };
    (!text.trim().is_empty() && text != "null").then_some(text)
}

/// Reads a native request's own text.
///
/// # Errors
/// [`BadRequest::NotJson`] where it cannot be read, anything else where it breaks a rule.
pub(crate) fn from_text(text: &str) -> Result<Native, BadRequest> {
    let root: NativeRoot = serde_json::from_str(text).map_err(|e| explain(text, &e))?;
    let list = match root.native {
        Some(body) if root.assets.0.is_empty() => body.assets,
        _ => root.assets,
    };
    let mut assets = Vec::with_capacity(list.0.len());
    for (place, wire) in list.0.iter().enumerate() {
        assets.push(asset(wire, place)?);
    }
    Ok(Native { assets, ..Native::default() })
}

fn explain(text: &str, error: &serde_json::Error) -> BadRequest {
    let not_json = || BadRequest::NotJson { reason: error.to_string() };
    if !error.is_data() || !text.trim_start().starts_with('{') {
        return not_json();
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    match serde_path_to_error::deserialize::<_, NativeRoot>(&mut deserializer) {
        Err(e) => BadRequest::invalid(e.path().to_string(), plain(&e.inner().to_string())),
        Ok(_) => not_json(),
    }
}

fn asset(wire: &wire::NativeAsset, place: usize) -> Result<NativeAsset, BadRequest> {
    let stated = [wire.title.is_some(), wire.img.is_some(), wire.video.is_some(), wire.data.is_some()];
    if stated.iter().filter(|is_there| **is_there).count() > 1 {
        return Err(BadRequest::invalid(
            format!("assets[{place}]"),
            "only one of title, img, video and data may be present",
        ));
    }
    Ok(NativeAsset {
        // Ids are required; callers that leave them out count from the list's start.
        id: wire.id.0.unwrap_or(i64::try_from(place).unwrap_or(i64::MAX)),
        need: if wire.required.is_on() { Need::Required } else { Need::Optional },
        kind: kind(wire, place)?,
    })
}

fn kind(wire: &wire::NativeAsset, place: usize) -> Result<NativeAssetKind, BadRequest> {
    if let Some(title) = &wire.title {
        return Ok(NativeAssetKind::Title { length: title.len.0.unwrap_or(0) });
    }
    if let Some(image) = &wire.img {
        let least = Size { w: least(image.wmin, image.w), h: least(image.hmin, image.h) };
        return Ok(match image.kind.0 {
            Some(ICON) => NativeAssetKind::Icon { least },
            _ => NativeAssetKind::Image { least },
        });
    }
    if let Some(data) = &wire.data {
        let kind = data.kind.0.ok_or_else(|| BadRequest::missing(format!("assets[{place}].data.type")))?;
        let length = data.len.0.unwrap_or(0);
        return Ok(u16::try_from(kind)
            .map_or(NativeAssetKind::Unsupported, |kind| NativeAssetKind::Data { kind, length }));
    }
    if let Some(video) = &wire.video {
        check_video(video, place)?;
    }
    Ok(NativeAssetKind::Unsupported)
}

/// Returns the least length an image needs: the minimum where stated, else the exact length wished for. A larger image
/// can be scaled down, a smaller one cannot be scaled up.
fn least(minimum: Count, wished: Count) -> u16 {
    if minimum.0.is_some() { minimum.pixels() } else { wished.pixels() }
}

/// Holds a video asset to what Native 1.2 requires of it.
fn check_video(video: &wire::NativeVideo, place: usize) -> Result<(), BadRequest> {
    let required = [
        ("mimes", video.mimes.stated > 0),
        ("minduration", video.minduration.0.is_some()),
        ("maxduration", video.maxduration.0.is_some()),
        ("protocols", video.protocols.stated > 0),
    ];
    match required.iter().find(|(_, is_there)| !is_there) {
        Some((name, _)) => Err(BadRequest::missing(format!("assets[{place}].video.{name}"))),
        None => Ok(()),
    }
}
