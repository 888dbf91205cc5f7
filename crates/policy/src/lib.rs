//! Inference: an observation in, an action out.
