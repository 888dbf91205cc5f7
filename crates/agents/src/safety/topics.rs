//! What sensitive topics a piece of content touches, and how high the risk is.
//!
//! Two sources. Categories are what the seller states: the eleven sensitive topics of Content Taxonomy 2.2 and
//! later, the non-standard and illegal content of 1.0, and ordinary categories that lie near a topic. A stated
//! topic says nothing of its treatment, so it is taken as high unless news or education is stated beside it
//! (medium, low). Words of keywords and title are a weak source: whole words only, from a short list that means
//! one thing, and never above high. "Killer app" and "shooting stars" are therefore no risk; a stated category
//! is worth more than any word.
//!
//! Content nobody says anything about is handled by the agent, by its option for unknown content.

use motet_model::{
    campaign::{Risk, SensitiveTopic},
    codes::{CategoryId, Taxonomy},
    request::Inventory,
    taxonomy,
};
use rustc_hash::FxHashMap;

/// Topics found, with the highest risk of each.
pub(super) type Found = [Option<Risk>; SensitiveTopic::ALL.len()];

use Risk::{Floor, High, Low, Medium};
use SensitiveTopic as T;

/// The sensitive topics by their codes, the same in Content 2.2, 3.0 and 3.1.
const STATED: [(&str, T); 11] = [
    ("Rm3SiT", T::Adult),
    ("avbNf2", T::Arms),
    ("XtODT3", T::Crime),
    ("I4GWl6", T::Death),
    ("Z7rJBM", T::SocialIssues),
    ("HxqYV1", T::Hate),
    ("pg0WhF", T::Drugs),
    ("j9PaO9", T::Obscenity),
    ("mm3UXx", T::Piracy),
    ("6i4dB6", T::Spam),
    ("8FD8nI", T::Terrorism),
];

/// Content 1.0 codes that carry a topic, with their risk.
const CONTENT_1: [(&str, T, Risk); 19] = [
    ("IAB7-28", T::Crime, Low),
    ("IAB7-39", T::Adult, Low),
    ("IAB7-42", T::Drugs, Low),
    ("IAB8-5", T::Drugs, Low),
    ("IAB8-18", T::Drugs, Low),
    ("IAB9-9", T::Drugs, Medium),
    ("IAB11-4", T::SocialIssues, Low),
    ("IAB11-5", T::SocialIssues, Low),
    ("IAB17-18", T::Arms, Medium),
    ("IAB25-1", T::Spam, Low),
    ("IAB25-2", T::Death, Floor),
    ("IAB25-3", T::Adult, Floor),
    ("IAB25-4", T::Obscenity, High),
    ("IAB25-5", T::Hate, Floor),
    ("IAB26", T::Crime, Floor),
    ("IAB26-1", T::Crime, Floor),
    ("IAB26-2", T::Piracy, Floor),
    ("IAB26-3", T::Spam, Floor),
    ("IAB26-4", T::Piracy, Floor),
];

/// Content 2.x and 3.x codes near a topic, with their risk.
const NEAR: [(&str, T, Risk); 9] = [
    ("211", T::Drugs, Low),
    ("237", T::Drugs, Low),
    ("336", T::Death, Low),
    ("380", T::Crime, Medium),
    ("381", T::Death, Low),
    ("386", T::SocialIssues, Low),
    ("389", T::Death, Medium),
    ("KHPC5A", T::Crime, Medium),
    ("MQ2XML", T::Adult, Medium),
];

/// Words that mean one thing wherever they stand.
const WORDS: [(&str, T, Risk); 22] = [
    ("porn", T::Adult, High),
    ("porno", T::Adult, High),
    ("pornography", T::Adult, High),
    ("xxx", T::Adult, High),
    ("nsfw", T::Adult, High),
    ("hentai", T::Adult, High),
    ("handgun", T::Arms, Medium),
    ("handguns", T::Arms, Medium),
    ("ammunition", T::Arms, Medium),
    ("murderer", T::Crime, Medium),
    ("rapist", T::Crime, Medium),
    ("genocide", T::Death, Medium),
    ("massacre", T::Death, Medium),
    ("beheading", T::Death, High),
    ("warez", T::Piracy, High),
    ("keygen", T::Piracy, High),
    ("neonazi", T::Hate, High),
    ("cocaine", T::Drugs, Medium),
    ("heroin", T::Drugs, Medium),
    ("methamphetamine", T::Drugs, Medium),
    ("terrorist", T::Terrorism, Medium),
    ("terrorism", T::Terrorism, Medium),
];

/// Looks up topics of categories and words.
#[derive(Clone, Debug)]
pub(super) struct Topics {
    by_category: FxHashMap<CategoryId, (T, Treatment)>,
    by_word: FxHashMap<&'static str, (T, Risk)>,
}

/// How a category's risk is known.
#[derive(Clone, Copy, Debug)]
enum Treatment {
    /// By the category itself.
    Known(Risk),
    /// Only the topic is stated.
    Unstated,
}

impl Topics {
    pub(super) fn new() -> Self {
        let mut by_category = FxHashMap::default();
        let mut put = |taxonomy, code: &str, topic, treatment| {
            if let Some(category) = CategoryId::new(taxonomy, code) {
                by_category.insert(category, (topic, treatment));
            }
        };
        for taxonomy in [Taxonomy::Content2, Taxonomy::Content3] {
            for (code, topic) in STATED {
                put(taxonomy, code, topic, Treatment::Unstated);
            }
            for (code, topic, risk) in NEAR {
                put(taxonomy, code, topic, Treatment::Known(risk));
            }
        }
        for (code, topic, risk) in CONTENT_1 {
            put(Taxonomy::Content1, code, topic, Treatment::Known(risk));
        }
        let by_word = WORDS.iter().map(|(word, topic, risk)| (*word, (*topic, *risk))).collect();
        Self { by_category, by_word }
    }

    /// Finds the topics of a piece of content.
    pub(super) fn find(&self, inventory: &Inventory) -> Found {
        let mut found = Found::default();
        let mut unstated = None;
        for &category in &inventory.categories {
            let mut next = Some(category);
            while let Some(current) = next {
                if let Some((topic, treatment)) = self.by_category.get(&current) {
                    let risk = match treatment {
                        Treatment::Known(risk) => *risk,
                        Treatment::Unstated => *unstated.get_or_insert_with(|| unstated_risk(inventory)),
                    };
                    raise(&mut found, *topic, risk);
                }
                next = taxonomy::parent(current);
            }
        }
        self.find_words(inventory, &mut found);
        found
    }

    fn find_words(&self, inventory: &Inventory, found: &mut Found) {
        let title = inventory.title.as_deref().unwrap_or("");
        for text in inventory.keywords.iter().map(String::as_str).chain([title]) {
            for word in text.split(|letter: char| !letter.is_alphanumeric()) {
                if let Some((topic, risk)) = self.word(word) {
                    raise(found, topic, risk);
                }
            }
        }
    }

    fn word(&self, word: &str) -> Option<(T, Risk)> {
        // No word of the list is shorter or longer: most words end here.
        if !(3..=15).contains(&word.len()) {
            return None;
        }
        if word.bytes().any(|b| b.is_ascii_uppercase()) {
            return self.by_word.get(word.to_ascii_lowercase().as_str()).copied();
        }
        self.by_word.get(word).copied()
    }
}

fn raise(found: &mut Found, topic: T, risk: Risk) {
    // `ALL` lists the topics in the order they are declared.
    let place = &mut found[topic as usize];
    *place = Some(place.map_or(risk, |known| known.max(risk)));
}

/// A topic stated alone is taken as high; beside education as low, beside news as medium.
fn unstated_risk(inventory: &Inventory) -> Risk {
    let beside = |roots: &[&str]| {
        inventory.categories.iter().any(|category| {
            let mut next = Some(*category);
            while let Some(current) = next {
                if roots.contains(&current.code().as_str()) {
                    return true;
                }
                next = taxonomy::parent(current);
            }
            false
        })
    };
    if beside(&["IAB5", "IAB15", "132", "464"]) {
        Low
    } else if beside(&["IAB12", "379"]) {
        Medium
    } else {
        High
    }
}
