//! The native request that travels inside `imp.native.request`, as Native 1.0 to 1.2 write it.

use serde::Deserialize;

use super::{Codes, Count, Int, List, MimeSet};

/// A native request, with or without the `native` wrapper of 1.0 and 1.1.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NativeRoot {
    #[serde(default)]
    pub(crate) native: Option<NativeBody>,
    #[serde(default)]
    pub(crate) assets: List<NativeAsset>,
}

/// What the wrapper holds.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NativeBody {
    #[serde(default)]
    pub(crate) assets: List<NativeAsset>,
}

/// One asset; exactly one of the four kinds.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NativeAsset {
    #[serde(default)]
    pub(crate) id: Int,
    #[serde(default)]
    pub(crate) required: Int,
    #[serde(default)]
    pub(crate) title: Option<NativeTitle>,
    #[serde(default)]
    pub(crate) img: Option<NativeImage>,
    #[serde(default)]
    pub(crate) video: Option<NativeVideo>,
    #[serde(default)]
    pub(crate) data: Option<NativeData>,
}

/// A title asset.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NativeTitle {
    #[serde(default)]
    pub(crate) len: Count,
}

/// An image asset.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NativeImage {
    #[serde(rename = "type", default)]
    pub(crate) kind: Int,
    #[serde(default)]
    pub(crate) w: Count,
    #[serde(default)]
    pub(crate) h: Count,
    #[serde(default)]
    pub(crate) wmin: Count,
    #[serde(default)]
    pub(crate) hmin: Count,
}

/// A video asset: not offered, but held to what the standard requires of it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NativeVideo {
    #[serde(default)]
    pub(crate) mimes: MimeSet,
    #[serde(default)]
    pub(crate) minduration: Count,
    #[serde(default)]
    pub(crate) maxduration: Count,
    #[serde(default)]
    pub(crate) protocols: Codes,
}

/// A text asset.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NativeData {
    #[serde(rename = "type", default)]
    pub(crate) kind: Int,
    #[serde(default)]
    pub(crate) len: Count,
}
