//! Motet's own journal: each imp of a decided request is an opportunity, each bid a bid, each counted notice an
//! outcome with both its times.

use std::{io::Write, net::IpAddr, sync::Arc};

use motet_engine::{Effect, Event, Record};
use motet_model::{
    decision::{Decision, ImpDecision},
    ids::BidId,
    outcome::{Notice, NoticeKind, NoticeVerdict},
    request::{AdRequest, Imp, MediaKind, Ownership, Size},
};
use motet_units::Timestamp;

use super::{Desk, agent_class::class_name, blank_opportunity};
use crate::{
    build::{Told, hash, keyed_hash},
    error::Result,
    table::{Bid, Opportunity, OutcomeKind},
};

/// Takes one record and tells whether it was a notice that did not count.
pub(crate) fn take<W: Write>(record: &Record, desk: &mut Desk<'_, W>) -> Result<bool> {
    match (&record.event, &record.effect) {
        (Event::Requested(sealed), Effect::Decided(trace)) => {
            decided(&sealed.request, &trace.decision, desk)?;
            Ok(false)
        }
        (Event::Noticed(notice), Effect::Judged(judgement)) => {
            if judgement.verdict != NoticeVerdict::Counted {
                return Ok(true);
            }
            desk.builder.outcome_of_bid(bid_key(notice.bid), &told(notice, record.at, desk.source))?;
            Ok(false)
        }
        _ => Ok(false),
    }
}

fn decided<W: Write>(request: &AdRequest, decision: &Decision, desk: &mut Desk<'_, W>) -> Result<()> {
    for (place, (imp, outcome)) in request.imps.iter().zip(&decision.imps).enumerate() {
        let id = BidId { decision: decision.id, imp: place as u16 };
        let mut row = opportunity(request, imp, decision.at, desk);
        match outcome {
            ImpDecision::NoBid(reason) => {
                row.no_bid = Some(desk.texts.text(reason.name().as_bytes()));
                desk.builder.opportunity(&row, None)?;
            }
            ImpDecision::Bid(bid) => {
                let opportunity = desk.builder.opportunity(&row, Some(bid_key(id)))?;
                let mut number = |number: u32| Some(desk.texts.text(number.to_string().as_bytes()));
                let row = Bid {
                    source: desk.source,
                    opportunity,
                    price: Some(bid.price),
                    advertiser: number(bid.advertiser.0),
                    campaign: number(bid.campaign.0),
                    creative: number(bid.creative.0),
                    propensity: Some(bid.propensity.get()),
                };
                desk.builder.bid(&row)?;
            }
        }
    }
    Ok(())
}

fn opportunity<W: Write>(
    request: &AdRequest,
    imp: &Imp,
    at: Timestamp,
    desk: &mut Desk<'_, W>,
) -> Opportunity {
    let device = &request.device;
    let size = size(imp);
    let mut text = |field: Option<&String>| field.map(|field| desk.texts.text(field.as_bytes()));
    let site = request.inventory.domain.as_ref().or(request.inventory.bundle.as_ref());
    Opportunity {
        utc_offset_min: device.utc_offset_minutes.unwrap_or(0),
        exchange: exchange(request),
        region: region(request),
        city: text(device.geo.city.as_ref()),
        domain: site.map(|site| hash(site.as_bytes())),
        slot: text(imp.tag.as_ref()),
        width: size.map(|size| size.w),
        height: size.map(|size| size.h),
        format: MediaKind::ALL.iter().find(|kind| imp.media.takes(**kind)).map(|kind| kind.name().into()),
        floor: imp.floor,
        agent_class: device.user_agent.as_ref().map(|agent| class_name(agent.as_bytes())),
        user: request.user.key.map(|key| keyed_hash(desk.user_key, &key.0.to_le_bytes())),
        network: device.ip.map(network),
        tags: request.user.segments.iter().map(|segment| hash(segment.as_bytes()).cast_signed()).collect(),
        ..blank_opportunity(desk.source, Some(at))
    }
}

/// Names who called: our own inventory, or the last system of the supply chain.
fn exchange(request: &AdRequest) -> Option<Arc<str>> {
    match request.inventory.ownership {
        Ownership::Owned => Some("owned".into()),
        Ownership::Exchange => request.supply.systems.last().map(|system| system.as_str().into()),
    }
}

fn region(request: &AdRequest) -> Option<Arc<str>> {
    let geo = &request.device.geo;
    let country = geo.country.as_ref().map(motet_model::codes::Code::as_str);
    match (country, geo.region.as_deref()) {
        (Some(country), Some(region)) => Some(format!("{country}-{region}").into()),
        (Some(one), None) | (None, Some(one)) => Some(one.into()),
        (None, None) => None,
    }
}

fn size(imp: &Imp) -> Option<Size> {
    let banner = imp.media.banner.as_ref().and_then(|banner| banner.sizes.first().copied());
    banner.or_else(|| imp.media.video.as_ref().and_then(|video| video.size))
}

/// Shortens an address: three bytes of IPv4; six of IPv6, told apart by 2^48.
fn network(ip: IpAddr) -> i64 {
    match ip {
        IpAddr::V4(ip) => i64::from(ip.to_bits() >> 8),
        IpAddr::V6(ip) => ((ip.to_bits() >> 80) as u64).cast_signed() + (1 << 48),
    }
}

fn bid_key(id: BidId) -> u64 {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&id.decision.0.to_le_bytes());
    bytes[8..].copy_from_slice(&id.imp.to_le_bytes());
    hash(&bytes)
}

fn told(notice: &Notice, known_at: Timestamp, source: u32) -> Told {
    let (kind, price, value, reason) = match notice.kind {
        NoticeKind::Won { price, .. } => (OutcomeKind::Won, price, None, None),
        NoticeKind::Billed { price } => (OutcomeKind::Billed, price, None, None),
        NoticeKind::Lost { reason, minimum_to_win } => {
            (OutcomeKind::Lost, minimum_to_win, None, Some(reason))
        }
        NoticeKind::Impression => (OutcomeKind::Impression, None, None, None),
        NoticeKind::Click => (OutcomeKind::Click, None, None, None),
        NoticeKind::Conversion { value } => (OutcomeKind::Conversion, None, value, None),
    };
    let happened_at = Some(notice.happened_at);
    Told { source, kind, price, value, reason, happened_at, known_at: Some(known_at) }
}
