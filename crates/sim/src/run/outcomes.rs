//! What comes of a served ad, step by step: rendered, clicked, converted, each told when it is known.

use motet_model::outcome::{Notice, NoticeKind};
use motet_units::Nanos;

use crate::world::fraud::FakeKind;

use super::{
    Happened, Outcome, Run, Watch,
    due::{Due, Served, What},
};

impl Run<'_> {
    /// The ad reaches the visitor: the exchange bills it, the impression is reported, and the visitor clicks or not.
    pub(super) fn render(&mut self, served: &Served, watch: &mut impl Watch) {
        if let Some(price) = served.bill {
            self.report(served, NoticeKind::Billed { price: Some(price) }, watch);
        }
        self.report(served, NoticeKind::Impression, watch);
        self.plan_fakes(served);
        if served.visit.attack.is_some() {
            self.render_to_attacker(served, watch);
        } else {
            self.render_to_person(served, watch);
        }
    }

    fn render_to_person(&mut self, served: &Served, watch: &mut impl Watch) {
        let (world, visit) = (self.world, &served.visit);
        let now_s = ((self.now - world.begins()).micros() / 1_000_000) as u32;
        let mood = world.mood(visit, served.place);
        let memory = &mut self.memories[visit.listener as usize];
        let viewable = mood.view < world.publisher(visit.publisher).viewable;
        let p_click = world.p_click(visit, served.creative, memory, now_s);
        let p_conversion = world.p_conversion(visit, served.campaign);
        let worth = world.worth(served.campaign, p_click, p_conversion);
        let repeated = memory.remembers(served.campaign.0);
        if viewable {
            world.population.expose(memory, served.campaign.0, now_s);
        }
        let what = Outcome::Rendered { viewable, p_click, p_conversion, worth, repeated };
        watch.happened(&self.happened(served, what));
        if mood.click < p_click {
            let (click_in, ..) = world.late_delays(visit, served.place);
            self.due.push(Due::new(self.now + click_in, What::Clicked(Box::new(served.clone()))));
        }
    }

    fn render_to_attacker(&mut self, served: &Served, watch: &mut impl Watch) {
        let what = Outcome::Rendered {
            viewable: false,
            p_click: 0.0,
            p_conversion: 0.0,
            worth: 0.0,
            repeated: false,
        };
        watch.happened(&self.happened(served, what));
        let response = self.world.fraud.respond(self.world, &served.visit, served.place);
        if let Some(click_in) = response.click {
            self.due.push(Due::new(self.now + click_in, What::Clicked(Box::new(served.clone()))));
        }
    }

    /// Puts on its way what attacks will report of an ad shown on a publisher of theirs.
    fn plan_fakes(&mut self, served: &Served) {
        for fake in self.world.fraud.fakes(self.world, &served.visit, served.place) {
            let mut served = served.clone();
            served.visit.attack = Some(fake.attack);
            let what = What::Faked(Box::new(served), fake.kind);
            self.due.push(Due::new(self.now + fake.after, what));
        }
    }

    /// An attack reports something that did not happen, or not because of the ad.
    pub(super) fn report_fake(&mut self, served: &Served, kind: FakeKind, watch: &mut impl Watch) {
        let (told, key) = match kind {
            FakeKind::Click => (NoticeKind::Click, 0),
            FakeKind::Conversion => {
                let sale = self.world.sale(served.campaign, &self.world.mood(&served.visit, served.place));
                // A key of its own: the person's own purchase may be reported as well.
                (NoticeKind::Conversion { value: Some(sale) }, 1)
            }
            FakeKind::BillAgain => match served.bill {
                Some(price) => (NoticeKind::Billed { price: Some(price) }, 0),
                None => return,
            },
            FakeKind::ImpressionAgain => (NoticeKind::Impression, 0),
        };
        watch.happened(&self.happened(served, Outcome::Faked(kind)));
        let notice = Notice { bid: served.bid, kind: told, happened_at: self.now, key };
        self.tell(notice, &served.visit, served.campaign, watch);
    }

    pub(super) fn click(&mut self, served: &Served, watch: &mut impl Watch) {
        let (world, visit) = (self.world, &served.visit);
        watch.happened(&self.happened(served, Outcome::Clicked));
        self.report_unless_lost(served, NoticeKind::Click, watch);
        let mood = world.mood(visit, served.place);
        // A bot never converts.
        if visit.attack.is_none() && mood.convert < world.p_conversion(visit, served.campaign) {
            let (_, conversion_in, report_in) = world.late_delays(visit, served.place);
            let sale = world.sale(served.campaign, &mood);
            let mut served = served.clone();
            served.visit.at = self.now + conversion_in;
            let at = self.now + conversion_in + report_in;
            self.due.push(Due::new(at, What::Converted(Box::new(served), sale)));
        }
    }

    /// A conversion becomes known; it happened when `served.visit.at` says.
    pub(super) fn report_conversion(&mut self, served: &Served, sale: Nanos, watch: &mut impl Watch) {
        let mut happened = self.happened(served, Outcome::Converted(sale));
        happened.at = served.visit.at;
        watch.happened(&happened);
        self.report_unless_lost(served, NoticeKind::Conversion { value: Some(sale) }, watch);
    }

    fn happened<'a>(&self, served: &'a Served, what: Outcome) -> Happened<'a> {
        Happened {
            at: self.now,
            visit: &served.visit,
            campaign: served.campaign,
            creative: served.creative,
            what,
        }
    }

    /// Reports to the engine unless the campaign's tracker is broken and loses it.
    fn report_unless_lost(&mut self, served: &Served, kind: NoticeKind, watch: &mut impl Watch) {
        let group = self.world.campaigns.truth[served.campaign.get()].group;
        let mood = self.world.mood(&served.visit, served.place);
        if mood.lost < self.conditions.lost(group) {
            watch.happened(&self.happened(served, Outcome::Untold));
            return;
        }
        self.report(served, kind, watch);
    }

    fn report(&mut self, served: &Served, kind: NoticeKind, watch: &mut impl Watch) {
        let happened_at = match kind {
            NoticeKind::Conversion { .. } => served.visit.at,
            _ => self.now,
        };
        let notice = Notice { bid: served.bid, kind, happened_at, key: 0 };
        self.tell(notice, &served.visit, served.campaign, watch);
    }
}
