//! The rules themselves, each a pure function.

use motet_agent::{Account, BaselineSight};
use motet_model::{
    campaign::{Campaign, Goal, Pacing},
    eligibility::{self, Fit},
    ids::{CampaignIx, CreativeIx},
    taxonomy,
};
use motet_units::{CpmMicros, Multiplier, Nanos, Timestamp};

use crate::Options;

const DAY_S: f64 = 86_400.0;

/// Iterates over the creatives that may fill an imp, with how they fit.
pub(crate) fn eligible<'a>(
    sight: &'a BaselineSight<'a>,
    imp: u16,
    now: Timestamp,
) -> impl Iterator<Item = (CreativeIx, CampaignIx, Fit)> + 'a {
    let (request, catalog) = (sight.request, sight.catalog);
    let slot = &request.imps[usize::from(imp)];
    catalog
        .campaigns()
        .filter(move |(_, entry)| {
            let campaign = &entry.campaign;
            campaign.flight.covers(now)
                && campaign.targeting.admits(request, now, campaign.flight.utc_offset, taxonomy::parent)
        })
        .flat_map(move |(campaign, entry)| {
            let advertiser = &catalog.advertiser(entry.advertiser).advertiser;
            entry.creatives.iter().filter_map(move |creative| {
                if !catalog.is_running(*creative) || catalog.is_killed(*creative) {
                    return None;
                }
                let found = catalog.creative(*creative);
                let fit =
                    eligibility::fit(found, &entry.campaign, advertiser, request, slot, taxonomy::parent)
                        .ok()?;
                Some((*creative, campaign, fit))
            })
        })
}

/// Returns the fixed bid of a campaign: its goal's worth at nominal rates, at most its highest price.
///
/// A conversion worth 5.00 at 0.2 % clicks and 2 % conversions bids a CPM of 0.20.
pub(crate) fn fixed_bid(campaign: &Campaign, options: &Options) -> CpmMicros {
    let per_click = |nanos: Nanos| nanos.as_f64() * options.click_rate;
    let bid = match campaign.goal {
        Goal::Cpm { price } => price,
        Goal::Cpc { click } => CpmMicros::bid_from_nanos(per_click(click)),
        Goal::Cpa { conversion } => {
            CpmMicros::bid_from_nanos(per_click(conversion) * options.conversion_rate)
        }
        Goal::TargetRoas { sale, return_millis } => {
            let spend = sale.as_f64() * 1_000.0 / f64::from(return_millis.max(1));
            CpmMicros::bid_from_nanos(spend * options.click_rate * options.conversion_rate)
        }
    };
    bid.min(campaign.most_cpm.unwrap_or(CpmMicros::MAX))
}

/// Lets a campaign in, or not: even pacing as a gate on the day's share.
pub(crate) fn pace(campaign: &Campaign, account: &Account, now: Timestamp) -> Multiplier {
    let Some(daily) = account.daily else { return Multiplier::ONE };
    if campaign.pacing == Pacing::Asap {
        return Multiplier::ONE;
    }
    let gone = now.time_of_day(campaign.flight.utc_offset).as_secs_f64() / DAY_S;
    let used = (account.spent_today + account.reserved_today).as_f64();
    if used <= daily.as_f64() * gone { Multiplier::ONE } else { Multiplier::ZERO }
}
