//! Verifies chains of digests in a bucket or in a mirror of it.
//!
//! [`find`] looks for accounts and regions; [`verify`] lists their digests, then walks the chains of each of these
//! scopes: digests oldest first, logs beside them, and at last the logs that no digest lists. What the bytes prove is
//! decided by `trailaudit_checks::digest`; here it is settled what is read, when, and how much at once.
//!
//! Memory does not grow with the number of objects but for some bytes for each digest: one scope is walked by each
//! thread, and so many objects are under way as can be read at once.

mod listing;
mod named;
mod pipeline;
pub mod plan;
mod pool;
mod problems;
mod progress;
mod scope;
pub mod state;
mod stored;
mod tap;
pub mod trails;
mod walk;
pub mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trailaudit_checks::digest::{
    ChainId, DigestKey, Ends, KeyRing, Limits, Logging, Part, Window, claimed_at, settle,
};
use trailaudit_checks::fact::Gap;
use trailaudit_checks::inventory::VerifiedChain;

pub use progress::Progress;
pub use scope::{Found, Scope, Wanted, find};
pub use state::{Saved, State, Vouched};
pub use tap::{Listener, Tap, Tapped};

use crate::objects::Source;

use listing::Shelf;
use named::{has_trail, lacking, look_for_trail, rivals};
use pool::{Held, Pool};
use problems::Told;
pub use problems::{folder_unlisted as unlisted_place, not_run};
use walk::Scoped;

/// What is to be verified, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// The bucket's name.
    pub bucket: String,
    /// Only chains of this trail.
    pub trail: Option<String>,
    /// From when on; `None` for the first object of each scope.
    pub since: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
    /// What is read.
    pub depth: Depth,
    /// Chains that must be there.
    pub expected: Vec<Expected>,
    /// Where an earlier run ended, by chain. Where `since` is given, it wins, and the digest at that point is only
    /// compared.
    pub anchors: BTreeMap<String, Saved>,
    /// What the file that they come from is worth.
    pub vouched: Vouched,
    /// What one object may cost.
    pub limits: Limits,
    /// Over how long the readers begin, one after the other: where many processes read one bucket, S3 needs time to
    /// follow.
    pub ramp_up: Duration,
    /// The lock of an object of which reading did not tell one is asked for.
    pub locks: bool,
    /// A place without any digest is told; else only the expected chains are.
    pub tell_empty: bool,
    /// Folders that may hold chains and could not be listed: they are told by themselves.
    pub unlisted: Vec<String>,
    /// Accounts and regions that were asked for by name, `*` for all: of each, something must be there.
    pub named: Vec<(String, String)>,
}

/// A chain that must be there, and what is known of its trail.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The chain.
    pub chain: ChainId,
    /// Whether it logs.
    pub logging: Logging,
}

/// What is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Depth {
    /// Listings alone.
    Listing,
    /// Digests.
    Digests,
    /// Digests and logs.
    #[default]
    Logs,
}

impl Request {
    /// The window, where the first object is not known.
    fn window(&self) -> Window {
        Window {
            start: self.since.unwrap_or(self.until),
            end: self.until,
        }
    }

    pub(crate) fn wants(&self, id: &ChainId) -> bool {
        // A chain of no known trail may be any trail's.
        let named = |trail: &String| *trail == id.trail || id.trail == "*";
        self.trail.as_ref().is_none_or(named)
    }

    fn expects(&self, id: &ChainId) -> Option<&Expected> {
        self.expected.iter().find(|it| it.chain == *id)
    }

    fn logging(&self, id: &ChainId) -> Logging {
        self.expects(id).map_or(Logging::Unknown, |it| it.logging)
    }
}

/// The public keys that signatures are checked with.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Keys {
    /// All of them.
    pub ring: KeyRing,
    /// Regions whose keys could not be listed, and why.
    pub gaps: BTreeMap<String, Gap>,
}

impl From<KeyRing> for Keys {
    fn from(ring: KeyRing) -> Self {
        Self {
            ring,
            gaps: BTreeMap::new(),
        }
    }
}

/// A chain that was verified.
#[derive(Debug, Clone)]
pub struct Verified {
    /// What it came to.
    pub record: VerifiedChain,
    /// Where the next run starts.
    pub saved: Option<Saved>,
    /// Where the chain comes from and goes to.
    pub ends: Ends,
    /// It rests on an authenticated file of an earlier run.
    pub resumed: bool,
    /// A trail is known to deliver to this place now.
    pub expected: bool,
}

impl Verified {
    /// A chain that nothing else is known of: it rests on no earlier run.
    #[must_use]
    pub fn alone(record: VerifiedChain) -> Self {
        Self {
            record,
            saved: None,
            ends: Ends::default(),
            resumed: false,
            expected: false,
        }
    }
}

/// Settles what no chain can tell alone, when all of a run have been verified.
pub fn settle_all(all: &mut [Verified]) {
    let before: Vec<_> = all.iter().map(|it| it.record.chain.verdict).collect();
    let parts = all.iter_mut().map(|chain| Part {
        chain: &mut chain.record.chain,
        problems: &mut chain.record.problems,
        ends: std::mem::take(&mut chain.ends),
        resumed: chain.resumed,
        expected: chain.expected,
    });
    settle(&mut parts.collect::<Vec<_>>());
    for (it, before) in all.iter_mut().zip(before) {
        let after = it.record.chain.verdict;
        let Some(saved) = &mut it.saved else { continue };
        if after > before {
            saved.verdict = saved.verdict.max(after);
        } else if saved.verdict == before {
            saved.verdict = after;
        }
    }
}

/// No chain of the trail that was asked for is there; with the trails of those that are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSuchTrail(pub BTreeSet<String>);

/// Verifies all chains of the scopes, and hands out those of each scope when they are done. `keys` gives those of the
/// time since the first digest that matters.
pub fn verify(
    source: &dyn Source,
    scopes: &[Scope],
    keys: &dyn Fn(Option<Timestamp>) -> Keys,
    request: &Request,
    progress: &Progress,
    tap: Option<&dyn Tap>,
    done: &(dyn Fn(Vec<Verified>) + Sync),
) -> Result<(), NoSuchTrail> {
    let readers = source.readers().max(1);
    let threads = readers.min(scopes.len());
    let mut shelves = each(scopes, threads, |scope| Shelf::list(source, scope, request));
    look_for_trail(source, scopes, &mut shelves, request);
    has_trail(&shelves, request)?;
    let rivals = rivals(source, scopes, &mut shelves, request);
    let lacking = lacking(scopes, &shelves, request);
    if let Some(tap) = tap {
        let chains = shelves.iter().flat_map(|it| it.plan().chains.into_keys());
        tap.chains(&chains.filter(|it| request.wants(it)).collect::<Vec<_>>());
    }
    let keys = keys(first(&shelves, request));
    let pool = Pool::new(
        source,
        &request.bucket,
        &keys,
        request.limits,
        progress,
        tap,
    );
    // A digest may lie in the folder of another scope than the one that it belongs to.
    let strays = each(&shelves, threads, |shelf| strays(&pool, shelf));
    let homes: Vec<DigestKey> = strays
        .iter()
        .flat_map(|it| it.homes.iter().cloned())
        .collect();
    // What one account has in one region under several prefixes may be one chain: it is verified together.
    let mut groups: BTreeMap<(&str, &str), Vec<_>> = BTreeMap::new();
    let shelved = scopes.iter().zip(&shelves).zip(&lacking);
    for (((scope, shelf), lacks), strays) in shelved.zip(strays) {
        let group = groups.entry((&scope.account, &scope.region));
        group.or_default().push((scope, shelf, *lacks, strays));
    }
    let work: Vec<_> = groups.into_values().collect();
    let threads = threads.min(work.len());
    // Twice as many as are read at once: none waits for the next.
    let ahead = (2 * readers / threads.max(1)).max(4);
    std::thread::scope(|threads_of| {
        for number in 0..readers {
            let pool = &pool;
            let share = number as f64 / readers as f64;
            let after = request.ramp_up.mul_f64(share);
            threads_of.spawn(move || pool.work(after));
        }
        // Also when a thread dies: the readers must not wait for ever.
        let _closing = Closing(&pool);
        each(&work, threads, |group| {
            let folders: Vec<&String> = group
                .iter()
                .flat_map(|(scope, ..)| scope.digest_roots())
                .collect();
            let scoped = group.iter().map(|(scope, shelf, lacks, _)| Scoped {
                pool: &pool,
                request,
                scope,
                shelf,
                lacks: *lacks,
                rivals: &rivals,
                homes: &homes,
                ahead,
                folders: &folders,
            });
            let scoped: Vec<Scoped<'_>> = scoped.collect();
            let verified = walk::run(&scoped).into_iter().zip(group);
            for (mut verified, (.., strays)) in verified {
                strays.tell(&mut verified);
                done(verified);
            }
        });
    });
    Ok(())
}

struct Closing<'p, 'a>(&'p Pool<'a>);

impl Drop for Closing<'_, '_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Objects among the digests of a scope that are not called as digests are.
struct Strays {
    problems: Vec<trailaudit_checks::digest::Problem>,
    unread: Vec<Gap>,
    homes: Vec<DigestKey>,
}

fn strays(pool: &Pool<'_>, shelf: &Shelf) -> Strays {
    let mut strays = Strays {
        problems: Vec::new(),
        unread: Vec::new(),
        homes: Vec::new(),
    };
    for at in &shelf.irregular {
        if let Some((flaw, unread)) = walk::irregular(pool, at) {
            let problem = flaw.problem();
            let gap = unread.map(|it| it.gap(&problem.account, &problem.region));
            strays.unread.extend(gap);
            strays.problems.push(problem);
            strays.homes.extend(flaw.home);
        }
    }
    strays
}

impl Strays {
    /// They are told with the first chain of their scope: no chain can be told from them.
    fn tell(&self, verified: &mut [Verified]) {
        let Some(first) = verified.first_mut() else {
            return;
        };
        if self.problems.is_empty() {
            return;
        }
        let mut told = Told::from(first.record.clone());
        self.problems.iter().for_each(|it| told.stray(it.clone()));
        first.record = told.finish();
        first.record.unread.extend(self.unread.iter().cloned());
    }
}

/// The same work on each item, some at a time; the results in the order of the items.
fn each<T: Sync, U: Send>(items: &[T], threads: usize, work: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let next = AtomicUsize::new(0);
    let results: Mutex<BTreeMap<usize, U>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    let result = work(item);
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    results.insert(at, result);
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.into_values().collect()
}

/// The bucket that a mirror is one of, by what most of some digests say; `None` if none says it.
pub fn bucket_of(source: &dyn Source, scopes: &[Scope], limits: &Limits) -> Option<String> {
    /// A digest that was tampered with may name any bucket: several are asked.
    const ASKED: usize = 9;
    let mut votes: BTreeMap<String, usize> = BTreeMap::new();
    let few = (ASKED / scopes.len().max(1)).max(1);
    for folder in scopes.iter().take(ASKED * 4).flat_map(Scope::digests) {
        let mut keys = Vec::new();
        let listed = source.list(&folder, "", &mut |page| {
            keys.extend(page.iter().take(few).map(|it| it.key.clone()));
            false
        });
        // It is told when the folder is listed again.
        drop(listed);
        for key in keys.into_iter().take(few) {
            let mut held = Held::new(limits.digest.bytes);
            if let Ok(Some(_)) = source.read(&key, &mut held)
                && let Some(at) = claimed_at(&held.bytes, limits)
            {
                *votes.entry(at.bucket).or_default() += 1;
            }
        }
    }
    let most = votes.into_iter().max_by_key(|(_, count)| *count);
    most.map(|(bucket, _)| bucket)
}

/// From when on public keys are needed: where the window or an earlier run's end is, else where the record begins.
fn first(shelves: &[Shelf], request: &Request) -> Option<Timestamp> {
    let anchors = request.anchors.values().map(|it| it.anchor.end);
    // Also what lies before the window: its last digest says whether logging was stopped.
    let firsts = shelves.iter().filter_map(|it| it.first);
    anchors.chain(request.since).chain(firsts).min()
}
