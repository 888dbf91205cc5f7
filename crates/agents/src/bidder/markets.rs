//! The landscapes of all markets, a bounded number, each borrowing from the wider one above it: market, then
//! media kind, then everything.
//!
//! Curves of single markets are blended from their own outcomes and their media kind's curve as it stood on the
//! last control tick, so that they can be rebuilt from the saved masses and are equal afterwards. When the table
//! is full, the market that was least heard of gives way; of equals the one with the lowest key.

use motet_agent::MarketKey;
use motet_model::request::MediaKind;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::curve::{Curve, Grid, Masses, Rival};

const KINDS: usize = MediaKind::ALL.len();

/// How landscapes are learned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MarketOptions {
    /// How many outcomes a market remembers, older ones fading. Default: 5000.
    pub memory: f64,
    /// How many outcomes the wider market counts as, at most. Default: 50.
    pub borrowed: f64,
    /// How many markets are kept. Default: 4096.
    pub most_markets: usize,
}

impl Default for MarketOptions {
    fn default() -> Self {
        Self { memory: 5_000.0, borrowed: 50.0, most_markets: 4_096 }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Market {
    key: MarketKey,
    kind: MediaKind,
    masses: Masses,
    #[serde(skip)]
    curve: Option<Curve>,
}

/// What is saved of the landscapes; curves are made again from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    all: Masses,
    kinds: Vec<Masses>,
    kind_curves: Vec<Curve>,
    markets: Vec<Market>,
}

/// All landscapes.
#[derive(Debug)]
pub(super) struct Markets {
    options: MarketOptions,
    grid: Grid,
    all: Masses,
    kinds: Vec<Masses>,
    /// As of the last control tick.
    kind_curves: Vec<Curve>,
    known: Vec<Market>,
    places: FxHashMap<MarketKey, u32>,
}

impl Markets {
    pub(super) fn new(options: MarketOptions) -> Self {
        let grid = Grid::new();
        let unknown = Curve::unknown(&grid);
        Self {
            options,
            grid,
            all: Masses::default(),
            kinds: vec![Masses::default(); KINDS],
            kind_curves: vec![unknown; KINDS],
            known: Vec::new(),
            places: FxHashMap::default(),
        }
    }

    pub(super) const fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Returns a market's curve, its media kind's where it was never heard of.
    pub(super) fn curve(&self, key: MarketKey, kind: MediaKind) -> &Curve {
        let own = self.places.get(&key).and_then(|place| self.known.get(*place as usize));
        own.and_then(|market| market.curve.as_ref()).unwrap_or(&self.kind_curves[kind as usize])
    }

    /// Learns one outcome of a market.
    pub(super) fn learn(&mut self, key: MarketKey, kind: MediaKind, rival: Rival) {
        let place = self.place_of(key, kind);
        let Self { options, grid, all, kinds, kind_curves, known, .. } = self;
        let (memory, wider) = (options.memory.max(1.0), &kind_curves[kind as usize]);
        all.add(rival, wider, grid, memory);
        kinds[kind as usize].add(rival, wider, grid, memory);
        let Market { masses, curve, .. } = &mut known[place];
        masses.add(rival, curve.as_ref().unwrap_or(wider), grid, memory);
        match curve {
            Some(curve) => curve.blend_again(masses, wider, options.borrowed, grid),
            None => *curve = Some(Curve::blend(masses, wider, options.borrowed, grid)),
        }
    }

    fn place_of(&mut self, key: MarketKey, kind: MediaKind) -> usize {
        if let Some(place) = self.places.get(&key) {
            return *place as usize;
        }
        let market = Market { key, kind, masses: Masses::default(), curve: None };
        let place = if self.known.len() < self.options.most_markets.max(1) {
            self.known.push(market);
            self.known.len() - 1
        } else {
            let place = self.least_heard();
            self.places.remove(&self.known[place].key);
            self.known[place] = market;
            place
        };
        self.places.insert(key, place as u32);
        place
    }

    fn least_heard(&self) -> usize {
        let order = |(_, a): &(usize, &Market), (_, b): &(usize, &Market)| {
            a.masses.total().total_cmp(&b.masses.total()).then(a.key.cmp(&b.key))
        };
        self.known.iter().enumerate().min_by(order).map_or(0, |(place, _)| place)
    }

    /// Takes what the wider markets learned since the last tick into all curves.
    pub(super) fn refresh(&mut self) {
        let unknown = Curve::unknown(&self.grid);
        let borrowed = self.options.borrowed;
        let all = Curve::blend(&self.all, &unknown, borrowed, &self.grid);
        self.kind_curves =
            self.kinds.iter().map(|kind| Curve::blend(kind, &all, borrowed, &self.grid)).collect();
        self.rebuild();
    }

    fn rebuild(&mut self) {
        for market in &mut self.known {
            let (wider, borrowed) = (&self.kind_curves[market.kind as usize], self.options.borrowed);
            match &mut market.curve {
                Some(curve) => curve.blend_again(&market.masses, wider, borrowed, &self.grid),
                None => market.curve = Some(Curve::blend(&market.masses, wider, borrowed, &self.grid)),
            }
        }
    }

    pub(super) fn save(&self) -> Saved {
        Saved {
            all: self.all.clone(),
            kinds: self.kinds.clone(),
            kind_curves: self.kind_curves.clone(),
            markets: self.known.clone(),
        }
    }

    /// Takes back what was saved.
    ///
    /// # Errors
    /// A sentence when its shape is not this version's.
    pub(super) fn restore(&mut self, saved: Saved) -> Result<(), String> {
        let masses = saved.kinds.iter().chain(saved.markets.iter().map(|m| &m.masses));
        let sound = masses.chain([&saved.all]).all(Masses::is_sound);
        if !sound || saved.kinds.len() != KINDS || saved.kind_curves.len() != KINDS {
            return Err("the saved landscapes have another shape".to_owned());
        }
        self.all = saved.all;
        self.kinds = saved.kinds;
        self.kind_curves = saved.kind_curves;
        self.known = saved.markets;
        self.places = self.known.iter().enumerate().map(|(place, m)| (m.key, place as u32)).collect();
        self.rebuild();
        Ok(())
    }
}
