//! What is not advertised to children: alcohol, tobacco, cannabis, gambling, dating, adult products, weapons.
//!
//! Ads state their categories in Content 1.0, Content 3.x or the Ad Product Taxonomy 2.0, so each kind of product
//! is listed in all three. The Ad Product list has no parent table here; its codes run in blocks, one per kind,
//! and are written out as ranges.

use motet_model::codes::{CategoryId, Taxonomy};

const CONTENT_1: [&str; 9] =
    ["IAB7-39", "IAB7-44", "IAB8-5", "IAB8-18", "IAB9-9", "IAB14-1", "IAB17-18", "IAB25", "IAB26"];

const CONTENT_3: [&str; 8] = ["v9i3On", "181", "188", "211", "231", "480", "524", "ZJG29S"];

/// Blocks of the Ad Product Taxonomy 2.0: adult products, alcohol, cannabis, dating, weight loss, gambling,
/// sexual health, tobacco, weapons.
const AD_PRODUCT: [(u32, u32); 9] = [
    (1001, 1001),
    (1002, 1007),
    (1049, 1057),
    (1259, 1261),
    (1291, 1293),
    (1361, 1367),
    (1519, 1523),
    (1544, 1550),
    (1576, 1582),
];

/// The genre "Family/Children" of Content 3.x: content made for children.
const FAMILY: &str = "645";

/// Returns the categories no child is shown ads of.
pub(super) fn unsuitable() -> Vec<CategoryId> {
    let numbers = AD_PRODUCT.iter().flat_map(|(first, last)| *first..=*last).map(|code| code.to_string());
    let of = |taxonomy, codes: &[&str]| -> Vec<Option<CategoryId>> {
        codes.iter().map(|code| CategoryId::new(taxonomy, code)).collect()
    };
    let mut all = of(Taxonomy::Content1, &CONTENT_1);
    all.extend(of(Taxonomy::Content3, &CONTENT_3));
    all.extend(numbers.map(|code| CategoryId::new(Taxonomy::AdProduct, &code)));
    all.into_iter().flatten().collect()
}

/// Returns the categories of content made for children.
pub(super) fn made_for_children() -> [Option<CategoryId>; 2] {
    [CategoryId::new(Taxonomy::Content3, FAMILY), CategoryId::new(Taxonomy::Content2, FAMILY)]
}
