//! Audience segments nobody may be profiled by: the special categories of GDPR article 9, barred for ads by DSA
//! article 26(3) even with consent.
//!
//! Segments are names that providers make up, so this reads their words: whole words, and word beginnings where
//! a family of words means the same ("medic", "religi"). It errs towards dropping, which costs a little reach
//! and harms nobody. Numeric segments cannot be read and pass; providers of such are vetted when they are added.

/// Words that make a segment sensitive as they stand.
const WORDS: [&str; 48] = [
    "aids",
    "hiv",
    "std",
    "sti",
    "adhd",
    "autism",
    "autistic",
    "cancer",
    "tumor",
    "tumour",
    "stroke",
    "obese",
    "obesity",
    "addict",
    "addiction",
    "rehab",
    "abortion",
    "ivf",
    "islam",
    "hindu",
    "sikh",
    "jew",
    "jews",
    "jewish",
    "judaism",
    "bible",
    "quran",
    "torah",
    "mormon",
    "gop",
    "maga",
    "tory",
    "voter",
    "voters",
    "lgbt",
    "lgbtq",
    "lgbtqia",
    "gay",
    "gays",
    "queer",
    "trans",
    "bdsm",
    "sex",
    "latino",
    "latina",
    "roma",
    "dna",
    "ethnic",
];

/// Beginnings of words that make a segment sensitive.
const STEMS: [&str; 52] = [
    "health",
    "medic",
    "disease",
    "disorder",
    "diabet",
    "depress",
    "anxiet",
    "mental",
    "psych",
    "pregnan",
    "fertil",
    "infertil",
    "asthma",
    "arthrit",
    "alzheimer",
    "parkinson",
    "epilep",
    "cardiac",
    "cardiovasc",
    "oncolog",
    "chronic",
    "disab",
    "patient",
    "prescription",
    "pharma",
    "symptom",
    "illness",
    "religi",
    "christian",
    "catholic",
    "protestant",
    "evangelic",
    "orthodox",
    "muslim",
    "hinduis",
    "buddh",
    "atheis",
    "church",
    "politic",
    "democrat",
    "republican",
    "conservativ",
    "liberal",
    "socialis",
    "communis",
    "election",
    "sexual",
    "homosex",
    "lesbian",
    "bisex",
    "transgender",
    "ethnicit",
];

/// Pairs of neighbouring words that are sensitive only together.
const PAIRS: [(&str, &str); 10] = [
    ("trade", "union"),
    ("labor", "union"),
    ("labour", "union"),
    ("union", "member"),
    ("african", "american"),
    ("asian", "american"),
    ("left", "wing"),
    ("right", "wing"),
    ("racial", "origin"),
    ("genetic", "test"),
];

/// Tells whether a segment (`provider/segment`) names health, belief, politics, sexuality, origin or the like.
///
/// ```
/// use motet_agents::safety::is_sensitive_segment;
/// assert!(is_sensitive_segment("acme/Health_Diabetes-Type2"));
/// assert!(is_sensitive_segment("acme/trade-union members"));
/// assert!(!is_sensitive_segment("acme/trail-runners"));
/// assert!(!is_sensitive_segment("healthdata.example/trail-runners"), "the provider's name says nothing");
/// ```
pub fn is_sensitive_segment(segment: &str) -> bool {
    let name = segment.split_once('/').map_or(segment, |(_, name)| name);
    let mut before = String::new();
    for word in words(name) {
        let alone = WORDS.contains(&word.as_str()) || STEMS.iter().any(|stem| word.starts_with(stem));
        let paired = PAIRS.iter().any(|(first, second)| before == *first && word.starts_with(second));
        if alone || paired {
            return true;
        }
        before = word;
    }
    false
}

/// Splits at anything that is no letter, and where a lower-case letter meets an upper-case one.
fn words(name: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut lower_before = false;
    for letter in name.chars() {
        let starts = !letter.is_alphabetic() || (lower_before && letter.is_uppercase());
        if starts {
            all.push(String::new());
        }
        if letter.is_alphabetic()
            && let Some(word) = all.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
        lower_before = letter.is_lowercase();
    }
    all.retain(|word| !word.is_empty());
    all
}
