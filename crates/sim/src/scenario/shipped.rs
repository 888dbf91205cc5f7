//! The scenarios that ship with the program.

/// Every shipped scenario: its name and its text.
pub const SHIPPED: &[(&str, &str)] = &[("radio-day", include_str!("../../../../scenarios/radio-day.toml"))];

/// Returns a shipped scenario's text.
pub fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(shipped, _)| *shipped == name).map(|(_, text)| *text)
}
