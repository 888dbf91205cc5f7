//! Notices: each is judged once, charges at most once, and is then told to the agents.

use motet_agent::{BidRecord, Observation};
use motet_ledger::{Ledger, Released, Settlement};
use motet_model::{
    decision::Charge,
    ids::BidId,
    outcome::{Notice, NoticeKind, NoticeVerdict},
};
use motet_units::{CpmMicros, Nanos, Span, Timestamp};

use crate::{Engine, Judgement, Options, bids::OpenBid};

impl Engine {
    /// Judges a notice, charges what it makes chargeable, and tells the agents.
    pub(crate) fn take_notice(&mut self, notice: &Notice) -> Judgement {
        let Self { bids, crews, ledger, options, now, .. } = self;
        let Some(open) = bids.get_mut(notice.bid) else {
            return Judgement { verdict: NoticeVerdict::Expired, charged: Nanos::ZERO };
        };
        let verdict = precheck(open, notice).unwrap_or(NoticeVerdict::Counted);
        let filtered = verdict == NoticeVerdict::Counted && crews.screen_notice(open, notice, *now).is_some();
        let verdict = if filtered { NoticeVerdict::Filtered } else { verdict };
        let judgement = if verdict == NoticeVerdict::Counted {
            count(ledger, open, notice, *now)
        } else {
            Judgement { verdict, charged: Nanos::ZERO }
        };
        let counted = judgement.verdict == NoticeVerdict::Counted;
        let window_s = if counted { remember(open, notice, options, *now) } else { 0 };
        let observation =
            Observation::Noticed { bid: &open.record, notice, verdict: judgement.verdict, known_at: *now };
        crews.observe_own(open.arm, &observation);
        let campaign = open.record.bid.campaign;
        if window_s > 0 {
            bids.keep_until(notice.bid, *now + Span::from_secs(i64::from(window_s)));
        }
        self.recheck(campaign);
        judgement
    }
}

/// Counts a notice that passed, and charges what it makes chargeable.
fn count(ledger: &mut Ledger, open: &OpenBid, notice: &Notice, now: Timestamp) -> Judgement {
    let (verdict, charged) = match notice.kind {
        NoticeKind::Billed { price } => bill(ledger, &open.record, price, now),
        NoticeKind::Impression => impress(ledger, &open.record, now),
        NoticeKind::Lost { .. } => (release(ledger, &open.record, now), Nanos::ZERO),
        NoticeKind::Won { .. } | NoticeKind::Click | NoticeKind::Conversion { .. } => {
            (NoticeVerdict::Counted, Nanos::ZERO)
        }
    };
    Judgement { verdict, charged }
}

fn bill(
    ledger: &mut Ledger,
    record: &BidRecord,
    price: Option<CpmMicros>,
    now: Timestamp,
) -> (NoticeVerdict, Nanos) {
    let amount = charge(record.bid.reserved, record.bid.price, price);
    match record.bid.charge {
        Charge::OnBilling => settle(ledger, record.bid.id, amount, now),
        // A test bid holds no money; its bill counts as told and costs nothing.
        Charge::Never => (NoticeVerdict::Counted, Nanos::ZERO),
        Charge::OnImpression => (NoticeVerdict::Contradicts, Nanos::ZERO),
    }
}

fn impress(ledger: &mut Ledger, record: &BidRecord, now: Timestamp) -> (NoticeVerdict, Nanos) {
    match record.bid.charge {
        Charge::OnImpression => settle(ledger, record.bid.id, record.bid.reserved, now),
        Charge::OnBilling | Charge::Never => (NoticeVerdict::Counted, Nanos::ZERO),
    }
}

pub(crate) fn settle(
    ledger: &mut Ledger,
    id: BidId,
    amount: Nanos,
    now: Timestamp,
) -> (NoticeVerdict, Nanos) {
    match ledger.settle(id, amount, now) {
        Settlement::Settled { charged, .. } => (NoticeVerdict::Counted, charged),
        Settlement::Duplicate { .. } => (NoticeVerdict::Duplicate, Nanos::ZERO),
        Settlement::Refused(refused) => (unsettled(refused), Nanos::ZERO),
    }
}

fn release(ledger: &mut Ledger, record: &BidRecord, now: Timestamp) -> NoticeVerdict {
    match ledger.release(record.bid.id, now) {
        Released::Released { .. } => NoticeVerdict::Counted,
        Released::Duplicate => NoticeVerdict::Duplicate,
        // A test bid holds nothing that could be released.
        _ if record.bid.charge == Charge::Never => NoticeVerdict::Counted,
        _ => NoticeVerdict::Contradicts,
    }
}

/// Writes what was told into the bid's history. Returns for how many seconds the bid is kept for what may follow.
fn remember(open: &mut OpenBid, notice: &Notice, options: &Options, now: Timestamp) -> u32 {
    let history = &mut open.history;
    let told = match notice.kind {
        NoticeKind::Won { .. } => &mut history.won,
        NoticeKind::Billed { .. } => &mut history.billed,
        NoticeKind::Lost { .. } => &mut history.lost,
        NoticeKind::Impression => &mut history.impressed,
        NoticeKind::Click => &mut history.clicked,
        NoticeKind::Conversion { .. } => {
            open.conversions.push(notice.key);
            return 0;
        }
    };
    *told = Some(now);
    match notice.kind {
        NoticeKind::Impression => options.click_window_s,
        NoticeKind::Click => options.conversion_window_s,
        _ => 0,
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

/// Returns what a bid costs at a clearing price, its own where none is told: its share of what was reserved at the bid
/// price, rounded up.
pub(crate) fn charge(reserved: Nanos, bid: CpmMicros, clearing: Option<CpmMicros>) -> Nanos {
    let price = clearing.unwrap_or(bid);
    let (reserved, bid) = (i128::from(reserved.get()), i128::from(bid.get().max(1)));
    let nanos = (reserved * i128::from(price.get()) + bid - 1) / bid;
    Nanos::new(i64::try_from(nanos).unwrap_or(i64::MAX))
}

const fn unsettled(refused: motet_ledger::Unsettled) -> NoticeVerdict {
    match refused {
        motet_ledger::Unsettled::Released => NoticeVerdict::Contradicts,
        _ => NoticeVerdict::Expired,
    }
}
