//! Which accounts and regions are asked, and what.
//!
//! A run has three steps: who there is to ask (`scope`), every account with its regions (`accounts`),
//! and then each real trail, bucket, key and log group once, in the account that owns it (`resources`). They may be
//! done by processes of their own (`parts`).

#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::result_large_err,
    reason = "the SDK's enums are open, and a fact or a gap is passed on as it is"
)]

mod again;
mod options;

#[cfg(feature = "aws")]
mod accounts;
#[cfg(feature = "aws")]
mod ask;
#[cfg(feature = "aws")]
mod bucket;
#[cfg(feature = "aws")]
mod budget;
#[cfg(feature = "aws")]
mod chains;
#[cfg(feature = "aws")]
mod clients;
#[cfg(feature = "aws")]
mod cloudtrail;
#[cfg(feature = "aws")]
mod digests;
#[cfg(feature = "aws")]
mod endpoints;
#[cfg(feature = "aws")]
mod failure;
#[cfg(feature = "aws")]
mod guard;
#[cfg(feature = "aws")]
mod history;
#[cfg(feature = "aws")]
mod iam;
#[cfg(feature = "aws")]
mod kms;
#[cfg(feature = "aws")]
mod limits;
#[cfg(feature = "aws")]
mod logs;
#[cfg(feature = "aws")]
mod lookup;
#[cfg(feature = "aws")]
mod monitoring;
#[cfg(feature = "aws")]
mod organization;
#[cfg(feature = "aws")]
mod owners;
#[cfg(feature = "aws")]
mod parts;
#[cfg(feature = "aws")]
mod progress;
#[cfg(feature = "aws")]
mod public_keys;
#[cfg(feature = "aws")]
mod regions;
#[cfg(feature = "aws")]
mod resources;
#[cfg(feature = "aws")]
mod run;
#[cfg(feature = "aws")]
mod s3;
#[cfg(feature = "aws")]
mod s3control;
#[cfg(feature = "aws")]
mod scope;
#[cfg(feature = "aws")]
mod session;
#[cfg(feature = "aws")]
mod share;
#[cfg(feature = "aws")]
mod signed;
#[cfg(feature = "aws")]
mod stores;
#[cfg(feature = "aws")]
mod time;
#[cfg(feature = "aws")]
mod watchers;

pub use again::{of_a_shard, together};
#[cfg(feature = "aws")]
pub use bucket::{Session, with_bucket};
#[cfg(feature = "aws")]
pub(crate) use clients::load as config;
#[cfg(feature = "aws")]
pub use digests::Bucket;
pub use options::{CollectError, Listen, Options, RoleOverride, Step};
#[cfg(feature = "aws")]
pub use run::collect;
