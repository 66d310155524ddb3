//! How an audit is told: one pure writer per format.
