//! The standard's codes for no-bids and losses, and their plain words.
//!
//! Source: OpenRTB 3.0 / `AdCOM` lists "No-Bid Reason Codes" and "Loss Reason Codes"; 500 and above are an exchange's
//! own, here ours.

use motet_model::decision::{Finding, NoBidReason};

/// The code for a request that is not OpenRTB, or asks for nothing.
pub const INVALID_REQUEST: u16 = 2;

/// Returns the no-bid code of a reason. Those the standard has no word for are 500 and above.
///
/// | reason | code |
/// |---|---|
/// | technical, agent absent | 1 |
/// | impossible request | 2 |
/// | crawler | 3 |
/// | other invalid traffic | 4 |
/// | datacentre | 5 |
/// | policy blocked | 7 |
/// | frequency capped | 9 |
/// | deadline passed | 15 |
/// | incomplete supply chain, blocked seller | 16, 17 |
/// | no match, no creative, unsafe, budget exhausted, paced | 500 to 504 |
/// | below floor, no deal, seat not allowed, currency not taken | 505 to 508 |
pub const fn nbr(reason: NoBidReason) -> u16 {
    match reason {
        NoBidReason::Technical | NoBidReason::AgentAbsent => 1,
        NoBidReason::InvalidTraffic(finding) => finding_nbr(finding),
        NoBidReason::PolicyBlocked => 7,
        NoBidReason::FrequencyCapped => 9,
        NoBidReason::DeadlinePassed => 15,
        NoBidReason::NoMatch => 500,
        NoBidReason::NoCreative => 501,
        NoBidReason::Unsafe => 502,
        NoBidReason::BudgetExhausted => 503,
        NoBidReason::Paced => 504,
        NoBidReason::BelowFloor => 505,
        NoBidReason::NoDeal => 506,
        NoBidReason::SeatNotAllowed => 507,
        NoBidReason::CurrencyNotTaken => 508,
    }
}

const fn finding_nbr(finding: Finding) -> u16 {
    match finding {
        Finding::ImpossibleRequest => INVALID_REQUEST,
        Finding::Crawler => 3,
        Finding::NonBrowser
        | Finding::RateExceeded
        | Finding::DeviceMismatch
        | Finding::ImpossibleSlot
        | Finding::KnownInvalid => 4,
        Finding::Datacentre => 5,
        Finding::IncompleteSupplyChain => 16,
        Finding::BlockedSeller => 17,
    }
}

/// Why a bid lost, as the exchange tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LossReason {
    /// The standard's code.
    pub code: u16,
    /// The snake-case name used in metrics and the API.
    pub name: &'static str,
    /// One plain sentence.
    pub sentence: &'static str,
}

/// The standard's loss reasons, by code.
pub const LOSS_REASONS: [LossReason; 32] = [
    loss(0, "won", "The bid won."),
    loss(1, "internal_error", "The exchange had an internal error."),
    loss(2, "expired", "The impression opportunity expired."),
    loss(3, "invalid_response", "The bid response was invalid."),
    loss(4, "invalid_deal", "The deal id was invalid."),
    loss(5, "invalid_auction", "The auction id was invalid."),
    loss(6, "invalid_domain", "The advertiser domain was invalid or malformed."),
    loss(7, "missing_markup", "The markup was missing."),
    loss(8, "missing_creative", "The creative id was missing."),
    loss(9, "missing_price", "The price was missing."),
    loss(10, "missing_approval_data", "Data needed for creative approval was missing."),
    loss(100, "below_floor", "The bid was below the auction floor."),
    loss(101, "below_deal_floor", "The bid was below the deal's floor."),
    loss(102, "outbid", "A higher bid won."),
    loss(103, "lost_to_deal", "A bid under a deal won."),
    loss(104, "seat_blocked", "The seat was blocked."),
    loss(200, "creative_filtered", "The creative was filtered, for a reason not told."),
    loss(201, "creative_pending", "The creative was not approved yet."),
    loss(202, "creative_disapproved", "The creative was not approved."),
    loss(203, "size_not_allowed", "The creative's size was not allowed."),
    loss(204, "format_incorrect", "The creative's format was incorrect."),
    loss(205, "advertiser_excluded", "The advertiser was excluded."),
    loss(206, "app_excluded", "The advertised app was excluded."),
    loss(207, "not_secure", "The creative was not secure."),
    loss(208, "language_excluded", "The creative's language was excluded."),
    loss(209, "category_excluded", "The creative's category was excluded."),
    loss(210, "attribute_excluded", "A creative attribute was excluded."),
    loss(211, "ad_type_excluded", "The ad type was excluded."),
    loss(212, "animation_too_long", "The animation was too long."),
    loss(213, "not_in_deal", "The creative was not allowed in the deal."),
    loss(214, "skadnetwork_invalid", "The SKAdNetwork response was invalid."),
    loss(215, "bundle_excluded", "The advertised bundle was excluded."),
];

const fn loss(code: u16, name: &'static str, sentence: &'static str) -> LossReason {
    LossReason { code, name, sentence }
}

/// Returns a loss reason's words; `exchange_specific` for codes of 500 and above, `unknown` for any other.
pub fn loss_reason(code: u16) -> LossReason {
    match LOSS_REASONS.binary_search_by_key(&code, |reason| reason.code) {
        Ok(place) => LOSS_REASONS[place],
        Err(_) if code >= 500 => loss(code, "exchange_specific", "The exchange gave a reason of its own."),
        Err(_) => loss(code, "unknown", "The exchange gave a reason the standard does not know."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_reasons_are_in_order_and_named_once() {
        assert!(LOSS_REASONS.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert_eq!(loss_reason(102).name, "outbid");
        assert_eq!(loss_reason(777).name, "exchange_specific");
        assert_eq!(loss_reason(99).name, "unknown");
    }

    #[test]
    fn findings_have_the_codes_the_standard_has_for_them() {
        let code = |finding| nbr(NoBidReason::InvalidTraffic(finding));
        assert_eq!(code(Finding::Crawler), 3);
        assert_eq!(code(Finding::Datacentre), 5);
        assert_eq!(code(Finding::IncompleteSupplyChain), 16);
        assert_eq!(code(Finding::BlockedSeller), 17);
        assert_eq!(nbr(NoBidReason::DeadlinePassed), 15);
    }
}
