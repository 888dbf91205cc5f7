//! It learns: tiny worlds with known rates.

use motet_model::{ids::CreativeIx, outcome::NoticeKind};
use motet_units::{Chance, Stream};

use super::world::{World, options, rankings, request};

/// Shows both ads in turn, clicked and bought from at the given rates; returns the predicted and observed clicks and
/// conversions of each ad over the last half.
fn run(world: &mut World, clicks: [f64; 2], sales: f64, shows: u64) -> [[f64; 4]; 2] {
    let mut counts = [[0.0; 4]; 2];
    let mut draw: Stream = Chance::new(3, 3).stream("listener");
    for n in 0..shows {
        let proposals = world.ask(&request(), n, n.cast_signed());
        let ad = (n % 2) as usize;
        let ranking =
            rankings(&proposals).into_iter().find(|r| r.creative == CreativeIx(ad as u32)).unwrap().clone();
        let bid = world.bid(&request(), &ranking, n.cast_signed());
        world.notice(&bid, NoticeKind::Impression, n.cast_signed());
        let clicked = draw.unit() < clicks[ad];
        let bought = draw.unit() < sales && clicked;
        if clicked {
            world.notice(&bid, NoticeKind::Click, n.cast_signed());
        }
        if bought {
            world.notice(&bid, NoticeKind::Conversion { value: None }, n.cast_signed());
        }
        if n >= shows / 2 {
            let of = &mut counts[ad];
            of[0] += ranking.p_click.get();
            of[1] += f64::from(u8::from(clicked));
            of[2] += ranking.p_conversion.get() * f64::from(u8::from(clicked));
            of[3] += f64::from(u8::from(bought));
        }
    }
    counts
}

fn first(world: &World) -> CreativeIx {
    let proposals = world.ask(&request(), 0, 0);
    rankings(&proposals)[0].creative
}

#[test]
fn ranking_follows_the_clicks() {
    let mut world = World::new(options()).with_campaigns(2, |_, _| {});
    assert_eq!(first(&world), CreativeIx(0), "a tie goes to the older ad");
    run(&mut world, [0.005, 0.02], 0.0, 8_000);
    assert_eq!(first(&world), CreativeIx(1));
    let mut other = World::new(options()).with_campaigns(2, |_, _| {});
    run(&mut other, [0.02, 0.005], 0.0, 8_000);
    assert_eq!(first(&other), CreativeIx(0));
}

#[test]
fn rates_are_calibrated_within_their_error() {
    let mut world = World::new(options()).with_campaigns(2, |_, _| {});
    let counts = run(&mut world, [0.01, 0.04], 0.2, 40_000);
    for [clicks_predicted, clicks, sales_predicted, sales] in counts {
        // Counts of rare events spread by about their root; the learner's own wandering is allowed as much again.
        let error = |observed: f64| 4.0 * observed.sqrt() + 0.05 * observed;
        assert!(
            (clicks_predicted - clicks).abs() < error(clicks),
            "clicks {clicks_predicted} against {clicks}"
        );
        assert!(
            (sales_predicted - sales).abs() < error(sales) + 5.0,
            "sales {sales_predicted} against {sales}"
        );
    }
    let ratio = world.agent.click_calibration().ratio();
    assert!((ratio - 1.0).abs() < 0.15, "predicted over observed is {ratio}");
}

#[test]
fn a_new_creative_starts_from_its_campaign() {
    let mut world = World::new(options()).with_campaigns(3, |_, _| {});
    run(&mut world, [0.005, 0.05], 0.0, 8_000);
    for campaign in ["c0", "c1"] {
        let of = super::world::creative(&format!("new-{campaign}"), campaign);
        world.apply(motet_model::catalog::Change::PutCreative(of));
    }
    let proposals = world.ask(&request(), 0, 0);
    let rate = |creative: u32| {
        let found = rankings(&proposals).into_iter().find(|r| r.creative == CreativeIx(creative)).unwrap();
        found.p_click.get()
    };
    assert!(rate(4) > 1.3 * rate(3), "{} of the good campaign, {} of the other", rate(4), rate(3));
}
