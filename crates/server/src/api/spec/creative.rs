//! A creative as it is written.

use motet_model::{
    campaign::{Content, Creative, ImageFile, MediaFile, NativeContent, TimedContent},
    catalog::Change,
    codes::{Code, CodeSet, Mimes},
    request::Size,
};
use serde::{Deserialize, Serialize};

use super::{
    problem::{At, Problems},
    text::{self, Read, STATUSES, name_of},
};

/// Most characters of ready markup.
const MARKUP: usize = 65_536;

/// `AdCOM`'s data asset types by name.
const TEXT_KINDS: [(&str, u16); 12] = [
    ("sponsored", 1),
    ("description", 2),
    ("rating", 3),
    ("likes", 4),
    ("downloads", 5),
    ("price", 6),
    ("sale_price", 7),
    ("phone", 8),
    ("address", 9),
    ("description2", 10),
    ("display_url", 11),
    ("call_to_action", 12),
];

/// A creative: exactly one of `banner`, `video`, `audio` and `native`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CreativeSpec {
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Whose ad it is; not stated where it stands under its campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// `active` or `paused`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The advertised domains, at least one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
    /// The advertised app's bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
    /// What it advertises.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Creative attributes by `AdCOM` code, 0 to 63.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<u8>,
    /// Its language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Where a click leads. `{CONVERSION_TOKEN}` in it is replaced by the token that reports a conversion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub landing_page: Option<String>,
    /// A banner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub banner: Option<BannerSpec>,
    /// A video.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<TimedSpec>,
    /// An audio spot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio: Option<TimedSpec>,
    /// A native ad.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub native: Option<NativeSpec>,
}

/// A banner: ready `html`, or an `image` with its `mime` type.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BannerSpec {
    /// Its size: `300x250`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// The markup; `{CLICK_URL}` in it is replaced by the click address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// The image's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The image's mime type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
}

/// A video or an audio spot.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimedSpec {
    /// How long it plays, in whole seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u32>,
    /// Its files, at least one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileSpec>,
}

/// One file of a video or audio spot.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileSpec {
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its mime type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// Its size, for video.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Its bit rate in kbit/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bitrate_kbps: Option<u32>,
}

/// A native ad's parts.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NativeSpec {
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The icon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<ImageSpec>,
    /// The main image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageSpec>,
    /// Its texts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<NativeTextSpec>,
}

/// An image of a native ad.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImageSpec {
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
}

/// One text of a native ad.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NativeTextSpec {
    /// `sponsored`, `description`, `call_to_action` and the like, or `AdCOM`'s data asset type as a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

fn read_mime(text: &str) -> Read<Mimes> {
    Mimes::of(text).ok_or_else(|| format!("is no mime type known here, was '{}'", text::short(text)))
}

fn mime_text(mime: Mimes) -> String {
    mime.names().next().unwrap_or_default().to_owned()
}

fn read_text_kind(text: &str) -> Read<u16> {
    let named = TEXT_KINDS.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind);
    named.or_else(|| text.parse().ok()).ok_or_else(|| {
        format!("must be a kind of text such as sponsored or call_to_action, was '{}'", text::short(text))
    })
}

fn text_kind_text(kind: u16) -> String {
    let named = TEXT_KINDS.iter().find(|(_, k)| *k == kind);
    named.map_or_else(|| kind.to_string(), |(name, _)| (*name).to_owned())
}

impl CreativeSpec {
    /// Adds the change that puts the creative, and every problem met. `owner` is the campaign it stands under, if
    /// it stands under one.
    pub fn put(&self, at: &At<'_>, owner: Option<&str>, changes: &mut Vec<Change>, problems: &mut Problems) {
        changes.push(Change::PutCreative(self.read(at, owner, problems)));
    }

    fn read(&self, at: &At<'_>, owner: Option<&str>, problems: &mut Problems) -> Creative {
        if self.domains.is_empty() {
            problems.add("missing", &at.field("domains"), "needs at least one advertised domain");
        }
        let landing = problems.required(&at.field("landing_page"), self.landing_page.as_ref());
        for code in self.attributes.iter().filter(|code| **code > 63) {
            problems.invalid(&at.field("attributes"), format!("must be codes of 0 to 63, was {code}"));
        }
        Creative {
            id: problems.id(&at.field("id"), self.id.as_ref()),
            campaign: problems.owner(&at.field("campaign"), self.campaign.as_ref(), owner),
            status: problems.one_of(&at.field("status"), self.status.as_ref(), &STATUSES),
            domains: problems.list(at, "domains", &self.domains, text::read_domain),
            bundle: self.bundle.clone(),
            categories: problems.categories(at, "categories", &self.categories),
            attributes: self.attributes.iter().map(|code| i64::from(*code)).collect::<CodeSet>(),
            language: problems.optional(&at.field("language"), self.language.as_ref(), |text| {
                Code::language(text).ok_or_else(|| format!("must be a language such as en, was '{text}'"))
            }),
            landing_page: problems
                .optional(&at.field("landing_page"), landing, read_landing_page)
                .unwrap_or_default(),
            content: self.content(at, problems),
        }
    }

    fn content(&self, at: &At<'_>, problems: &mut Problems) -> Content {
        match (&self.banner, &self.video, &self.audio, &self.native) {
            (Some(banner), None, None, None) => banner.read(&at.field("banner"), problems),
            (None, Some(video), None, None) => Content::Video(video.read(&at.field("video"), problems)),
            (None, None, Some(audio), None) => Content::Audio(audio.read(&at.field("audio"), problems)),
            (None, None, None, Some(native)) => Content::Native(native.read(&at.field("native"), problems)),
            _ => {
                problems.invalid(at, "needs exactly one of banner, video, audio and native");
                Content::Native(NativeContent::default())
            }
        }
    }

    /// Writes a creative.
    pub fn of(creative: &Creative) -> Self {
        let mut spec = Self {
            id: Some(creative.id.clone()),
            campaign: Some(creative.campaign.clone()),
            status: Some(name_of(&creative.status, &STATUSES)),
            domains: creative.domains.clone(),
            bundle: creative.bundle.clone(),
            categories: creative.categories.iter().map(ToString::to_string).collect(),
            attributes: creative.attributes.iter().collect(),
            language: creative.language.map(|language| language.to_string()),
            landing_page: Some(creative.landing_page.clone()),
            ..Self::default()
        };
        match &creative.content {
            Content::Html { size, markup } => spec.banner = Some(BannerSpec::of_html(*size, markup)),
            Content::Image { size, url, mime } => spec.banner = Some(BannerSpec::of_image(*size, url, *mime)),
            Content::Video(content) => spec.video = Some(TimedSpec::of(content)),
            Content::Audio(content) => spec.audio = Some(TimedSpec::of(content)),
            Content::Native(content) => spec.native = Some(NativeSpec::of(content)),
        }
        spec
    }
}

/// Reads a landing page; the token's place holder is no part of an address, so it is looked past.
fn read_landing_page(text: &str) -> Read<String> {
    text::read_url(&text.replace(crate::http::CONVERSION_TOKEN, "token")).map(|_| text.to_owned())
}

impl BannerSpec {
    fn read(&self, at: &At<'_>, problems: &mut Problems) -> Content {
        let size = problems.size(&at.field("size"), self.size.as_ref());
        match (&self.html, &self.image) {
            (Some(markup), None) => {
                problems.length(&at.field("html"), markup, 1, MARKUP);
                Content::Html { size, markup: markup.clone() }
            }
            (None, Some(url)) => {
                let mime = problems.required(&at.field("mime"), self.mime.as_ref());
                Content::Image {
                    size,
                    url: problems.url(&at.field("image"), Some(url)),
                    mime: problems.optional(&at.field("mime"), mime, read_mime).unwrap_or_default(),
                }
            }
            _ => {
                problems.invalid(at, "needs either html or image");
                Content::Html { size, markup: String::new() }
            }
        }
    }

    fn of_html(size: Size, markup: &str) -> Self {
        Self { size: Some(text::size_text(size)), html: Some(markup.to_owned()), ..Self::default() }
    }

    fn of_image(size: Size, url: &str, mime: Mimes) -> Self {
        Self {
            size: Some(text::size_text(size)),
            image: Some(url.to_owned()),
            mime: Some(mime_text(mime)),
            html: None,
        }
    }
}

impl TimedSpec {
    fn read(&self, at: &At<'_>, problems: &mut Problems) -> TimedContent {
        let duration = problems.required(&at.field("duration_s"), self.duration_s.as_ref()).copied();
        if duration.is_some_and(|seconds| !(1..=3_600).contains(&seconds)) {
            problems.invalid(&at.field("duration_s"), "must be 1 to 3600 seconds");
        }
        if self.files.is_empty() || self.files.len() > 20 {
            problems
                .invalid(&at.field("files"), format!("must have 1 to 20 files, had {}", self.files.len()));
        }
        let each = self.files.iter().enumerate();
        let files = each.map(|(i, file)| file.read(&at.item("files", i), problems)).collect();
        TimedContent { duration_s: duration.unwrap_or(1), files }
    }

    fn of(content: &TimedContent) -> Self {
        let files = content.files.iter().map(|file| FileSpec {
            url: Some(file.url.clone()),
            mime: Some(mime_text(file.mime)),
            size: file.size.map(text::size_text),
            bitrate_kbps: Some(file.bitrate_kbps).filter(|rate| *rate > 0),
        });
        Self { duration_s: Some(content.duration_s), files: files.collect() }
    }
}

impl FileSpec {
    fn read(&self, at: &At<'_>, problems: &mut Problems) -> MediaFile {
        let mime = problems.required(&at.field("mime"), self.mime.as_ref());
        MediaFile {
            url: problems.url(&at.field("url"), self.url.as_ref()),
            mime: problems.optional(&at.field("mime"), mime, read_mime).unwrap_or_default(),
            size: problems.optional(&at.field("size"), self.size.as_ref(), text::read_size),
            bitrate_kbps: self.bitrate_kbps.unwrap_or(0),
        }
    }
}

impl NativeSpec {
    fn read(&self, at: &At<'_>, problems: &mut Problems) -> NativeContent {
        let title = problems.required(&at.field("title"), self.title.as_ref()).cloned().unwrap_or_default();
        if self.title.is_some() {
            problems.length(&at.field("title"), &title, 1, 200);
        }
        let mut image =
            |name: &str, image: Option<&ImageSpec>| image.map(|image| image.read(&at.field(name), problems));
        let (icon, main) = (image("icon", self.icon.as_ref()), image("image", self.image.as_ref()));
        let mut texts = Vec::new();
        for (i, entry) in self.texts.iter().enumerate() {
            let here = at.item("texts", i);
            let kind = problems.required(&here.field("kind"), entry.kind.as_ref());
            let kind = problems.optional(&here.field("kind"), kind, read_text_kind).unwrap_or_default();
            let words =
                problems.required(&here.field("text"), entry.text.as_ref()).cloned().unwrap_or_default();
            problems.length(&here.field("text"), &words, 0, 1_000);
            texts.push((kind, words));
        }
        NativeContent { title, icon, image: main, texts }
    }

    fn of(content: &NativeContent) -> Self {
        let text = |(kind, text): &(u16, String)| NativeTextSpec {
            kind: Some(text_kind_text(*kind)),
            text: Some(text.clone()),
        };
        Self {
            title: Some(content.title.clone()),
            icon: content.icon.as_ref().map(ImageSpec::of),
            image: content.image.as_ref().map(ImageSpec::of),
            texts: content.texts.iter().map(text).collect(),
        }
    }
}

impl ImageSpec {
    fn read(&self, at: &At<'_>, problems: &mut Problems) -> ImageFile {
        ImageFile {
            url: problems.url(&at.field("url"), self.url.as_ref()),
            size: problems.size(&at.field("size"), self.size.as_ref()),
        }
    }

    fn of(image: &ImageFile) -> Self {
        Self { url: Some(image.url.clone()), size: Some(text::size_text(image.size)) }
    }
}

impl Problems {
    fn size(&mut self, at: &At<'_>, text: Option<&String>) -> Size {
        let text = self.required(at, text);
        self.optional(at, text, text::read_size).unwrap_or(Size { w: 1, h: 1 })
    }

    fn url(&mut self, at: &At<'_>, text: Option<&String>) -> String {
        let text = self.required(at, text);
        self.optional(at, text, text::read_url).unwrap_or_default()
    }
}
