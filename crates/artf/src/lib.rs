//! The open agent interface: IAB Tech Lab's Agentic RTB Framework (ARTF) 1.0, both ways.

pub mod proto;
