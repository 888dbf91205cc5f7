//! How far a run stayed behind the best that could have been done, and why.
//!
//! A keyed sample of honest slots is kept whole: every campaign that could have been shown there with its true worth, the
//! lowest price that would have won, and what was done instead. Budgets are scaled to the sample. The *hindsight optimum* is
//! the most surplus (worth − price) all campaigns together could have got out of the sample within their daily budgets; it is
//! bounded from above by the Lagrangian dual (`motet_hindsight::market`), whose multipliers `μ` say what a nano of each
//! campaign-day's budget is worth elsewhere.
//!
//! With `best = max_c (worth_c − (1 + μ_c)·price)⁺` and `got = worth − (1 + μ)·paid` where the slot was won, the regret is
//! exactly `Σ (best − got) + Σ μ·(budget − spend)`, and each term has one cause:
//!
//! | cause | when |
//! |---|---|
//! | allocation | another campaign would have been better |
//! | exploration | as allocation, but the ad was an unlikely draw made to learn |
//! | estimation | worth was misjudged: a bid too low or too high because the estimate was |
//! | underbid | lost although the estimate was above the price to beat |
//! | overbid | won for more than the price to beat |
//! | pacing | held back by pacing or an empty budget, and budget left over at the day's end |
//!
//! It is optimistic for the optimum: hindsight knows every outcome's chance, ignores frequency caps, and its purchases move no
//! rival. Both sides are expectations over renders and clicks, so luck is in neither. Sources: the regret names of
//! `AuctionGym` (Jeunen et al., 2022), the dual of Balseiro and Gur (2019).

mod sample;
mod split;

pub use sample::Sampler;
pub use split::{Causes, RegretReport, split};
