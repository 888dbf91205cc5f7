//! Which message a sequence of bytes is. A message does not say so itself: its topic or its call does.

/// A kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is described where its message is")]
pub enum Kind {
    Ask,
    Answer,
    ScreenAsk,
    ScreenAnswer,
    Feed,
    Description,
    Requested,
    InterestVector,
    RankedList,
    FeatureVector,
    BidMade,
    PacingVerdict,
    DecisionMade,
    NoticeJudged,
    Outcome,
    PolicyUpdate,
    AgentHealth,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Ask,
        Self::Answer,
        Self::ScreenAsk,
        Self::ScreenAnswer,
        Self::Feed,
        Self::Description,
        Self::Requested,
        Self::InterestVector,
        Self::RankedList,
        Self::FeatureVector,
        Self::BidMade,
        Self::PacingVerdict,
        Self::DecisionMade,
        Self::NoticeJudged,
        Self::Outcome,
        Self::PolicyUpdate,
        Self::AgentHealth,
    ];

    /// Returns the message's name in `proto/motet/v1`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ask => "Ask",
            Self::Answer => "Answer",
            Self::ScreenAsk => "ScreenAsk",
            Self::ScreenAnswer => "ScreenAnswer",
            Self::Feed => "Feed",
            Self::Description => "Description",
            Self::Requested => "Requested",
            Self::InterestVector => "InterestVector",
            Self::RankedList => "RankedList",
            Self::FeatureVector => "FeatureVector",
            Self::BidMade => "BidMade",
            Self::PacingVerdict => "PacingVerdict",
            Self::DecisionMade => "DecisionMade",
            Self::NoticeJudged => "NoticeJudged",
            Self::Outcome => "Outcome",
            Self::PolicyUpdate => "PolicyUpdate",
            Self::AgentHealth => "AgentHealth",
        }
    }
}
