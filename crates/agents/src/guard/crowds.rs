//! Which of a seller's visitors are refused: kinds of visitor that are far more common there than at other sellers, and that
//! behave like machines.
//!
//! A seller that carries an attack has honest visitors too. So its visitors are judged by kind (`visitors`), and a kind is
//! refused for two reasons together:
//!
//! 1. *It is common here alone.* Its share of the seller's requests is at least four times its share at the seller in the
//!    middle of all (the median: half of all sellers may carry attacks before it moves), so that at most one in four of those
//!    refused is a person, if the seller's people are like other sellers'. Kinds are taken from the most unequal down,
//!    and only as long as they make up at most a set share of the middle seller's requests together (3 % by default): what
//!    refusing costs people is bounded before anything is refused (the form of Neyman and Pearson, 1933).
//! 2. *It behaves like machines.* Either the seller itself is suspected (`sources`), or the refused kinds together show a
//!    sign beside both the seller's other visitors and other sellers': requests in the quiet hours at 1.5 times their
//!    share, clicks at three times their rate, faulty requests at twice their share and one in twenty.
//!
//! Regulars of an honest page are common there alone, and they sleep, click and ask like its passing visitors. A count `k` of
//! `n` is *more than usual* where it is more than so many times `n p` and lies above it by `4 √(n p (1 − p)) + 2`: four
//! standard deviations, as requests of one session come together, and two more for small counts. With fewer than eight
//! sellers to compare with nobody is refused.

use serde::{Deserialize, Serialize};

use super::visitors::{KINDS, Visitor};

/// How much more common a kind must be than at the middle seller.
const COMMON_TIMES: f64 = 4.0;
/// Kinds rarer than this at the middle seller count as this rare.
const RAREST: f64 = 0.002;
/// Requests from which a seller can be compared.
const LEAST_REQUESTS: f64 = 50.0;
const LEAST_SELLERS: usize = 8;
const DEVIATIONS: f64 = 4.0;
/// What a count must lie above beside its deviations: they say little where hardly anything is expected.
const SMALL_COUNTS: f64 = 2.0;
const QUIET_TIMES: f64 = 1.5;
const CLICKS_TIMES: f64 = 3.0;
const FAULTY_TIMES: f64 = 2.0;
/// The share of faulty requests taken as usual at least.
const FAULTY_SHARE: f64 = 0.025;
/// Requests or impressions of the other sellers that a seller's own other visitors are mixed with.
const MIXED_IN: f64 = 200.0;

/// What visitors did, all told.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
struct Deeds {
    requests: f64,
    quiet: f64,
    faulty: f64,
    shown: f64,
    clicked: f64,
}

/// What one seller's visitors did, by their kind.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Crowd {
    requests: [f32; KINDS],
    /// Those in the quiet hours.
    quiet: [f32; KINDS],
    faulty: [f32; KINDS],
    shown: [f32; KINDS],
    clicked: [f32; KINDS],
}

/// Kinds of visitor, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Kinds(u16);

impl Kinds {
    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn hold(self, visitor: Visitor) -> bool {
        self.0 >> visitor.0 & 1 == 1
    }

    fn holds(self, kind: usize) -> bool {
        self.0 >> kind & 1 == 1
    }
}

/// How common each kind of visitor is at the middle seller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Usual([f64; KINDS]);

impl Usual {
    /// Takes the middle of what sellers show; `None` where too few can be compared.
    pub(super) fn of<'a>(crowds: impl Iterator<Item = &'a Crowd>) -> Option<Self> {
        let shares: Vec<[f64; KINDS]> = crowds.filter_map(Crowd::shares).collect();
        (shares.len() >= LEAST_SELLERS).then(|| {
            Self(std::array::from_fn(|kind| {
                let mut of_kind: Vec<f64> = shares.iter().map(|shares| shares[kind]).collect();
                of_kind.sort_by(f64::total_cmp);
                of_kind[of_kind.len() / 2]
            }))
        })
    }
}

impl Crowd {
    /// Learns of a request: its visitor, whether it came in the quiet hours and whether it has a fault of its own.
    pub(super) fn request(&mut self, visitor: Visitor, quiet: bool, faulty: bool) {
        let kind = usize::from(visitor.0);
        self.requests[kind] += 1.0;
        self.quiet[kind] += f32::from(u8::from(quiet));
        self.faulty[kind] += f32::from(u8::from(faulty));
    }

    pub(super) fn shown(&mut self, visitor: Visitor) {
        self.shown[usize::from(visitor.0)] += 1.0;
    }

    pub(super) fn clicked(&mut self, visitor: Visitor) {
        self.clicked[usize::from(visitor.0)] += 1.0;
    }

    fn tables(&mut self) -> [&mut [f32; KINDS]; 5] {
        [&mut self.requests, &mut self.quiet, &mut self.faulty, &mut self.shown, &mut self.clicked]
    }

    pub(super) fn fade(&mut self, keep: f64) {
        self.tables().into_iter().flatten().for_each(|count| *count *= keep as f32);
    }

    pub(super) fn take(&mut self, other: &Self) {
        let mut other = *other;
        for (own, other) in self.tables().into_iter().flatten().zip(other.tables().into_iter().flatten()) {
            *own = (*own - *other).max(0.0);
        }
    }

    fn deeds(&self, of: impl Fn(usize) -> bool) -> Deeds {
        let sum = |table: &[f32; KINDS]| {
            (0..KINDS).filter(|kind| of(*kind)).map(|kind| f64::from(table[kind])).sum::<f64>()
        };
        Deeds {
            requests: sum(&self.requests),
            quiet: sum(&self.quiet),
            faulty: sum(&self.faulty),
            shown: sum(&self.shown),
            clicked: sum(&self.clicked),
        }
    }

    /// Returns each kind's share of the requests, where there are enough of them.
    fn shares(&self) -> Option<[f64; KINDS]> {
        let all: f64 = self.requests.iter().map(|count| f64::from(*count)).sum();
        (all >= LEAST_REQUESTS).then(|| self.requests.map(|count| f64::from(count) / all))
    }

    /// Returns the kinds that are common here alone, as far as people may be refused with them: up to a
    /// share of the middle seller's requests.
    pub(super) fn own_kinds(&self, usual: &Usual, most_people: f64) -> Kinds {
        if self.shares().is_none() {
            return Kinds::default();
        }
        let all: f64 = self.requests.iter().map(|count| f64::from(*count)).sum();
        let common = |kind: &usize| {
            more_than_usual(f64::from(self.requests[*kind]), all, usual.0[*kind].max(RAREST), COMMON_TIMES)
        };
        let times = |kind: usize| f64::from(self.requests[kind]) / usual.0[kind].max(RAREST);
        let mut order: Vec<(usize, f64)> =
            (0..KINDS).filter(common).map(|kind| (kind, times(kind))).collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut people = 0.0;
        let within = order.into_iter().filter(|(kind, _)| {
            let fits = people + usual.0[*kind] <= most_people;
            people += if fits { usual.0[*kind] } else { 0.0 };
            fits
        });
        Kinds(within.fold(0, |kinds, (kind, _)| kinds | 1 << kind))
    }

    /// Tells whether visitors of these kinds behave like machines, beside the seller's others and beside other sellers'.
    pub(super) fn behave_like_machines(&self, kinds: Kinds, elsewhere: &Self) -> bool {
        let own = self.deeds(|kind| kinds.holds(kind));
        let (beside, all) = (self.deeds(|kind| !kinds.holds(kind)), elsewhere.deeds(|_| true));
        let most = |part: fn(&Deeds) -> f64, of: fn(&Deeds) -> f64| {
            let usual = (part(&all) + 1.0) / (of(&all) + MIXED_IN);
            let here = (part(&beside) + MIXED_IN * usual) / (of(&beside) + MIXED_IN);
            usual.max(here)
        };
        let quiet = most(|deeds| deeds.quiet, |deeds| deeds.requests);
        let clicks = most(|deeds| deeds.clicked, |deeds| deeds.shown);
        let faulty = most(|deeds| deeds.faulty, |deeds| deeds.requests);
        more_than_usual(own.quiet, own.requests, quiet, QUIET_TIMES)
            || more_than_usual(own.clicked, own.shown, clicks, CLICKS_TIMES)
            || more_than_usual(own.faulty, own.requests, faulty.max(FAULTY_SHARE), FAULTY_TIMES)
    }
}

/// Tells whether `part` of `of` is more than so many times a usual share, beyond chance.
///
/// 30 of 100 where one in ten is usual: more than 1.5 times 10, and above it by 20, which is more than 4 × 3 + 2.
fn more_than_usual(part: f64, of: f64, share: f64, times: f64) -> bool {
    let expected = of * share;
    let chance = DEVIATIONS * libm::sqrt(expected * (1.0 - share).max(0.0)) + SMALL_COUNTS;
    part > times * expected && part - expected > chance
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::visitors::Standing;

    const REGULAR: Visitor = Visitor::of(Standing::Here, Standing::Here);
    const PASSING: Visitor = Visitor::of(Standing::Elsewhere, Standing::Elsewhere);

    /// A crowd of passing visitors, of whom one in ten requests is in the quiet hours and one ad in 200 is clicked, with regulars
    /// of whom the given shares are.
    fn crowd(passing: u32, regulars: u32, quiet_in_100: u32, clicks_in_100: u32) -> Crowd {
        let mut crowd = Crowd::default();
        for n in 0..passing {
            crowd.request(PASSING, n % 10 == 0, false);
            crowd.shown(PASSING);
            if n % 200 == 0 {
                crowd.clicked(PASSING);
            }
        }
        for n in 0..regulars {
            crowd.request(REGULAR, n % 100 < quiet_in_100, false);
            crowd.shown(REGULAR);
            if n % 100 < clicks_in_100 {
                crowd.clicked(REGULAR);
            }
        }
        crowd
    }

    fn others() -> Vec<Crowd> {
        (0..20).map(|_| crowd(1_000, 10, 10, 0)).collect()
    }

    fn refused(own: &Crowd) -> bool {
        let others = others();
        let usual = Usual::of(others.iter()).unwrap();
        let kinds = own.own_kinds(&usual, 0.03);
        kinds.hold(REGULAR) && own.behave_like_machines(kinds, &crowd(20_000, 200, 10, 0))
    }

    #[test]
    fn a_kind_of_its_own_is_refused_with_a_sign_and_only_with_a_sign() {
        assert!(!refused(&crowd(600, 300, 10, 0)), "regulars who sleep");
        assert!(refused(&crowd(600, 300, 33, 0)), "awake at night");
        assert!(refused(&crowd(600, 300, 10, 8)), "eager clicks");
        assert!(!refused(&crowd(600, 10, 100, 50)), "as many regulars as anywhere, whatever they do");
        assert!(!refused(&crowd(600, 22, 33, 0)), "too few to tell");
    }

    #[test]
    fn more_than_usual_needs_both_the_ratio_and_the_distance() {
        assert!(more_than_usual(30.0, 100.0, 0.1, 1.5));
        assert!(!more_than_usual(24.0, 100.0, 0.1, 1.5), "within 4 x 3 + 2");
        assert!(!more_than_usual(1_200.0, 10_000.0, 0.1, 1.5), "certain, and small");
        assert!(!more_than_usual(2.0, 3.0, 0.001, 3.0), "two clicks prove nothing");
    }

    #[test]
    fn passing_visitors_are_never_refused() {
        let usual = Usual::of(others().iter()).unwrap();
        for own in [crowd(600, 300, 33, 8), crowd(5_000, 0, 0, 0), crowd(60, 6_000, 33, 8)] {
            assert!(!own.own_kinds(&usual, 0.03).hold(PASSING));
        }
    }

    #[test]
    fn where_regulars_are_common_everywhere_none_are_refused() {
        let loyal: Vec<Crowd> = (0..20).map(|_| crowd(900, 100, 10, 0)).collect();
        let usual = Usual::of(loyal.iter()).unwrap();
        assert!(
            crowd(100, 900, 33, 8).own_kinds(&usual, 0.03).is_empty(),
            "refusing them would cost 10 % of people"
        );
    }

    #[test]
    fn nobody_is_refused_beside_too_few_sellers() {
        assert_eq!(Usual::of(others()[..7].iter()), None);
        assert!(Usual::of(others()[..8].iter()).is_some());
    }

    #[test]
    fn attacks_at_fewer_than_half_of_the_sellers_do_not_move_what_is_usual() {
        let mut sellers = others();
        let honest = Usual::of(sellers.iter()).unwrap();
        for seller in &mut sellers[..9] {
            *seller = crowd(600, 300, 33, 8);
        }
        assert_eq!(Usual::of(sellers.iter()).unwrap(), honest);
    }
}
