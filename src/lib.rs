//! The same parts as the binary, for embedding.
