//! Who is at the table: the published budgets and target CPAs.

use motet_units::Nanos;

/// One advertiser of the market.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Advertiser {
    /// Its seat, from 0.
    pub index: usize,
    /// Its category, from 0; advertisers of one category have values of one level.
    pub category: usize,
    /// What it may spend in an episode.
    pub budget: Nanos,
    /// The most it wants to pay for a conversion, on average, in units of money.
    pub target_cpa: f64,
}

/// Advertisers of one category.
pub(crate) const CATEGORY_SIZE: usize = 8;

const TARGET_CPAS: [[u16; CATEGORY_SIZE]; 6] = [
    [100, 70, 90, 110, 60, 130, 120, 80],
    [70, 130, 100, 110, 120, 90, 60, 80],
    [130, 80, 110, 100, 90, 120, 60, 70],
    [120, 60, 90, 70, 100, 110, 130, 80],
    [120, 90, 70, 80, 100, 110, 60, 130],
    [90, 100, 110, 80, 60, 70, 130, 120],
];

const BUDGETS: [[u16; CATEGORY_SIZE]; 6] = [
    [2900, 4350, 3000, 2400, 4800, 2000, 2050, 3500],
    [4600, 2000, 2800, 2350, 2050, 2900, 4750, 3450],
    [2000, 3500, 2200, 2700, 3100, 2100, 4850, 4100],
    [2000, 4800, 3050, 4250, 2850, 2250, 2000, 3900],
    [2000, 3250, 4450, 3550, 2700, 2100, 4650, 2000],
    [3400, 2650, 2300, 4100, 4800, 4450, 2000, 2050],
];

/// Returns the 48 advertisers of the published market.
///
/// ```
/// let roster = motet_arena::auctionnet::roster();
/// assert_eq!((roster.len(), roster[9].category, roster[9].target_cpa), (48, 1, 130.0));
/// assert_eq!(roster.iter().map(|a| a.budget.units()).sum::<f64>(), 150_000.0);
/// ```
pub fn roster() -> Vec<Advertiser> {
    let pairs = BUDGETS.as_flattened().iter().zip(TARGET_CPAS.as_flattened());
    let advertiser = |(index, (budget, cpa)): (usize, (&u16, &u16))| Advertiser {
        index,
        category: index / CATEGORY_SIZE,
        budget: Nanos::new(i64::from(*budget) * 1_000_000_000),
        target_cpa: f64::from(*cpa),
    };
    pairs.enumerate().map(advertiser).collect()
}
