//! How the objects of a chain are stored, each way once: a chain has many objects, and few ways.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trailaudit_checks::calls::GET_OBJECT_RETENTION;
use trailaudit_checks::fact::{Fact, Gap, Known, Reason, Unknown};
use trailaudit_checks::ids::Arn;
use trailaudit_checks::inventory::{ObjectKind, ObjectLock, RetentionMode, Stored};

use crate::objects::{Lock, Storage, Unread};

/// More ways are told as one, of which nothing is known: someone made them up.
const MOST: usize = 64;
/// S3 tells when an object was written to the second, and counts its retention from a finer time.
const SLACK: i64 = 60;
const DAY: i64 = 24 * 60 * 60;

/// The ways, and the objects of each.
#[derive(Default)]
pub(super) struct Ways(BTreeMap<Way, Objects>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    kind: ObjectKind,
    encryption: Option<String>,
    key: Option<String>,
    lock: Locked,
}

/// What reading an object told of its lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Locked {
    /// Nothing: there is none, or the reader may not know.
    Untold,
    Governance,
    Compliance,
    /// Something that cannot be understood.
    Odd,
}

struct Objects {
    count: u64,
    /// Seconds from delivery to the end of the retention, the least.
    least: i64,
    example: String,
    delivered: Option<Timestamp>,
}

impl Ways {
    /// One more object.
    pub(super) fn add(&mut self, kind: ObjectKind, key: &str, storage: Storage) {
        let (lock, seconds) = read(storage.lock.as_ref(), storage.modified);
        let mut way = Way {
            kind,
            encryption: storage.encryption,
            key: storage.key,
            lock,
        };
        if self.0.len() >= MOST && !self.0.contains_key(&way) {
            way = Way {
                kind,
                encryption: None,
                key: None,
                lock: Locked::Odd,
            };
        }
        let objects = self.0.entry(way).or_insert_with(|| Objects {
            count: 0,
            least: i64::MAX,
            example: key.to_owned(),
            delivered: storage.modified,
        });
        objects.count += 1;
        // The same one is told whatever the order of reading was.
        if (seconds, key) < (objects.least, objects.example.as_str()) {
            objects.least = seconds;
            objects.example = key.to_owned();
            objects.delivered = storage.modified;
        }
    }

    /// All of them. Where reading told no lock, that of the example is asked for.
    pub(super) fn stored(
        self,
        lock: impl Fn(&str) -> Result<Option<Lock>, Unread>,
        gap: impl Fn(&Unread) -> Gap,
    ) -> Vec<Stored> {
        let odd = || {
            Unknown(gap(&Unread {
                call: GET_OBJECT_RETENTION,
                reason: Reason::Malformed,
                detail: "a lock that cannot be read".to_owned(),
                request_id: None,
            }))
        };
        let told = |way: Locked, seconds: i64| -> Fact<Option<ObjectLock>> {
            let mode = match way {
                Locked::Governance => RetentionMode::Governance,
                Locked::Compliance => RetentionMode::Compliance,
                Locked::Untold | Locked::Odd => return odd(),
            };
            Known(Some(ObjectLock {
                mode,
                days: whole_days(seconds),
            }))
        };
        let stored = |(way, it): (Way, Objects)| Stored {
            lock: match way.lock {
                Locked::Untold => match lock(&it.example) {
                    Ok(None) => Known(None),
                    Ok(Some(lock)) if it.count == 1 => {
                        let (way, seconds) = read(Some(&lock), it.delivered);
                        told(way, seconds)
                    }
                    // That one is locked says nothing of the others.
                    Ok(Some(_)) => odd(),
                    Err(unread) => Unknown(gap(&unread)),
                },
                Locked::Governance | Locked::Compliance | Locked::Odd => told(way.lock, it.least),
            },
            kind: way.kind,
            encryption: way.encryption,
            key: way.key.map(Arn::from),
            objects: it.count,
            example: it.example,
            delivered: it.delivered,
        };
        self.0.into_iter().map(stored).collect()
    }
}

/// The lock, and how many seconds after its delivery the object is free.
fn read(lock: Option<&Lock>, modified: Option<Timestamp>) -> (Locked, i64) {
    let Some(lock) = lock else {
        return (Locked::Untold, i64::MAX);
    };
    let (Some(mode), Some(until), Some(modified)) = (lock.mode, lock.until, modified) else {
        return (Locked::Odd, i64::MAX);
    };
    let mode = match mode {
        RetentionMode::Governance => Locked::Governance,
        RetentionMode::Compliance => Locked::Compliance,
    };
    (mode, until.as_second() - modified.as_second())
}

fn whole_days(seconds: i64) -> u32 {
    u32::try_from(seconds.saturating_add(SLACK).max(0) / DAY).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(days: i64, more: i64) -> Storage {
        let modified = Timestamp::from_second(1_000_000).unwrap();
        let until = Timestamp::from_second(1_000_000 + days * DAY + more).unwrap();
        Storage {
            encryption: Some("AES256".to_owned()),
            key: None,
            lock: Some(Lock {
                mode: Some(RetentionMode::Compliance),
                until: Some(until),
            }),
            modified: Some(modified),
        }
    }

    fn gap(unread: &Unread) -> Gap {
        unread.gap("111122223333", "eu-west-1")
    }

    fn not_asked(_: &str) -> Result<Option<Lock>, Unread> {
        panic!("the lock was told")
    }

    #[test]
    fn the_shortest_retention_is_told() {
        let mut ways = Ways::default();
        ways.add(ObjectKind::Log, "a", locked(365, 0));
        ways.add(ObjectKind::Log, "b", locked(30, -1));
        ways.add(ObjectKind::Log, "c", locked(365, 0));
        let stored = ways.stored(not_asked, gap);
        assert_eq!(stored.len(), 1);
        let days = stored[0].lock.ok().unwrap().unwrap().days;
        assert_eq!((days, stored[0].objects), (30, 3));
        assert_eq!(stored[0].example, "b");
    }

    #[test]
    fn a_lock_that_reading_does_not_tell_is_asked_for() {
        let untold = || Storage {
            lock: None,
            ..locked(0, 0)
        };
        let ways = || {
            let mut ways = Ways::default();
            ways.add(ObjectKind::Log, "a", untold());
            ways
        };
        let denied = |_: &str| {
            Err(Unread {
                call: GET_OBJECT_RETENTION,
                reason: Reason::Denied,
                detail: String::new(),
                request_id: None,
            })
        };
        assert_eq!(ways().stored(|_| Ok(None), gap)[0].lock, Known(None));
        let real = |_: &str| Ok(locked(7, 0).lock);
        let days = ways().stored(real, gap)[0].lock.ok().unwrap().unwrap().days;
        assert_eq!(days, 7);
        let mut two = ways();
        two.add(ObjectKind::Log, "b", untold());
        assert!(two.stored(real, gap)[0].lock.gap().is_some());
        assert!(ways().stored(denied, gap)[0].lock.gap().is_some());
    }

    #[test]
    fn many_ways_are_bounded_and_none_of_them_is_right() {
        let mut ways = Ways::default();
        for number in 0..1_000 {
            let key = Some(format!("key/{number}"));
            let storage = Storage {
                key,
                ..locked(365, 0)
            };
            ways.add(ObjectKind::Log, "a", storage);
        }
        let stored = ways.stored(not_asked, gap);
        assert_eq!(stored.len(), MOST + 1);
        assert_eq!(stored.iter().map(|it| it.objects).sum::<u64>(), 1_000);
        let rest: Vec<_> = stored.iter().filter(|it| it.objects > 1).collect();
        assert!(matches!(rest.as_slice(), [it] if it.lock.gap().is_some() && it.key.is_none()));
    }
}
