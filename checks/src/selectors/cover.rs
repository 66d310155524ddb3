//! Whether sets of events together hold all of another set.
//!
//! Field by field, the values that all sets treat alike are one case, and one value stands for them. A case
//! in which no set is left is a hole. That is exact: prefixes, suffixes and whole values can tell no more
//! values apart than those tried here.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Answer, Condition, Events, Field, Hole, Part, Pattern, known};
use crate::fact::{Gap, Gaps, Reason};
use crate::ids::{AccountId, Region};
use crate::text::{TooComplex, Work};

/// What one comparison may cost. AWS takes 500 values in the selectors of one trail.
const COMPARISON: u64 = 1_000_000;

/// Stands for text that no pattern names; AWS refuses it in values.
const ANYTHING: &str = "\u{0}";

/// Whether all of what is asked for lies in one or another of the recorded sets.
#[must_use]
pub fn judge(asked: &Events, recorded: &[Events]) -> Answer {
    let mut known = HashSet::new();
    let mut sets: Vec<&Events> = Vec::new();
    for set in recorded {
        // Equal sets add nothing to each other.
        let new = set.doubt.is_some() || known.insert(&set.conditions);
        if new && may_meet(asked, set) {
            sets.push(set);
        }
    }
    let compare = || descend(asked, &Field::ALL, &sets, &mut Work::new(COMPARISON));
    known::answer(asked, &sets, compare).unwrap_or_else(|TooComplex| {
        let whose = sets.iter().find_map(|it| it.whose.0.clone());
        let doubt = || sets.iter().find_map(|it| it.doubt.as_ref()?.iter().next());
        let doubted = || doubt().map(|gap| (gap.account.clone(), gap.region.clone()));
        let nobody = || (AccountId::from(""), Region::from(""));
        let (account, region) = whose.or_else(doubted).unwrap_or_else(nobody);
        let gap = Gap::not_modelled("the event selectors together", &account, &region)
            .but(|it| it.reason = Reason::TooComplex);
        Answer::CannotTell(gap.into())
    })
}

/// Whether a set may hold some of what is asked for, by the category and the type of resource that are asked for.
fn may_meet(asked: &Events, set: &Events) -> bool {
    [Field::EventCategory, Field::ResourceType]
        .into_iter()
        .all(|field| {
            asked.on(field).all(|it| match it.any_of.as_slice() {
                [Pattern::Equals(only)] => set.accepts(field, only),
                _ => true,
            })
        })
}

/// Whether any event can lie in both sets.
#[must_use]
pub fn overlap(one: &Events, other: &Events) -> bool {
    let both = one.clone().and(other);
    let possible = |field: &Field| {
        let values = values(*field, &both, &[], &mut Work::new(COMPARISON));
        // What is too hard to tell may be.
        values.map_or(true, |values| {
            values.iter().any(|it| both.accepts(*field, &it.text))
        })
    };
    Field::ALL.iter().all(possible)
}

/// `sets` are those that hold the case so far. A hole says only what the fields below add.
fn descend(
    asked: &Events,
    fields: &[Field],
    sets: &[&Events],
    work: &mut Work,
) -> Result<Answer, TooComplex> {
    if sets.is_empty() {
        return Ok(Answer::Lacks(Hole::default()));
    }
    let free = |set: &&&Events| !fields.iter().any(|field| set.on(*field).next().is_some());
    if sets.iter().filter(free).any(|set| set.doubt.is_none()) {
        return Ok(Answer::Covers);
    }
    let Some((field, rest)) = fields.split_first() else {
        let doubts = sets.iter().filter_map(|set| set.doubt.clone());
        return Ok(Gaps::collect(doubts).map_or(Answer::Covers, Answer::CannotTell));
    };
    let cases = cases(*field, asked, sets, work)?;
    let (all, mut open, mut lacking) = (cases.len(), None, 0_usize);
    let mut first: Option<(Vec<Value>, Hole)> = None;
    let mut alike = true;
    for (kept, values) in cases {
        let kept: Vec<&Events> = kept
            .iter()
            .filter_map(|at| sets.get(*at).copied())
            .collect();
        match descend(asked, rest, &kept, work)? {
            Answer::Covers => {}
            Answer::Lacks(hole) => {
                lacking += 1;
                match &first {
                    Some((_, other)) => alike &= *other == hole,
                    None => first = Some((values, hole)),
                }
            }
            Answer::CannotTell(gaps) => open = Gaps::collect(open.into_iter().chain([gaps])),
        }
    }
    let Some((values, mut hole)) = first else {
        return Ok(open.map_or(Answer::Covers, Answer::CannotTell));
    };
    let everywhere = lacking == all && alike;
    if !everywhere {
        hole.parts.insert(0, part(*field, values, sets));
    }
    Ok(Answer::Lacks(hole))
}

/// A value that stands for all that are treated alike, and the name by which a set singles it out.
#[derive(Debug)]
struct Value {
    text: String,
    name: Option<String>,
}

/// The values of a field that are asked for, by the sets (their indices) that hold them.
fn cases(
    field: Field,
    asked: &Events,
    sets: &[&Events],
    work: &mut Work,
) -> Result<BTreeMap<Vec<usize>, Vec<Value>>, TooComplex> {
    let size = |set: &Events| -> usize {
        let conditions = set.on(field);
        1 + conditions
            .map(|it| it.any_of.len() + it.none_of.len())
            .sum::<usize>()
    };
    let all = sets.iter().map(|it| size(it)).sum::<usize>();
    let mut cases: BTreeMap<Vec<usize>, Vec<Value>> = BTreeMap::new();
    for value in values(field, asked, sets, work)? {
        work.spend(size(asked))?;
        if !asked.accepts(field, &value.text) {
            continue;
        }
        work.spend(all)?;
        let holds = |(_, set): &(usize, &&Events)| set.accepts(field, &value.text);
        let kept = sets.iter().enumerate().filter(holds).map(|(at, _)| at);
        cases.entry(kept.collect()).or_default().push(value);
    }
    Ok(cases)
}

fn values(
    field: Field,
    asked: &Events,
    sets: &[&Events],
    work: &mut Work,
) -> Result<Vec<Value>, TooComplex> {
    if let Some(all) = field.values() {
        let value = |text: &&str| Value {
            text: (*text).to_owned(),
            name: Some((*text).to_owned()),
        };
        return Ok(all.iter().map(value).collect());
    }
    let mut whole: BTreeMap<&str, bool> = BTreeMap::new();
    let mut starts = BTreeMap::from([("", false)]);
    let mut ends = BTreeMap::from([("", false)]);
    let theirs = sets.iter().flat_map(|set| patterns(set, field));
    // What is asked for comes last: what it names itself singles nothing out.
    let all = theirs.map(|it| (it, true));
    for (pattern, named) in all.chain(patterns(asked, field).map(|it| (it, false))) {
        let of_kind = match pattern {
            Pattern::Equals(_) => &mut whole,
            Pattern::StartsWith(_) => &mut starts,
            Pattern::EndsWith(_) => &mut ends,
        };
        of_kind.insert(pattern.text(), named);
    }
    work.spend(
        whole
            .len()
            .saturating_add(starts.len().saturating_mul(ends.len())),
    )?;
    let whole = whole.into_iter().map(|(text, named)| Value {
        text: text.to_owned(),
        name: named.then(|| text.to_owned()),
    });
    let open = starts.iter().flat_map(|(start, named)| {
        ends.iter().map(move |(end, too)| Value {
            text: format!("{start}{ANYTHING}{end}"),
            name: (*named || *too).then(|| format!("{start}*{end}")),
        })
    });
    Ok(whole.chain(open).collect())
}

fn patterns(set: &Events, field: Field) -> impl Iterator<Item = &Pattern> {
    set.on(field)
        .flat_map(|condition| condition.any_of.iter().chain(&condition.none_of))
}

/// How this case differs from the others: by the names of its values, or by not being one of those that are named.
fn part(field: Field, values: Vec<Value>, sets: &[&Events]) -> Part {
    let names: Option<Vec<String>> = values.into_iter().map(|value| value.name).collect();
    if let Some(names) = names {
        return Part::Excluded(field, names);
    }
    let texts = |list: fn(&Condition) -> &[Pattern]| {
        let conditions = sets.iter().flat_map(|set| set.on(field));
        let texts = conditions.flat_map(list).map(|it| it.text().to_owned());
        texts.collect::<BTreeSet<String>>().into_iter().collect()
    };
    let wanted: Vec<String> = texts(|condition| &condition.any_of);
    if wanted.is_empty() {
        Part::Excluded(field, texts(|condition| &condition.none_of))
    } else {
        Part::Only(field, wanted)
    }
}
