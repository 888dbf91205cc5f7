//! Draws one of everything that crosses the wire, from a seed: every kind of every choice comes up, and the ends of ranges
//! more often than they would by chance.
#![allow(dead_code, reason = "each test draws some of it")]

pub(crate) mod catalog;
pub(crate) mod decided;
pub(crate) mod kinds;
pub(crate) mod request;
pub(crate) mod views;

use motet_messages::{Envelope, MessageId, TraceContext};
use motet_model::{
    codes::{CategoryId, CodeSet},
    decision::Finding,
    ids::DecisionId,
    request::MediaKind,
};
use motet_units::{Chance, CpmMicros, Multiplier, Nanos, Probability, Span, Stream, Timestamp};

/// A source of draws.
pub(crate) struct Draw(Stream);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Chance::new(7, seed).stream("messages"))
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0.bits()
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0.below(n)
    }

    pub(crate) fn flip(&mut self) -> bool {
        self.below(2) == 1
    }

    /// Draws a number of a range, its ends as often as all between.
    pub(crate) fn within(&mut self, least: i64, most: i64) -> i64 {
        match self.below(4) {
            0 => least,
            1 => most,
            _ => least + self.below((most - least + 1) as u64).cast_signed(),
        }
    }

    pub(crate) fn u8(&mut self) -> u8 {
        self.within(0, 255) as u8
    }

    pub(crate) fn u16(&mut self) -> u16 {
        self.within(0, 65_535) as u16
    }

    pub(crate) fn u32(&mut self) -> u32 {
        self.within(0, i64::from(u32::MAX)) as u32
    }

    pub(crate) fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize].clone()
    }

    pub(crate) fn maybe<T>(&mut self, draw: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flip().then(|| draw(self))
    }

    pub(crate) fn some<T, C: FromIterator<T>>(
        &mut self,
        most: u64,
        mut draw: impl FnMut(&mut Self) -> T,
    ) -> C {
        (0..self.below(most + 1)).map(|_| draw(self)).collect()
    }

    pub(crate) fn text(&mut self) -> String {
        self.pick(&["", "a", "site-17", "Grüße, 世界", "https://a.example/?q=1&r=\"2\"", "line\nbreak\u{0}"])
            .to_owned()
    }

    pub(crate) fn unit(&mut self) -> f64 {
        match self.below(4) {
            0 => 0.0,
            1 => 1.0,
            _ => self.0.unit(),
        }
    }

    pub(crate) fn probability(&mut self) -> Probability {
        Probability::new(self.unit()).unwrap()
    }

    pub(crate) fn multiplier(&mut self) -> Multiplier {
        Multiplier::new(self.unit()).unwrap()
    }

    pub(crate) fn price(&mut self) -> CpmMicros {
        CpmMicros::new(self.within(0, CpmMicros::MAX.get()))
    }

    pub(crate) fn amount(&mut self) -> Nanos {
        Nanos::new(self.within(-Nanos::MAX.get(), Nanos::MAX.get()))
    }

    pub(crate) fn moment(&mut self) -> Timestamp {
        Timestamp::from_micros(self.within(-1, 4_000_000_000_000_000))
    }

    pub(crate) fn span(&mut self) -> Span {
        Span::from_micros(self.within(-1, 90_000_000_000))
    }

    pub(crate) fn category(&mut self) -> CategoryId {
        self.pick(&["IAB1", "IAB17-44", "9:483", "9:SPSHQ5", "6:150", "8:1001", "500:x_y-z"]).parse().unwrap()
    }

    pub(crate) fn codes(&mut self) -> CodeSet {
        CodeSet(self.bits() & self.bits())
    }

    pub(crate) fn kind(&mut self) -> MediaKind {
        self.pick(&MediaKind::ALL)
    }

    pub(crate) fn finding(&mut self) -> Finding {
        self.pick(&[
            Finding::Crawler,
            Finding::NonBrowser,
            Finding::Datacentre,
            Finding::RateExceeded,
            Finding::DeviceMismatch,
            Finding::ImpossibleSlot,
            Finding::ImpossibleRequest,
            Finding::IncompleteSupplyChain,
            Finding::BlockedSeller,
            Finding::KnownInvalid,
        ])
    }

    pub(crate) fn envelope(&mut self) -> Envelope {
        let happened_at = self.moment();
        Envelope {
            decision: self.maybe(|d| DecisionId(d.bits())),
            hearing: self.bits(),
            agent: self.maybe(|d| d.pick(&motet_agent::AgentName::TEAM)),
            agent_version: self.u32(),
            known_at: happened_at + Span::from_micros(self.within(0, 1_000_000)),
            deadline: self.maybe(Self::moment),
            trace: self.maybe(|d| TraceContext {
                trace: u128::from(d.bits()) << 64 | 1,
                span: d.bits() | 1,
                flags: d.u8(),
            }),
            ..Envelope::new(MessageId(u128::from(self.bits()) << 64 | u128::from(self.bits())), happened_at)
        }
    }
}
