//! Trails by their names: whether the one that was asked for is there, and whether two chains are of one trail.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use trailaudit_checks::digest::{ChainId, DigestKey, side_by_side};

use super::listing::Shelf;
use super::scope::Scope;
use super::{NoSuchTrail, Request, each};
use crate::objects::Source;

/// A trail that was asked for by name must be there, unless that cannot be told.
pub(super) fn has_trail(shelves: &[Shelf], request: &Request) -> Result<(), NoSuchTrail> {
    let Some(name) = &request.trail else {
        return Ok(());
    };
    let whole = request.unlisted.is_empty() && shelves.iter().all(|it| it.unread.is_none());
    let listed = shelves.iter().flat_map(Shelf::trails).map(str::to_owned);
    let saved = request.anchors.values();
    let saved = saved.filter_map(|it| Some(DigestKey::parse(&it.anchor.at)?.chain.trail));
    let expected = request.expected.iter().map(|it| it.chain.trail.clone());
    let known: BTreeSet<String> = listed.chain(saved).chain(expected).collect();
    if !whole || known.is_empty() || known.contains(name) {
        return Ok(());
    }
    Err(NoSuchTrail(known))
}

/// A trail that was asked for may have been stopped long before the window: then its last digests are looked for.
pub(super) fn look_for_trail(
    source: &dyn Source,
    scopes: &[Scope],
    shelves: &mut [Shelf],
    request: &Request,
) {
    /// So many folders of a day are listed for a name that is perhaps mistyped.
    const MOST: usize = 1_000;
    let (Some(name), Some(since)) = (&request.trail, request.since) else {
        return;
    };
    if shelves
        .iter()
        .any(|shelf| shelf.trails().any(|it| it == name))
    {
        return;
    }
    let most = (MOST / scopes.len().max(1)).max(1);
    let found = each(scopes, source.readers().max(1), |scope| {
        let mut shelf = Shelf::default();
        shelf.last_of(source, scope, since, most, request);
        shelf
    });
    for (shelf, found) in shelves.iter_mut().zip(found) {
        shelf.join(found);
    }
}

/// Pairs of chains of trails with the same name that delivered to two places at the same time: two trails.
pub(super) fn rivals(
    source: &dyn Source,
    scopes: &[Scope],
    shelves: &mut [Shelf],
    request: &Request,
) -> BTreeSet<(ChainId, ChainId)> {
    let same = |a: &ChainId, b: &ChainId| {
        a != b
            && (&a.account, &a.region, &a.trail, &a.home_region)
                == (&b.account, &b.region, &b.trail, &b.home_region)
    };
    let mut places: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, scope) in scopes.iter().enumerate() {
        let place = places.entry((&scope.account, &scope.region));
        place.or_default().push(at);
    }
    let mut rivals = BTreeSet::new();
    for members in places.into_values().filter(|it| it.len() > 1) {
        let chains = |shelves: &[Shelf]| -> Vec<(usize, ChainId, Vec<Timestamp>)> {
            let shelves = members
                .iter()
                .filter_map(|at| Some((*at, shelves.get(*at)?)));
            let chains = shelves.flat_map(|(at, shelf)| {
                let chains = shelf.ends().into_iter();
                chains.map(move |(id, ends)| (at, id, ends))
            });
            chains.collect()
        };
        let all = chains(shelves);
        for (_, one, ends) in &all {
            for (at, other, others) in all.iter().filter(|(_, other, _)| same(one, other)) {
                let mut others = others.clone();
                // What ended before the window is compared with what was delivered elsewhere on that day.
                let last = ends.last().copied();
                let last = last.filter(|end| request.since.is_some_and(|since| *end <= since));
                if let (Some(end), Some(scope), Some(shelf)) =
                    (last, scopes.get(*at), shelves.get_mut(*at))
                {
                    others.extend(shelf.on_day(source, scope, other, end, request));
                    others.sort_unstable();
                }
                if side_by_side(ends, &others) {
                    rivals.insert((one.clone(), other.clone()));
                    rivals.insert((other.clone(), one.clone()));
                }
            }
        }
    }
    rivals
}

/// The scopes that must answer for an account or region that was asked for by name, and in which the trail that was
/// asked for has nothing.
pub(super) fn lacking(scopes: &[Scope], shelves: &[Shelf], request: &Request) -> Vec<bool> {
    let mut lacking = vec![false; scopes.len()];
    let Some(name) = request
        .trail
        .as_ref()
        .filter(|_| request.unlisted.is_empty())
    else {
        return lacking;
    };
    let has = |shelf: &Shelf| shelf.unread.is_some() || shelf.trails().any(|it| it == name);
    for (account, region) in &request.named {
        let among = |wanted: &String, it: &String| wanted == "*" || wanted == it;
        let here = |scope: &Scope| among(account, &scope.account) && among(region, &scope.region);
        let of = || scopes.iter().zip(shelves).enumerate();
        let mut of_these = of().filter(|(_, (scope, _))| here(scope));
        if of_these.any(|(_, (_, shelf))| has(shelf)) {
            continue;
        }
        let first = of().find(|(_, (scope, _))| here(scope)).map(|(at, _)| at);
        if let Some(lacks) = first.and_then(|at| lacking.get_mut(at)) {
            *lacks = true;
        }
    }
    lacking
}
