//! The IAB Content Taxonomy 3.x as a table: what lies below what, names, and where older codes went.
//!
//! Interests are kept in Content Taxonomy 3.x, so codes of 1.0 and 2.x are brought there first. `content3.tsv`
//! holds `id, parent, name`, a row per category in tree order; `content1.tsv` holds `code, id in 3.x`. Both are
//! read once.
//!
//! Source: IAB Tech Lab, "Content Taxonomy 3.1" and "Content 1.0 to Content 2.0" mapping, licensed under the
//! Creative Commons Attribution 3.0 licence (<https://creativecommons.org/licenses/by/3.0/>). Changes: the tier
//! and extension columns are left out; top-level rows that name themselves as parent have none; where the parent
//! column and the tier columns disagree (Horse Racing, Public Radio) the tiers decide; codes whose 2.0 target is
//! gone in 3.x point to its nearest heir.
//!
//! Edge cases: 3.x has no category for news as such, so `IAB12` maps to nothing, as do `IAB24`, `IAB25` itself
//! and codes whose nearest heir would hide what they mean (`IAB14-3`, `IAB14-8`). A category that is in no table
//! has neither parent nor name.

use std::{collections::BTreeSet, sync::LazyLock};

use crate::codes::{CategoryId, Taxonomy};

static CONTENT3: LazyLock<Vec<Row>> = LazyLock::new(|| read_content3(include_str!("content3.tsv")));
static CONTENT1: LazyLock<Vec<(CategoryId, CategoryId)>> =
    LazyLock::new(|| read_content1(include_str!("content1.tsv")));

/// Roots of what may stand in no profile: health, belief, politics and the sensitive topics (GDPR article 9, DSA
/// article 26(3)), with crime (GDPR article 10) and the health pages that Content 3.x keeps under Healthy Living.
const SENSITIVE: [&str; 11] =
    ["286", "453", "386", "v9i3On", "380", "224", "228", "230", "231", "237", "238"];

/// Categories of Content Taxonomy 2.x that 3.x gave up, with their nearest heirs.
const GONE_SINCE_2: [(&str, &str); 23] = [
    ("45", "42"),
    ("47", "42"),
    ("50", "42"),
    ("152", "8VZQHL"),
    ("174", "8VZQHL"),
    ("175", "8VZQHL"),
    ("176", "8VZQHL"),
    ("182", "8VZQHL"),
    ("183", "8VZQHL"),
    ("184", "8VZQHL"),
    ("327", "324"),
    ("328", "324"),
    ("329", "324"),
    ("330", "324"),
    ("333", "324"),
    ("334", "324"),
    ("337", "324"),
    ("372", "371"),
    ("373", "371"),
    ("374", "371"),
    ("375", "371"),
    ("379", "386"),
    ("644", "640"),
];

struct Row {
    id: CategoryId,
    parent: Option<CategoryId>,
    name: &'static str,
    sensitive: bool,
}

fn content3(code: &str) -> Option<CategoryId> {
    CategoryId::new(Taxonomy::Content3, code)
}

fn read_content3(table: &'static str) -> Vec<Row> {
    let row = |line: &'static str| {
        let mut cells = line.split('\t');
        let id = cells.next().and_then(content3)?;
        let parent = cells.next().and_then(content3);
        let root = SENSITIVE.into_iter().any(|code| content3(code) == Some(id));
        Some(Row { id, parent, name: cells.next()?, sensitive: root })
    };
    let mut rows: Vec<Row> = table.lines().filter_map(row).collect();
    mark_below_sensitive(&mut rows);
    rows.sort_unstable_by_key(|row| row.id);
    rows
}

/// Marks what lies below a sensitive root. Rows stand in tree order: parents before children.
fn mark_below_sensitive(rows: &mut [Row]) {
    let mut marked: BTreeSet<CategoryId> = BTreeSet::new();
    for row in rows {
        row.sensitive |= row.parent.is_some_and(|parent| marked.contains(&parent));
        if row.sensitive {
            marked.insert(row.id);
        }
    }
}

fn read_content1(table: &'static str) -> Vec<(CategoryId, CategoryId)> {
    let row = |line: &'static str| {
        let (code, heir) = line.split_once('\t')?;
        Some((CategoryId::new(Taxonomy::Content1, code)?, content3(heir)?))
    };
    let mut rows: Vec<_> = table.lines().filter_map(row).collect();
    rows.sort_unstable();
    rows
}

/// Seats of the look-up by hash: a power of two, several times the rows, so that most look-ups take one step.
const SEATS: usize = 4_096;
const NOBODY: u16 = u16::MAX;

/// Where each row stands, by hash, the next free seat where one is taken. Requests ask for parents often enough that
/// a search by halves would show.
static SEATING: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let mut seats = vec![NOBODY; SEATS];
    for (row, place) in CONTENT3.iter().zip(0..) {
        let free = seats_of(row.id).find(|seat| seats[*seat] == NOBODY);
        seats[free.expect("there are more seats than rows")] = place;
    }
    seats
});

fn seats_of(category: CategoryId) -> impl Iterator<Item = usize> {
    let first = category.packed().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 52;
    (0..SEATS).map(move |step| (first as usize + step) % SEATS)
}

fn find(category: CategoryId) -> Option<&'static Row> {
    let (seating, rows) = (&*SEATING, &*CONTENT3);
    for seat in seats_of(category) {
        // Beyond the last of a run of taken seats there is nobody, and no row at that place.
        let row = rows.get(usize::from(seating[seat]))?;
        if row.id == category {
            return Some(row);
        }
    }
    None
}

/// Returns a category's parent: by table for Content 3.x, by the code itself for Content 1.0.
///
/// ```
/// use motet_model::{codes::CategoryId, taxonomy};
/// let soccer: CategoryId = "9:533".parse().unwrap();
/// let sports: CategoryId = "9:483".parse().unwrap();
/// assert_eq!(taxonomy::parent(soccer), Some(sports));
/// assert_eq!(taxonomy::parent(sports), None);
/// ```
pub fn parent(category: CategoryId) -> Option<CategoryId> {
    match category.taxonomy() {
        Taxonomy::Content3 => find(category)?.parent,
        _ => category.parent_by_code(),
    }
}

/// Returns the name of a Content 3.x category, and for older codes that of the category they map to.
pub fn name(category: CategoryId) -> Option<&'static str> {
    find(to_content3(category)?).map(|row| row.name)
}

/// Returns the Content 3.x category that stands for a content category; `None` where there is none.
///
/// ```
/// use motet_model::{codes::CategoryId, taxonomy};
/// let world_soccer: CategoryId = "IAB17-44".parse().unwrap();
/// assert_eq!(taxonomy::to_content3(world_soccer).map(|c| c.code()).as_deref(), Some("533"));
/// ```
pub fn to_content3(category: CategoryId) -> Option<CategoryId> {
    match category.taxonomy() {
        Taxonomy::Content3 => find(category).map(|row| row.id),
        Taxonomy::Content2 => from_content2(category),
        Taxonomy::Content1 => from_content1(category),
        Taxonomy::AdProduct | Taxonomy::Other => None,
    }
}

fn from_content1(category: CategoryId) -> Option<CategoryId> {
    let place = CONTENT1.binary_search_by_key(&category, |row| row.0).ok()?;
    CONTENT1.get(place).map(|row| row.1)
}

fn from_content2(category: CategoryId) -> Option<CategoryId> {
    let code = category.code();
    let heir = GONE_SINCE_2.iter().find(|(gone, _)| *gone == code).map_or(code.as_str(), |(_, heir)| heir);
    content3(heir).filter(|id| find(*id).is_some())
}

/// Tells whether a Content 3.x category, or one above it, may stand in no profile.
///
/// ```
/// use motet_model::taxonomy;
/// assert!(taxonomy::is_sensitive("9:314".parse().unwrap()), "Cancer lies below Medical Health");
/// assert!(!taxonomy::is_sensitive("9:533".parse().unwrap()), "Soccer does not");
/// ```
pub fn is_sensitive(category: CategoryId) -> bool {
    find(category).is_some_and(|row| row.sensitive)
}

/// Iterates over all Content 3.x categories, in the order of their packed codes.
pub fn all() -> impl Iterator<Item = CategoryId> {
    CONTENT3.iter().map(|row| row.id)
}

#[cfg(test)]
mod tests;
