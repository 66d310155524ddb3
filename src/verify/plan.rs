//! What verifying would read, from the listings alone.

use std::collections::BTreeMap;

use trailaudit_checks::digest::LogKey;
use trailaudit_reports::sanitize;

use super::listing::{Shelf, each};
use super::scope::{Found, Scope};
use super::{Depth, Request};
use crate::objects::{Source, Unread};
use crate::output::to_stdout;

/// Objects and bytes of one scope, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Volume {
    /// Digests that the window may concern.
    pub digests: u64,
    /// Their size.
    pub digest_bytes: u64,
    /// Logs.
    pub logs: u64,
    /// Their size.
    pub log_bytes: u64,
}

/// The plan.
#[derive(Debug, Default)]
pub struct Plan {
    depth: Depth,
    scopes: Vec<(String, Volume)>,
    /// What could not be listed.
    unread: Vec<String>,
}

/// Lists all scopes, and reads none of their objects.
pub fn of(source: &dyn Source, found: &Found, request: &Request) -> Plan {
    let mut plan = Plan {
        depth: request.depth,
        ..Plan::default()
    };
    for (folder, unread) in &found.unread {
        plan.unread.push(format!("{folder}: {}", unread.words()));
    }
    let threads = source.readers().min(found.scopes.len());
    let volumes = super::each(&found.scopes, threads, |scope| {
        volume(source, scope, request)
    });
    for (scope, (volume, unread)) in found.scopes.iter().zip(volumes) {
        let prefix = if scope.prefix.is_empty() {
            String::new()
        } else {
            format!(" below {}/", scope.prefix)
        };
        let name = format!("{} {}{prefix}", scope.account, scope.region);
        plan.unread
            .extend(unread.into_iter().map(|why| format!("{name}: {why}")));
        plan.scopes.push((name, volume));
    }
    plan
}

/// How many digests and logs each account has in the request's time, by listing them; nothing for what cannot be listed.
pub fn objects(source: &dyn Source, found: &Found, request: &Request) -> BTreeMap<String, u64> {
    let threads = source.readers().min(found.scopes.len());
    let volumes = super::each(&found.scopes, threads, |scope| {
        volume(source, scope, request)
    });
    let mut objects: BTreeMap<String, u64> = BTreeMap::new();
    for (scope, (volume, _)) in found.scopes.iter().zip(volumes) {
        *objects.entry(scope.account.clone()).or_default() += volume.digests + volume.logs;
    }
    objects
}

fn volume(source: &dyn Source, scope: &Scope, request: &Request) -> (Volume, Vec<String>) {
    let shelf = Shelf::list(source, scope, request);
    let mut volume = Volume {
        digests: shelf.objects,
        digest_bytes: shelf.bytes,
        ..Volume::default()
    };
    let mut unread: Vec<String> = shelf.unread.iter().map(Unread::words).collect();
    for folder in scope.logs() {
        let listed = each(source, &folder, request, &mut |page| {
            let inside = |key: &str| {
                LogKey::parse(key).is_some_and(|log| {
                    let (from, until) = log.delivered;
                    from < request.until && request.since.is_none_or(|since| until >= since)
                })
            };
            for log in page.iter().filter(|it| inside(&it.key)) {
                volume.logs += 1;
                volume.log_bytes += log.size;
            }
        });
        unread.extend(listed.err().map(|it| it.words()));
    }
    (volume, unread)
}

/// Writes the plan to stdout.
pub fn print(plan: &Plan) -> anyhow::Result<()> {
    to_stdout(|out| {
        let line = |out: &mut dyn std::io::Write, name: &str, it: &Volume| {
            let logs = match plan.depth {
                Depth::Logs => "",
                Depth::Listing | Depth::Digests => " (not read at this depth)",
            };
            writeln!(
                out,
                "{}: {} digests ({} bytes), {} logs ({} bytes){logs}",
                sanitize::line(name),
                it.digests,
                it.digest_bytes,
                it.logs,
                it.log_bytes
            )
        };
        let mut sum = Volume::default();
        for (name, it) in &plan.scopes {
            line(out, name, it)?;
            sum.digests += it.digests;
            sum.digest_bytes += it.digest_bytes;
            sum.logs += it.logs;
            sum.log_bytes += it.log_bytes;
        }
        line(out, "all", &sum)?;
        let calls = match plan.depth {
            Depth::Listing => 0,
            Depth::Digests => sum.digests,
            Depth::Logs => sum.digests + sum.logs,
        };
        writeln!(
            out,
            "GetObject calls: {calls}, beside the listings that this took"
        )?;
        for words in &plan.unread {
            writeln!(out, "could not be listed: {}", sanitize::line(words))?;
        }
        Ok(())
    })
}
