//! Logs of other systems and of our own, read into one compact store.
