//! How things end that are counted here alone.

/// How a bid request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum RequestOutcome {
    /// At least one bid.
    Bid,
    /// No bid, for reasons of business.
    NoBid,
    /// It was no OpenRTB.
    Invalid,
    /// Its body was above a limit.
    TooLarge,
    /// Its body did not come in time.
    Slow,
    /// It came while as many as allowed were being decided, and got a no-bid at once.
    Shed,
    /// The platform was stopping.
    Unavailable,
}

impl RequestOutcome {
    pub(super) const ALL: [Self; 7] =
        [Self::Bid, Self::NoBid, Self::Invalid, Self::TooLarge, Self::Slow, Self::Shed, Self::Unavailable];

    /// Returns the snake-case name used as a label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bid => "bid",
            Self::NoBid => "no_bid",
            Self::Invalid => "invalid",
            Self::TooLarge => "too_large",
            Self::Slow => "slow",
            Self::Shed => "shed",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Why a notice was refused before it reached the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum TokenRefusal {
    /// Its token has not the form of one.
    Malformed,
    /// Its token is not ours or not for this.
    Forged,
    /// Its token's time has passed.
    Expired,
}

impl TokenRefusal {
    pub(super) const ALL: [Self; 3] = [Self::Malformed, Self::Forged, Self::Expired];

    /// Returns the snake-case name used as a label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Forged => "forged",
            Self::Expired => "expired",
        }
    }
}

/// What became of a set of policies that was to be seated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum PolicySwap {
    /// It is in service.
    Seated,
    /// It cannot be served; what was in service stays.
    Refused,
    /// It was in service before, and is again.
    RolledBack,
}

impl PolicySwap {
    pub(super) const ALL: [Self; 3] = [Self::Seated, Self::Refused, Self::RolledBack];

    /// Returns the snake-case name used as a label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seated => "seated",
            Self::Refused => "refused",
            Self::RolledBack => "rolled_back",
        }
    }
}
