//! The digests of one scope, by listing. Kept small: a year of an organization is millions of keys.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use trailaudit_checks::digest::{ChainId, DigestKey, INTERVAL, LogKey, ObjectRef, Plan};

use super::Request;
use super::scope::Scope;
use crate::objects::{Listed, Source, Unread};

/// Keys are listed by day; those of a day before and after the window may matter to it.
const MARGIN: SignedDuration = SignedDuration::from_hours(26);

/// Empty folders are no reason to look for ever.
const MOST_DAYS: usize = 100;

/// What a listing of one scope's digests shows.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    chains: BTreeMap<ChainId, Vec<Place>>,
    /// Objects among the digests that are not called as digests are.
    pub(super) irregular: Vec<ObjectRef>,
    /// Why it is not whole.
    pub(super) unread: Option<Unread>,
    /// How many objects and bytes.
    pub(super) objects: u64,
    pub(super) bytes: u64,
    /// When the first of all objects was delivered.
    pub(super) first: Option<Timestamp>,
}

#[derive(Debug)]
struct Place {
    end: Timestamp,
    backfill: bool,
    organization: Option<Arc<str>>,
}

impl Shelf {
    /// Lists the digests of a scope that may matter to the window.
    pub(super) fn list(source: &dyn Source, scope: &Scope, request: &Request) -> Self {
        std::thread::scope(|threads| {
            // Beside the other listing: each waits for its own answers.
            let log = threads.spawn(|| match request.since {
                Some(_) => None,
                None => first_log(source, scope),
            });
            let mut shelf = Self::digests(source, scope, request);
            let digests = shelf.chains.values().flatten().map(|it| it.end);
            let digest = digests
                .min()
                .map(|end| end.saturating_sub(INTERVAL).unwrap_or(end));
            let log = log.join().unwrap_or_else(|died| resume_unwind(died));
            shelf.first = digest.into_iter().chain(log).min();
            shelf
        })
    }

    fn digests(source: &dyn Source, scope: &Scope, request: &Request) -> Self {
        let mut shelf = Self::default();
        for folder in scope.digests() {
            let listed = each(source, &folder, request, &mut |page| {
                shelf.objects += page.len() as u64;
                shelf.bytes += page.iter().map(|it| it.size).sum::<u64>();
                shelf.add(Plan::new(
                    &request.bucket,
                    page.iter().map(|it| it.key.as_str()),
                ));
            });
            shelf.unread = shelf.unread.take().or(listed.err());
        }
        // Where no digest covers the window's beginning, the last one before it says why.
        if let Some(since) = request.since.filter(|since| !shelf.reaches(*since)) {
            for folder in scope.digests() {
                let found = shelf.last_before(source, &folder, since, MOST_DAYS, None, request);
                shelf.unread = shelf.unread.take().or(found.err());
            }
        }
        shelf
    }

    /// Lists the last digests before the window of the trail that was asked for, in at most so many days.
    pub(super) fn last_of(
        &mut self,
        source: &dyn Source,
        scope: &Scope,
        since: Timestamp,
        days: usize,
        request: &Request,
    ) {
        for folder in scope.digests() {
            let trail = request.trail.as_deref();
            let found = self.last_before(source, &folder, since, days, trail, request);
            self.unread = self.unread.take().or(found.err());
        }
    }

    /// Adds what another listing of the same scope shows.
    pub(super) fn join(&mut self, other: Self) {
        self.unread = self.unread.take().or(other.unread);
        for (chain, mut places) in other.chains {
            self.chains.entry(chain).or_default().append(&mut places);
        }
    }

    /// When the digests of each chain end, sorted.
    pub(super) fn ends(&self) -> BTreeMap<ChainId, Vec<Timestamp>> {
        let sorted = |places: &Vec<Place>| {
            let places = places.iter().filter(|it| !it.backfill);
            let mut ends: Vec<Timestamp> = places.map(|it| it.end).collect();
            ends.sort_unstable();
            ends
        };
        let chains = self.chains.iter();
        chains.map(|(id, it)| (id.clone(), sorted(it))).collect()
    }

    /// When the digests end that a chain of this scope has of one day.
    pub(super) fn on_day(
        &mut self,
        source: &dyn Source,
        scope: &Scope,
        chain: &ChainId,
        day: Timestamp,
        request: &Request,
    ) -> Vec<Timestamp> {
        let date = TimeZone::UTC.to_datetime(day).strftime("%Y/%m/%d");
        let mut ends = Vec::new();
        for folder in scope.digests() {
            let listed = source.list(&format!("{folder}{date}/"), "", &mut |page| {
                let keys = page.iter().map(|it| it.key.as_str());
                let keys = Plan::new(&request.bucket, keys).chains.remove(chain);
                let keys = keys.into_iter().flatten().filter(|key| !key.backfill);
                ends.extend(keys.map(|key| key.end));
                true
            });
            self.unread = self.unread.take().or(listed.err());
        }
        ends
    }

    fn reaches(&self, since: Timestamp) -> bool {
        let mut places = self.chains.values().flatten();
        places.any(|it| !it.backfill && it.end <= since)
    }

    /// Lists the digests of the last day before the window of which there are any; of `trail`, if one is given.
    fn last_before(
        &mut self,
        source: &dyn Source,
        folder: &str,
        since: Timestamp,
        most: usize,
        trail: Option<&str>,
        request: &Request,
    ) -> Result<(), Unread> {
        let mut days = 0;
        let date = TimeZone::UTC.to_datetime(since).date();
        let limit = date.strftime("%Y/%m/%d").to_string();
        let below = |folder: &str, done: &str| -> Result<Vec<String>, Unread> {
            let names = source.folders(folder)?.into_iter();
            let names = names.filter(|name| {
                let path = format!("{done}{name}");
                // A part of a date compares as the whole does.
                name.bytes().all(|it| it.is_ascii_digit())
                    && limit.get(..path.len()).is_some_and(|part| *path <= *part)
            });
            let mut names: Vec<String> = names.collect();
            names.sort_unstable_by(|a, b| b.cmp(a));
            Ok(names)
        };
        for year in below(folder, "")? {
            for month in below(&format!("{folder}{year}/"), &format!("{year}/"))? {
                let done = format!("{year}/{month}/");
                for day in below(&format!("{folder}{done}"), &done)? {
                    days += 1;
                    let mut found = days >= most;
                    source.list(&format!("{folder}{done}{day}/"), "", &mut |page| {
                        let keys = page.iter().map(|it| it.key.as_str());
                        let mut plan = Plan::new(&request.bucket, keys);
                        plan.irregular.clear();
                        for keys in plan.chains.values_mut() {
                            keys.retain(|key| {
                                let wanted = trail.is_none_or(|it| it == key.chain.trail);
                                wanted && !key.backfill && key.end <= since
                            });
                            found |= !keys.is_empty();
                        }
                        plan.chains.retain(|_, keys| !keys.is_empty());
                        self.add(plan);
                        true
                    })?;
                    if found {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// The trails that delivered digests.
    pub(super) fn trails(&self) -> impl Iterator<Item = &str> {
        self.chains.keys().map(|id| id.trail.as_str())
    }

    fn add(&mut self, plan: Plan) {
        self.irregular.extend(plan.irregular);
        for (chain, keys) in plan.chains {
            let places = self.chains.entry(chain).or_default();
            for key in keys {
                let before = places.last().and_then(|it| it.organization.clone());
                let organization = match (key.organization, before) {
                    (Some(id), Some(same)) if *same == *id => Some(same),
                    (id, _) => id.map(Arc::from),
                };
                places.push(Place {
                    end: key.end,
                    backfill: key.backfill,
                    organization,
                });
            }
        }
    }

    /// The chains with the keys of their digests, in order.
    pub(super) fn plan(&self) -> Plan {
        let mut plan = Plan::default();
        for (chain, places) in &self.chains {
            let keys = places.iter().map(|place| DigestKey {
                chain: chain.clone(),
                organization: place.organization.as_deref().map(str::to_owned),
                end: place.end,
                backfill: place.backfill,
            });
            let mut keys: Vec<DigestKey> = keys.collect();
            keys.sort_by_key(|key| (key.end, key.backfill));
            keys.dedup();
            plan.chains.insert(chain.clone(), keys);
        }
        plan
    }
}

/// Hands out the objects of one folder that the window may concern, in pages.
pub(super) fn each(
    source: &dyn Source,
    folder: &str,
    request: &Request,
    page: &mut dyn FnMut(&[Listed]),
) -> Result<(), Unread> {
    let day = |time: Timestamp| {
        let date = TimeZone::UTC.to_datetime(time).strftime("%Y/%m/%d");
        format!("{folder}{date}")
    };
    let after = request
        .since
        .map(|since| day(since.saturating_sub(MARGIN).unwrap_or(since)));
    let last = day(request
        .until
        .saturating_add(MARGIN)
        .unwrap_or(request.until))
        + "0";
    source.list(
        folder,
        after.as_deref().unwrap_or_default(),
        &mut |listed| {
            // In the order of days: what follows concerns the window even less.
            let end = listed.partition_point(|it| it.key <= last);
            page(listed.get(..end).unwrap_or_default());
            end == listed.len()
        },
    )
}

/// The hour in which the scope's first log was delivered. What cannot be listed is told when it is listed again.
fn first_log(source: &dyn Source, scope: &Scope) -> Option<Timestamp> {
    let mut first: Option<Timestamp> = None;
    for folder in scope.logs() {
        let listed = source.list(&folder, "", &mut |page| {
            let mut logs = page.iter().filter_map(|it| LogKey::parse(&it.key));
            let log = logs.next().map(|log| log.delivered.0);
            first = first.into_iter().chain(log).min();
            log.is_none()
        });
        drop(listed);
    }
    let hour = INTERVAL.as_secs();
    first.and_then(|time| Timestamp::from_second(time.as_second().div_euclid(hour) * hour).ok())
}
