//! A user agent's class: system and browser, in the words that prepared iPinYou logs use (`windows_chrome`).
//!
//! The raw string is not kept: with a coarse address it nearly names a person.

use std::sync::Arc;

/// Systems, in the order they are looked for.
const SYSTEMS: [&str; 5] = ["windows", "ios", "mac", "android", "linux"];
/// Browsers, in the order they are looked for: many name each other, the first found counts.
const BROWSERS: [&str; 8] = ["chrome", "sogou", "maxthon", "safari", "firefox", "theworld", "opera", "ie"];

/// Returns the class of a user agent, raw or already a class; `other` where nothing is recognised.
pub(crate) fn agent_class(agent: &[u8]) -> (&'static str, &'static str) {
    let lower: Vec<u8> = agent.to_ascii_lowercase();
    let first = |names: &[&'static str]| names.iter().copied().find(|name| contains(&lower, name.as_bytes()));
    (first(&SYSTEMS).unwrap_or("other"), first(&BROWSERS).unwrap_or("other"))
}

/// Returns the class as one word.
pub(crate) fn class_name(agent: &[u8]) -> Arc<str> {
    let (system, browser) = agent_class(agent);
    format!("{system}_{browser}").into()
}

fn contains(text: &[u8], name: &[u8]) -> bool {
    text.windows(name.len()).any(|window| window == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_agent_and_its_class_come_to_the_same() {
        let check = |agent: &str, class: &str| {
            assert_eq!(&*class_name(agent.as_bytes()), class);
            assert_eq!(&*class_name(class.as_bytes()), class);
        };
        check("Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1; Trident/4.0)", "windows_ie");
        check("Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.1 Chrome/21.0 Safari/537.1", "windows_chrome");
        check("curl/8", "other_other");
    }
}
