//! Analyses of a small organization, next to what they are made of.

mod escalation;
mod unknown;

use super::Wanted;
use crate::context::Context;
use crate::fact::Known;
use crate::ids::{AccountId, Arn};
use crate::inventory::Iam;
use crate::policy::Verdict;
use crate::settings::Settings;
use crate::testing::members::*;
use crate::testing::*;
