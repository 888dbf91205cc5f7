//! What an outside agent is shown: the least its intents need, made from the request as the core has it.
//!
//! Raw identifiers cannot be sent, since they never reach the core; the user's key, the address, the user agent, the page's
//! address and the caller's id of the request are in the core and are not sent either. What is sent, by intent:
//!
//! | intent | sent |
//! |---|---|
//! | always | a name of its own for the ask, own or exchange inventory by its channel, domain or bundle and publisher, whether COPPA or the GDPR applies, test mode |
//! | `ACTIVATE_SEGMENTS` | content, device; where identity is permitted, the segments known already |
//! | `ACTIVATE_DEALS`, `SUPPRESS_DEALS` | content, media of each imp, ids of the deals on offer |
//! | `ADJUST_DEAL_FLOOR`, `ADJUST_DEAL_MARGIN` | media, ids, floors and pricing of the deals on offer |
//! | `BID_SHADE` | media, floors; of each bid its price, seat and deal, no creative, advertiser or campaign |
//! | `ADD_METRICS` | media, tag, device |
//! | `ADD_CIDS` | content |
//!
//! *Content* is categories, keywords, language and title; *media* kinds, sizes and durations; *device* its kind, system,
//! language and country. An agent with several intents is sent what any of them needs. Blocks, other seats' limits and the
//! supply chain are competitive and never sent. Prices are in the accounting currency, and say so.

use motet_model::{
    codes::{CategoryId, Code, Taxonomy},
    request::{
        AdRequest, Channel, Deal, DealPricing, Device, DeviceKind, Durations, Imp, Inventory, Mode, Pricing,
        Timed, User,
    },
    taxonomy,
};

use crate::{
    IntentSet,
    proto::{
        artf::Intent,
        openrtb::{
            BidRequest, BidResponse,
            bid_request::{self as wire, DistributionchannelOneof},
            bid_response,
        },
    },
};

/// Whether identity may be used for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// It may.
    Permitted,
    /// Context alone.
    Forbidden,
}

/// A kind of data that some intents need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Content,
    Media,
    Tag,
    Deals,
    Terms,
    Floors,
    Device,
    User,
}

const fn parts(intent: Intent) -> &'static [Part] {
    match intent {
        Intent::Unspecified => &[],
        Intent::ActivateSegments => &[Part::Content, Part::Device, Part::User],
        Intent::ActivateDeals | Intent::SuppressDeals => &[Part::Content, Part::Media, Part::Deals],
        Intent::AdjustDealFloor | Intent::AdjustDealMargin => &[Part::Media, Part::Deals, Part::Terms],
        Intent::BidShade => &[Part::Media, Part::Floors],
        Intent::AddMetrics => &[Part::Media, Part::Tag, Part::Device],
        Intent::AddCids => &[Part::Content],
    }
}

fn needs(intents: IntentSet, part: Part) -> bool {
    intents.iter().any(|intent| parts(intent).contains(&part))
}

/// Writes what agents with these intents may see of a request. `currency` is the accounting currency.
pub fn request(
    request: &AdRequest,
    id: &str,
    intents: IntentSet,
    identity: Identity,
    currency: Code,
) -> BidRequest {
    let user = (identity == Identity::Permitted && needs(intents, Part::User)).then(|| user(&request.user));
    BidRequest {
        id: Some(id.to_owned()),
        imp: request.imps.iter().map(|one| imp(one, intents, currency)).collect(),
        distributionchannel_oneof: channel(&request.inventory, needs(intents, Part::Content)),
        device: needs(intents, Part::Device).then(|| device(&request.device)),
        user,
        at: Some(at(request.pricing)),
        cur: vec![currency.as_str().to_owned()],
        test: (request.mode == Mode::Test).then_some(true),
        regs: Some(wire::Regs {
            coppa: Some(request.privacy.coppa || request.privacy.child),
            gdpr: request.privacy.gdpr,
            ..wire::Regs::default()
        }),
        ..BidRequest::default()
    }
}

const fn at(pricing: Pricing) -> i32 {
    match pricing {
        Pricing::FirstPrice => 1,
        Pricing::SecondPrice => 2,
    }
}

fn imp(imp: &Imp, intents: IntentSet, currency: Code) -> wire::Imp {
    let cur = currency.as_str().to_owned();
    let floors = needs(intents, Part::Floors);
    let mut sent = wire::Imp {
        id: Some(imp.id.clone()),
        bidfloor: floors.then(|| imp.floor.units()),
        bidfloorcur: floors.then(|| cur.clone()),
        tagid: imp.tag.clone().filter(|_| needs(intents, Part::Tag)),
        ..wire::Imp::default()
    };
    if needs(intents, Part::Media) {
        media(imp, &mut sent);
    }
    if needs(intents, Part::Deals) && !imp.deals.is_empty() {
        let terms = needs(intents, Part::Terms).then_some(cur);
        let deals = imp.deals.iter().map(|one| deal(one, terms.as_ref())).collect();
        sent.pmp = Some(wire::Pmp { deals, ..wire::Pmp::default() });
    }
    sent
}

fn deal(deal: &Deal, terms: Option<&String>) -> wire::Deal {
    let at = match deal.pricing {
        DealPricing::Auction(pricing) => at(pricing),
        DealPricing::Fixed => 3,
    };
    wire::Deal {
        id: Some(deal.id.clone()),
        bidfloor: terms.map(|_| deal.floor.units()),
        bidfloorcur: terms.cloned(),
        at: terms.map(|_| at),
        ..wire::Deal::default()
    }
}

fn media(imp: &Imp, sent: &mut wire::Imp) {
    sent.banner = imp.media.banner.as_ref().map(|banner| wire::Banner {
        format: banner
            .sizes
            .iter()
            .map(|size| wire::Format {
                w: Some(i32::from(size.w)),
                h: Some(i32::from(size.h)),
                ..wire::Format::default()
            })
            .collect(),
        pos: (banner.position > 0).then(|| i32::from(banner.position)),
        ..wire::Banner::default()
    });
    sent.video = imp.media.video.as_ref().map(|video| {
        let (minduration, maxduration, rqddurs) = durations(video);
        wire::Video {
            mimes: mimes(video),
            minduration,
            maxduration,
            rqddurs,
            w: video.size.map(|size| i32::from(size.w)),
            h: video.size.map(|size| i32::from(size.h)),
            ..wire::Video::default()
        }
    });
    sent.audio = imp.media.audio.as_ref().map(|audio| {
        let (minduration, maxduration, rqddurs) = durations(audio);
        wire::Audio { mimes: mimes(audio), minduration, maxduration, rqddurs, ..wire::Audio::default() }
    });
    sent.native =
        imp.media.native.as_ref().map(|_| wire::Native { ver: Some("1.2".to_owned()), ..Default::default() });
}

fn mimes(timed: &Timed) -> Vec<String> {
    timed.mimes.names().map(str::to_owned).collect()
}

fn durations(timed: &Timed) -> (Option<i32>, Option<i32>, Vec<i32>) {
    let seconds = |seconds: u32| i32::try_from(seconds).unwrap_or(i32::MAX);
    match &timed.durations {
        Durations::Between { least, most } => {
            (Some(seconds(*least)), (*most < u32::MAX).then(|| seconds(*most)), Vec::new())
        }
        Durations::OneOf(exact) => (None, None, exact.iter().map(|one| seconds(*one)).collect()),
    }
}

fn channel(inventory: &Inventory, content: bool) -> Option<DistributionchannelOneof> {
    let publisher =
        inventory.publisher.clone().map(|id| wire::Publisher { id: Some(id), ..wire::Publisher::default() });
    let (content, domain) = (content.then(|| self::content(inventory)), inventory.domain.clone());
    Some(match inventory.channel {
        Channel::Site => {
            DistributionchannelOneof::Site(wire::Site { domain, publisher, content, ..Default::default() })
        }
        Channel::App => DistributionchannelOneof::App(wire::App {
            bundle: inventory.bundle.clone(),
            domain,
            publisher,
            content,
            ..wire::App::default()
        }),
        Channel::Dooh => {
            DistributionchannelOneof::Dooh(wire::Dooh { domain, publisher, content, ..Default::default() })
        }
        Channel::Unknown => return None,
    })
}

fn content(inventory: &Inventory) -> wire::Content {
    let mut categories: Vec<String> =
        inventory.categories.iter().filter_map(|c| taxonomy::to_content3(*c)).map(CategoryId::code).collect();
    categories.sort();
    categories.dedup();
    wire::Content {
        title: inventory.title.clone(),
        cattax: i32::try_from(Taxonomy::Content3.cattax()).ok(),
        cat: categories,
        kwarray: inventory.keywords.clone(),
        language: inventory.language.map(|code| code.as_str().to_owned()),
        ..wire::Content::default()
    }
}

fn device(device: &Device) -> wire::Device {
    let kind = match device.kind {
        DeviceKind::Unknown => None,
        DeviceKind::Phone => Some(4),
        DeviceKind::Tablet => Some(5),
        DeviceKind::Computer => Some(2),
        DeviceKind::Tv => Some(3),
        DeviceKind::Connected => Some(6),
        DeviceKind::Screen => Some(8),
    };
    wire::Device {
        devicetype: kind,
        os: device.os.clone(),
        language: device.language.map(|code| code.as_str().to_owned()),
        geo: device
            .geo
            .country
            .map(|code| wire::Geo { country: Some(code.as_str().to_owned()), ..wire::Geo::default() }),
        ..wire::Device::default()
    }
}

/// The segments known, by provider. The user's key stays here: it would let an agent know a person again.
fn user(user: &User) -> wire::User {
    let mut data: Vec<wire::Data> = Vec::new();
    for segment in &user.segments {
        let (provider, id) = segment.split_once('/').unwrap_or(("", segment));
        let segment = wire::Segment { id: Some(id.to_owned()), ..wire::Segment::default() };
        match data.iter_mut().find(|data| data.name.as_deref() == Some(provider)) {
            Some(data) => data.segment.push(segment),
            None => data.push(wire::Data {
                name: Some(provider.to_owned()),
                segment: vec![segment],
                ..wire::Data::default()
            }),
        }
    }
    wire::User { data, ..wire::User::default() }
}

/// Writes what an agent that shades may see of the bids.
pub fn response(id: &str, bids: &[crate::judge::SentBid], currency: Code) -> BidResponse {
    let mut seats: Vec<bid_response::SeatBid> = Vec::new();
    for bid in bids {
        let sent = bid_response::Bid {
            id: Some(bid.id.clone()),
            impid: Some(bid.imp_id.clone()),
            price: Some(bid.price.units()),
            dealid: bid.deal.clone(),
            ..bid_response::Bid::default()
        };
        match seats.iter_mut().find(|seat| seat.seat.as_ref() == Some(&bid.seat)) {
            Some(seat) => seat.bid.push(sent),
            None => seats.push(bid_response::SeatBid {
                seat: Some(bid.seat.clone()),
                bid: vec![sent],
                ..bid_response::SeatBid::default()
            }),
        }
    }
    BidResponse {
        id: Some(id.to_owned()),
        seatbid: seats,
        cur: Some(currency.as_str().to_owned()),
        ..BidResponse::default()
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::{intents::INTENTS, judge::SentBid, testing};

    fn sent(intents: IntentSet, identity: Identity) -> (BidRequest, String) {
        let sent = request(&testing::request(), "ask-1", intents, identity, testing::usd().code);
        let text = String::from_utf8_lossy(&sent.encode_to_vec()).into_owned();
        (sent, text)
    }

    #[test]
    fn what_points_at_a_person_or_a_rival_is_never_sent() {
        for intents in
            INTENTS.map(|intent| [intent].into_iter().collect()).into_iter().chain([IntentSet::all()])
        {
            let (sent, text) = sent(intents, Identity::Permitted);
            for secret in
                ["seller-1", "203.0.113", "Mozilla", "lund", "reader=42", "CONSENT", "rival", "marathon"]
            {
                assert!(!text.contains(secret), "{secret} with {intents:?}");
            }
            let user = sent.user.unwrap_or_default();
            assert_eq!((user.id, user.buyeruid, user.eids), (None, None, Vec::new()));
        }
    }

    #[test]
    fn each_intent_is_sent_what_it_needs_and_no_more() {
        for intent in INTENTS {
            let (sent, text) = sent([intent].into_iter().collect(), Identity::Permitted);
            let has = |part| parts(intent).contains(&part);
            assert_eq!(sent.user.is_some(), has(Part::User), "{intent:?}");
            assert_eq!(sent.device.is_some(), has(Part::Device), "{intent:?}");
            assert_eq!(text.contains("Match day"), has(Part::Content), "{intent:?}");
            let imp = &sent.imp[0];
            assert_eq!(imp.banner.is_some(), has(Part::Media), "{intent:?}");
            assert_eq!(imp.bidfloor.is_some(), has(Part::Floors), "{intent:?}");
            assert_eq!(imp.tagid.is_some(), has(Part::Tag), "{intent:?}");
            assert_eq!(imp.pmp.is_some(), has(Part::Deals), "{intent:?}");
            let terms = imp.pmp.iter().flat_map(|pmp| &pmp.deals).any(|deal| deal.bidfloor.is_some());
            assert_eq!(terms, has(Part::Terms), "{intent:?}");
        }
    }

    #[test]
    fn without_permission_nothing_of_the_user_is_sent() {
        let (sent, text) = sent(IntentSet::all(), Identity::Forbidden);
        assert_eq!(sent.user, None);
        assert!(!text.contains("runners"));
    }

    #[test]
    fn bids_are_grouped_by_seat_without_their_ads() {
        let bid = |id: &str, seat: &str| SentBid {
            imp: 0,
            imp_id: "1".to_owned(),
            id: id.to_owned(),
            seat: seat.to_owned(),
            price: testing::cpm(1.5),
            floor: testing::cpm(0.5),
            deal: None,
            bound: None,
        };
        let bids = [bid("a", "x"), bid("b", "y"), bid("c", "x")];
        let response = response("ask-1", &bids, testing::usd().code);
        assert_eq!(response.seatbid.iter().map(|seat| seat.bid.len()).collect::<Vec<_>>(), [2, 1]);
        let bid = &response.seatbid[0].bid[0];
        assert_eq!((bid.price, &bid.adm, &bid.cid, &bid.adomain), (Some(1.5), &None, &None, &Vec::new()));
    }
}
