//! HTTP edge: OpenRTB, notices, campaign API, operations.
