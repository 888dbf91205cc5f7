//! The bidder as a folder: what it sees, what it sets, and its numbers in their order.

use super::{
    pilot::{Mind, REACH},
    prices::TOP,
};
use crate::folder::{self, Error, FORM, Field, Kind, Manifest, NETWORK, Part, Training};

/// What the network sees.
pub const OBSERVATION: [(&str, &str, f64, f64, &str); 8] = [
    ("auctions_left", "auctions", -7.0, 0.55, "(ln(auctions left) − 6) ÷ 3, at most .55"),
    ("money_left", "mean prices", -12.0, 2.5, "(ln(money left ÷ mean price) − 3) ÷ 2, at most 2.5"),
    (
        "money_left_per_auction",
        "mean prices",
        -10.0,
        10.0,
        "(ln(money left ÷ auctions left ÷ mean price) + 2) ÷ 2",
    ),
    ("concavity", "ratio", -3.0, 1.0, "4 × (value of half the money ÷ value of the money − ¾)"),
    ("unlikeness", "ratio", -1.0, 14.0, "(ln(mean square of pCTR ÷ square of mean pCTR) − 1.5) ÷ 1.5"),
    ("knowledge", "auctions", -2.0, 1.0, "(ln(auctions seen + 1) − 6) ÷ 3, at most 1"),
    ("elapsed", "share of the auctions", -1.0, 1.0, "2 × share − 1"),
    ("on_plan", "share", -2.0, 2.0, "4 × (share of auctions gone − share of budget spent), held to ±2"),
];

/// What the network sets.
pub const ACTION: [(&str, &str, f64, f64, &str); 1] =
    [("worth_moved", "ln of a factor on the pCTR", -REACH, REACH, "0.7 × soft sign of the network's answer")];

/// The kind of policy.
pub fn kind() -> Kind {
    Kind {
        name: "ipinyou-theta-bidder",
        observation: OBSERVATION.map(Field::new).to_vec(),
        action: ACTION.map(Field::new).to_vec(),
        parts: vec![Part { name: "price_chances".to_owned(), count: TOP + 1 }],
    }
}

impl Mind {
    /// Reads a policy.
    ///
    /// # Errors
    ///
    /// With the first thing that is wrong with it.
    pub fn read(manifest: &str, numbers: &[u8]) -> Result<(Self, Manifest), Error> {
        let (saved, net) = kind().read(manifest, numbers)?;
        let mut parts = saved.parts.into_iter();
        let mut next = || parts.next().unwrap_or_default();
        let (chances, weights) = (next(), next());
        let manifest = saved.manifest;
        let usual = manifest.setting("usual", 0.0, 1e6)?;
        let memory = manifest.setting("memory", 1.0, 1e12)?;
        Ok((Self { chances, usual, memory, net, weights }, manifest))
    }

    /// Writes a policy: its manifest and its numbers.
    pub fn write(&self, version: &str, training: Training) -> (Manifest, Vec<u8>) {
        let numbers = folder::bytes(&[self.chances.clone(), self.weights.clone()]);
        let kind = kind();
        let settings = [("usual", self.usual), ("memory", self.memory)];
        let manifest = Manifest {
            form: FORM,
            kind: kind.name.to_owned(),
            version: version.to_owned(),
            about: "Bids on logged auctions within a budget, learning prices and pCTRs on the way".to_owned(),
            layers: self.net.sizes().to_vec(),
            crc32: folder::checksum(&numbers),
            settings: settings.map(|(name, value)| (name.to_owned(), value)).into(),
            observation: kind.observation,
            action: kind.action,
            part: [kind.parts, vec![Part { name: NETWORK.to_owned(), count: self.net.weights() }]].concat(),
            training,
        };
        (manifest, numbers)
    }
}
