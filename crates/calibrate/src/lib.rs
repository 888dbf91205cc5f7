//! Fits a world to logs and says how well it fits.
