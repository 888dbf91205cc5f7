//! The simulated world that drives the engine: listeners, publishers, rivals, outcomes, fraud, shocks.
