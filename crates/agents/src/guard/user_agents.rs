//! What a user agent says it is, by the tokens in it.
//!
//! Three lists: crawlers and monitors; programming libraries and driven browsers; names that are fine in an app
//! and no browser on a website. General tokens ("bot", "spider", "crawl", an address in the text) do most of the
//! work, the lists hold those that call themselves something else. One automaton reads them all in one pass, and
//! what was read is remembered by the whole text: a reading depends on nothing else.
//!
//! The crawler list was derived from the patterns of monperrus/crawler-user-agents (MIT licence, see NOTICE);
//! names that are also build numbers, in-app browsers or ordinary words were left out.

use std::{cell::RefCell, hash::Hasher};

use aho_corasick::AhoCorasick;
use motet_model::{decision::Finding, request::Channel};
use rustc_hash::FxHasher;

use super::devices::Claims;

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
    /// What was read before, each text in the one place its hash gives: a matter of speed alone.
    known: RefCell<Vec<Known>>,
}

/// A text that was read, with what it says.
type Known = Option<(Box<str>, Reading)>;

/// The most user agents remembered: as many places, a megabyte at the longest texts.
const MOST_KNOWN: usize = 1_024;
/// Longer texts are read anew each time.
const LONGEST_KNOWN: usize = 1_024;

/// What a user agent says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Reading {
    on_site: Option<Finding>,
    elsewhere: Option<Finding>,
    /// What it says of the device.
    pub(super) claims: Claims,
}

impl Reading {
    /// Returns what is wrong with it in a channel, if anything.
    pub(super) const fn finding(self, channel: Channel) -> Option<Finding> {
        if matches!(channel, Channel::Site) { self.on_site } else { self.elsewhere }
    }
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
        Self {
            automaton,
            kinds: tokens.into_iter().map(|(_, kind)| kind).collect(),
            known: RefCell::new(vec![None; MOST_KNOWN]),
        }
    }

    /// Reads a user agent, from memory where it was read before.
    pub(super) fn read(&self, user_agent: Option<&str>) -> Reading {
        let text = user_agent.map_or("", str::trim);
        if text.is_empty() {
            // A website's visitor must have one.
            let reading = Reading { on_site: Some(Finding::NonBrowser), ..Reading::default() };
            return reading;
        }
        let place = Self::place(text);
        if let Some((_, known)) = self.known.borrow()[place].as_ref().filter(|(known, _)| **known == *text) {
            return *known;
        }
        let reading = self.scan(text);
        if text.len() <= LONGEST_KNOWN {
            self.known.borrow_mut()[place] = Some((text.into(), reading));
        }
        reading
    }

    fn place(text: &str) -> usize {
        let mut hasher = FxHasher::default();
        hasher.write(text.as_bytes());
        hasher.finish() as usize % MOST_KNOWN
    }

    /// Reads a user agent that is not empty.
    fn scan(&self, text: &str) -> Reading {
        let (mut elsewhere, mut of_app) = (None, None);
        let mut excused = 0;
        for found in self.automaton.find_overlapping_iter(text) {
            let letter_follows = text.as_bytes().get(found.end()).is_some_and(u8::is_ascii_alphabetic);
            match self.kinds[found.pattern().as_usize()] {
                Kind::Cubot => excused = found.end(),
                // Matches ending in one place come longest first, so "cubot" is seen before its "bot".
                Kind::CrawlerWord if letter_follows || excused == found.end() => {}
                Kind::Crawler | Kind::CrawlerWord => {
                    let finding = Some(Finding::Crawler);
                    return Reading { on_site: finding, elsewhere: finding, claims: Claims::of(text) };
                }
                Kind::Library => elsewhere = Some(Finding::NonBrowser),
                Kind::SiteOnly => of_app = Some(Finding::NonBrowser),
            }
        }
        Reading { on_site: elsewhere.or(of_app), elsewhere, claims: Claims::of(text) }
    }
}
