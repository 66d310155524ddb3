//! Chains of made and of published records, and what becomes of them when one record is damaged.

mod mutations;
mod rules;
mod starts;

use serde_json::Value;

use super::{Chase, Cover, Found, Place, Start, Who};
use crate::events::{Proof, Record};

/// The records that are there, what is known of each, and the accounts whose record is not whole.
#[derive(Clone, Default)]
pub(super) struct World {
    pub records: Vec<(Value, Proof)>,
    pub holes: Vec<&'static str>,
    /// Records read, for each need.
    pub asked: std::cell::RefCell<Vec<String>>,
}

impl World {
    /// One chain of the data.
    pub fn of(chains: &[&str]) -> Self {
        let text = include_str!("../../../../tests/data/events/chains.jsonl");
        let lines = text
            .lines()
            .map(|it| serde_json::from_str::<Value>(it).unwrap());
        let wanted = lines.filter(|it| chains.contains(&it["chain"].as_str().unwrap()));
        Self {
            records: wanted
                .map(|it| (it["record"].clone(), Proof::Verified))
                .collect(),
            ..Self::default()
        }
    }

    pub fn with(mut self, record: Value) -> Self {
        self.records.push((record, Proof::Verified));
        self
    }

    /// Changes records by `eventID`; none means that it is not there.
    pub fn change(mut self, id: &str, change: impl Fn(&mut Value, &mut Proof)) -> Self {
        let mut changed = 0;
        for (record, proof) in &mut self.records {
            if record["eventID"].as_str().unwrap().ends_with(id) {
                change(record, proof);
                changed += 1;
            }
        }
        assert_eq!(changed, 1, "{id}");
        self
    }

    pub fn without(mut self, id: &str) -> Self {
        let before = self.records.len();
        self.records
            .retain(|(it, _)| !it["eventID"].as_str().unwrap().ends_with(id));
        assert_eq!(self.records.len(), before - 1, "{id}");
        self
    }

    fn found(&self, wanted: impl Fn(&Record<'_>) -> bool) -> Vec<Found> {
        let all = self.records.iter().enumerate();
        let all = all.filter_map(|(index, (record, proof))| {
            let bytes = record.to_string().into_bytes();
            let record = Record::read(&bytes).unwrap();
            let at = Place {
                index: index as u64,
                ..Place::default()
            };
            wanted(&record).then(|| Found::of(&record, at, *proof))
        });
        all.collect()
    }

    /// The whole id of the record whose id ends so.
    fn id(&self, end: &str) -> String {
        let mut ids = self
            .records
            .iter()
            .map(|(it, _)| it["eventID"].as_str().unwrap());
        ids.find(|it| it.ends_with(end)).unwrap().to_owned()
    }

    pub fn who(&self, id: &str) -> Who {
        let start = Start::parse(&self.id(id)).unwrap();
        let found = start.pick(self.found(|it| start.fits(it)));
        assert_eq!(found.len(), 1);
        self.chase(&found[0])
    }

    pub fn chase(&self, found: &Found) -> Who {
        let mut chase = Chase::new(found).unwrap();
        while let Some(need) = chase.wants() {
            self.asked.borrow_mut().push(need.words());
            assert!(self.asked.borrow().len() < 200, "{:?}", self.asked);
            let of = |record: &Record<'_>| {
                let account = record.account().map(|it| it.to_string());
                need.account.is_none() || account == need.account
            };
            let found = self.found(|it| of(it) && need.fits(it));
            let account = need.account.clone();
            let is_hole = |account: &String| self.holes.contains(&account.as_str());
            let cover = Cover {
                outside: account.is_some() && self.found(of).is_empty(),
                complete: !account.as_ref().is_some_and(is_hole),
                open: account
                    .iter()
                    .filter(|it| is_hole(it))
                    .map(|it| format!("hours of {it}"))
                    .collect(),
                logs: 1,
            };
            chase.give(&found, cover);
        }
        chase.finish()
    }
}

/// Who is behind it, as one line: state, actor, and how each hop was found.
pub(super) fn line(who: &Who) -> String {
    let rules = who.hops.iter().skip(1).map(|hop| {
        let rules: Vec<&str> = hop
            .rules
            .iter()
            .map(|it| it.words().split(' ').next().unwrap())
            .collect();
        rules.join("+")
    });
    let rules: Vec<String> = rules.collect();
    format!(
        "{} {} {} [{}]",
        who.state.word(),
        who.actor.kind,
        who.actor.id,
        rules.join(" ")
    )
}
