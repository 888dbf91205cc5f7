//! The tables of a store: what each row holds.
//!
//! A row type is declared once, and its columns follow from it, so that a table cannot part from its columns.
//! Three tables tell of ad requests (opportunities, bids, outcomes) and join on the opportunity's number, which is its
//! row in the table, from 0. They lie in that order in the store, so that one pass over each joins them. The others
//! stand alone.
//!
//! Identity: a user is a keyed hash, a network address keeps its first three bytes (IPv4) or six (IPv6), a page's
//! address and a raw user agent are not kept at all.

use std::sync::Arc;

use motet_units::{CpmMicros, Nanos, Timestamp};

use crate::column::{Cell, Column, Damaged, Kind};

/// Names a table of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Chances to show an ad.
    Opportunities,
    /// Prices offered for them.
    Bids,
    /// What became of the bids.
    Outcomes,
    /// Auctions of which only price, click and a prediction are known.
    Auctions,
    /// Advertisers' bids per impression in `AuctionNet`'s form.
    Trajectories,
    /// Rounds of a bandit, in Open Bandit's form.
    Rounds,
    /// What is known of a bandit's items.
    Items,
}

impl Table {
    /// All, in the order of their numbers in the file.
    pub const ALL: [Self; 7] = [
        Self::Opportunities,
        Self::Bids,
        Self::Outcomes,
        Self::Auctions,
        Self::Trajectories,
        Self::Rounds,
        Self::Items,
    ];

    /// Returns its lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opportunities => "opportunities",
            Self::Bids => "bids",
            Self::Outcomes => "outcomes",
            Self::Auctions => "auctions",
            Self::Trajectories => "trajectories",
            Self::Rounds => "rounds",
            Self::Items => "items",
        }
    }

    /// Returns its number in the file.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Returns its columns, in the file's order.
    pub const fn columns(self) -> &'static [(&'static str, Kind)] {
        match self {
            Self::Opportunities => Opportunity::COLUMNS,
            Self::Bids => Bid::COLUMNS,
            Self::Outcomes => Outcome::COLUMNS,
            Self::Auctions => Auction::COLUMNS,
            Self::Trajectories => Trajectory::COLUMNS,
            Self::Rounds => Round::COLUMNS,
            Self::Items => Item::COLUMNS,
        }
    }
}

/// A row of one of the tables.
pub trait Row: Sized {
    /// The table it belongs to.
    const TABLE: Table;
    /// Its columns' names and kinds.
    const COLUMNS: &'static [(&'static str, Kind)];
    /// Appends it to the table's columns.
    fn push(&self, columns: &mut [Column]);
    /// Reads it back.
    ///
    /// # Errors
    /// When a column does not hold what the row needs.
    fn get(columns: &[Column], row: usize) -> Result<Self, Damaged>;
}

macro_rules! row {
    (
        $(#[$doc:meta])* $name:ident in $table:ident {
            $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Row for $name {
            const TABLE: Table = Table::$table;
            const COLUMNS: &'static [(&'static str, Kind)] =
                &[$((stringify!($field), <$type as Cell>::KIND),)*];

            fn push(&self, columns: &mut [Column]) {
                let mut columns = columns.iter_mut();
                $(if let Some(column) = columns.next() { self.$field.put(column) })*
            }

            fn get(columns: &[Column], row: usize) -> Result<Self, Damaged> {
                let mut columns = columns.iter();
                Ok(Self {
                    $($field: Cell::take(columns.next().ok_or(Damaged("a column is missing"))?, row)?,)*
                })
            }
        }
    };
}

row! {
    /// One chance to show an ad: an imp of a request.
    Opportunity in Opportunities {
        /// The source it was read from, its place in the summary's list.
        source: u32,
        /// When it was offered.
        at: Option<Timestamp>,
        /// The local clock's offset from UTC, in minutes.
        utc_offset_min: i16,
        /// The exchange.
        exchange: Option<Arc<str>>,
        /// The region, as the source codes it.
        region: Option<Arc<str>>,
        /// The city, as the source codes it.
        city: Option<Arc<str>>,
        /// A hash of the site's domain or app's bundle.
        domain: Option<u64>,
        /// The publisher's name for the slot.
        slot: Option<Arc<str>>,
        /// The slot's width in pixels.
        width: Option<u16>,
        /// The slot's height in pixels.
        height: Option<u16>,
        /// Where on the screen the slot is, as the source words it.
        visibility: Option<Arc<str>>,
        /// The slot's form, as the source words it, or the media kind.
        format: Option<Arc<str>>,
        /// The floor.
        floor: CpmMicros,
        /// System and browser, as `windows_chrome`.
        agent_class: Option<Arc<str>>,
        /// A keyed hash of the user.
        user: Option<u64>,
        /// The first three bytes of an IPv4 address; for IPv6 the first six, plus 2^48.
        network: Option<i64>,
        /// Interest segments: the source's numbers, or hashes of names.
        tags: Vec<i64>,
        /// Why we made no bid, where our own journal says so.
        no_bid: Option<Arc<str>>,
    }
}

row! {
    /// A price offered for an opportunity.
    Bid in Bids {
        /// The source it was read from.
        source: u32,
        /// The opportunity it was made for: its row.
        opportunity: u64,
        /// The price offered.
        price: Option<CpmMicros>,
        /// Who pays.
        advertiser: Option<Arc<str>>,
        /// The campaign, where the source has campaigns below advertisers.
        campaign: Option<Arc<str>>,
        /// What is shown.
        creative: Option<Arc<str>>,
        /// The chance with which it was chosen among the candidates, where logged.
        propensity: Option<f64>,
    }
}

row! {
    /// Something that became of a bid.
    Outcome in Outcomes {
        /// The source it was read from.
        source: u32,
        /// The opportunity it belongs to: its row.
        opportunity: u64,
        /// What happened.
        kind: OutcomeKind,
        /// The clearing price; for a loss, the lowest bid that would have won.
        price: Option<CpmMicros>,
        /// What a conversion brought.
        value: Option<Nanos>,
        /// The standard's loss reason code, for a loss.
        reason: Option<u16>,
        /// When it happened, where logged.
        happened_at: Option<Timestamp>,
        /// When it became known, where logged.
        known_at: Option<Timestamp>,
    }
}

row! {
    /// An auction of which only the market's price, the click and a prediction are known.
    Auction in Auctions {
        /// The source it was read from.
        source: u32,
        /// The hour, counted from an hour of the source's choice.
        hour: Option<i64>,
        /// The price of the best rival: a bid above it wins and pays it.
        price: CpmMicros,
        /// Whether the ad shown was clicked.
        click: bool,
        /// The chance of a click as the source predicted it.
        pctr: f64,
    }
}

row! {
    /// One advertiser's bid for one impression in an `AuctionNet` period. Prices are per impression, in its own money.
    Trajectory in Trajectories {
        /// The source it was read from.
        source: u32,
        /// The delivery period (a day).
        period: i64,
        /// The advertiser's number.
        advertiser: i64,
        /// The advertiser's category.
        category: i64,
        /// The advertiser's budget for the period.
        budget: f64,
        /// The most a conversion may cost.
        cpa_constraint: f64,
        /// The tick within the period.
        step: i64,
        /// What was left of the budget at the tick's start.
        remaining_budget: f64,
        /// The impression's number within the period.
        impression: i64,
        /// The chance of a conversion, as told to the advertiser.
        value: f64,
        /// Its standard deviation.
        value_sigma: f64,
        /// The bid.
        bid: f64,
        /// Whether the auction was won.
        won: bool,
        /// The slot won, from 1; 0 when lost.
        slot: i64,
        /// What it would cost when exposed.
        cost: f64,
        /// Whether the ad was exposed, and so charged.
        exposed: bool,
        /// Whether it led to a conversion.
        conversion: bool,
        /// The lowest bid that would have won a slot.
        least_winning_cost: f64,
        /// Whether the advertiser's period ends here.
        end: bool,
    }
}

row! {
    /// One round of a logged bandit: an item shown at a position, and whether it was clicked.
    Round in Rounds {
        /// The source it was read from.
        source: u32,
        /// When.
        at: Timestamp,
        /// The item shown.
        item: i64,
        /// The position it was shown at, from 1.
        position: i64,
        /// Whether it was clicked.
        click: bool,
        /// The chance with which the logging policy showed it; above 0.
        propensity: f64,
        /// The user's features, as the source hashes them.
        user_features: Vec<Arc<str>>,
        /// The user's affinity to each item.
        affinities: Vec<f64>,
    }
}

row! {
    /// What is known of one of a bandit's items.
    Item in Items {
        /// The source it was read from.
        source: u32,
        /// The item's number.
        item: i64,
        /// Its numeric features.
        numbers: Vec<f64>,
        /// Its categorical features, as the source hashes them.
        categories: Vec<Arc<str>>,
    }
}

/// What became of a bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutcomeKind {
    /// It cleared.
    Won,
    /// It became chargeable.
    Billed,
    /// It lost.
    Lost,
    /// The ad was shown.
    Impression,
    /// It was clicked.
    Click,
    /// It led to a conversion.
    Conversion,
}

impl OutcomeKind {
    /// All, in the order of their numbers in the file.
    pub const ALL: [Self; 6] =
        [Self::Won, Self::Billed, Self::Lost, Self::Impression, Self::Click, Self::Conversion];

    /// Returns its lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Billed => "billed",
            Self::Lost => "lost",
            Self::Impression => "impression",
            Self::Click => "click",
            Self::Conversion => "conversion",
        }
    }
}

impl Cell for OutcomeKind {
    const KIND: Kind = Kind::Int;
    fn put(&self, column: &mut Column) {
        (*self as u16).put(column);
    }
    fn take(column: &Column, row: usize) -> Result<Self, Damaged> {
        let number = usize::from(u16::take(column, row)?);
        Self::ALL.get(number).copied().ok_or(Damaged("an outcome of an unknown kind"))
    }
}
