//! Site, app or screen, and the supply chain behind it.

use std::collections::BTreeSet;

use motet_model::{
    codes::{CategoryId, Code},
    request::{Channel, Completeness, Inventory, Ownership, SupplyChain},
};
use smallvec::SmallVec;

use super::{add_keywords, category};
use crate::wire::{self, Int, List, Place, Schain, Source, Text};

/// Reads the inventory. Where site and app are both there, the site counts and the app's bundle is kept.
pub(crate) fn read(
    site: Option<Box<Place<'_>>>,
    app: Option<Box<Place<'_>>>,
    dooh: Option<Box<Place<'_>>>,
    owned_publishers: &BTreeSet<String>,
) -> Inventory {
    let (channel, place, rest) = match (site, app, dooh) {
        (Some(site), app, _) => (Channel::Site, site, app),
        (None, Some(app), _) => (Channel::App, app, None),
        (None, None, Some(dooh)) => (Channel::Dooh, dooh, None),
        (None, None, None) => return Inventory::default(),
    };
    let content = place.content.unwrap_or_default();
    let mut categories = SmallVec::new();
    for (list, cattax) in [
        (&place.cat, place.cattax),
        (&place.sectioncat, place.cattax),
        (&place.pagecat, place.cattax),
        (&content.cat, content.cattax),
    ] {
        add_categories(&mut categories, list, cattax);
    }
    let mut keywords = Vec::new();
    add_keywords(&mut keywords, &place.keywords, &place.kwarray);
    add_keywords(&mut keywords, &content.keywords, &content.kwarray);
    add_keywords(&mut keywords, &content.genre, &List::default());
    let publisher = place.publisher.and_then(|publisher| publisher.id.owned());
    let is_owned = publisher.as_ref().is_some_and(|id| owned_publishers.contains(id));
    let bundle = place.bundle.or(rest.map(|app| app.bundle).unwrap_or_default());
    Inventory {
        channel,
        ownership: if is_owned { Ownership::Owned } else { Ownership::Exchange },
        id: place.id.owned(),
        domain: place.domain.lower().map(without_www).or_else(|| domain_of(place.page.as_str())),
        bundle: bundle.owned(),
        page: place.page.owned(),
        publisher,
        categories,
        keywords,
        language: language(&content.language, &content.langb),
        title: content.title.owned(),
    }
}

fn add_categories(to: &mut SmallVec<[CategoryId; 6]>, list: &List<Text<'_>>, cattax: Int) {
    for category in list.0.iter().filter_map(|code| category(code.as_str(), cattax)) {
        if !to.contains(&category) {
            to.push(category);
        }
    }
}

/// Reads a language from its ISO 639 field, or its BCP 47 field.
pub(crate) fn language(code: &Text<'_>, tag: &Text<'_>) -> Option<Code> {
    Code::language(code.as_str()).or_else(|| Code::language(tag.as_str()))
}

fn without_www(domain: String) -> String {
    match domain.strip_prefix("www.") {
        Some(rest) if rest.contains('.') => rest.to_owned(),
        _ => domain,
    }
}

/// Returns the domain of a page's address, lower case, without user, port and `www.`; `None` where there is none.
fn domain_of(page: &str) -> Option<String> {
    let after_scheme = page.split_once("://").map_or(page, |(_, rest)| rest);
    let authority = after_scheme.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?.trim_end_matches('.');
    let well_formed = host.contains('.')
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_') || b >= 0x80);
    well_formed.then(|| without_www(host.to_lowercase()))
}

/// Reads the supply chain, first-class or in `ext`. One that cannot be read is incomplete; an empty one is absent.
pub(crate) fn supply_chain(source: &Source<'_>) -> SupplyChain {
    let Some(raw) = source.schain.or(source.ext.0.schain) else {
        return SupplyChain::default();
    };
    if matches!(raw.get(), "\"\"" | "{}") {
        return SupplyChain::default();
    }
    let Ok(wire) = serde_json::from_str::<Schain<'_>>(raw.get()) else {
        return SupplyChain { completeness: Completeness::Incomplete, systems: Vec::new() };
    };
    let systems: Vec<String> =
        wire.nodes.0.iter().filter_map(|node: &wire::SchainNode<'_>| node.asi.lower()).collect();
    let every_node_is_named = systems.len() == wire.nodes.0.len();
    let completeness = if wire.complete.is_on() && every_node_is_named {
        Completeness::Complete
    } else {
        Completeness::Incomplete
    };
    SupplyChain { completeness, systems }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gives_its_domain() {
        let table = [
            ("https://www.Example.com/a?b=c.d", Some("example.com")),
            ("http://user:pw@news.example.co.uk:8080#x", Some("news.example.co.uk")),
            ("prebid.org", Some("prebid.org")),
            ("https://www.com", Some("www.com")),
            ("about:blank", None),
            ("", None),
            ("https://", None),
            ("javascript:alert(1.2)", None),
        ];
        for (page, domain) in table {
            assert_eq!(domain_of(page).as_deref(), domain, "{page}");
        }
    }
}
