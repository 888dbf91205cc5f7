//! Whoever wants to know something of a run watches it. Watching changes nothing.

use motet_engine::{Engine, Judgement};
use motet_model::{
    decision::{Bid, Decision},
    ids::{CampaignIx, CreativeIx},
    outcome::Notice,
    request::{AdRequest, Imp},
};
use motet_units::{CpmMicros, Nanos, Timestamp};

use crate::world::{
    Visit, World,
    fraud::FakeKind,
    listeners::Memory,
    rivals::{Competition, Holder},
};

/// A request and what was decided.
#[derive(Clone, Copy, Debug)]
pub struct Decided<'a> {
    /// The world.
    pub world: &'a World,
    /// The visit behind it.
    pub visit: &'a Visit,
    /// The request.
    pub request: &'a AdRequest,
    /// The decision.
    pub decision: &'a Decision,
    /// What the visitor has seen of late.
    pub memory: &'a Memory,
    /// The engine, as the decision left it.
    pub engine: &'a Engine,
}

/// Who got a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Winner {
    /// One of our campaigns.
    Ours,
    /// Somebody else.
    Rival(Holder),
    /// Nobody met the floor.
    Nobody,
}

/// One slot's auction in the outside market.
#[derive(Clone, Copy, Debug)]
pub struct Auctioned<'a> {
    /// The visit.
    pub visit: &'a Visit,
    /// The slot's place in the request.
    pub place: u16,
    /// The slot.
    pub imp: &'a Imp,
    /// Our bid, if we made one.
    pub bid: Option<&'a Bid>,
    /// What stood against it.
    pub competition: Competition,
    /// Who got it.
    pub winner: Winner,
    /// What the winner pays if the ad is shown; zero when nobody won.
    pub price: CpmMicros,
}

/// Something that truly happened to a served ad, when it happened.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'a> {
    /// When.
    pub at: Timestamp,
    /// The visit.
    pub visit: &'a Visit,
    /// Whose ad.
    pub campaign: CampaignIx,
    /// Which.
    pub creative: CreativeIx,
    /// What.
    pub what: Outcome,
}

/// What can happen to a served ad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// It was rendered.
    Rendered {
        /// Whether it could be seen or heard.
        viewable: bool,
        /// The true chance of a click just before.
        p_click: f64,
        /// The true chance that a click converts.
        p_conversion: f64,
        /// What it was truly worth to the campaign, in nanos; 0 for an attack.
        worth: f64,
        /// Whether the visitor still remembered the same campaign.
        repeated: bool,
    },
    /// It was clicked.
    Clicked,
    /// The click led to a conversion that brought this.
    Converted(Nanos),
    /// A click or conversion was never told: the tracker is broken.
    Untold,
    /// An attack, named by the visit, reports something that did not happen, or not because of the ad.
    Faked(FakeKind),
}

/// Something the engine was told.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// When it was told; never before it happened.
    pub at: Timestamp,
    /// What.
    pub notice: &'a Notice,
    /// What the engine made of it.
    pub judgement: &'a Judgement,
    /// The visit it is about.
    pub visit: &'a Visit,
    /// Whose ad.
    pub campaign: CampaignIx,
}

/// Watches a run. Every method does nothing unless it is written.
pub trait Watch {
    /// A request is about to be given to the engine.
    fn deciding(&mut self) {}
    /// It was decided.
    fn decided(&mut self, _decided: &Decided<'_>) {}
    /// A slot's auction was held.
    fn auctioned(&mut self, _auctioned: &Auctioned<'_>) {}
    /// Something happened to a served ad.
    fn happened(&mut self, _happened: &Happened<'_>) {}
    /// The engine was told of something.
    fn told(&mut self, _told: &Told<'_>) {}
    /// A control tick is over.
    fn ticked(&mut self, _engine: &Engine, _now: Timestamp) {}
}

impl Watch for () {}

impl<A: Watch, B: Watch> Watch for (A, B) {
    fn deciding(&mut self) {
        self.0.deciding();
        self.1.deciding();
    }
    fn decided(&mut self, decided: &Decided<'_>) {
        self.0.decided(decided);
        self.1.decided(decided);
    }
    fn auctioned(&mut self, auctioned: &Auctioned<'_>) {
        self.0.auctioned(auctioned);
        self.1.auctioned(auctioned);
    }
    fn happened(&mut self, happened: &Happened<'_>) {
        self.0.happened(happened);
        self.1.happened(happened);
    }
    fn told(&mut self, told: &Told<'_>) {
        self.0.told(told);
        self.1.told(told);
    }
    fn ticked(&mut self, engine: &Engine, now: Timestamp) {
        self.0.ticked(engine, now);
        self.1.ticked(engine, now);
    }
}

impl<W: Watch + ?Sized> Watch for &mut W {
    fn deciding(&mut self) {
        (**self).deciding();
    }
    fn decided(&mut self, decided: &Decided<'_>) {
        (**self).decided(decided);
    }
    fn auctioned(&mut self, auctioned: &Auctioned<'_>) {
        (**self).auctioned(auctioned);
    }
    fn happened(&mut self, happened: &Happened<'_>) {
        (**self).happened(happened);
    }
    fn told(&mut self, told: &Told<'_>) {
        (**self).told(told);
    }
    fn ticked(&mut self, engine: &Engine, now: Timestamp) {
        (**self).ticked(engine, now);
    }
}
