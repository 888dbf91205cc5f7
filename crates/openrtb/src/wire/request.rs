//! The bid request's objects (OpenRTB 2.6, section 3.2), field by field as the standard names them.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Codes, Count, Flag, Int, List, Loose, MimeSet, Price, Text};

#[derive(Debug, Default, Deserialize)]
pub(crate) struct BidRequest<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(default)]
    pub(crate) imp: Option<List<Imp<'a>>>,
    #[serde(default)]
    pub(crate) site: Option<Box<Place<'a>>>,
    #[serde(default)]
    pub(crate) app: Option<Box<Place<'a>>>,
    #[serde(default)]
    pub(crate) dooh: Option<Box<Place<'a>>>,
    #[serde(default)]
    pub(crate) device: Option<Box<Device<'a>>>,
    #[serde(default)]
    pub(crate) user: Option<Box<User<'a>>>,
    #[serde(default)]
    pub(crate) regs: Option<Box<Regs<'a>>>,
    #[serde(default)]
    pub(crate) source: Option<Source<'a>>,
    #[serde(default)]
    pub(crate) test: Int,
    #[serde(default)]
    pub(crate) at: Int,
    #[serde(default)]
    pub(crate) tmax: Count,
    #[serde(default)]
    pub(crate) wseat: List<Text<'a>>,
    #[serde(default)]
    pub(crate) bseat: List<Text<'a>>,
    #[serde(default)]
    pub(crate) cur: List<Text<'a>>,
    #[serde(default)]
    pub(crate) wlang: List<Text<'a>>,
    #[serde(default)]
    pub(crate) wlangb: List<Text<'a>>,
    #[serde(default)]
    pub(crate) bcat: List<Text<'a>>,
    #[serde(default)]
    pub(crate) acat: List<Text<'a>>,
    #[serde(default)]
    pub(crate) cattax: Int,
    #[serde(default)]
    pub(crate) badv: List<Text<'a>>,
    #[serde(default)]
    pub(crate) bapp: List<Text<'a>>,
    #[serde(default)]
    pub(crate) ext: Option<Loose<RequestExt>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct RequestExt {
    #[serde(default)]
    pub(crate) motet: Loose<MotetExt>,
}

/// What a caller may ask of this platform in particular.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct MotetExt {
    #[serde(default)]
    pub(crate) nbr: Int,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Imp<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(default)]
    pub(crate) banner: Option<Banner>,
    #[serde(default)]
    pub(crate) video: Option<Box<Timed>>,
    #[serde(default)]
    pub(crate) audio: Option<Box<Timed>>,
    #[serde(default)]
    pub(crate) native: Option<Native<'a>>,
    #[serde(default)]
    pub(crate) pmp: Option<Box<Pmp<'a>>>,
    #[serde(default)]
    pub(crate) metric: List<Metric<'a>>,
    #[serde(default)]
    pub(crate) instl: Int,
    #[serde(default)]
    pub(crate) rwdd: Int,
    #[serde(default)]
    pub(crate) tagid: Text<'a>,
    #[serde(default)]
    pub(crate) bidfloor: Price,
    #[serde(default)]
    pub(crate) bidfloorcur: Text<'a>,
    #[serde(default)]
    pub(crate) secure: Int,
    #[serde(default)]
    pub(crate) exp: Count,
    #[serde(default)]
    pub(crate) qty: Option<Quantity>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Metric<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(crate) kind: Text<'a>,
    #[serde(default)]
    pub(crate) value: Price,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Quantity {
    #[serde(default)]
    pub(crate) multiplier: Price,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Banner {
    #[serde(default)]
    pub(crate) format: List<Format>,
    #[serde(default)]
    pub(crate) w: Count,
    #[serde(default)]
    pub(crate) h: Count,
    #[serde(default)]
    pub(crate) mimes: MimeSet,
    #[serde(default)]
    pub(crate) battr: Codes,
    #[serde(default)]
    pub(crate) pos: Int,
}

/// A size. The ratio and minimum fields are read only to refuse nonsense.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Format {
    #[serde(default)]
    pub(crate) w: Count,
    #[serde(default)]
    pub(crate) h: Count,
    #[serde(rename = "wratio", default)]
    _wratio: Count,
    #[serde(rename = "hratio", default)]
    _hratio: Count,
    #[serde(rename = "wmin", default)]
    _wmin: Count,
}

/// A video or audio slot: the fields both have. Bit rates and sequence numbers are read only to refuse nonsense.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Timed {
    #[serde(default)]
    pub(crate) mimes: MimeSet,
    #[serde(default)]
    pub(crate) minduration: Count,
    #[serde(default)]
    pub(crate) maxduration: Count,
    #[serde(default)]
    pub(crate) poddur: Count,
    #[serde(default)]
    pub(crate) rqddurs: List<Count>,
    #[serde(default)]
    pub(crate) protocols: Codes,
    #[serde(default)]
    pub(crate) protocol: Int,
    #[serde(default)]
    pub(crate) battr: Codes,
    #[serde(default)]
    pub(crate) w: Count,
    #[serde(default)]
    pub(crate) h: Count,
    #[serde(default)]
    pub(crate) durfloors: List<DurationFloor>,
    #[serde(default)]
    pub(crate) mincpmpersec: Price,
    #[serde(rename = "maxseq", default)]
    _maxseq: Count,
    #[serde(rename = "sequence", default)]
    _sequence: Count,
    #[serde(rename = "minbitrate", default)]
    _minbitrate: Count,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct DurationFloor {
    #[serde(default)]
    pub(crate) mindur: Count,
    #[serde(default)]
    pub(crate) maxdur: Count,
    #[serde(default)]
    pub(crate) bidfloor: Price,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Native<'a> {
    #[serde(borrow, default)]
    pub(crate) request: Option<&'a RawValue>,
    #[serde(default)]
    pub(crate) battr: Codes,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Pmp<'a> {
    #[serde(default)]
    pub(crate) private_auction: Int,
    #[serde(borrow, default)]
    pub(crate) deals: List<Deal<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Deal<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(default)]
    pub(crate) bidfloor: Price,
    #[serde(default)]
    pub(crate) bidfloorcur: Text<'a>,
    #[serde(default)]
    pub(crate) at: Int,
    #[serde(default)]
    pub(crate) wseat: List<Text<'a>>,
    #[serde(default)]
    pub(crate) wadomain: List<Text<'a>>,
    #[serde(default)]
    pub(crate) durfloors: List<DurationFloor>,
}

/// A site, an app or a screen: the fields all three have, and those of each.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Place<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(default)]
    pub(crate) domain: Text<'a>,
    #[serde(default)]
    pub(crate) page: Text<'a>,
    #[serde(default)]
    pub(crate) bundle: Text<'a>,
    #[serde(default)]
    pub(crate) publisher: Option<Publisher<'a>>,
    #[serde(default)]
    pub(crate) content: Option<Box<MediaContent<'a>>>,
    #[serde(default)]
    pub(crate) cat: List<Text<'a>>,
    #[serde(default)]
    pub(crate) sectioncat: List<Text<'a>>,
    #[serde(default)]
    pub(crate) pagecat: List<Text<'a>>,
    #[serde(default)]
    pub(crate) cattax: Int,
    #[serde(default)]
    pub(crate) keywords: Text<'a>,
    #[serde(default)]
    pub(crate) kwarray: List<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Publisher<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct MediaContent<'a> {
    #[serde(borrow, default)]
    pub(crate) title: Text<'a>,
    #[serde(default)]
    pub(crate) genre: Text<'a>,
    #[serde(default)]
    pub(crate) cat: List<Text<'a>>,
    #[serde(default)]
    pub(crate) cattax: Int,
    #[serde(default)]
    pub(crate) keywords: Text<'a>,
    #[serde(default)]
    pub(crate) kwarray: List<Text<'a>>,
    #[serde(default)]
    pub(crate) language: Text<'a>,
    #[serde(default)]
    pub(crate) langb: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Device<'a> {
    #[serde(default)]
    pub(crate) devicetype: Int,
    #[serde(borrow, default)]
    pub(crate) ua: Text<'a>,
    #[serde(default)]
    pub(crate) sua: Option<UserAgent<'a>>,
    #[serde(default)]
    pub(crate) ip: Text<'a>,
    #[serde(default)]
    pub(crate) ipv6: Text<'a>,
    #[serde(default)]
    pub(crate) geo: Option<Geo<'a>>,
    #[serde(default)]
    pub(crate) language: Text<'a>,
    #[serde(default)]
    pub(crate) langb: Text<'a>,
    #[serde(default)]
    pub(crate) os: Text<'a>,
    #[serde(default)]
    pub(crate) make: Text<'a>,
    #[serde(default)]
    pub(crate) w: Count,
    #[serde(default)]
    pub(crate) h: Count,
    #[serde(default)]
    pub(crate) dnt: Int,
    #[serde(default)]
    pub(crate) lmt: Int,
    #[serde(default)]
    pub(crate) ifa: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct UserAgent<'a> {
    #[serde(borrow, default)]
    pub(crate) browsers: List<Brand<'a>>,
    #[serde(default)]
    pub(crate) platform: Option<Brand<'a>>,
    #[serde(default)]
    pub(crate) mobile: Int,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Brand<'a> {
    #[serde(borrow, default)]
    pub(crate) brand: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Geo<'a> {
    #[serde(borrow, default)]
    pub(crate) country: Text<'a>,
    #[serde(default)]
    pub(crate) region: Text<'a>,
    #[serde(default)]
    pub(crate) city: Text<'a>,
    #[serde(default)]
    pub(crate) utcoffset: Int,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct User<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(default)]
    pub(crate) buyeruid: Text<'a>,
    #[serde(default)]
    pub(crate) yob: Int,
    #[serde(default)]
    pub(crate) keywords: Text<'a>,
    #[serde(default)]
    pub(crate) kwarray: List<Text<'a>>,
    #[serde(default)]
    pub(crate) consent: ConsentText<'a>,
    #[serde(default)]
    pub(crate) geo: Option<Geo<'a>>,
    #[serde(default)]
    pub(crate) data: List<Data<'a>>,
    #[serde(default)]
    pub(crate) eids: Option<&'a RawValue>,
    #[serde(default)]
    pub(crate) ext: Loose<UserExt<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct UserExt<'a> {
    #[serde(borrow, default)]
    pub(crate) consent: ConsentText<'a>,
    #[serde(default)]
    pub(crate) eids: Option<&'a RawValue>,
}

/// A consent string. A number is none, and is refused: privacy signals are not guessed at.
#[derive(Debug, Default)]
pub(crate) struct ConsentText<'a>(pub(crate) Text<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for ConsentText<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: Text<'a> = Text::deserialize(deserializer)?;
        let is_number = !text.is_empty() && text.as_str().bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if is_number {
            return Err(serde::de::Error::custom("a consent string is expected, was a number"));
        }
        Ok(Self(text))
    }
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Data<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(default)]
    pub(crate) name: Text<'a>,
    #[serde(default)]
    pub(crate) segment: List<Segment<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Segment<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(default)]
    pub(crate) name: Text<'a>,
}

/// An extended identifier. Read apart, and left out where it is not of this shape.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Eid<'a> {
    #[serde(borrow, default)]
    pub(crate) source: Text<'a>,
    #[serde(default)]
    pub(crate) uids: List<Uid<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Uid<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Regs<'a> {
    #[serde(default)]
    pub(crate) coppa: Flag,
    #[serde(default)]
    pub(crate) gdpr: Flag,
    #[serde(borrow, default)]
    pub(crate) us_privacy: Text<'a>,
    #[serde(default)]
    pub(crate) gpp: Text<'a>,
    #[serde(default)]
    pub(crate) gpp_sid: List<Int>,
    #[serde(default)]
    pub(crate) ext: Option<RegsExt<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct RegsExt<'a> {
    #[serde(default)]
    pub(crate) coppa: Flag,
    #[serde(default)]
    pub(crate) gdpr: Flag,
    #[serde(borrow, default)]
    pub(crate) us_privacy: Text<'a>,
    #[serde(default)]
    pub(crate) gpp: Text<'a>,
    #[serde(default)]
    pub(crate) gpp_sid: List<Int>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Source<'a> {
    #[serde(borrow, default)]
    pub(crate) schain: Option<&'a RawValue>,
    #[serde(default)]
    pub(crate) ext: Loose<SourceExt<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct SourceExt<'a> {
    #[serde(borrow, default)]
    pub(crate) schain: Option<&'a RawValue>,
}

/// A supply chain. Read apart: one that cannot be read is an incomplete one.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Schain<'a> {
    #[serde(default)]
    pub(crate) complete: Int,
    #[serde(borrow, default)]
    pub(crate) nodes: List<SchainNode<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct SchainNode<'a> {
    #[serde(borrow, default)]
    pub(crate) asi: Text<'a>,
}
