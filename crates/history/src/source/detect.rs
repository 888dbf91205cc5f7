//! What form a log is in, by its first lines; a claim can only confirm it, or stand where nothing is recognised.

use std::{path::Path, str::FromStr};

use super::{
    Line, Lines,
    fields::split,
    ipinyou::LogKind,
    moment::Moment,
    open::{Input, open},
};
use crate::{
    error::{Error, Result},
    store::MARK,
};

/// How many lines are looked at.
const LOOKED_AT: usize = 64;

/// A form of log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A log of the iPinYou contest, or one prepared from it.
    IPinYou(LogKind),
    /// Click, market price, predicted click chance and perhaps an hour, separated by spaces.
    Auctions,
    /// `AuctionNet`'s traffic by impression and advertiser.
    AuctionNet,
    /// Open Bandit's rounds.
    OpenBandit,
    /// Open Bandit's items.
    OpenBanditItems,
}

/// What a caller says a log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Any of iPinYou's logs, or a form prepared from them.
    AnyIPinYou,
    /// Rounds or items of Open Bandit.
    AnyOpenBandit,
    /// This form.
    Form(Form),
}

/// A season of the iPinYou contest that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Season {
    /// June 2013.
    Second,
    /// October 2013.
    Third,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 9] = [
        Self::IPinYou(LogKind::Bid),
        Self::IPinYou(LogKind::Impression),
        Self::IPinYou(LogKind::Click),
        Self::IPinYou(LogKind::Conversion),
        Self::IPinYou(LogKind::Labelled),
        Self::Auctions,
        Self::AuctionNet,
        Self::OpenBandit,
        Self::OpenBanditItems,
    ];

    /// Returns the name used on the command line and in a store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IPinYou(LogKind::Bid) => "ipinyou-bid",
            Self::IPinYou(LogKind::Impression) => "ipinyou-imp",
            Self::IPinYou(LogKind::Click) => "ipinyou-clk",
            Self::IPinYou(LogKind::Conversion) => "ipinyou-conv",
            Self::IPinYou(LogKind::Labelled) => "ipinyou-labelled",
            Self::Auctions => "auctions",
            Self::AuctionNet => "auctionnet",
            Self::OpenBandit => "open-bandit-rounds",
            Self::OpenBanditItems => "open-bandit-items",
        }
    }
}

impl Claim {
    const fn admits(self, form: Form) -> bool {
        match (self, form) {
            (Self::AnyIPinYou, Form::IPinYou(_) | Form::Auctions)
            | (Self::AnyOpenBandit, Form::OpenBandit | Form::OpenBanditItems) => true,
            (Self::Form(claimed), form) => same(claimed, form),
            _ => false,
        }
    }

    /// Returns the name used on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AnyIPinYou => "ipinyou",
            Self::AnyOpenBandit => "open-bandit",
            Self::Form(form) => form.name(),
        }
    }
}

const fn same(one: Form, other: Form) -> bool {
    matches!(
        (one, other),
        (Form::Auctions, Form::Auctions)
            | (Form::AuctionNet, Form::AuctionNet)
            | (Form::OpenBandit, Form::OpenBandit)
            | (Form::OpenBanditItems, Form::OpenBanditItems)
    ) || matches!((one, other), (Form::IPinYou(one), Form::IPinYou(other)) if one as u8 == other as u8)
}

impl FromStr for Claim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let groups = [Self::AnyIPinYou, Self::AnyOpenBandit];
        let claims = groups.into_iter().chain(Form::ALL.map(Self::Form));
        let mut known = Vec::new();
        for claim in claims {
            if claim.name() == text {
                return Ok(claim);
            }
            known.push(claim.name());
        }
        Err(format!("expected one of {}, was '{text}'", known.join(", ")))
    }
}

impl Season {
    /// Returns its number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Second => 2,
            Self::Third => 3,
        }
    }

    /// Returns the season a moment lies in.
    pub(crate) const fn of(moment: &Moment) -> Option<Self> {
        match (moment.year, moment.month) {
            (2013, 6) => Some(Self::Second),
            (2013, 10) => Some(Self::Third),
            _ => None,
        }
    }
}

/// What was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) form: Form,
    pub(crate) season: Option<Season>,
    /// The first line, where it names the columns.
    pub(crate) header: Option<Vec<u8>>,
}

/// Recognises a log and holds it against what was claimed.
pub(crate) fn detect(path: &Path, claim: Option<Claim>, season: Option<Season>) -> Result<Found> {
    let input = open(path)?;
    let name = path.display().to_string();
    let seen = look(input, path)?;
    let unknown = |what: String| Error::UnknownForm { path: name.clone(), what };
    let found = match (recognise(&seen), claim) {
        (Ok(found), _) => found,
        (Err(_), Some(Claim::Form(form))) => Found { form, season, header: None },
        (Err(what), _) => return Err(unknown(what)),
    };
    let differs = |claimed: String, found: String| Error::NotAsClaimed { path: name.clone(), claimed, found };
    if let Some(claim) = claim.filter(|claim| !claim.admits(found.form)) {
        return Err(differs(claim.name().to_owned(), found.form.name().to_owned()));
    }
    match (season, found.season) {
        (Some(claimed), Some(read)) if claimed != read && matches!(found.form, Form::IPinYou(_)) => {
            let season = |season: Season| format!("a log of season {}", season.number());
            Err(differs(season(claimed), season(read)))
        }
        (Some(_), None) if matches!(found.form, Form::IPinYou(_)) => Ok(Found { season, ..found }),
        _ => Ok(found),
    }
}

/// Reads the first lines.
fn look(input: Input, path: &Path) -> Result<Vec<Vec<u8>>> {
    let mut lines = Lines::new(input.bytes);
    let mut seen = Vec::new();
    while seen.len() < LOOKED_AT {
        match lines.read().map_err(Error::io("read", path))? {
            Some(Line::Ended(line) | Line::Unended(line)) if !line.is_empty() => seen.push(line.to_vec()),
            Some(_) => {}
            None => break,
        }
        if lines.number() > 10 * LOOKED_AT as u64 {
            break;
        }
    }
    Ok(seen)
}

/// Recognises the form by the first lines, or says what they look like.
fn recognise(seen: &[Vec<u8>]) -> Result<Found, String> {
    let first = seen.first().ok_or("it is empty")?;
    let found = |form, header: Option<&Vec<u8>>| Found { form, season: None, header: header.cloned() };
    if first.starts_with(b"PAR1") {
        return Err("it is a Parquet file: name the folder that an export wrote".to_owned());
    }
    if first.starts_with(MARK) {
        return Err("it is a history store already".to_owned());
    }
    if first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff") {
        return Err("it is in UTF-16; the forms are read in UTF-8 or bytes".to_owned());
    }
    let text = String::from_utf8_lossy(first);
    let has = |word: &str| text.split(',').any(|column| column.trim() == word);
    if has("propensity_score") && has("item_id") {
        return Ok(found(Form::OpenBandit, Some(first)));
    }
    if has("item_feature_0") && has("item_id") {
        return Ok(found(Form::OpenBanditItems, Some(first)));
    }
    if has("deliveryPeriodIndex") || (has("c1") && has("c18")) {
        return Ok(found(Form::AuctionNet, Some(first)));
    }
    recognise_rows(seen)
}

fn recognise_rows(seen: &[Vec<u8>]) -> Result<Found, String> {
    let first = &seen[0];
    let tabs = usual(seen.iter().map(|line| split(line, b'\t').len()));
    let headed = first.starts_with(b"click\tweekday") || first.starts_with(b"bidid\t");
    let header = headed.then(|| first.clone());
    let rows = &seen[usize::from(headed)..];
    let kind = match tabs {
        21 => Some(LogKind::Bid),
        24 => Some(kind_of_24(rows)?),
        27 | 29 => Some(LogKind::Labelled),
        _ => None,
    };
    if let Some(kind) = kind {
        let season = season_of(rows, kind)?;
        return Ok(Found { form: Form::IPinYou(kind), season, header });
    }
    if rows.iter().filter(|line| super::auctions::looks_right(line)).count() * 2 > rows.len() {
        return Ok(Found { form: Form::Auctions, season: None, header: None });
    }
    if usual(rows.iter().map(|line| split(line, b',').len())) == super::auctionnet::COLUMNS.len() {
        return Ok(Found { form: Form::AuctionNet, season: None, header: None });
    }
    let shown: String =
        String::from_utf8_lossy(first).chars().take(60).flat_map(char::escape_debug).collect();
    Err(format!("its lines have {tabs} tab-separated columns and the first begins '{shown}'"))
}

/// Returns the most usual number, the smallest of equals.
fn usual(numbers: impl Iterator<Item = usize>) -> usize {
    let mut counts = std::collections::BTreeMap::new();
    numbers.for_each(|number| *counts.entry(number).or_insert(0_usize) += 1);
    let best = counts.iter().max_by_key(|(number, count)| (**count, std::cmp::Reverse(**number)));
    best.map_or(0, |(number, _)| *number)
}

fn kind_of_24(rows: &[Vec<u8>]) -> Result<LogKind, String> {
    let log_type = |line: &Vec<u8>| match split(line, b'\t').get(2) {
        Some(&[digit @ b'1'..=b'3']) => usize::from(digit - b'0'),
        _ => 0,
    };
    match usual(rows.iter().map(log_type)) {
        1 => Ok(LogKind::Impression),
        2 => Ok(LogKind::Click),
        3 => Ok(LogKind::Conversion),
        _ => Err("it has iPinYou's 24 columns, but the third is not the log type 1, 2 or 3".to_owned()),
    }
}

fn season_of(rows: &[Vec<u8>], kind: LogKind) -> Result<Option<Season>, String> {
    let place = if kind == LogKind::Labelled { 4 } else { 1 };
    let season = |line: &Vec<u8>| {
        let moment = split(line, b'\t').get(place).and_then(|field| Moment::compact(field));
        match moment {
            Some(moment) if (moment.year, moment.month) == (2013, 3) => 1,
            Some(moment) => Season::of(&moment).map_or(0, |season| usize::from(season.number())),
            None => 9,
        }
    };
    match usual(rows.iter().map(season).filter(|season| *season != 9)) {
        1 => Err("it is of iPinYou's first season (March 2013), whose columns mean other things".to_owned()),
        2 => Ok(Some(Season::Second)),
        3 => Ok(Some(Season::Third)),
        _ => Ok(None),
    }
}
