use super::*;

#[test]
fn the_tables_hold_every_row() {
    assert_eq!(CONTENT3.len(), include_str!("content3.tsv").lines().count());
    assert_eq!(CONTENT1.len(), include_str!("content1.tsv").lines().count());
    assert_eq!(CONTENT3.len(), 704);
    assert!(CONTENT3.is_sorted_by(|a, b| a.id < b.id), "ids are unique");
    assert!(CONTENT1.is_sorted_by(|a, b| a.0 < b.0), "codes are unique");
}

#[test]
fn every_way_up_ends_at_a_root_within_four_tiers() {
    for category in all() {
        let tiers = std::iter::successors(Some(category), |c| parent(*c)).take(9).count();
        assert!(tiers <= 5, "{category} is {tiers} tiers deep");
        assert!(parent(category).is_none_or(|p| name(p).is_some()));
    }
}

#[test]
fn older_codes_reach_their_heirs() {
    let heir = |text: &str| to_content3(text.parse().unwrap()).and_then(name);
    assert_eq!(heir("IAB2-18"), Some("Pickup Trucks"));
    assert_eq!(heir("IAB7-45"), Some("Women's Health"));
    assert_eq!(heir("IAB19-36"), Some("Operating Systems"));
    assert_eq!(heir("IAB20-27"), Some("Europe Travel"));
    assert_eq!(heir("IAB26-4"), Some("Online Piracy"));
    assert_eq!(heir("IAB12"), None);
    assert_eq!(heir("6:338"), Some("Music"));
    assert_eq!(heir("6:327"), Some("Movies"));
    assert_eq!(heir("8:1001"), None);
}

#[test]
fn every_tier_one_code_but_three_maps() {
    let unmapped: Vec<_> = (1..=26)
        .filter_map(|n| CategoryId::new(Taxonomy::Content1, &format!("IAB{n}")))
        .filter(|c| to_content3(*c).is_none())
        .map(CategoryId::code)
        .collect();
    assert_eq!(unmapped, ["IAB12", "IAB24", "IAB25"]);
}

#[test]
fn whatever_lies_below_a_sensitive_root_is_sensitive() {
    for category in all() {
        let below = std::iter::successors(Some(category), |c| parent(*c))
            .any(|c| SENSITIVE.contains(&c.code().as_str()));
        assert_eq!(is_sensitive(category), below, "{category}");
    }
}
