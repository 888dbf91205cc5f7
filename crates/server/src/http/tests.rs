//! Handlers against a small platform of their own: every status, limits, gzip, tokens, the campaign API.

mod campaign_api;
mod exchange;
mod outside;
mod sockets;
mod support;
