//! Analyses of small organizations whose truth is known.
