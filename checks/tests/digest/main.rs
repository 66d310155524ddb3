//! Digest chains: cases, hostile input, and mutations, on trees that are made and signed here.

#[cfg(test)]
mod anchors;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod driver;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod records;
#[cfg(test)]
mod tree;
