//! What a user agent says it is, by the tokens in it.
//!
//! Three lists: crawlers and monitors; programming libraries and driven browsers; names that are fine in an app
//! and no browser on a website. General tokens ("bot", "spider", "crawl", an address in the text) do most of the
//! work, the lists hold those that call themselves something else. One automaton reads them all in one pass.
//!
//! The crawler list was derived from the patterns of monperrus/crawler-user-agents (MIT licence, see NOTICE);
//! names that are also build numbers, in-app browsers or ordinary words were left out.

use aho_corasick::AhoCorasick;
use motet_model::{decision::Finding, request::Channel};

/// What a token tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A crawler or monitor.
    Crawler,
    /// The same, where no letter follows: "Googlebot/" and not "botanic".
    CrawlerWord,
    /// A library or a driven browser.
    Library,
    /// An app's own network stack or name: no browser.
    SiteOnly,
    /// A maker of telephones whose name ends in "bot".
    Cubot,
}

const GENERAL: [(&str, Kind); 13] = [
    ("bot", Kind::CrawlerWord),
    ("cubot", Kind::Cubot),
    ("spider", Kind::CrawlerWord),
    ("crawl", Kind::CrawlerWord),
    ("crawler", Kind::Crawler),
    ("crawling", Kind::Crawler),
    ("slurp", Kind::Crawler),
    ("scraper", Kind::Crawler),
    ("archiver", Kind::Crawler),
    ("fetcher", Kind::Crawler),
    ("validator", Kind::Crawler),
    ("http://", Kind::Crawler),
    ("https://", Kind::Crawler),
];

/// Reads user agents.
#[derive(Debug)]
pub(super) struct UserAgents {
    automaton: AhoCorasick,
    kinds: Vec<Kind>,
}

impl UserAgents {
    pub(super) fn new() -> Self {
        let list = |text: &'static str, kind| text.lines().map(move |token| (token, kind));
        let tokens: Vec<(&str, Kind)> = GENERAL
            .into_iter()
            .chain(list(include_str!("crawlers.txt"), Kind::Crawler))
            .chain(list(include_str!("libraries.txt"), Kind::Library))
            .chain(list(include_str!("site_only.txt"), Kind::SiteOnly))
            .collect();
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(tokens.iter().map(|(token, _)| token))
            .expect("the lists are part of the program and small");
        Self { automaton, kinds: tokens.into_iter().map(|(_, kind)| kind).collect() }
    }

    /// Returns what is wrong with a user agent, if anything; a website's visitor must have one.
    pub(super) fn judge(&self, user_agent: Option<&str>, channel: Channel) -> Option<Finding> {
        let text = user_agent.map_or("", str::trim);
        if text.is_empty() {
            return (channel == Channel::Site).then_some(Finding::NonBrowser);
        }
        let mut finding = None;
        let mut excused = 0;
        for found in self.automaton.find_overlapping_iter(text) {
            let letter_follows = text.as_bytes().get(found.end()).is_some_and(u8::is_ascii_alphabetic);
            match self.kinds[found.pattern().as_usize()] {
                Kind::Cubot => excused = found.end(),
                // Matches ending in one place come longest first, so "cubot" is seen before its "bot".
                Kind::CrawlerWord if letter_follows || excused == found.end() => {}
                Kind::Crawler | Kind::CrawlerWord => return Some(Finding::Crawler),
                Kind::Library => finding = Some(Finding::NonBrowser),
                Kind::SiteOnly if channel == Channel::Site => finding = Some(Finding::NonBrowser),
                Kind::SiteOnly => {}
            }
        }
        finding
    }
}
