//! Learned bidders: one for markets of AuctionNet's format, one for logs of real prices in iPinYou's.
//!
//! Both are built alike. A *forecast* made of plain statistics says what money will still buy; an analytic rule turns it into a bid; a small
//! *network* corrects the rule, learnt by evolution strategies on many episodes. Learning starts from the rule, so an unlearned network bids as the
//! rule does, and what the network adds can be read off. Everything learnt lies in a [`folder`] with a manifest; how well it does, and
//! against whom, is in `docs/learners/autobidder.md`.
//!
//! | part | module |
//! |---|---|
//! | AuctionNet's format | [`auctionnet`] |
//! | logs of real prices | [`logged`] |
//! | the network, and how it learns | [`net`], [`evolve`](mod@evolve) |
//! | policies as folders | [`folder`] |
//!
//! Nothing here reads a clock or a file. Chance is drawn by key, so a seed learns the same bytes on every machine and any number of threads.

pub mod auctionnet;
pub mod evolve;
pub mod folder;
pub mod logged;
pub mod net;

mod chance;
