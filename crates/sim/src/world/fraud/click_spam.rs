//! Clicks nobody made, in bulk: a publisher reports clicks on ads that real people saw, spread evenly over the time a
//! click may take. Hardly any converts: what does would have come anyway.

use motet_units::Span;
use smallvec::{SmallVec, smallvec};

use super::{
    FakeKind,
    act::{Act, Method, Rhythm, seconds},
};

pub(super) struct ClickSpam;

impl Method for ClickSpam {
    fn rhythm(&self) -> Rhythm {
        Rhythm::Never
    }

    fn fakes(&self, act: &Act<'_>, imp: u16, chance: f64) -> SmallVec<[(Span, FakeKind); 2]> {
        let mut draw = act.of_slot(imp, "spam");
        if act.visit.attack.is_some() || draw.unit() >= chance {
            return SmallVec::new();
        }
        let click = 1.0 + 3_500.0 * draw.unit();
        let mut fakes: SmallVec<[(Span, FakeKind); 2]> = smallvec![(seconds(click), FakeKind::Click)];
        if draw.unit() < 0.002 {
            let conversion = click + 86_400.0 * draw.unit();
            fakes.push((seconds(conversion), FakeKind::Conversion));
        }
        fakes
    }
}
