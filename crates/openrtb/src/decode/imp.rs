//! Imps: media, floors, deals, and the oddities only a look at all of them shows.

use motet_model::{
    codes::{Code, Mimes},
    request::{
        Access, Banner, Deal, DealPricing, DurationFloor, Durations, Imp, Media, Oddities, Placement,
        Pricing, Security, Size, Timed,
    },
};
use motet_units::{CpmMicros, Span};
use smallvec::SmallVec;

use super::{BadRequest, Flaws, native};
use crate::{
    RateTable,
    money::{to_accounting, wire_micros_up},
    wire::{self, List, Price, Text},
};

/// Reads all imps.
pub(crate) fn imps(
    wire: Vec<wire::Imp<'_>>,
    rates: &RateTable,
    pricing: Pricing,
    oddities: &mut Oddities,
    flaws: &mut Flaws,
) -> Result<Vec<Imp>, BadRequest> {
    let mut imps = Vec::with_capacity(wire.len());
    for (place, imp) in wire.into_iter().enumerate() {
        imps.push(read(imp, place, rates, pricing, oddities, flaws)?);
    }
    refuse_duplicates(&mut imps, flaws)?;
    oddities.stacked_slots = stacked(&imps);
    Ok(imps)
}

fn read(
    wire: wire::Imp<'_>,
    place: usize,
    rates: &RateTable,
    pricing: Pricing,
    oddities: &mut Oddities,
    flaws: &mut Flaws,
) -> Result<Imp, BadRequest> {
    let floor_rate = FloorRate::new(&wire.bidfloorcur, rates);
    let names_media =
        wire.banner.is_some() || wire.video.is_some() || wire.audio.is_some() || wire.native.is_some();
    if !names_media {
        flaws.tolerate(|| BadRequest::missing(format!("imp[{place}]: banner, video, audio or native")))?;
    }
    let mut media = Media {
        banner: wire.banner.map(|banner| self::banner(&banner, oddities)),
        video: wire.video.and_then(|video| timed(&video, floor_rate)),
        audio: wire.audio.and_then(|audio| timed(&audio, floor_rate)),
        native: None,
    };
    if let Some(native) = wire.native {
        media.native = native::read(&native, place, flaws)?;
    }
    if wire.id.is_empty() {
        flaws.tolerate(|| BadRequest::missing(format!("imp[{place}].id")))?;
        media = Media::default();
    }
    let pmp = wire.pmp.unwrap_or_default();
    Ok(Imp {
        id: wire.id.owned().unwrap_or_default(),
        media,
        floor: floor_rate.floor(wire.bidfloor),
        access: if pmp.private_auction.is_on() { Access::DealsOnly } else { Access::Open },
        deals: deals(pmp.deals, place, rates, pricing)?,
        secure: if wire.secure.is_on() { Security::HttpsOnly } else { Security::Any },
        tag: wire.tagid.owned(),
        expiry: wire.exp.positive().map(|seconds| Span::from_secs(i64::from(seconds))),
        quantity_millis: quantity_millis(wire.qty.as_ref()),
        placement: if wire.rwdd.is_on() {
            Placement::Rewarded
        } else if wire.instl.is_on() {
            Placement::Interstitial
        } else {
            Placement::Ordinary
        },
        metric_viewability: viewability(&wire.metric),
    })
}

/// Returns a play's impressions in thousandths, to the nearest, at least one thousandth; 1000 when not stated.
fn quantity_millis(quantity: Option<&wire::Quantity>) -> u32 {
    let stated = quantity.and_then(|q| q.multiplier.0).filter(|multiplier| *multiplier > 0.0);
    stated.map_or(1_000, |multiplier| ((multiplier * 1_000.0).round() as u32).max(1))
}

fn viewability(metrics: &List<wire::Metric<'_>>) -> Option<f32> {
    let stated = metrics.0.iter().find(|metric| metric.kind.as_str().eq_ignore_ascii_case("viewability"))?;
    stated.value.0.map(|value| value as f32)
}

/// The rate floors of one currency convert at; `None` where it has none.
#[derive(Clone, Copy)]
struct FloorRate(Option<motet_model::request::CurrencyRate>);

impl FloorRate {
    /// Reads a currency; the standard's default is USD, and deals do not inherit the imp's.
    fn new(currency: &Text<'_>, rates: &RateTable) -> Self {
        Self(Code::currency(currency.get().unwrap_or("USD")).and_then(|code| rates.rate(code)))
    }

    /// Converts a floor, rounded up. Without a rate no bid can be known to reach it: it is the highest price there is,
    /// unless it is nothing, which is nothing in every currency.
    fn floor(self, price: Price) -> CpmMicros {
        let micros = price.0.map_or(0, wire_micros_up);
        match self.0 {
            _ if micros == 0 => CpmMicros::ZERO,
            Some(rate) => to_accounting(micros, rate),
            None => CpmMicros::MAX,
        }
    }
}

fn banner(wire: &wire::Banner, oddities: &mut Oddities) -> Banner {
    let mut sizes: SmallVec<[Size; 4]> = SmallVec::new();
    for (w, h) in stated_sizes(wire) {
        if w > 0 && h > 0 {
            sizes.push(Size { w, h });
        }
    }
    let hidden = is_hidden(wire);
    oddities.hidden_slots = oddities.hidden_slots.saturating_add(u16::from(hidden));
    Banner {
        sizes,
        blocked_attributes: wire.battr.set,
        mimes: banner_mimes(wire.mimes),
        position: wire.pos.0.and_then(|pos| u8::try_from(pos).ok()).unwrap_or(0),
    }
}

/// Returns the sizes of `format`, or where it is empty the slot's own.
fn stated_sizes(wire: &wire::Banner) -> impl Iterator<Item = (u16, u16)> + '_ {
    let formats = wire.format.0.iter().map(|format| (format.w.pixels(), format.h.pixels()));
    let whole = std::iter::once((wire.w.pixels(), wire.h.pixels())).filter(|_| wire.format.0.is_empty());
    formats.chain(whole)
}

/// Tells whether sizes are stated and none can be seen: 0x0 or 1x1. A 1x1 beside real sizes is a usual way to say
/// "fluid", and absent sizes are unknown.
fn is_hidden(wire: &wire::Banner) -> bool {
    let is_stated = wire.w.0.is_some() && wire.h.0.is_some()
        || wire.format.0.iter().any(|format| format.w.0.is_some() && format.h.0.is_some());
    is_stated && stated_sizes(wire).all(|(w, h)| w <= 1 && h <= 1)
}

/// Returns the mimes a banner takes. A list of which none is known takes markup, but no image of ours.
fn banner_mimes(wire: wire::MimeSet) -> Mimes {
    if wire.set.is_empty() && wire.stated > 0 { Mimes::of("text/html").unwrap_or_default() } else { wire.set }
}

/// Reads a video or audio slot; `None` where it lists mime types or protocols of which we have none, since an empty
/// list means "any".
fn timed(wire: &wire::Timed, rate: FloorRate) -> Option<Timed> {
    let mut protocols = wire.protocols.set;
    protocols.insert(wire.protocol.0.unwrap_or(-1));
    let unknown_mimes = wire.mimes.set.is_empty() && wire.mimes.stated > 0;
    let unknown_protocols = protocols.is_empty() && wire.protocols.stated > 0;
    if unknown_mimes || unknown_protocols {
        return None;
    }
    let (w, h) = (wire.w.pixels(), wire.h.pixels());
    Some(Timed {
        mimes: wire.mimes.set,
        durations: durations(wire),
        protocols,
        blocked_attributes: wire.battr.set,
        size: (w > 0 && h > 0).then_some(Size { w, h }),
        duration_floors: duration_floors(&wire.durfloors, rate),
        floor_per_second: wire.mincpmpersec.0.map(|_| rate.floor(wire.mincpmpersec)),
    })
}

/// Reads the durations taken: exact ones, or a range whose end is the pod's where the slot states none.
fn durations(wire: &wire::Timed) -> Durations {
    let exact: SmallVec<[u32; 4]> = wire.rqddurs.0.iter().filter_map(|seconds| seconds.positive()).collect();
    if !exact.is_empty() {
        return Durations::OneOf(exact);
    }
    let most = wire.maxduration.positive().or(wire.poddur.positive());
    Durations::Between { least: wire.minduration.0.unwrap_or(0), most: most.unwrap_or(u32::MAX) }
}

fn duration_floors(list: &List<wire::DurationFloor>, rate: FloorRate) -> SmallVec<[DurationFloor; 2]> {
    let read = |wire: &wire::DurationFloor| DurationFloor {
        least: wire.mindur.0.unwrap_or(0),
        most: wire.maxdur.positive().unwrap_or(u32::MAX),
        floor: rate.floor(wire.bidfloor),
    };
    list.0.iter().map(read).collect()
}

fn deals(
    list: List<wire::Deal<'_>>,
    imp: usize,
    rates: &RateTable,
    pricing: Pricing,
) -> Result<Vec<Deal>, BadRequest> {
    let mut deals = Vec::with_capacity(list.0.len());
    for (place, wire) in list.0.into_iter().enumerate() {
        deals.push(
            deal(wire, rates, pricing)
                .ok_or_else(|| BadRequest::missing(format!("imp[{imp}].pmp.deals[{place}].id")))?,
        );
    }
    Ok(deals)
}

/// Reads a deal; `None` without an id. Floors by duration are folded into their highest: the careful side.
fn deal(wire: wire::Deal<'_>, rates: &RateTable, pricing: Pricing) -> Option<Deal> {
    let rate = FloorRate::new(&wire.bidfloorcur, rates);
    let highest = duration_floors(&wire.durfloors, rate).iter().map(|f| f.floor).max();
    Some(Deal {
        floor: rate.floor(wire.bidfloor).max(highest.unwrap_or(CpmMicros::ZERO)),
        pricing: match wire.at.0 {
            Some(3) => DealPricing::Fixed,
            Some(1) => DealPricing::Auction(Pricing::FirstPrice),
            Some(2) => DealPricing::Auction(Pricing::SecondPrice),
            _ => DealPricing::Auction(pricing),
        },
        seats: super::owned(wire.wseat),
        advertiser_domains: wire.wadomain.0.iter().filter_map(Text::lower).collect(),
        id: wire.id.owned()?,
    })
}

/// Takes the media off every imp whose id is also another's: an answer to one could be read as one to the other.
fn refuse_duplicates(imps: &mut [Imp], flaws: &mut Flaws) -> Result<(), BadRequest> {
    if imps.len() < 2 {
        return Ok(());
    }
    let mut order: Vec<usize> = (0..imps.len()).filter(|place| !imps[*place].id.is_empty()).collect();
    order.sort_by(|a, b| imps[*a].id.cmp(&imps[*b].id).then(a.cmp(b)));
    for pair in order.windows(2) {
        let (first, second) = (pair[0], pair[1]);
        if imps[first].id != imps[second].id {
            continue;
        }
        let id: String = imps[first].id.chars().take(60).collect();
        flaws.tolerate(|| BadRequest::DuplicateImp { first, second, id })?;
        imps[first].media = Media::default();
        imps[second].media = Media::default();
    }
    Ok(())
}

/// Counts the imps beyond the first that share tag, media kinds and banner position with an earlier one.
fn stacked(imps: &[Imp]) -> u16 {
    let alike = |a: &Imp, b: &Imp| {
        let position = |imp: &Imp| imp.media.banner.as_ref().map(|banner| banner.position);
        a.tag == b.tag && kinds(&a.media) == kinds(&b.media) && position(a) == position(b)
    };
    let repeats = |(place, imp): (usize, &Imp)| {
        imp.tag.is_some() && imps[..place].iter().any(|earlier| alike(earlier, imp))
    };
    u16::try_from(imps.iter().enumerate().filter(|entry| repeats(*entry)).count()).unwrap_or(u16::MAX)
}

const fn kinds(media: &Media) -> [bool; 4] {
    [media.banner.is_some(), media.video.is_some(), media.audio.is_some(), media.native.is_some()]
}
