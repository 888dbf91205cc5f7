//! The bidder as a folder: what it sees, what it sets, and its numbers in their order.

use motet_arena::auctionnet::TICKS;

use super::{
    landscape::Shape,
    model::{LEVELS, Model, POINTS},
    pilot::{Mind, REACH},
};
use crate::folder::{self, Error, FORM, Field, Kind, Manifest, NETWORK, Part, Training};

/// What the network sees.
pub const OBSERVATION: [(&str, &str, f64, f64, &str); 14] = [
    ("time_left", "ticks", -1.0, 1.0, "2 × ticks left ÷ 48 − 1, this tick included"),
    ("budget_left", "money", -1.0, 1.0, "2 × remaining ÷ budget − 1"),
    (
        "spend_on_plan",
        "share of the budget",
        -2.0,
        2.0,
        "5 × (usual share of traffic so far − share spent), held to ±2",
    ),
    ("size", "conversions", -3.0, 3.0, "ln(budget ÷ cpa ÷ 30), held to ±3"),
    ("conversions", "conversions", -1.0, 50.0, "2 × conversions so far ÷ (budget ÷ cpa) − 1"),
    ("cpa_so_far", "ratio", -3.0, 3.0, "ln((spent ÷ cpa + 1) ÷ (conversions + 1)), held to ±3"),
    ("luck", "standard errors", -2.0, 2.0, "(conversions − promised) ÷ √(promised + 1), held to ±3, ÷ 1.5"),
    ("chosen_multiple", "multiple of the cpa", -3.0, 3.0, "ln of the forecast's choice, held to ±3"),
    ("chosen_depth", "ratio", -3.0, 3.0, "ln(choice × cpa × mean value ÷ going price), held to ±3"),
    (
        "price_unusual",
        "ln money",
        -2.0,
        2.0,
        "ln mean least winning cost of the last tick, less the usual, held to ±2",
    ),
    ("value_level", "ratio", -6.0, 6.0, "2 × ln(mean value ÷ usual mean value), ln held to ±3"),
    ("cpa_ahead", "ratio", -6.0, 6.0, "2 × ln(forecast final cpa ÷ cpa), ln held to ±3"),
    ("spend_ahead", "ratio", -3.0, 3.0, "ln(forecast spend ÷ remaining), held to ±3"),
    ("block_left", "ticks", -1.0, 1.0, "2 × ticks left of the block of eight ÷ 8 − 1"),
];

/// What the network sets.
pub const ACTION: [(&str, &str, f64, f64, &str); 1] = [(
    "multiple_moved",
    "ln of a multiple of the forecast's choice",
    -REACH,
    REACH,
    "0.8 × soft sign of the network's answer",
)];

/// The kind of policy.
pub fn kind() -> Kind {
    let part = |(name, count): (&str, usize)| Part { name: name.to_owned(), count };
    let parts = [
        ("brings", POINTS),
        ("costs", POINTS),
        ("usual_price", TICKS),
        ("stays", 2),
        ("levels", LEVELS),
        ("impressions", 1),
    ];
    Kind {
        name: "auctionnet-bidder",
        observation: OBSERVATION.map(Field::new).to_vec(),
        action: ACTION.map(Field::new).to_vec(),
        parts: parts.map(part).to_vec(),
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
        let model = Model::new(
            fixed(&next()),
            fixed(&next()),
            fixed(&next()),
            fixed(&next()),
            fixed(&next()),
            next().first().copied().unwrap_or_default(),
        );
        let manifest = saved.manifest;
        let shape = Shape {
            strength: manifest.setting("bend_strength", 0.0, 0.95)?,
            anchor: manifest.setting("bend_anchor", 0.0, 100.0)?,
        };
        let caution = manifest.setting("caution", 0.0, 10.0)?;
        Ok((Self { model, caution, shape, net, weights: next() }, manifest))
    }

    /// Writes a policy: its manifest and its numbers.
    pub fn write(&self, version: &str, training: Training) -> (Manifest, Vec<u8>) {
        let model = &self.model;
        let parts = vec![
            model.brings.to_vec(),
            model.costs.to_vec(),
            model.usual.to_vec(),
            model.stays.to_vec(),
            model.levels.to_vec(),
            vec![model.impressions],
            self.weights.clone(),
        ];
        let numbers = folder::bytes(&parts);
        let settings = [
            ("caution", self.caution),
            ("bend_strength", self.shape.strength),
            ("bend_anchor", self.shape.anchor),
        ];
        let kind = kind();
        let manifest = Manifest {
            form: FORM,
            kind: kind.name.to_owned(),
            version: version.to_owned(),
            about: "Sets one multiple of its target CPA a tick in a market of AuctionNet's format".to_owned(),
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

/// Copies a row whose length the reader has checked.
fn fixed<const N: usize>(row: &[f32]) -> [f32; N] {
    core::array::from_fn(|place| row.get(place).copied().unwrap_or_default())
}
