//! Off-policy evaluation: what another policy would have done, from logged decisions; pure.
