//! Events of the store that nodes share.

use motet_ledger::Grant;
use motet_model::catalog::Change;

use super::*;
use crate::{Carry, Followed};

fn first(desk: &Desk) -> CampaignIx {
    desk.engine.catalog().campaigns().next().unwrap().0
}

#[test]
fn changes_of_a_common_log_are_taken_once_whatever_is_told_again() {
    let mut desk = Desk::new(Options::default());
    let all = campaigns(2, 1.0);
    let (early, late) = all.split_at(1);
    let places = vec![(1, early.to_vec()), (2, late.to_vec())];
    let told = Event::Followed(Followed { through: 2, changes: places.clone() });
    assert_eq!(desk.take(told.clone()), Effect::Changed(Ok(())));
    let (version, followed) = (desk.engine.catalog().version(), desk.engine.followed());
    assert_eq!(followed, 2);
    assert_eq!(desk.take(told), Effect::Changed(Ok(())));
    assert_eq!(desk.engine.catalog().version(), version);
    // What does not fit is refused as a whole, and not counted as followed.
    let odd = vec![(3, vec![Change::RemoveCampaign("nobody".to_owned())])];
    let odd = Event::Followed(Followed { through: 3, changes: odd });
    assert!(matches!(desk.take(odd), Effect::Changed(Err(_))));
    assert_eq!(desk.engine.followed(), 2);
    let restored = Engine::load(&desk.engine.save()).unwrap();
    assert_eq!(restored.followed(), 2);
}

#[test]
fn a_node_commits_what_it_was_granted_and_paces_by_what_all_spent() {
    let mut desk = Desk::new(Options { funding: motet_ledger::Funding::Leased, ..Options::default() });
    desk.take(Event::Changed(campaigns(1, 50.0)));
    let campaign = first(&desk);
    assert_eq!(desk.engine.account(campaign).room, Nanos::ZERO);
    let holding = desk.engine.holdings()[0];
    assert_eq!((holding.campaign, holding.grant), (campaign, None));
    let grant = Grant {
        campaign,
        day: holding.day,
        amount: Nanos::new(5_000),
        until: Timestamp::from_secs(i64::from(u32::MAX)),
        seen: Timestamp::default(),
        elsewhere_today: Nanos::new(70),
        elsewhere: Nanos::new(90),
    };
    assert_eq!(desk.take(Event::Leased(vec![grant])), Effect::Leased(vec![Nanos::ZERO]));
    let account = desk.engine.account(campaign);
    assert_eq!(
        (account.room, account.spent_today, account.spent),
        (Nanos::new(5_000), Nanos::new(70), Nanos::new(90))
    );
    assert_eq!(desk.engine.holdings()[0].grant, Some(grant));
}

#[test]
fn what_was_spent_before_counts_against_the_budget() {
    let mut desk = Desk::new(Options::default());
    desk.take(Event::Changed(campaigns(1, 1.0)));
    let campaign = first(&desk);
    let day = desk.engine.holdings()[0].day;
    let before = desk.engine.account(campaign).room;
    let spent = Nanos::from_units(0.4);
    assert_eq!(desk.take(Event::Carried(vec![Carry { campaign, day, spent }])), Effect::Changed(Ok(())));
    assert_eq!(desk.engine.account(campaign).room, before - spent);
    let odd = Carry { campaign: CampaignIx(99), day, spent };
    assert!(matches!(desk.take(Event::Carried(vec![odd])), Effect::Changed(Err(_))));
}

#[test]
fn a_catalog_is_made_again_from_its_changes_by_the_same_indices() {
    use motet_model::catalog::{Catalog, Switch};
    let mut first = Catalog::default();
    for change in campaigns(6, 1.0) {
        first.apply(&change).unwrap();
    }
    let ids: Vec<String> = first.campaigns().map(|(_, entry)| entry.campaign.id.clone()).collect();
    let creative = first.creatives().nth(1).unwrap().1.creative.id.clone();
    for change in [
        Change::RemoveCampaign(ids[2].clone()),
        Change::RemoveCreative(creative),
        Change::Kill(Switch::Campaign(ids[3].clone())),
        Change::Kill(Switch::Everything),
    ] {
        first.apply(&change).unwrap();
    }
    let mut second = Catalog::default();
    for change in first.to_changes() {
        second.apply(&change).unwrap();
    }
    assert!(first.holds_the_same(&second));
    second.apply(&Change::Revive(Switch::Everything)).unwrap();
    assert!(!first.holds_the_same(&second));
}
