//! Separate types for separate things: ids cannot be mixed up. Dense indices inside, names at the edge.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! dense {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// Returns the index for a vector look-up.
            pub const fn get(self) -> usize {
                self.0 as usize
            }
        }
    };
}

dense!(
    /// A campaign's dense index: given once, never reused while the journal lives.
    CampaignIx
);
dense!(
    /// A creative's dense index: given once, never reused while the journal lives.
    CreativeIx
);
dense!(
    /// An advertiser's dense index: given once, never reused while the journal lives.
    AdvertiserIx
);

/// Names one decision: 16 bits of node, 8 bits of that node's life, 40 bits of its journal sequence number, so the id leads
/// straight to the record. A life ends with a stop after which records may be missing: their numbers come again, their
/// ids do not. Written as 16 hex digits; the `bidid` of a bid response.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DecisionId(pub u64);

/// A trillion records: at ten thousand a second, three and a half years.
const SEQUENCE_BITS: u32 = 40;
const SEQUENCE_MASK: u64 = (1 << SEQUENCE_BITS) - 1;

impl DecisionId {
    /// Names the decision recorded by a node at a sequence number (the low 40 bits count), in its first life.
    pub const fn new(node: u16, sequence: u64) -> Self {
        Self::in_life(node, 0, sequence)
    }

    /// Names the decision recorded by a node in one of its lives at a sequence number (the low 40 bits count).
    pub const fn in_life(node: u16, life: u8, sequence: u64) -> Self {
        Self((node as u64) << 48 | (life as u64) << SEQUENCE_BITS | (sequence & SEQUENCE_MASK))
    }

    /// Returns the node that made it.
    pub const fn node(self) -> u16 {
        (self.0 >> 48) as u16
    }

    /// Returns the journal sequence number on its node.
    pub const fn sequence(self) -> u64 {
        self.0 & SEQUENCE_MASK
    }

    /// Tells whether another decision was made by the same node in the same life.
    pub const fn shares_life(self, other: Self) -> bool {
        self.0 >> SEQUENCE_BITS == other.0 >> SEQUENCE_BITS
    }
}

impl fmt::Display for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A text that is not a decision id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a decision id has 16 hex digits, was '{0}'")]
pub struct ParseDecisionIdError(String);

impl FromStr for DecisionId {
    type Err = ParseDecisionIdError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let error = || ParseDecisionIdError(text.chars().take(40).collect());
        if !well_formed {
            return Err(error());
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| error())
    }
}

/// Names one bid, and the money held for it: the decision and the imp's place in the request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BidId {
    /// The decision that made the bid.
    pub decision: DecisionId,
    /// The imp's position in the request, from 0.
    pub imp: u16,
}

impl fmt::Display for BidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.decision, self.imp)
    }
}

impl fmt::Debug for BidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A user as the platform knows one: a keyed hash made at the edge. Raw identifiers never enter the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserKey(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_id_leads_to_its_record() {
        let id = DecisionId::new(3, 0x1234_5678);
        assert_eq!((id.node(), id.sequence()), (3, 0x1234_5678));
        assert_eq!(id.to_string().parse(), Ok(id));
        let again = DecisionId::in_life(3, 1, 0x1234_5678);
        assert_ne!(again, id, "a number that comes again in another life has another id");
        assert_eq!(again.sequence(), id.sequence());
        assert!(!again.shares_life(id) && id.shares_life(DecisionId::new(3, 1)));
        assert!("xyz".parse::<DecisionId>().is_err());
    }
}
