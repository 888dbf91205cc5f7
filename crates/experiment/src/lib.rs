//! Assignment, statistics and verdicts of comparisons; pure.
