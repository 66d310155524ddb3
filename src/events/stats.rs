//! `events stats`: records counted by fields, exactly, in bounded memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use trailaudit_checks::events::Record;
use trailaudit_checks::events::filter::{Column, Expression, Subject};
use trailaudit_reports::events::{Counted, Row, SCHEMA};

use super::reading::{Consumer, Origin};
use super::search::{parse, same_as};
use super::sorter::Sorter;
use super::{exit, target};
use crate::cli::Stats;
use crate::exit::{Exit, Stop};
use crate::invocation::Invocation;
use crate::output;
use crate::program::tool;
use crate::terminal::Terminal;

impl Invocation {
    pub(super) fn stats(&self, flags: &Stats, terminal: Terminal) -> Result<Exit, Stop> {
        let (target, words) = target::of(&flags.input, &flags.words, " and an expression")?;
        let expression = match words.as_slice() {
            [] => None,
            [one] => Some(parse(one)?),
            [one, another, ..] => {
                return Err(Stop::usage(format!(
                    "one expression is expected after the source, and there are more: {one}, {another}; quote the \
                     whole expression"
                )));
            }
        };
        let column = |name: &String| {
            Column::parse(name).map_err(|error| Stop::usage(format!("--by {name}: {error}")))
        };
        let by = flags.by.iter().map(column).collect::<Result<Vec<_>, _>>()?;
        let reports = flags.reports.plan()?;
        let counter = Counter {
            expression,
            by,
            over: flags.over,
            groups: Mutex::default(),
        };
        let Some(heard) = self.hear(&flags.input, &target, &counter, terminal)? else {
            return Ok(Exit::Clean);
        };
        let mut rows = Vec::new();
        let mut records = 0;
        let groups = counter
            .groups
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        groups.finish(flags.input.all_trails, &mut |key, group| {
            records += group.count;
            rows.push(row(key, group, flags.over.is_some()));
        })?;
        if flags.over.is_some() {
            rows.sort_by(|a, b| (a.time, b.count, &a.values).cmp(&(b.time, a.count, &b.values)));
        } else {
            rows.sort_by(|a, b| (b.count, &a.values).cmp(&(a.count, &b.values)));
        }
        let all = rows.len() as u64;
        rows.truncate(flags.top.unwrap_or(usize::MAX));
        let mut never_seen = counter
            .expression
            .as_ref()
            .map(Expression::paths_never_seen)
            .unwrap_or_default();
        never_seen.extend(counter.by.iter().filter_map(Column::never_seen));
        let counted = Counted {
            schema: SCHEMA,
            tool: tool(),
            expression: words.first().cloned(),
            by: flags.by.clone(),
            over: flags.over,
            records,
            groups: all,
            others: records - rows.iter().map(|it| it.count).sum::<u64>(),
            rows,
            first: flags.first,
            never_seen,
            rests_on: heard.rests_on,
        };
        let options = |it: &output::Report<Counted>| self.options(it.to_stdout());
        output::write(&reports, &counted, options, terminal)?;
        Ok(exit(
            &flags.ends,
            &counted.rests_on,
            records > 0,
            heard.interrupted,
        ))
    }
}

/// How many records a group has, and when the first and the last were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Group {
    count: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Group {
    fn join(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.into_iter().chain(other.first).min();
        self.last = self.last.max(other.last);
    }

    fn to_bytes(self) -> Vec<u8> {
        let time = |it: Option<Timestamp>| it.map_or(i128::MIN, Timestamp::as_nanosecond);
        let mut bytes = self.count.to_le_bytes().to_vec();
        bytes.extend(time(self.first).to_le_bytes());
        bytes.extend(time(self.last).to_le_bytes());
        bytes
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (count, rest) = bytes.split_at_checked(8)?;
        let (first, last) = rest.split_at_checked(16)?;
        let time = |key: &[u8]| {
            Some(Timestamp::from_nanosecond(i128::from_le_bytes(key.try_into().ok()?)).ok())
        };
        Some(Self {
            count: u64::from_le_bytes(count.try_into().ok()?),
            first: time(first)?,
            last: time(last)?,
        })
    }
}

/// The groups so far: in memory while they fit.
#[derive(Debug, Default)]
struct Groups {
    held: HashMap<Vec<u8>, Group>,
    bytes: usize,
    spilled: Option<Sorter>,
    /// Records of places with more than one trail, which may have delivered each of them: by what makes them the same.
    shared: Sorter,
}

/// So many bytes of groups are held.
const HELD: usize = 48 << 20;
/// What a map costs for each group beside its key.
const EACH: usize = 120;

impl Groups {
    fn add(&mut self, key: Vec<u8>, group: Group) -> anyhow::Result<()> {
        match self.held.get_mut(&key) {
            Some(own) => own.join(group),
            None => {
                self.bytes += key.len() + EACH;
                self.held.insert(key, group);
            }
        }
        if self.bytes > HELD {
            self.spill()?;
        }
        Ok(())
    }

    fn spill(&mut self) -> anyhow::Result<()> {
        let spilled = self.spilled.get_or_insert_default();
        for (key, group) in self.held.drain() {
            spilled.push(&key, &group.to_bytes())?;
        }
        self.bytes = 0;
        Ok(())
    }

    /// Hands out each group once.
    fn finish(mut self, all_trails: bool, f: &mut dyn FnMut(&[u8], Group)) -> anyhow::Result<()> {
        let shared = std::mem::take(&mut self.shared).finish()?;
        let mut before: Option<Vec<u8>> = None;
        shared.each(&mut |key, [value, _]| {
            let (known, rest) = split(value)?;
            let same = key
                .get(..known)
                .filter(|it| !it.is_empty() && !all_trails)
                .unwrap_or_default();
            if !same.is_empty() && before.as_deref() == Some(same) {
                return Ok(());
            }
            before = Some(same.to_vec());
            let (length, rest) = split(rest)?;
            let (group, key) = rest.split_at_checked(length).ok_or_else(changed)?;
            self.add(key.to_vec(), Group::of_bytes(group).ok_or_else(changed)?)
        })?;
        if self.spilled.is_none() {
            for (key, group) in &self.held {
                f(key, *group);
            }
            return Ok(());
        }
        self.spill()?;
        let mut held: Option<(Vec<u8>, Group)> = None;
        let sorted = self.spilled.take().unwrap_or_default().finish()?;
        sorted.each(&mut |key, [value, _]| {
            let group = Group::of_bytes(value).ok_or_else(changed)?;
            match &mut held {
                Some((own, sum)) if own == key => sum.join(group),
                other => {
                    if let Some((key, sum)) = other.replace((key.to_vec(), group)) {
                        f(&key, sum);
                    }
                }
            }
            Ok(())
        })?;
        if let Some((key, sum)) = held {
            f(&key, sum);
        }
        Ok(())
    }
}

fn changed() -> anyhow::Error {
    anyhow::anyhow!("a temporary file was changed")
}

fn split(bytes: &[u8]) -> anyhow::Result<(usize, &[u8])> {
    let (length, rest) = bytes.split_at_checked(8).ok_or_else(changed)?;
    let length: [u8; 8] = length.try_into()?;
    Ok((usize::try_from(u64::from_le_bytes(length))?, rest))
}

/// Counts the records that match.
struct Counter {
    expression: Option<Expression>,
    by: Vec<Column>,
    over: Option<SignedDuration>,
    groups: Mutex<Groups>,
}

#[derive(Default)]
struct Local {
    groups: HashMap<Vec<u8>, Group>,
    shared: Vec<(Vec<u8>, Vec<u8>)>,
    key: Vec<u8>,
}

impl Consumer for Counter {
    type Local = Local;

    fn may_match(&self, log: &[u8]) -> bool {
        self.expression.as_ref().is_none_or(|it| it.may_match(log))
    }

    fn record(
        &self,
        local: &mut Local,
        from: &Origin<'_>,
        record: &Record<'_>,
    ) -> anyhow::Result<bool> {
        let subject = Subject {
            record,
            proof: from.proof,
        };
        if self
            .expression
            .as_ref()
            .is_some_and(|it| !it.matches(&subject))
        {
            return Ok(false);
        }
        let time = record.time();
        let key = &mut local.key;
        key.clear();
        if let Some(over) = self.over {
            let step = over.as_secs().max(1);
            let begin = time.map_or(i64::MAX, |it| it.as_second().div_euclid(step) * step);
            key.extend_from_slice(&begin.to_le_bytes());
        }
        for column in &self.by {
            let found = column.look(&subject, &mut |text| {
                key.push(1);
                key.extend_from_slice(&(text.len() as u64).to_le_bytes());
                key.extend_from_slice(text.as_bytes());
            });
            if !found {
                key.push(0);
            }
        }
        let group = Group {
            count: 1,
            first: time,
            last: time,
        };
        if from.shared {
            let (same, known) = same_as(from, record);
            let group = group.to_bytes();
            let mut value = (known as u64).to_le_bytes().to_vec();
            value.extend((group.len() as u64).to_le_bytes());
            value.extend(group);
            value.extend_from_slice(key);
            local.shared.push((same, value));
        } else {
            match local.groups.get_mut(key) {
                Some(own) => own.join(group),
                None => {
                    local.groups.insert(key.clone(), group);
                }
            }
        }
        Ok(true)
    }

    fn end(&self, local: Local) -> anyhow::Result<()> {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in &local.shared {
            groups.shared.push(key, value)?;
        }
        local
            .groups
            .into_iter()
            .try_for_each(|(key, group)| groups.add(key, group))
    }
}

/// A group as it is told.
fn row(key: &[u8], group: Group, over: bool) -> Row {
    let mut rest = key;
    let mut time = None;
    if over && let Some((begin, values)) = rest.split_at_checked(8) {
        let begin = i64::from_le_bytes(begin.try_into().unwrap_or_default());
        time = Timestamp::from_second(begin).ok();
        rest = values;
    }
    let mut values = Vec::new();
    while let Some((mark, behind)) = rest.split_first() {
        rest = behind;
        if *mark == 0 {
            values.push(None);
            continue;
        }
        let Ok((length, behind)) = split(rest) else {
            break;
        };
        let Some((text, behind)) = behind.split_at_checked(length) else {
            break;
        };
        values.push(Some(String::from_utf8_lossy(text).into_owned()));
        rest = behind;
    }
    Row {
        time,
        values,
        count: group.count,
        first: group.first,
        last: group.last,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn counts(spill: bool) -> BTreeMap<Vec<u8>, Group> {
        let mut groups = Groups::default();
        let mut number = 1_u64;
        for _ in 0..5_000 {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let key = ((number >> 33) % 97).to_be_bytes().to_vec();
            let time = Timestamp::from_second((number >> 40) as i64).ok();
            groups
                .add(
                    key,
                    Group {
                        count: 1,
                        first: time,
                        last: time,
                    },
                )
                .unwrap();
            if spill && number.is_multiple_of(50) {
                groups.spill().unwrap();
            }
        }
        let mut all = BTreeMap::new();
        groups
            .finish(false, &mut |key, group| {
                assert!(all.insert(key.to_vec(), group).is_none())
            })
            .unwrap();
        all
    }

    #[test]
    fn spilled_or_not_the_counts_are_the_same() {
        let held = counts(false);
        assert_eq!(held.values().map(|it| it.count).sum::<u64>(), 5_000);
        assert_eq!(counts(true), held);
    }

    #[test]
    fn a_group_keeps_its_times() {
        let group = Group {
            count: 3,
            first: Timestamp::from_second(-5).ok(),
            last: None,
        };
        assert_eq!(Group::of_bytes(&group.to_bytes()), Some(group));
    }
}
