//! Some of the records that a search found: the first of each actor, or those of bursts.

use std::collections::BTreeMap;
use std::io;

use trailaudit_checks::events::{Bursts, Record};
use trailaudit_reports::events::{Match, Rows};

/// Which.
pub(super) enum Keep {
    /// The first of each actor, and the first that is proved.
    Firsts,
    /// Those of bursts.
    Bursts(Bursts),
}

/// Records in the order of time, less others.
pub(super) struct Only {
    rows: Box<dyn Rows>,
    keep: Keep,
    limit: u64,
}

impl Only {
    /// The first record of each actor.
    pub(super) fn firsts(rows: Box<dyn Rows>) -> Self {
        Self {
            rows,
            keep: Keep::Firsts,
            limit: u64::MAX,
        }
    }

    /// The records of bursts, and how many bursts there are.
    pub(super) fn bursts(rows: Box<dyn Rows>) -> io::Result<(Self, u64)> {
        let mut bursts = Bursts::default();
        rows.each(&mut |it| {
            if let Some(record) = Record::read(it.raw) {
                bursts.take(&record, it.proof);
            }
            Ok(())
        })?;
        let count = bursts.count();
        let only = Self {
            rows,
            keep: Keep::Bursts(bursts),
            limit: u64::MAX,
        };
        Ok((only, count))
    }

    /// At most so many; how many there are, and how many copies of them other trails delivered.
    pub(super) fn limited(self, limit: Option<u64>) -> io::Result<(Self, u64, u64)> {
        let (mut total, mut copies) = (0, 0);
        self.each(&mut |it| {
            total += 1;
            copies += it.copies;
            Ok(())
        })?;
        let limit = limit.unwrap_or(u64::MAX);
        Ok((Self { limit, ..self }, total, copies))
    }
}

impl Rows for Only {
    fn each(&self, f: &mut dyn FnMut(&Match<'_>) -> io::Result<()>) -> io::Result<()> {
        let mut seen: BTreeMap<Option<String>, bool> = BTreeMap::new();
        let mut shown = 0;
        self.rows.each(&mut |it| {
            let record = Record::read(it.raw);
            let kept = match &self.keep {
                Keep::Firsts => {
                    let proven = it.proof.is_proven();
                    let actor = record.map(|it| it.actor().id.into_owned());
                    match seen.get_mut(&actor) {
                        None => seen.insert(actor, proven).is_none(),
                        Some(before) => proven && !std::mem::replace(before, true),
                    }
                }
                Keep::Bursts(bursts) => record.is_some_and(|it| bursts.hold(&it)),
            };
            if kept && shown < self.limit {
                shown += 1;
                return f(it);
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use trailaudit_checks::events::{Proof, Reason};

    use super::*;

    struct Few(Vec<(&'static str, String, Proof)>);

    impl Rows for Few {
        fn each(&self, f: &mut dyn FnMut(&Match<'_>) -> io::Result<()>) -> io::Result<()> {
            self.0.iter().try_for_each(|(key, raw, proof)| {
                f(&Match {
                    proof: *proof,
                    why: "",
                    bucket: "",
                    key,
                    index: 0,
                    digest: None,
                    copies: 0,
                    raw: raw.as_bytes(),
                })
            })
        }
    }

    #[test]
    fn the_first_that_is_proved_is_told_whatever_is_put_before() {
        let open = Proof::Unverified(Reason::NoDigest);
        let by = |user: &str| {
            format!(r#"{{"userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::1:user/{user}"}}}}"#)
        };
        let rows = Few(vec![
            ("a1", by("a"), open),
            ("b1", by("b"), Proof::Verified),
            ("a2", by("a"), open),
            ("a3", by("a"), Proof::Version),
            ("b2", by("b"), open),
            ("a4", by("a"), Proof::Verified),
            ("c1", by("c"), open),
        ]);
        let mut told = Vec::new();
        let only = Only::firsts(Box::new(rows));
        only.each(&mut |it| {
            told.push(it.key.to_owned());
            Ok(())
        })
        .unwrap();
        assert_eq!(told, ["a1", "b1", "a3", "c1"]);
    }
}
