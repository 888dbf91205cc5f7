//! Order, deadlines, fallbacks, conflict resolution and the decision trace.
