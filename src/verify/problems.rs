//! The record of a chain, from its walk and from what stood in the way.

use trailaudit_checks::calls::LIST_OBJECTS;
use trailaudit_checks::digest::{
    Anchor, Cause, Chain, ChainId, DigestCounts, Hour, HourVerdict, Joined, Kind, LogCounts,
    Problem, Severity, Verdict, Window,
};
use trailaudit_checks::fact::{Fact, Gap, Known, Reason, Unknown};
use trailaudit_checks::ids::{AccountId, Region};
use trailaudit_checks::inventory::{Stored, VerifiedChain};

use super::scope::Scope;
use super::{Request, Saved, Verified, Vouched};
use crate::objects::{Source, Unread};

/// So many objects of a chain are looked up among the versions.
const HISTORIES: usize = 100;

/// A chain that stands for those that should deliver to a scope and do not: nobody knows their trail.
pub(super) fn no_chain(bucket: &str, scope: &Scope) -> ChainId {
    ChainId {
        account: scope.account.clone(),
        region: scope.region.clone(),
        home_region: "*".to_owned(),
        trail: "*".to_owned(),
        bucket: bucket.to_owned(),
        prefix: scope.prefix.clone(),
    }
}

/// A record in the making.
pub(super) struct Told(VerifiedChain);

impl Told {
    pub(super) fn new(
        joined: Joined,
        digests_listed: Fact<u64>,
        backfills: u64,
        logs_listed: Fact<u64>,
        unread: Vec<Gap>,
    ) -> Self {
        let Joined { chain, problems } = joined;
        Self(VerifiedChain {
            chain,
            problems,
            digests_listed,
            backfills,
            logs_listed,
            unread,
            newest: None,
            stored: Vec::new(),
        })
    }

    /// The chain, as far as it is known by now.
    pub(super) fn chain(&self) -> &Chain {
        &self.0.chain
    }

    /// All that was to be read was read.
    pub(super) fn is_whole(&self) -> bool {
        self.0.unread.is_empty() && self.0.logs_listed.ok().is_some()
    }

    /// The hours before the window rest on what a file says of an earlier run.
    pub(super) fn by_state(&mut self, former: &Saved, vouched: Vouched) {
        let mark = former.anchor.end;
        let date = vouched
            .written
            .map_or_else(|| "unknown date".to_owned(), |it| it.to_string());
        let from = former
            .since
            .map_or_else(String::new, |it| format!(" from {it}"));
        let (seen, trusted) = match (vouched.authentic, former.verdict) {
            (false, _) => (
                "a state file that is not authenticated (give --state-key, or --since to read those hours again)",
                false,
            ),
            (true, HourVerdict::Verified) => ("verified by an earlier run", true),
            (true, HourVerdict::Unverified | HourVerdict::Gap | HourVerdict::Invalid) => (
                "not all verified by an earlier run (give --since to read those hours again)",
                false,
            ),
        };
        let problem = Problem {
            expected: Some("hours that this run verified".to_owned()),
            seen: Some(seen.to_owned()),
            ..of_chain(
                &self.0.chain,
                Kind::DigestUnverified,
                &format!("the hours{from} before {mark}: by state file of {date}"),
            )
        };
        if trusted {
            let severity = Severity::Info;
            self.0.problems.push(Problem {
                severity,
                ..problem
            });
        } else {
            let verdict = Some(Verdict::Unverified);
            self.add(Problem { verdict, ..problem }, HourVerdict::Unverified);
        }
    }

    /// The digest that an earlier run verified last was deleted since.
    pub(super) fn anchor_is_gone(&mut self, anchor: &Anchor) {
        let problem = Problem {
            bucket: anchor.at.bucket.clone(),
            key: Some(anchor.at.key.clone()),
            verdict: Some(Verdict::Missing),
            expected: Some("the digest".to_owned()),
            seen: Some("no such object".to_owned()),
            ..of_chain(
                &self.0.chain,
                Kind::DigestMissing,
                "an earlier run verified it last; it was deleted since",
            )
        };
        self.0.chain.digests.missing += 1;
        self.add(problem, HourVerdict::Gap);
    }

    /// So many logs were not to be read.
    pub(super) fn skipped(&mut self, logs: u64) {
        if logs == 0 {
            return;
        }
        let problem = Problem {
            verdict: Some(Verdict::Unverified),
            seen: Some(format!("{logs} logs that were not read")),
            expected: Some("logs that were read".to_owned()),
            ..of_chain(
                &self.0.chain,
                Kind::LogUnverified,
                "the logs were not to be read (--depth)",
            )
        };
        self.add(problem, HourVerdict::Unverified);
    }

    /// Digests whose public key is not known, where the keys could not be listed.
    pub(super) fn keys(&mut self, gap: Option<&Gap>) {
        let mut problems = self.0.problems.iter();
        let unknown = |problem: &Problem| {
            (problem.kind, problem.verdict) == (Kind::DigestKeyUnknown, Some(Verdict::Unverified))
        };
        if problems.any(unknown) {
            self.0.unread.extend(gap.cloned());
        }
    }

    /// A problem of the scope that no chain can be told from.
    pub(super) fn stray(&mut self, problem: Problem) {
        let verdict = match problem.verdict {
            Some(Verdict::Invalid | Verdict::Missing | Verdict::Unlisted) => HourVerdict::Invalid,
            Some(Verdict::Unverified) => HourVerdict::Unverified,
            Some(Verdict::Valid) | None => HourVerdict::Verified,
        };
        self.add(problem, verdict);
    }

    fn add(&mut self, problem: Problem, verdict: HourVerdict) {
        self.0.problems.push(problem);
        self.0.chain.verdict = self.0.chain.verdict.max(verdict);
    }

    /// Adds to missing and altered objects what their versions tell.
    pub(super) fn history(&mut self, source: &dyn Source) {
        let changed = |problem: &&mut Problem| {
            matches!(
                problem.kind,
                Kind::LogMissing
                    | Kind::LogHashMismatch
                    | Kind::LogCorrupt
                    | Kind::LogTrailingData
                    | Kind::DigestMissing
                    | Kind::DigestSignatureInvalid
                    | Kind::DigestFormat
                    | Kind::DigestTrailingData
                    | Kind::DigestMoved
            )
        };
        for problem in self.0.problems.iter_mut().filter(changed).take(HISTORIES) {
            let told = problem.key.as_deref().and_then(|key| source.history(key));
            if let Some(words) = told {
                problem.detail = format!("{}; {words}", problem.detail);
            }
        }
    }

    /// The newest digest that was proved.
    pub(super) fn newest(&mut self, newest: Option<Anchor>) {
        self.0.newest = newest;
    }

    /// How the objects that were read are stored.
    pub(super) fn stored(&mut self, stored: Vec<Stored>) {
        self.0.stored = stored;
    }

    pub(super) fn finish(mut self) -> VerifiedChain {
        self.0.problems.sort();
        self.0
    }
}

impl From<VerifiedChain> for Told {
    fn from(record: VerifiedChain) -> Self {
        Self(record)
    }
}

fn of_chain(chain: &Chain, kind: Kind, detail: &str) -> Problem {
    Problem {
        kind,
        severity: kind.severity(),
        account: chain.id.account.clone(),
        region: chain.id.region.clone(),
        chain: Some(chain.id.to_string()),
        bucket: chain.id.bucket.clone(),
        key: None,
        window: Some(chain.window),
        verdict: None,
        detail: detail.to_owned(),
        expected: None,
        seen: None,
        cause: None,
    }
}

/// A chain of which nothing was read.
fn unread(id: ChainId, window: Window, digests: u64) -> Chain {
    let (verdict, cause) = (HourVerdict::Unverified, Some(Cause::Unknown));
    let hour = Hour::new(window.start, window.end, verdict, cause);
    Chain {
        id,
        window,
        verdict: HourVerdict::Unverified,
        digests: DigestCounts {
            unverified: digests,
            ..DigestCounts::default()
        },
        logs: LogCounts::default(),
        hours: if window.start < window.end {
            vec![hour]
        } else {
            Vec::new()
        },
    }
}

/// A chain whose digests could not be listed.
pub(super) fn unlisted(id: ChainId, window: Window, gap: Gap) -> VerifiedChain {
    let chain = unread(id, window, 0);
    let problem = Problem {
        severity: Severity::Low,
        verdict: Some(Verdict::Unverified),
        seen: Some(format!("{gap}: {}", gap.detail)),
        expected: Some("a listing".to_owned()),
        ..of_chain(
            &chain,
            Kind::DigestUnverified,
            "the digests could not be listed",
        )
    };
    VerifiedChain {
        chain,
        problems: vec![problem],
        digests_listed: Unknown(gap.clone()),
        backfills: 0,
        logs_listed: Unknown(gap.clone()),
        unread: vec![gap],
        newest: None,
        stored: Vec::new(),
    }
}

/// A chain whose digests were listed, and not to be read.
pub(super) fn unopened(id: ChainId, window: Window, digests: u64, backfills: u64) -> VerifiedChain {
    let chain = unread(id, window, digests);
    let problem = Problem {
        verdict: Some(Verdict::Unverified),
        seen: Some(format!("{digests} digests that were not read")),
        expected: Some("digests that were read".to_owned()),
        ..of_chain(
            &chain,
            Kind::DigestUnverified,
            "the digests were not to be read (--depth)",
        )
    };
    VerifiedChain {
        chain,
        problems: vec![problem],
        digests_listed: Known(digests),
        backfills,
        logs_listed: Known(0),
        unread: Vec::new(),
        newest: None,
        stored: Vec::new(),
    }
}

/// What lies below a folder that could not be listed: nobody knows which chains.
#[must_use]
pub fn folder_unlisted(request: &Request, folder: &str, unread: &Unread) -> Verified {
    let account = folder
        .split('/')
        .find(|part| part.len() == 12 && part.bytes().all(|it| it.is_ascii_digit()));
    let account = account.unwrap_or("*");
    let id = ChainId {
        account: account.to_owned(),
        region: "*".to_owned(),
        home_region: "*".to_owned(),
        trail: "*".to_owned(),
        bucket: request.bucket.clone(),
        prefix: folder.trim_end_matches('/').to_owned(),
    };
    let window = request.window();
    Verified::alone(unlisted(id, window, unread.gap(account, "*")))
}

/// What an account has in a bucket, where whoever was to verify it did not.
#[must_use]
pub fn not_run(bucket: &str, account: &str, window: Window, detail: &str) -> Verified {
    let id = ChainId {
        account: account.to_owned(),
        region: "*".to_owned(),
        home_region: "*".to_owned(),
        trail: "*".to_owned(),
        bucket: bucket.to_owned(),
        prefix: String::new(),
    };
    let gap = Gap::of_call(
        LIST_OBJECTS,
        &AccountId::from(account),
        &Region::from("*"),
        Reason::NotRun,
        detail,
    );
    Verified::alone(unlisted(id, window, gap))
}
