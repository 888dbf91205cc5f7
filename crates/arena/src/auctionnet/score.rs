//! The benchmark's score.

/// Returns `conversions × min(1, (target ÷ CPA)²)`, where CPA is `cost ÷ conversions`; 0 without conversions.
///
/// ```
/// use motet_arena::auctionnet::score;
/// assert_eq!(score(10.0, 900.0, 100.0), 10.0); // CPA 90 is within the target of 100
/// assert_eq!(score(10.0, 2000.0, 100.0), 2.5); // CPA 200 is twice the target: a quarter counts
/// assert_eq!(score(0.0, 50.0, 100.0), 0.0);
/// ```
pub fn score(conversions: f64, cost: f64, target_cpa: f64) -> f64 {
    if conversions <= 0.0 {
        return 0.0;
    }
    let kept = if cost > 0.0 { target_cpa * conversions / cost } else { 1.0 };
    conversions * (kept * kept).min(1.0)
}
