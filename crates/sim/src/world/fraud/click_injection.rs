//! Clicks put in just before a conversion that would have come anyway: an app on the listener's phone sees a purchase
//! coming and reports a click on an ad it showed earlier, seconds before. The conversion is real, the credit is not.

use motet_units::Span;
use smallvec::{SmallVec, smallvec};

use super::{
    FakeKind,
    act::{Act, Method, Rhythm, seconds},
};

pub(super) struct ClickInjection;

impl Method for ClickInjection {
    fn rhythm(&self) -> Rhythm {
        Rhythm::Never
    }

    fn fakes(&self, act: &Act<'_>, imp: u16, chance: f64) -> SmallVec<[(Span, FakeKind); 2]> {
        let mut draw = act.of_slot(imp, "injection");
        // Purchases are rare; an injector waits for them and wastes no click.
        if act.visit.attack.is_some() || draw.unit() >= chance * 0.25 {
            return SmallVec::new();
        }
        let click = 60.0 + 3_000.0 * draw.unit();
        let conversion = click + 2.0 + 18.0 * draw.unit();
        smallvec![(seconds(click), FakeKind::Click), (seconds(conversion), FakeKind::Conversion)]
    }
}
