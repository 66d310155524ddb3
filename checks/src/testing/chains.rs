//! A chain in which everything was proved, and problems for it.

use std::num::NonZeroU16;

use crate::digest::{
    Chain, ChainId, DigestCounts, Hour, HourVerdict, Kind, LogCounts, Problem, Verdict, Window,
};
use crate::fact::Fact::Known;
use crate::ids::Arn;
use crate::inventory::{ObjectKind, ObjectLock, RetentionMode, Stored, VerifiedChain};

use super::world::{ACCOUNT, HOME, KEY_ARN};
use super::{hours_ago, taken_at};

/// Two hours, two digests, four logs.
#[must_use]
pub fn verified_chain() -> VerifiedChain {
    let hours = Hour {
        count: NonZeroU16::new(2).unwrap_or(NonZeroU16::MIN),
        ..Hour::new(hours_ago(2), taken_at(), HourVerdict::Verified, None)
    };
    VerifiedChain {
        chain: Chain {
            id: id(),
            window: Window {
                start: hours_ago(2),
                end: taken_at(),
            },
            verdict: HourVerdict::Verified,
            digests: DigestCounts {
                valid: 2,
                ..DigestCounts::default()
            },
            logs: LogCounts {
                valid: 4,
                ..LogCounts::default()
            },
            hours: vec![hours],
        },
        problems: Vec::new(),
        digests_listed: Known(2),
        backfills: 0,
        logs_listed: Known(4),
        unread: Vec::new(),
        newest: None,
        stored: vec![stored(ObjectKind::Digest, 2), stored(ObjectKind::Log, 4)],
    }
}

fn stored(kind: ObjectKind, objects: u64) -> Stored {
    Stored {
        kind,
        encryption: Some("aws:kms".to_owned()),
        key: Some(Arn::from(KEY_ARN)),
        lock: Known(Some(ObjectLock {
            mode: RetentionMode::Compliance,
            days: 400,
        })),
        objects,
        example: "AWSLogs/object.json.gz".to_owned(),
        delivered: Some(hours_ago(1)),
    }
}

/// A problem of this kind with an object of the chain.
#[must_use]
pub fn chain_problem(kind: Kind, verdict: Option<Verdict>) -> Problem {
    Problem {
        kind,
        severity: kind.severity(),
        account: ACCOUNT.to_owned(),
        region: HOME.to_owned(),
        chain: Some(id().to_string()),
        bucket: "logs".to_owned(),
        key: Some("AWSLogs/object.json.gz".to_owned()),
        window: None,
        verdict,
        detail: "as a test wants it".to_owned(),
        expected: Some("one thing".to_owned()),
        seen: Some("another".to_owned()),
        cause: None,
    }
}

fn id() -> ChainId {
    ChainId {
        account: ACCOUNT.to_owned(),
        region: HOME.to_owned(),
        home_region: HOME.to_owned(),
        trail: "main".to_owned(),
        bucket: "logs".to_owned(),
        prefix: String::new(),
    }
}
