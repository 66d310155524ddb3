//! Verifies the chains of one scope: digests oldest first, their logs beside them, then what no digest lists.

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope as Threads, ScopedJoinHandle};

use jiff::SignedDuration;
use trailaudit_checks::calls::{GET_OBJECT_RETENTION, LIST_OBJECTS};
use trailaudit_checks::digest::{
    Abroad, Anchor, ChainId, DigestKey, Ends, LogKey, ObjectRef, Plan, Problem, Step, Walk, Window,
    reconcile,
};
use trailaudit_checks::fact::{Fact, Gap, Known, Reason, Unknown};

use super::listing::{self, Shelf};
use super::pipeline::Reading;
use super::pool::Pool;
use super::problems::{self, Told};
use super::scope::Scope;
use super::stored::Ways;
use super::{Depth, Request, Saved, Verified};
use crate::objects::{Lock, Unread};

/// All chains of a scope.
pub(super) struct Scoped<'a> {
    pub(super) pool: &'a Pool<'a>,
    pub(super) request: &'a Request,
    pub(super) scope: &'a Scope,
    pub(super) shelf: &'a Shelf,
    /// The trail that was asked for must be here, and has nothing.
    pub(super) lacks: bool,
    /// Pairs of chains of two trails with the same name.
    pub(super) rivals: &'a BTreeSet<(ChainId, ChainId)>,
    /// Digests that were found elsewhere, by where they belong.
    pub(super) homes: &'a [DigestKey],
    /// How many objects of this scope may be read at once.
    pub(super) ahead: usize,
    /// The account's folders in the bucket that hold digests of the region.
    pub(super) folders: &'a [&'a String],
}

/// One chain whose walk has ended.
pub(super) struct Walked {
    pub(super) walk: Walk,
    pub(super) wanted: bool,
    pub(super) listed: u64,
    pub(super) backfills: u64,
    pub(super) unread: Vec<Gap>,
    /// How the objects that were read are stored.
    pub(super) ways: Ways,
    /// Logs that were not to be read.
    pub(super) skipped: u64,
    pub(super) former: Option<Saved>,
    /// The digest where an earlier run ended is not there any more.
    pub(super) lost_anchor: Option<Anchor>,
    /// That digest is there, and is not what it was: it lies before the window, where the walk reports nothing.
    pub(super) bad_anchor: Option<Problem>,
}

/// A scope of which the chains have been walked, or are not to be.
enum Begun<'s> {
    Done(Vec<Verified>),
    Walked {
        chains: Vec<Walked>,
        /// Keys of the logs that are stored there, and what is no regular file.
        pages: Receiver<Vec<String>>,
        lister: ScopedJoinHandle<'s, Result<(), Unread>>,
    },
}

/// Verifies the scopes of one account and region: what one of them lists may be stored in another.
pub(super) fn run(scopes: &[Scoped<'_>]) -> Vec<Vec<Verified>> {
    std::thread::scope(|threads| {
        let mut begun: Vec<Begun<'_>> = scopes.iter().map(|it| it.begin(threads)).collect();
        let abroad: Vec<Abroad> = (0..begun.len())
            .map(|own| {
                let others = begun.iter().enumerate().filter(|(at, _)| *at != own);
                let chains = others.flat_map(|(_, it)| match it {
                    Begun::Done(_) => &[],
                    Begun::Walked { chains, .. } => chains.as_slice(),
                });
                Abroad::of(chains.map(|it| &it.walk))
            })
            .collect();
        let ended = begun.drain(..).zip(scopes).zip(&abroad);
        ended
            .map(|((begun, scope), abroad)| scope.end(begun, abroad))
            .collect()
    })
}

impl<'a> Scoped<'a> {
    /// Walks its chains, while its logs are listed.
    fn begin<'s, 'e: 's>(&'e self, threads: &'s Threads<'s, 'e>) -> Begun<'s> {
        let mut plan = self.shelf.plan();
        for expected in self
            .request
            .expected
            .iter()
            .filter(|it| self.is_here(&it.chain))
        {
            plan.expect(expected.chain.clone());
        }
        for chain in self
            .request
            .anchors
            .values()
            .map(|saved| DigestKey::parse(&saved.anchor.at))
        {
            if let Some(key) = chain.filter(|key| self.is_here(&key.chain)) {
                plan.expect(key.chain);
            }
        }
        let nobody = problems::no_chain(&self.request.bucket, self.scope);
        if let Some(trail) = self.request.trail.as_ref().filter(|_| self.lacks) {
            let trail = trail.clone();
            plan.expect(ChainId { trail, ..nobody });
        } else if plan.chains.is_empty() && self.request.tell_empty && !self.may_be_unlisted() {
            plan.expect(nobody);
        }
        if let Some(unread) = &self.shelf.unread {
            let chains = plan.chains.into_keys().filter(|id| self.request.wants(id));
            return Begun::Done(chains.map(|id| self.unlisted(id, unread)).collect());
        }
        if self.request.depth == Depth::Listing {
            let chains = plan
                .chains
                .into_iter()
                .filter(|(id, _)| self.request.wants(id));
            return Begun::Done(chains.map(|(id, keys)| self.unopened(id, keys)).collect());
        }
        // What is stored there is listed while it is read, some pages ahead of when it is compared.
        let (send, pages) = sync_channel(1);
        let lister = threads.spawn(move || self.list_logs(&send));
        let chains = plan.chains.into_iter();
        let chains = chains.map(|(id, keys)| self.chain(id, keys)).collect();
        Begun::Walked {
            chains,
            pages,
            lister,
        }
    }

    fn end(&self, begun: Begun<'_>, abroad: &Abroad) -> Vec<Verified> {
        let (mut walked, pages, lister) = match begun {
            Begun::Done(verified) => return verified,
            Begun::Walked {
                chains,
                pages,
                lister,
            } => (chains, pages, lister),
        };
        let count = self.reconcile(&mut walked, abroad, pages);
        let listed = lister.join().unwrap_or_else(|died| resume_unwind(died));
        let logs = match listed {
            Ok(()) => Known(count),
            Err(unread) => Unknown(self.gap(&unread)),
        };
        let wanted = walked.into_iter().filter(|it| it.wanted);
        wanted.map(|it| self.verified(it, logs.clone())).collect()
    }

    /// The scope's digests may be in a folder that could not be listed: nothing says that there are none.
    fn may_be_unlisted(&self) -> bool {
        let mut roots = self.scope.services.keys();
        roots.any(|root| {
            let unlisted = self.request.unlisted.iter();
            let mut near = unlisted.filter(|at| at.starts_with(root.as_str()));
            near.any(|at| at.trim_end_matches('/').ends_with("CloudTrail-Digest") || at == root)
        })
    }

    fn is_here(&self, id: &ChainId) -> bool {
        let scope = self.scope;
        (&id.account, &id.region, &id.prefix) == (&scope.account, &scope.region, &scope.prefix)
    }

    /// From where it was asked, else from where an earlier run ended, else from the first object.
    fn window(&self, former: Option<&Saved>) -> Window {
        let end = self.request.until;
        let start = self
            .request
            .since
            .or(former.map(|it| it.anchor.end))
            .or(self.shelf.first);
        // Where there is nothing at all, that nothing is there is told of the last day.
        let day = || {
            end.saturating_sub(SignedDuration::from_hours(24))
                .unwrap_or(end)
        };
        Window {
            start: start.unwrap_or_else(day).min(end),
            end,
        }
    }

    fn chain(&self, id: ChainId, keys: Vec<DigestKey>) -> Walked {
        let request = self.request;
        let former = request.anchors.get(&id.to_string()).cloned();
        let window = self.window(former.as_ref());
        let mut plan = Plan::default();
        plan.chains.insert(id.clone(), keys);
        plan.within(window);
        let keys = plan.chains.remove(&id).unwrap_or_default();
        let new = || {
            let folders = self.folders.iter().map(|it| (*it).clone());
            Walk::new(id.clone(), window, request.logging(&id)).beside(folders)
        };
        let mut walk = new();
        let mut lost_anchor = None;
        if let Some(Saved { anchor, .. }) = &former {
            if request.since.is_some() {
                walk = walk.witnessed(anchor);
            } else {
                // Read from a checked file: `None` does not happen, and would verify more, not less.
                walk = new().anchored(anchor).unwrap_or(walk);
                // What lies after the window is not looked at.
                let due = anchor.end <= window.end;
                if due && !keys.iter().any(|key| key.object() == anchor.at) {
                    lost_anchor = Some(anchor.clone());
                }
            }
        }
        for home in self.homes.iter().filter(|home| home.chain == id) {
            walk.push(Step::Absent(home.clone()));
        }
        let inside = |key: &&DigestKey| key.end > window.start && key.end <= window.end;
        let mut walked = Walked {
            walk,
            wanted: request.wants(&id),
            listed: keys.iter().filter(inside).count() as u64,
            backfills: keys
                .iter()
                .filter(|key| key.backfill && inside(key))
                .count() as u64,
            unread: Vec::new(),
            ways: Ways::default(),
            skipped: 0,
            former,
            lost_anchor,
            bad_anchor: None,
        };
        self.pool.progress.expect(keys.len() as u64);
        Reading::new(self, &mut walked, &keys).run();
        walked
    }

    /// Hands out the keys of the logs that lie there. The first folder that cannot be listed is told; the others are
    /// listed all the same.
    fn list_logs(&self, pages: &SyncSender<Vec<String>>) -> Result<(), Unread> {
        let mut whole = Ok(());
        for folder in self.scope.logs() {
            let mut odd = None;
            let listed = listing::each(self.pool.source, &folder, self.request, &mut |page| {
                let (objects, others): (Vec<_>, Vec<_>) = page.iter().partition(|it| it.regular);
                if let Some(other) = others.first().filter(|_| odd.is_none()) {
                    odd = Some(Unread {
                        call: LIST_OBJECTS,
                        reason: Reason::Failed,
                        detail: format!("{} is not a regular file", other.key),
                        request_id: None,
                    });
                }
                // Nobody waits any more when the walk has died.
                drop(pages.send(objects.into_iter().map(|it| it.key.clone()).collect()));
            });
            whole = whole.and(listed).and(odd.map_or(Ok(()), Err));
        }
        whole
    }

    /// Compares the logs that lie there with those that digests list. How many there are in the window.
    fn reconcile(
        &self,
        walked: &mut [Walked],
        abroad: &Abroad,
        pages: Receiver<Vec<String>>,
    ) -> u64 {
        let windows: Vec<Window> = walked
            .iter()
            .map(|it| self.window(it.former.as_ref()))
            .collect();
        let mut walks: Vec<Walk> = Vec::with_capacity(walked.len());
        for it in walked.iter_mut() {
            let window = Window {
                start: self.request.until,
                end: self.request.until,
            };
            let empty = Walk::new(it.walk.id().clone(), window, Default::default());
            walks.push(std::mem::replace(&mut it.walk, empty));
        }
        let inside = |key: &str| {
            LogKey::parse(key).is_some_and(|log| {
                let (from, until) = log.delivered;
                windows.iter().any(|it| from < it.end && until >= it.start)
            })
        };
        let mut count = 0;
        for page in pages {
            count += page.iter().filter(|it| inside(it)).count() as u64;
            reconcile(&mut walks, abroad, page.iter().map(String::as_str));
        }
        for (it, walk) in walked.iter_mut().zip(walks) {
            it.walk = walk;
        }
        count
    }

    fn verified(&self, it: Walked, logs_listed: Fact<u64>) -> Verified {
        let anchor = it.walk.anchor();
        let rivals = self.rivals.iter();
        let rivals = rivals.filter(|(one, _)| one == it.walk.id());
        let ends = Ends {
            rivals: rivals.map(|(_, other)| other.clone()).collect(),
            ..it.walk.ends()
        };
        let expected = self.request.expects(it.walk.id()).is_some();
        let joined = it.walk.finish();
        let mut told = Told::new(
            joined,
            Known(it.listed),
            it.backfills,
            logs_listed,
            it.unread,
        );
        if let Some(lost) = &it.lost_anchor {
            told.anchor_is_gone(lost);
        }
        if let Some(problem) = it.bad_anchor {
            told.stray(problem);
        }
        told.skipped(it.skipped);
        told.keys(self.pool.keys.gaps.get(&self.scope.region));
        told.history(self.pool.source);
        told.newest(anchor.clone());
        told.stored(
            it.ways
                .stored(|key| self.lock(key), |unread| self.gap(unread)),
        );
        // What could not be read is to be read again by the next run.
        let whole = told.is_whole() && self.request.depth == Depth::Logs;
        let saved = anchor
            .filter(|_| whole)
            .map(|anchor| self.saved(anchor, it.former.as_ref(), &told))
            .or(it.former.clone());
        let rests = it.former.as_ref().filter(|_| self.request.since.is_none());
        if let Some(former) = rests {
            told.by_state(former, self.request.vouched);
        }
        Verified {
            record: told.finish(),
            saved,
            ends,
            resumed: rests.is_some() && self.request.vouched.authentic,
            expected,
        }
    }

    /// Where this run ended, and from when on that is vouched for.
    fn saved(&self, anchor: Anchor, former: Option<&Saved>, told: &Told) -> Saved {
        let chain = told.chain();
        let mut saved = Saved {
            anchor,
            since: Some(chain.window.start),
            verdict: chain.verdict,
            proved: true,
        };
        let Some(former) = former else { return saved };
        // Nothing new: what is known stays as it is, unless all of it was read again.
        let again = self.request.since.is_some() && former.anchor.end == saved.anchor.end;
        if former.anchor.end >= saved.anchor.end && !again {
            return former.clone();
        }
        if self.request.since.is_none() {
            saved.since = former.since;
            saved.verdict = saved.verdict.max(former.verdict);
            saved.proved = former.proved;
        }
        saved
    }

    fn unlisted(&self, id: ChainId, unread: &Unread) -> Verified {
        let former = self.request.anchors.get(&id.to_string()).cloned();
        let window = self.window(former.as_ref());
        let gap = self.gap(unread);
        Verified {
            record: problems::unlisted(id, window, gap),
            saved: former,
            ends: Ends::default(),
            resumed: false,
            expected: false,
        }
    }

    fn unopened(&self, id: ChainId, keys: Vec<DigestKey>) -> Verified {
        let former = self.request.anchors.get(&id.to_string()).cloned();
        let window = self.window(former.as_ref());
        let inside = keys
            .iter()
            .filter(|key| key.end > window.start && key.end <= window.end);
        let backfills = inside.clone().filter(|key| key.backfill).count() as u64;
        Verified {
            record: problems::unopened(id, window, inside.count() as u64, backfills),
            saved: former,
            ends: Ends::default(),
            resumed: false,
            expected: false,
        }
    }

    /// Asks for the lock of an object of which reading did not tell one.
    fn lock(&self, key: &str) -> Result<Option<Lock>, Unread> {
        if self.request.locks {
            return self.pool.source.lock(key);
        }
        Err(Unread {
            call: GET_OBJECT_RETENTION,
            reason: Reason::NotAsked,
            detail: "no selected check needs it".to_owned(),
            request_id: None,
        })
    }

    pub(super) fn gap(&self, unread: &Unread) -> Gap {
        unread.gap(&self.scope.account, &self.scope.region)
    }
}

/// Where the objects of digests are that lie where they do not belong.
pub(super) fn irregular(
    pool: &Pool<'_>,
    at: &ObjectRef,
) -> Option<(Box<trailaudit_checks::digest::Flaw>, Option<Unread>)> {
    match pool.digest(at) {
        (Step::Flawed(flaw), beside) => Some((flaw, beside.unread)),
        (Step::Opened(_) | Step::Absent(_), _) => None,
    }
}
