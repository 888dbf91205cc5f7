//! Several bidders on the same log, beside the ceiling.
//!
//! All see the same auctions under the same rules and have learnt from the same train part. Where none is given, the log itself is learnt
//! from, which is to look ahead: the means of a day and its best factor are then known at its first auction. A [`Setting`] remembers which it
//! was, and every figure should be read with it.

use motet_units::Nanos;

use crate::{
    Auction, Budget, BuiltIn, Error, Landscape, Paid, Rules, Tally,
    ceiling::{Ceiling, best_linear, ceiling},
    replay,
};

/// A log, its rules, and what may be known before it begins.
#[derive(Clone, Debug)]
pub struct Setting<'a> {
    /// The log.
    pub log: &'a [Auction],
    /// What bidders learn from.
    pub train: &'a [Auction],
    /// Whether that is the log itself.
    pub looks_ahead: bool,
    /// What the train part teaches.
    pub learnt: Landscape,
    /// The rules of the replay.
    pub rules: Rules,
    /// The same rules, fitted to the length of the train part.
    pub train_rules: Rules,
    /// Auctions in an episode.
    pub episode: u64,
    /// The seed of whatever is random.
    pub seed: u64,
}

impl<'a> Setting<'a> {
    /// Makes a setting. A share is of the log's own price for one budget over the whole log, and of the train part's mean price × `episode`
    /// for a budget per episode, as the published replays have it.
    ///
    /// # Errors
    /// When the log or the train part is empty.
    pub fn new(
        log: &'a [Auction],
        train: Option<&'a [Auction]>,
        budget: Budget,
        episode: usize,
        paid: Paid,
        seed: u64,
    ) -> Result<Self, Error> {
        let itself = Landscape::learn(log)?;
        let learnt = train.map_or_else(|| Ok(itself.clone()), Landscape::learn)?;
        let taught = train.unwrap_or(log);
        let (amount, train_amount) = if episode == 0 {
            let lengths = taught.len() as f64 / log.len() as f64;
            let scaled = match budget {
                Budget::Amount(amount) => Budget::Amount(scale(amount, lengths)),
                share @ Budget::Share(_) => share,
            };
            (itself.budget(budget, log.len() as u64), learnt.budget(scaled, taught.len() as u64))
        } else {
            let amount = learnt.budget(budget, episode as u64);
            (amount, amount)
        };
        Ok(Self {
            log,
            train: taught,
            looks_ahead: train.is_none(),
            learnt,
            rules: Rules { budget: amount, episode, paid },
            train_rules: Rules { budget: train_amount, episode, paid },
            episode: if episode == 0 { log.len() as u64 } else { episode as u64 },
            seed,
        })
    }
}

/// Scales an amount, rounded down to whole fen.
fn scale(amount: Nanos, by: f64) -> Nanos {
    Nanos::new((amount.as_f64() * by / crate::FEN as f64) as i64 * crate::FEN)
}

/// What one bidder came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// What it got.
    pub tally: Tally,
    /// Its Σ pCTR ÷ the ceiling's, 0 to 1; 0 where there is nothing to be had.
    pub ratio: f64,
}

/// What all of them came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The ceiling.
    pub ceiling: Ceiling,
    /// The bidders, in the order asked for.
    pub standings: Vec<Standing>,
    /// Those that could not run, and why.
    pub absent: Vec<(BuiltIn, String)>,
    /// The best linear bid in hindsight, which is not a bidder: it knows the day.
    pub best_linear: Option<Standing>,
}

impl Comparison {
    fn standing(&self, name: &str, tally: Tally) -> Standing {
        let ratio = if self.ceiling.sum_pctr > 0.0 { tally.sum_pctr / self.ceiling.sum_pctr } else { 0.0 };
        Standing { name: name.to_owned(), tally, ratio }
    }
}

/// Lets each bidder play the log, calling `progress` with the bidder and the auctions behind it.
pub fn compare(
    setting: &Setting<'_>,
    bidders: &[BuiltIn],
    mut progress: impl FnMut(BuiltIn, u64),
) -> Comparison {
    let mut comparison = Comparison {
        ceiling: ceiling(setting.log, &setting.rules),
        standings: Vec::new(),
        absent: Vec::new(),
        best_linear: None,
    };
    for built_in in bidders {
        progress(*built_in, 0);
        match built_in.make(setting) {
            Ok(mut bidder) => {
                let mut told = |auctions| progress(*built_in, auctions);
                let tally = replay(setting.log, &setting.rules, bidder.as_mut(), &mut told);
                let standing = comparison.standing(built_in.name(), tally);
                comparison.standings.push(standing);
            }
            Err(why) => comparison.absent.push((*built_in, why.to_string())),
        }
    }
    if bidders.len() > 1 {
        let (_, tally) = best_linear(setting.log, &setting.rules);
        comparison.best_linear = Some(comparison.standing("linear, in hindsight", tally));
    }
    comparison
}
