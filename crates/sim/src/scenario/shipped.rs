//! The scenarios that ship with the program.

/// Every shipped scenario: its name and its text.
pub const SHIPPED: &[(&str, &str)] = &[
    ("radio-day", include_str!("../../../../scenarios/radio-day.toml")),
    ("display-week", include_str!("../../../../scenarios/display-week.toml")),
    ("retail-media", include_str!("../../../../scenarios/retail-media.toml")),
    ("budget-squeeze", include_str!("../../../../scenarios/budget-squeeze.toml")),
    ("fraud-wave", include_str!("../../../../scenarios/fraud-wave.toml")),
    ("ipinyou", include_str!("../../../../scenarios/ipinyou.toml")),
    ("cold-start", include_str!("../../../../scenarios/cold-start.toml")),
];

/// Returns a shipped scenario's text.
pub fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(shipped, _)| *shipped == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scenario;

    #[test]
    fn every_shipped_scenario_is_sound_and_bears_its_name() {
        for (name, text) in SHIPPED {
            let scenario = Scenario::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(scenario.name, *name);
            let again = Scenario::parse(&scenario.to_toml().expect("plain numbers")).expect("what it wrote");
            assert_eq!(again, scenario, "{name} does not survive being written and read");
        }
    }
}
