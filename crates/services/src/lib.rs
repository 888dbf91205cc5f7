//! Real services for tests and benchmarks: each is started in a folder of its own on a free loopback port, and stopped
//! when dropped. Nothing is mocked; a service that cannot be started is an error that says what was tried.

mod postgres;

pub use postgres::Postgres;
