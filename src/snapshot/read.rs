//! Reads an inventory file. Each error says which line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use trailaudit_checks::calls;
use trailaudit_checks::coverage::Coverage;
use trailaudit_checks::fact::{Gap, Reason, Unknown};
use trailaudit_checks::ids::{Arn, Region};
use trailaudit_checks::inventory::{Header, Iam, Inventory, Record, SCHEMA, upgrade};

use super::lines::{Line, Lines, Source};
use super::{IamRecords, Snapshot, Spool, counts, kind};

/// How an IAM record's line begins when we wrote it: it is not parsed until it is its turn.
const IAM: &[u8] = br#"{"record":"iam","#;

/// Reads all but the IAM documents.
pub fn load(source: &Source) -> anyhow::Result<Snapshot> {
    let lines = source.lines()?;
    read(source, lines).with_context(|| format!("{} cannot be used as an inventory", source.name()))
}

fn read(source: &Source, mut lines: Lines) -> anyhow::Result<Snapshot> {
    let mut line = Vec::new();
    if lines.next(&mut line)? == Line::End {
        bail!("it is empty");
    }
    let header = header(&line)?;
    let mut inventory = Inventory::new(header.clone(), Unknown(not_reached(&header)));
    let mut has_organization = false;
    let mut spool = if source.rereadable() {
        None
    } else {
        Some(Spool::new()?)
    };
    let mut iam_lines = Vec::new();
    loop {
        let end = lines.next(&mut line)?;
        if end == Line::End {
            break;
        }
        let number = lines.number;
        if inventory.trailer.is_some() {
            bail!("line {number} follows the trailer, which is the last line");
        }
        if line.starts_with(IAM) && spool.is_none() {
            match serde_json::from_slice::<IgnoredAny>(&line) {
                Ok(_) => iam_lines.push(number),
                // The run that wrote it was stopped here.
                Err(_) if end == Line::Open => break,
                Err(error) => bail!("line {number}: {}", words(&error)),
            }
            continue;
        }
        let record = match record(&line, &header) {
            Ok(record) => record,
            Err(_) if end == Line::Open => break,
            Err(error) => bail!("line {number}: {}", words(&error)),
        };
        let organization = matches!(record, Record::Organization(_));
        if let Some(region) = region_listed_twice(&record) {
            bail!("line {number} lists the region {region} twice");
        }
        if is_there(&inventory, &record) || (organization && has_organization) {
            bail!(
                "line {number} is a second {} of the same name",
                kind(&record)
            );
        }
        has_organization |= organization;
        lines.keep(&line)?;
        match inventory.insert(record) {
            None => {}
            Some(Record::Iam(iam)) => match &mut spool {
                Some(spool) => spool.append(&iam)?,
                None => iam_lines.push(number),
            },
            Some(_) => bail!("line {number} is a second header"),
        }
    }
    let iam_count = spool.as_ref().map_or(iam_lines.len(), Spool::len);
    reconcile(&mut inventory, iam_count as u64)?;
    let iam = match spool {
        Some(spool) => IamRecords::Spooled(spool),
        None => IamRecords::Lines(source.clone(), Box::new(header), iam_lines),
    };
    Ok(Snapshot { inventory, iam })
}

/// Hands over each record as it stands in the file: none of them stays in memory. The header comes first; the trailer
/// comes last, and only where it counts what was handed over. Of records of one name, all come.
pub fn each_record(
    source: &Source,
    mut f: impl FnMut(Record) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut lines = source.lines()?;
    let mut line = Vec::new();
    if lines.next(&mut line)? == Line::End {
        bail!("it is empty");
    }
    let header = header(&line)?;
    f(Record::Header(Box::new(header.clone())))?;
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    let mut trailer = None;
    loop {
        let end = lines.next(&mut line)?;
        if end == Line::End {
            break;
        }
        let number = lines.number;
        if trailer.is_some() {
            bail!("line {number} follows the trailer, which is the last line");
        }
        let record = match record(&line, &header) {
            Ok(record) => record,
            // The run that wrote it was stopped here.
            Err(_) if end == Line::Open => break,
            Err(error) => bail!("line {number}: {}", words(&error)),
        };
        if let Some(region) = region_listed_twice(&record) {
            bail!("line {number} lists the region {region} twice");
        }
        if let Record::Iam(iam) = &record
            && let Some(arn) = principal_listed_twice(iam)
        {
            bail!("line {number} lists {arn} twice");
        }
        if matches!(record, Record::Header(_)) {
            bail!("line {number} is a second header");
        }
        if let Record::Trailer(it) = record {
            trailer = Some(it);
            continue;
        }
        *found.entry(kind(&record)).or_default() += 1;
        f(record)?;
    }
    let Some(trailer) = trailer else {
        return Ok(());
    };
    let found = found.into_iter().map(|(kind, it)| (kind.to_owned(), it));
    counted(&trailer.counts, &found.collect())?;
    f(Record::Trailer(trailer))
}

/// Two files hold the same, line by line, but for the time at which their runs ended.
pub fn same_but_for_its_end(one: &Path, other: &Path) -> anyhow::Result<bool> {
    let timeless = |line: &[u8]| match serde_json::from_slice(line) {
        Ok(Record::Trailer(mut trailer)) => {
            trailer.finished_at = Timestamp::UNIX_EPOCH;
            Some(trailer)
        }
        Ok(_) | Err(_) => None,
    };
    let mut one = Source::File(one.to_owned()).lines()?;
    let mut other = Source::File(other.to_owned()).lines()?;
    let (mut a, mut b) = (Vec::new(), Vec::new());
    loop {
        let ends = (one.next(&mut a)?, other.next(&mut b)?);
        let same = a == b || timeless(&a).is_some_and(|it| timeless(&b) == Some(it));
        if ends.0 != ends.1 || !same {
            return Ok(false);
        }
        if ends.0 == Line::End {
            return Ok(true);
        }
    }
}

/// A line of any schema that can be read; what it does not hold was not asked.
fn record(line: &[u8], header: &Header) -> serde_json::Result<Record> {
    let mut record = if header.schema < SCHEMA {
        upgrade::from_1(line)?
    } else {
        serde_json::from_slice(line)?
    };
    record.settle(&header.scope);
    Ok(record)
}

/// The records are those that the trailer counted.
fn reconcile(inventory: &mut Inventory, iam: u64) -> anyhow::Result<()> {
    let found = counts(inventory, iam);
    let coverage = Coverage::of(inventory);
    let Some(trailer) = &mut inventory.trailer else {
        return Ok(());
    };
    counted(&trailer.counts, &found)?;
    trailer.coverage = coverage;
    trailer.counts = found;
    Ok(())
}

/// A kind that the trailer does not name is one that it counts none of: no count, no record.
fn counted(counts: &BTreeMap<String, u64>, found: &BTreeMap<String, u64>) -> anyhow::Result<()> {
    for kind in counts.keys().chain(found.keys()) {
        let count = counts.get(kind).copied().unwrap_or_default();
        let found = found.get(kind).copied().unwrap_or_default();
        if found != count {
            bail!("its trailer counts {count} {kind} records, but it holds {found}");
        }
    }
    Ok(())
}

fn header(line: &[u8]) -> anyhow::Result<Header> {
    /// What every version has.
    #[derive(Deserialize)]
    struct AnyHeader {
        record: String,
        value: AnySchema,
    }
    #[derive(Deserialize)]
    struct AnySchema {
        schema: u64,
    }
    // The JSON of a scan begins so.
    if line.trim_ascii() == b"{" {
        bail!("it looks like the JSON of a scan: `trailaudit report FILE` writes its reports");
    }
    let any: AnyHeader = match serde_json::from_slice(line) {
        Ok(any) => any,
        Err(error) => bail!(
            "line 1 is not the header of an inventory (create one with `trailaudit collect --output FILE`): {}",
            words(&error)
        ),
    };
    if any.record != "header" {
        bail!(
            "line 1 is not the header of an inventory, but a record `{}`",
            any.record
        );
    }
    let schema = any.value.schema;
    if schema > u64::from(SCHEMA) {
        bail!(
            "its schema is {schema}, newer than what this program reads (up to {SCHEMA}). \
             Update trailaudit, or collect again"
        );
    }
    match serde_json::from_slice::<Record>(line) {
        Ok(Record::Header(header)) => Ok(*header),
        Ok(_) => bail!("line 1 is not the header of an inventory"),
        Err(error) => bail!("line 1: {}", words(&error)),
    }
}

/// The organization's record never came.
fn not_reached(header: &Header) -> Gap {
    Gap::of_call(
        calls::DESCRIBE_ORGANIZATION,
        &header.scope.caller_arn.account(),
        &header.scope.home(),
        Reason::Interrupted,
        "the file ends before its record",
    )
}

/// One subject, one verdict: an account that lists a region twice cannot be judged.
fn region_listed_twice(record: &Record) -> Option<&Region> {
    let Record::Account(account) = record else {
        return None;
    };
    let mut seen = BTreeSet::new();
    let mut names = account.regions.ok()?.iter().map(|switch| &switch.name);
    names.find(|name| !seen.insert(*name))
}

/// The same for two users or roles with one ARN.
fn principal_listed_twice(iam: &Iam) -> Option<&Arn> {
    let mut seen = BTreeSet::new();
    let users = iam.details.users.ok().into_iter().flatten();
    let roles = iam.details.roles.ok().into_iter().flatten();
    let mut arns = users
        .map(|user| &user.arn)
        .chain(roles.map(|role| &role.arn));
    arns.find(|arn| !seen.insert(*arn))
}

/// A record of this name is there already.
pub(super) fn is_there(inventory: &Inventory, record: &Record) -> bool {
    match record {
        Record::Account(it) => inventory.accounts.contains_key(&it.id),
        Record::Region(it) => {
            let key = (it.account.clone(), it.region.clone());
            inventory.regions.contains_key(&key)
        }
        Record::Trail(it) => inventory.trails.contains_key(&it.arn),
        Record::EventDataStore(it) => inventory.event_data_stores.contains_key(&it.arn),
        Record::Bucket(it) => inventory.buckets.contains_key(&it.arn),
        Record::Key(it) => inventory.keys.contains_key(&it.arn),
        Record::LogGroup(it) => inventory.log_groups.contains_key(&it.arn),
        Record::Topic(it) => inventory.topics.contains_key(&it.arn),
        Record::Chain(it) => inventory.chains.contains_key(&it.id()),
        Record::Plan(_) => inventory.plan.is_some(),
        Record::Events(_) => inventory.events.is_some(),
        Record::Header(_)
        | Record::Organization(_)
        | Record::Call(_)
        | Record::Iam(_)
        | Record::Trailer(_) => false,
    }
}

/// Hands over the IAM documents on these lines.
pub(super) fn each_iam(
    source: &Source,
    header: &Header,
    numbers: &[u64],
    f: &mut dyn FnMut(Iam) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut lines: Lines = source.lines()?;
    let mut line = Vec::new();
    let mut seen = BTreeSet::new();
    let mut wanted = numbers.iter().copied().peekable();
    while let Some(number) = wanted.peek().copied() {
        if lines.next(&mut line)? == Line::End {
            bail!("{} has changed while it was read", source.name());
        }
        if lines.number != number {
            continue;
        }
        wanted.next();
        match record(&line, header) {
            Ok(Record::Iam(iam)) if seen.insert(iam.account.clone()) => {
                if let Some(arn) = principal_listed_twice(&iam) {
                    bail!("{}, line {number} lists {arn} twice", source.name());
                }
                f(*iam)?;
            }
            Ok(Record::Iam(iam)) => bail!(
                "{}, line {number} is a second iam record of account {}",
                source.name(),
                iam.account
            ),
            Ok(_) => bail!("{} has changed while it was read", source.name()),
            Err(error) => bail!("{}, line {number}: {}", source.name(), words(&error)),
        }
    }
    Ok(())
}

/// What is wrong with a line, without the parser's own line number, and cut to a readable length.
fn words(error: &serde_json::Error) -> String {
    let text = error
        .to_string()
        .replace(" at line 1 column ", " at column ");
    match text.char_indices().nth(300) {
        Some((at, _)) => format!("{} ...", text.get(..at).unwrap_or_default()),
        None => text,
    }
}
