//! Business paths: what a mutation names. They are no JSON pointers: ids stand where a pointer has places.
//!
//! | path | what |
//! |---|---|
//! | `/user/data/segment`, `/user/data` | the user's segments |
//! | `/imp/ID`, `/imp/ID/metric` | an imp |
//! | `/imp/ID/pmp/deals/DEAL`, `/imp/ID/pmp/deal/DEAL` | a deal on offer for an imp |
//! | `/site/content`, `/app/content`, `/dooh/content`, each also with `/data` | the content |
//! | `/seatbid/SEAT/bid/ID` | a bid |

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target<'a> {
    /// The user's segments.
    Segments,
    /// An imp, by its id.
    Imp(&'a str),
    /// A deal of an imp, by their ids.
    Deal {
        /// The imp.
        imp: &'a str,
        /// The deal.
        deal: &'a str,
    },
    /// The content.
    Content,
    /// A bid, by its seat and id.
    Bid {
        /// The seat.
        seat: &'a str,
        /// The bid.
        bid: &'a str,
    },
}

impl<'a> Target<'a> {
    /// Reads a path; `None` for one that names nothing known.
    pub fn parse(path: &'a str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        if let Some(rest) = path.strip_prefix("/imp/") {
            return Self::of_imp(rest);
        }
        if let Some(rest) = path.strip_prefix("/seatbid/") {
            let (seat, bid) = rest.split_once("/bid/")?;
            return (!bid.is_empty()).then_some(Self::Bid { seat, bid });
        }
        match path {
            "/user/data/segment" | "/user/data" => Some(Self::Segments),
            "/site/content" | "/site/content/data" | "/app/content" | "/app/content/data"
            | "/dooh/content" | "/dooh/content/data" => Some(Self::Content),
            _ => None,
        }
    }

    fn of_imp(rest: &'a str) -> Option<Self> {
        let deal = rest.split_once("/pmp/deals/").or_else(|| rest.split_once("/pmp/deal/"));
        if let Some((imp, deal)) = deal {
            return (!imp.is_empty() && !deal.is_empty()).then_some(Self::Deal { imp, deal });
        }
        let imp = rest.strip_suffix("/metric").unwrap_or(rest);
        (!imp.is_empty()).then_some(Self::Imp(imp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_with_their_ids() {
        for (path, target) in [
            ("/user/data/segment", Some(Target::Segments)),
            ("/imp/1", Some(Target::Imp("1"))),
            ("/imp/top/left", Some(Target::Imp("top/left"))),
            ("/imp/1/metric", Some(Target::Imp("1"))),
            ("/imp/1/pmp/deals/d-7", Some(Target::Deal { imp: "1", deal: "d-7" })),
            ("/imp/1/pmp/deal/d/7/", Some(Target::Deal { imp: "1", deal: "d/7" })),
            ("/app/content/data", Some(Target::Content)),
            ("/seatbid/acme/bid/00-1", Some(Target::Bid { seat: "acme", bid: "00-1" })),
            ("/seatbid//bid/00-1", Some(Target::Bid { seat: "", bid: "00-1" })),
            ("/seatbid/acme/bid/", None),
            ("/imp/", None),
            ("/imp/1/pmp/deals/", Some(Target::Imp("1/pmp/deals"))),
            ("/regs/gdpr", None),
            ("", None),
        ] {
            assert_eq!(Target::parse(path), target, "{path}");
        }
    }
}
