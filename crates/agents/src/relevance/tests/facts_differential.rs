//! Facts of ads against the entries they follow from: however a catalog came about, and whatever is asked.

use motet_model::{
    campaign::Content,
    catalog::{Catalog, Change},
    codes::{CodeSet, Mimes},
    eligibility::fit,
    ids::CreativeIx,
    request::{AdRequest, Banner, Imp},
    targeting::{Lineage, is_among},
    taxonomy,
};
use motet_units::Chance;
use proptest::prelude::*;

use super::{
    index_differential::{Draw, categories, changes, request},
    world::at,
};

fn image(draw: &mut Draw, content: &Content) -> Option<Content> {
    let mime = Mimes::of(draw.one(&["image/png", "image/jpeg"])).unwrap();
    match content {
        Content::Html { size, .. } => {
            Some(Content::Image { size: *size, url: "https://cdn.example/i".to_owned(), mime })
        }
        _ => None,
    }
}

/// Makes images of some ads and gives some an attribute.
fn vary(draw: &mut Draw, change: Change) -> Change {
    let Change::PutCreative(mut ad) = change else { return change };
    if draw.chance(0.4) {
        ad.content = image(draw, &ad.content).unwrap_or(ad.content);
    }
    ad.attributes = CodeSet(draw.one(&[0, 1 << 3]));
    Change::PutCreative(ad)
}

fn narrow(draw: &mut Draw, banner: &mut Banner) {
    banner.blocked_attributes = CodeSet(draw.one(&[0, 0, 1 << 3]));
    banner.mimes = draw.one(&[Mimes::EMPTY, Mimes::of("image/png").unwrap()]);
}

fn agree(catalog: &Catalog, ix: CreativeIx, request: &AdRequest, imp: &Imp) -> Result<bool, TestCaseError> {
    let (facts, of, parent) = (catalog.facts(ix), catalog.chain(ix), taxonomy::parent);
    let (campaign, advertiser) = (&of.campaign.campaign, &of.advertiser.advertiser);
    prop_assert_eq!((facts.campaign, facts.advertiser), (of.creative.campaign, of.campaign.advertiser));
    prop_assert_eq!(facts.most_cpm, campaign.most_cpm);
    prop_assert_eq!((facts.is_running(), facts.is_killed()), (of.is_running(), of.is_killed()));
    prop_assert_eq!(facts.is_capped(), campaign.frequency.is_some());
    for now in [at(-10), at(0), at(500), at(300_000)] {
        prop_assert_eq!(facts.covers(now), campaign.flight.covers(now));
        let lineage = Lineage::of(&request.inventory.categories, parent);
        let plain = campaign.targeting.admits(request, now, campaign.flight.utc_offset, parent);
        prop_assert_eq!(facts.admits(request, &lineage, now, || campaign), plain);
    }
    for category in categories() {
        let plain = of.creative.creative.categories.iter().any(|own| is_among(*own, &[category], parent));
        prop_assert_eq!(facts.advertises(category), plain);
    }
    let plain = fit(of.creative, campaign, advertiser, request, imp, parent);
    let sure = facts.surely_fits(request, imp);
    prop_assert!(sure.is_none_or(|fit| Ok(fit) == plain), "{sure:?} {plain:?}");
    prop_assert_eq!(facts.fit(request, imp, || of), plain);
    Ok(sure.is_some())
}

/// Compares all ads of a world over some requests; returns how often a fit was certain.
fn compare(seed: u64) -> Result<usize, TestCaseError> {
    let mut draw = Draw(Chance::new(seed, 1).stream("facts"));
    let mut catalog = Catalog::default();
    for change in changes(&mut draw) {
        // A removal may name what is gone already.
        let _ = catalog.apply(&vary(&mut draw, change));
    }
    let stored: Catalog = postcard::from_bytes(&postcard::to_stdvec(&catalog).unwrap()).unwrap();
    prop_assert!(stored == catalog, "facts are worked out anew when a catalog is read back");
    let mut sure = 0;
    for _ in 0..8 {
        let mut request = request(&mut draw);
        let banners = request.imps.iter_mut().filter_map(|imp| imp.media.banner.as_mut());
        banners.for_each(|banner| narrow(&mut draw, banner));
        for (ix, _) in catalog.creatives() {
            sure += usize::from(agree(&catalog, ix, &request, &request.imps[0])?);
        }
    }
    Ok(sure)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn facts_say_what_the_entries_say(seed: u64) {
        compare(seed)?;
    }
}

#[test]
fn a_fit_is_often_certain_in_the_worlds_compared() {
    let sure: usize = (0..20).map(|seed| compare(seed).unwrap()).sum();
    assert!(sure > 50, "{sure}");
}
