//! What is judged, and by which rules. Pure: no clock, no files, no network.

pub mod policy;
