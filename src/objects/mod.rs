//! The objects of a bucket: listed and read in the bucket itself or in a mirror of it.

mod folder;
mod interrupt;
mod sidecar;
mod source;
#[cfg(test)]
pub(crate) mod stub;

pub use folder::Folder;
pub use interrupt::{Halt, Stoppable};
pub use source::{
    About, EventHistory, Listed, Lock, LogRead, Metadata, Sink, Source, Storage, Unread,
};
