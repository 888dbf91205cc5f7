//! The special functions and distributions that the statistics need.
//!
//! Written here, and not taken from a library, for one reason: every figure of a report must come out bit for
//! bit the same on any machine, so each transcendental function comes from the `libm` crate and none from the
//! platform. All are in double precision; the tests hold them to eleven or more significant digits.
//!
//! Nothing here draws at random, and nothing checks its arguments beyond what its page says: callers inside the
//! crate have checked them.

mod beta;
mod gamma;
mod normal;
mod student;

pub use beta::regularised_beta;
pub use gamma::{chi_square_tail, ln_beta, ln_gamma, regularised_gamma_tail};
pub use normal::{normal_cdf, normal_density, normal_quantile, normal_tail, normal_upper_quantile};
pub use student::{student_density, student_quantile, student_tail, student_upper_quantile};
