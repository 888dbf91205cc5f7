//! Notices: each is judged once, charges at most once, and is then told to the agents.

use motet_agent::{BidRecord, Observation};
use motet_ledger::{Released, Settlement};
use motet_model::{
    decision::Charge,
    ids::BidId,
    outcome::{Notice, NoticeKind, NoticeVerdict},
};
use motet_units::{CpmMicros, Nanos, Span};

use crate::{Engine, Judgement, bids::OpenBid};

impl Engine {
    /// Judges a notice, charges what it makes chargeable, and tells the agents.
    pub(crate) fn take_notice(&mut self, notice: &Notice) -> Judgement {
        let Some(open) = self.bids.get(notice.bid) else {
            return Judgement { verdict: NoticeVerdict::Expired, charged: Nanos::ZERO };
        };
        let verdict = precheck(open, notice).unwrap_or(NoticeVerdict::Counted);
        let filtered =
            verdict == NoticeVerdict::Counted && self.crews.screen_notice(open, notice, self.now).is_some();
        let verdict = if filtered { NoticeVerdict::Filtered } else { verdict };
        let judgement = if verdict == NoticeVerdict::Counted {
            self.count(notice)
        } else {
            Judgement { verdict, charged: Nanos::ZERO }
        };
        self.tell(notice, judgement.verdict);
        judgement
    }

    fn count(&mut self, notice: &Notice) -> Judgement {
        let (verdict, charged) = match notice.kind {
            NoticeKind::Billed { price } => self.bill(notice.bid, price),
            NoticeKind::Impression => self.impress(notice.bid),
            NoticeKind::Lost { .. } => (self.release(notice.bid), Nanos::ZERO),
            NoticeKind::Won { .. } | NoticeKind::Click | NoticeKind::Conversion { .. } => {
                (NoticeVerdict::Counted, Nanos::ZERO)
            }
        };
        if verdict == NoticeVerdict::Counted {
            self.remember(notice);
        }
        Judgement { verdict, charged }
    }

    fn bill(&mut self, id: BidId, price: Option<CpmMicros>) -> (NoticeVerdict, Nanos) {
        let Some(open) = self.bids.get(id) else { return (NoticeVerdict::Expired, Nanos::ZERO) };
        let amount = charge(&open.record, price.unwrap_or(open.record.bid.price));
        match open.record.bid.charge {
            Charge::OnBilling => self.settle(id, amount),
            // A test bid holds no money; its bill counts as told and costs nothing.
            Charge::Never => (NoticeVerdict::Counted, Nanos::ZERO),
            Charge::OnImpression => (NoticeVerdict::Contradicts, Nanos::ZERO),
        }
    }

    fn impress(&mut self, id: BidId) -> (NoticeVerdict, Nanos) {
        let Some(open) = self.bids.get(id) else { return (NoticeVerdict::Expired, Nanos::ZERO) };
        match open.record.bid.charge {
            Charge::OnImpression => {
                let amount = open.record.bid.reserved;
                self.settle(id, amount)
            }
            Charge::OnBilling | Charge::Never => (NoticeVerdict::Counted, Nanos::ZERO),
        }
    }

    fn settle(&mut self, id: BidId, amount: Nanos) -> (NoticeVerdict, Nanos) {
        match self.ledger.settle(id, amount, self.now) {
            Settlement::Settled { charged, .. } => (NoticeVerdict::Counted, charged),
            Settlement::Duplicate { .. } => (NoticeVerdict::Duplicate, Nanos::ZERO),
            Settlement::Refused(refused) => (unsettled(refused), Nanos::ZERO),
        }
    }

    fn release(&mut self, id: BidId) -> NoticeVerdict {
        match self.ledger.release(id, self.now) {
            Released::Released { .. } => NoticeVerdict::Counted,
            Released::Duplicate => NoticeVerdict::Duplicate,
            // A test bid holds nothing that could be released.
            _ if self.bids.get(id).is_some_and(|open| open.record.bid.charge == Charge::Never) => {
                NoticeVerdict::Counted
            }
            _ => NoticeVerdict::Contradicts,
        }
    }

    /// Writes what was told into the bid's history, and keeps it for what may follow.
    fn remember(&mut self, notice: &Notice) {
        let now = self.now;
        let Some(open) = self.bids.get_mut(notice.bid) else { return };
        let history = &mut open.history;
        let window_s = match notice.kind {
            NoticeKind::Won { .. } => {
                history.won = Some(now);
                0
            }
            NoticeKind::Billed { .. } => {
                history.billed = Some(now);
                0
            }
            NoticeKind::Lost { .. } => {
                history.lost = Some(now);
                0
            }
            NoticeKind::Impression => {
                history.impressed = Some(now);
                self.options.click_window_s
            }
            NoticeKind::Click => {
                history.clicked = Some(now);
                self.options.conversion_window_s
            }
            NoticeKind::Conversion { .. } => {
                open.conversions.push(notice.key);
                0
            }
        };
        self.bids.keep_until(notice.bid, now + Span::from_secs(i64::from(window_s)));
    }

    fn tell(&mut self, notice: &Notice, verdict: NoticeVerdict) {
        let Some(open) = self.bids.get(notice.bid) else { return };
        let (campaign, arm) = (open.record.bid.campaign, open.arm);
        let observation = Observation::Noticed { bid: &open.record, notice, verdict, known_at: self.now };
        self.crews.observe_own(arm, &observation);
        self.recheck(campaign);
    }
}

/// Most conversions counted for one click: what is beyond is a fault or a fraud.
const CONVERSIONS_MOST: usize = 64;

/// Returns the verdict where the bid's history settles it.
fn precheck(open: &OpenBid, notice: &Notice) -> Option<NoticeVerdict> {
    let history = &open.history;
    let told_before = match notice.kind {
        NoticeKind::Won { .. } => history.won,
        NoticeKind::Billed { .. } => history.billed,
        NoticeKind::Lost { .. } => history.lost,
        NoticeKind::Impression => history.impressed,
        NoticeKind::Click => history.clicked,
        NoticeKind::Conversion { .. } => None,
    };
    if told_before.is_some() || open.conversions.contains(&notice.key) && is_conversion(notice) {
        return Some(NoticeVerdict::Duplicate);
    }
    let contradicts = match notice.kind {
        NoticeKind::Won { .. } | NoticeKind::Billed { .. } | NoticeKind::Impression => history.lost.is_some(),
        NoticeKind::Lost { .. } => history.won.or(history.billed).or(history.impressed).is_some(),
        NoticeKind::Click => history.impressed.is_none(),
        NoticeKind::Conversion { .. } => {
            history.clicked.is_none() || open.conversions.len() >= CONVERSIONS_MOST
        }
    };
    contradicts.then_some(NoticeVerdict::Contradicts)
}

const fn is_conversion(notice: &Notice) -> bool {
    matches!(notice.kind, NoticeKind::Conversion { .. })
}

/// Returns what a bid costs at a clearing price: its share of what was reserved at the bid price, rounded up.
fn charge(record: &BidRecord, price: CpmMicros) -> Nanos {
    let (reserved, bid) = (i128::from(record.bid.reserved.get()), i128::from(record.bid.price.get().max(1)));
    let nanos = (reserved * i128::from(price.get()) + bid - 1) / bid;
    Nanos::new(i64::try_from(nanos).unwrap_or(i64::MAX))
}

const fn unsettled(refused: motet_ledger::Unsettled) -> NoticeVerdict {
    match refused {
        motet_ledger::Unsettled::Released => NoticeVerdict::Contradicts,
        _ => NoticeVerdict::Expired,
    }
}
