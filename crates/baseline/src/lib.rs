//! The monolithic rule engine every comparison is made against.
