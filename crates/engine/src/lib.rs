//! step(event) -> effects: the deterministic decision state machine.
