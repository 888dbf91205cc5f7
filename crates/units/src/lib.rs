//! Money, prices, probabilities and time as types.
//!
//! The core holds one accounting currency. Two integer types carry it, chosen for one identity: *one CPM
//! micro for one impression is exactly one nano*, so charges and sums are exact and no constant is needed.
//!
//! | operation | gives |
//! |---|---|
//! | `Nanos + Nanos`, `Nanos - Nanos` | `Nanos`, saturating |
//! | `CpmMicros.per_impression()` | `Nanos`, exact |
//! | `Probability.of(Nanos)` | `f64` nanos, not yet money: round it once with [`CpmMicros::bid_from_nanos`] |
//! | `Multiplier.of(CpmMicros)` | `CpmMicros`, rounded down |
//! | `Timestamp + Span` | `Timestamp`; `Timestamp - Timestamp` gives `Span` |
//!
//! Nothing else is defined: a price times a price is not a price. Bids round down, floors round up.

mod chance;
mod money;
mod probability;
mod time;

pub use chance::{Chance, Stream};
pub use money::{CpmMicros, Nanos, ParseMoneyError, Rounding};
pub use probability::{Multiplier, Probability};
pub use time::{Span, Timestamp};
