//! VAST inline markup for video and audio.
//!
//! Elements come in the order of the VAST 4.2 schema (`AdSystem`, `Impression`, `AdServingId`, `AdTitle`,
//! `Advertiser`, `Creatives`). A slot that takes no 4.x version gets the same ad under the newest it takes, without the
//! elements that came later. Audio is `adType="audio"` since 4.1.

use std::fmt::Write;

use motet_model::{campaign::TimedContent, codes::CodeSet, request::MediaKind};

use super::{
    Offer,
    escape::{push_cdata, push_text},
};

/// A VAST version the markup can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Version {
    V2,
    V3,
    V4_0,
    V4_1,
    #[default]
    V4_2,
    V4_3,
}

impl Version {
    /// Versions in order of preference.
    const ALL: [Self; 6] = [Self::V4_2, Self::V4_3, Self::V4_1, Self::V4_0, Self::V3, Self::V2];

    /// Chooses the version for a slot's protocols; an empty set takes any.
    pub(super) fn for_slot(protocols: CodeSet) -> Self {
        let takes = |version: &Self| protocols.iter().any(|code| code == version.protocol());
        Self::ALL.into_iter().find(takes).unwrap_or_default()
    }

    /// Returns `AdCOM`'s code of the inline form.
    pub(super) const fn protocol(self) -> u8 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
            Self::V4_0 => 7,
            Self::V4_1 => 11,
            Self::V4_2 => 13,
            Self::V4_3 => 15,
        }
    }

    const fn number(self) -> &'static str {
        match self {
            Self::V2 => "2.0",
            Self::V3 => "3.0",
            Self::V4_0 => "4.0",
            Self::V4_1 => "4.1",
            Self::V4_2 => "4.2",
            Self::V4_3 => "4.3",
        }
    }

    fn has_serving_id(self) -> bool {
        self >= Self::V4_1
    }

    fn has_universal_id(self) -> bool {
        self >= Self::V4_0
    }
}

/// Returns the whole document of one ad.
pub(super) fn inline(
    offer: &Offer<'_>,
    content: &TimedContent,
    version: Version,
    impression: &str,
    click: &str,
) -> String {
    let mut out = String::with_capacity(1_536);
    push_head(offer, version, impression, &mut out);
    push_creative(offer, content, version, click, &mut out);
    out.push_str("</Creatives></InLine></Ad></VAST>");
    out
}

fn push_head(offer: &Offer<'_>, version: Version, impression: &str, out: &mut String) {
    let space = if version >= Version::V4_0 { " xmlns=\"http://www.iab.com/VAST\"" } else { "" };
    let is_audio = offer.bid.kind == MediaKind::Audio && version.has_serving_id();
    let ad_type = if is_audio { " adType=\"audio\"" } else { "" };
    let number = version.number();
    // Writing to a String does not fail.
    let _ = write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><VAST version=\"{number}\"{space}>\
         <Ad id=\"{}\"{ad_type}><InLine><AdSystem>Motet</AdSystem>",
        offer.bid.id
    );
    let push_impression = |out: &mut String| {
        out.push_str("<Impression id=\"motet\">");
        push_cdata(impression, out);
        out.push_str("</Impression>");
    };
    if version.has_universal_id() {
        push_impression(out);
    }
    if version.has_serving_id() {
        let _ = write!(out, "<AdServingId>{}</AdServingId>", offer.bid.id);
    }
    push_element("AdTitle", &offer.creative.id, out);
    if version.has_universal_id() {
        push_element("Advertiser", offer.advertiser, out);
    } else {
        push_impression(out);
    }
    out.push_str("<Creatives>");
}

fn push_element(name: &str, text: &str, out: &mut String) {
    let _ = write!(out, "<{name}>");
    push_text(text, out);
    let _ = write!(out, "</{name}>");
}

fn push_creative(offer: &Offer<'_>, content: &TimedContent, version: Version, click: &str, out: &mut String) {
    out.push_str("<Creative id=\"");
    push_text(&offer.creative.id, out);
    out.push_str("\">");
    if version.has_universal_id() {
        out.push_str("<UniversalAdId idRegistry=\"motet\">");
        push_text(&offer.creative.id, out);
        out.push_str("</UniversalAdId>");
    }
    let _ = write!(out, "<Linear><Duration>{}</Duration>", duration(content.duration_s));
    // Schemas before 4.0 want the clicks before the files, later ones behind.
    if !version.has_universal_id() {
        push_clicks(click, out);
    }
    push_files(content, out);
    if version.has_universal_id() {
        push_clicks(click, out);
    }
    out.push_str("</Linear></Creative>");
}

fn push_clicks(click: &str, out: &mut String) {
    out.push_str("<VideoClicks><ClickThrough id=\"motet\">");
    push_cdata(click, out);
    out.push_str("</ClickThrough></VideoClicks>");
}

/// Writes the files; audio has a width and height of 0, as the standard wants.
fn push_files(content: &TimedContent, out: &mut String) {
    out.push_str("<MediaFiles>");
    for file in &content.files {
        let mime = file.mime.names().next().unwrap_or("application/octet-stream");
        let (w, h) = file.size.map_or((0, 0), |size| (size.w, size.h));
        let delivery = if is_streamed(mime) { "streaming" } else { "progressive" };
        let _ =
            write!(out, "<MediaFile delivery=\"{delivery}\" type=\"{mime}\" width=\"{w}\" height=\"{h}\"");
        if file.bitrate_kbps > 0 {
            let _ = write!(out, " bitrate=\"{}\"", file.bitrate_kbps);
        }
        out.push('>');
        push_cdata(&file.url, out);
        out.push_str("</MediaFile>");
    }
    out.push_str("</MediaFiles>");
}

fn is_streamed(mime: &str) -> bool {
    matches!(mime, "application/x-mpegurl" | "application/vnd.apple.mpegurl" | "application/dash+xml")
}

/// Returns a duration as `HH:MM:SS`.
fn duration(seconds: u32) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_clock_times() {
        for (seconds, text) in [(0, "00:00:00"), (30, "00:00:30"), (95, "00:01:35"), (3_661, "01:01:01")] {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn the_version_is_one_the_slot_takes() {
        let version = |codes: &[i64]| Version::for_slot(codes.iter().copied().collect());
        assert_eq!(version(&[]), Version::V4_2);
        assert_eq!(version(&[2, 3, 5, 6]), Version::V3);
        assert_eq!(version(&[2]), Version::V2);
        assert_eq!(version(&[2, 3, 7]), Version::V4_0);
        assert_eq!(version(&[3, 13]), Version::V4_2);
        assert_eq!(version(&[15]), Version::V4_3);
    }
}
