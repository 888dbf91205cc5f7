//! Learned bidders.

pub mod auctionnet;
pub mod evolve;
pub mod net;

mod chance;
