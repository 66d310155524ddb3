//! Digest chains: cases, hostile input, and mutations, on trees that are made and signed here.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod driver;
#[cfg(test)]
mod tree;
