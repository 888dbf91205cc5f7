//! The topics of the world: the top categories of the content taxonomy that may stand in a profile.

use std::sync::LazyLock;

use motet_model::{codes::CategoryId, taxonomy};

/// One topic.
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    /// Its category.
    pub category: CategoryId,
    /// Its name in the taxonomy.
    pub name: &'static str,
}

static TOPICS: LazyLock<Vec<Topic>> = LazyLock::new(|| {
    let tops = taxonomy::all().filter(|c| taxonomy::parent(*c).is_none() && !taxonomy::is_sensitive(*c));
    let mut topics: Vec<Topic> =
        tops.filter_map(|category| taxonomy::name(category).map(|name| Topic { category, name })).collect();
    topics.sort_by_key(|topic| topic.name);
    topics
});

/// Returns all topics, by name.
pub fn all() -> &'static [Topic] {
    &TOPICS
}

/// Returns the place of a topic by its name, whatever its case.
pub fn by_name(name: &str) -> Option<u8> {
    TOPICS.iter().position(|topic| topic.name.eq_ignore_ascii_case(name)).map(|place| place as u8)
}
