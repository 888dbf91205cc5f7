//! Learned bidders.

pub mod auctionnet;
pub mod evolve;
pub mod logged;
pub mod net;

mod chance;
