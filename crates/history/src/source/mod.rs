//! Logs as they come: opened, recognised, read line by line, each line a row or a counted bad line.

mod agent_class;
mod auctionnet;
mod auctions;
mod bad;
mod bandit;
mod detect;
mod fields;
mod ipinyou;
mod journal;
mod lines;
mod moment;
mod open;

pub use bad::{Bad, BadReason, BadSample};
pub use detect::{Claim, Form, Season};
pub use ipinyou::{LogKind, MICROS_PER_FEN};

pub(crate) use bad::{Complaint, LineError};
pub(crate) use detect::{Found, detect};
pub(crate) use fields::Interner;
pub(crate) use journal::take;
pub(crate) use lines::{Line, Lines};
pub(crate) use open::open;

use std::{io::Write, sync::Arc};

use motet_units::{CpmMicros, Timestamp};

use crate::{build::Builder, table::Opportunity};

/// What a reader of lines has at hand.
#[derive(Debug)]
pub(crate) struct Desk<'a, W: Write> {
    /// The store being built.
    pub(crate) builder: &'a mut Builder<W>,
    /// The source's number.
    pub(crate) source: u32,
    /// Texts seen before.
    pub(crate) texts: &'a mut Interner,
    /// The key of user hashes.
    pub(crate) user_key: (u64, u64),
}

impl<W: Write> Desk<'_, W> {
    /// Returns a field as text; none when it is empty or says `null`.
    pub(crate) fn text(&mut self, field: &[u8]) -> Option<Arc<str>> {
        self.texts.optional(field)
    }

    /// Hashes a user's id.
    pub(crate) fn user(&self, id: &[u8]) -> Option<u64> {
        fields::stated(id).map(|id| crate::build::keyed_hash(self.user_key, id))
    }
}

/// A reader of one form's lines.
#[derive(Debug)]
pub(crate) enum LineReader {
    IPinYou(ipinyou::Reader),
    Auctions,
    AuctionNet(auctionnet::Reader),
    Rounds(bandit::RoundReader),
    Items(bandit::ItemReader),
}

impl LineReader {
    /// Makes the reader for a form found; `header` is the file's first line where the form has one.
    pub(crate) fn new(found: &Found, with_bids: bool) -> Self {
        let header = found.header.as_deref();
        match found.form {
            Form::IPinYou(kind) => Self::IPinYou(ipinyou::Reader::new(kind, found.season, with_bids)),
            Form::AuctionNet => Self::AuctionNet(auctionnet::Reader::new(header)),
            Form::OpenBandit => Self::Rounds(bandit::RoundReader::new(header)),
            Form::OpenBanditItems => Self::Items(bandit::ItemReader::new(header)),
            Form::Auctions => Self::Auctions,
        }
    }

    /// Reads one line.
    pub(crate) fn read<W: Write>(&mut self, line: &[u8], desk: &mut Desk<'_, W>) -> Result<(), LineError> {
        match self {
            Self::IPinYou(reader) => reader.read(line, desk),
            Self::Auctions => auctions::read(line, desk),
            Self::AuctionNet(reader) => reader.read(line, desk),
            Self::Rounds(reader) => reader.read(line, desk),
            Self::Items(reader) => reader.read(line, desk),
        }
    }
}

/// Makes an opportunity of which nothing but source and time is known.
pub(crate) const fn blank_opportunity(source: u32, at: Option<Timestamp>) -> Opportunity {
    Opportunity {
        source,
        at,
        utc_offset_min: 0,
        exchange: None,
        region: None,
        city: None,
        domain: None,
        slot: None,
        width: None,
        height: None,
        visibility: None,
        format: None,
        floor: CpmMicros::ZERO,
        agent_class: None,
        user: None,
        network: None,
        tags: Vec::new(),
        no_bid: None,
    }
}
