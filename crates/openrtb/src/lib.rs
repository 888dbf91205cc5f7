//! OpenRTB 2.6, VAST and native: wire form to model and back.
