//! Tries every world that matters, so that correlations count: the same condition in an Allow and a Deny, ranges that
//! exclude each other, patterns that cannot match together.
//!
//! A key that may have any value gets one representative of each class that the policies can tell apart. What cannot be
//! enumerated is left free to hold or not: that only ever adds worlds, so no verdict claims too much.

use std::collections::BTreeSet;

use super::atoms::{Atom, target_glob};
use super::classes::{representatives, representatives_within};
use super::condition::Condition;
use super::context::{Key, Seen, Tri, Value, View};
use super::formula::Formula;
use super::instant;
use super::operator::Quantifier;
use super::request::{Request, Target};
use super::template::Filled;
use super::within::Within;
use crate::text::Glob;
use crate::text::witnesses;

/// Worlds that are tried at most.
const MAX_WORLDS: usize = 4_096;
/// Classes of a multi-valued key whose combinations are tried.
const MAX_CLASSES: usize = 5;

/// The worlds that were tried, each with the value of every atom.
#[derive(Debug)]
pub(super) struct Worlds {
    worlds: Vec<Vec<Tri>>,
    /// Every world is a real one.
    pub(super) exact: bool,
    /// There were too many. The one world left knows no atom.
    pub(super) untried: bool,
}

impl Worlds {
    /// One world in which nothing is known: enough for a formula that decides itself.
    pub(super) fn one() -> Self {
        Self {
            worlds: vec![Vec::new()],
            exact: true,
            untried: false,
        }
    }

    fn too_many() -> Self {
        Self {
            exact: false,
            untried: true,
            ..Self::one()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.worlds.len()
    }

    /// The value of a formula in each world.
    pub(super) fn values<'a>(&'a self, formula: &'a Formula) -> impl Iterator<Item = Tri> + 'a {
        self.worlds
            .iter()
            .map(|world| formula.value(&|id| world.get(id).copied().unwrap_or(Tri::Undecided)))
    }

    /// The worlds, as the values of their atoms.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[Tri]> {
        self.worlds.iter().map(Vec::as_slice)
    }
}

/// One thing that differs between worlds, and what it can be.
enum Dimension<'a> {
    Key(&'a str, Vec<Option<Value>>),
    Resource(Vec<String>),
    /// An atom that cannot be derived from the others: it holds or not.
    Free(usize),
}

impl Dimension<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Key(_, states) => states.len(),
            Self::Resource(arns) => arns.len(),
            Self::Free(_) => 2,
        }
    }
}

/// What an atom hangs on.
struct Used<'a> {
    id: usize,
    atom: Atom<'a>,
    /// Its unknown keys.
    keys: BTreeSet<&'a str>,
    /// More than its own key, or resource and key together.
    relational: bool,
}

/// All worlds that a formula can tell apart.
pub(super) fn enumerate(atoms: &[Atom<'_>], formula: &Formula, request: &Request) -> Worlds {
    let view = View::of(&request.context);
    let mut ids = BTreeSet::new();
    formula.atoms(&mut ids);
    let used = ids
        .iter()
        .filter_map(|&id| atoms.get(id).map(|atom| describe(id, *atom, &view)));
    let mut split = Split {
        used: used.collect(),
        dimensions: Vec::new(),
        exact: true,
    };
    split.relations(request);
    split.keys(request, &view);
    split.resources(request, &view);
    let count = split
        .dimensions
        .iter()
        .try_fold(1_usize, |count, dimension| {
            count.checked_mul(dimension.len())
        });
    if count.is_none_or(|count| count > MAX_WORLDS) {
        return Worlds::too_many();
    }
    Worlds {
        worlds: product(&split.dimensions, &split.used, request, atoms.len()),
        exact: split.exact,
        untried: false,
    }
}

/// What worlds differ in, as far as it is known.
struct Split<'a> {
    /// The atoms whose value follows from the dimensions.
    used: Vec<Used<'a>>,
    dimensions: Vec<Dimension<'a>>,
    /// No atom was set free.
    exact: bool,
}

impl<'a> Split<'a> {
    /// These atoms may be true or false, each for itself.
    fn set_free(&mut self, hard: impl Fn(&Used<'_>) -> bool) {
        let used = std::mem::take(&mut self.used);
        let (free, kept): (Vec<Used<'_>>, _) = used.into_iter().partition(hard);
        self.used = kept;
        self.exact &= free.is_empty();
        let free = free.iter().map(|used| Dimension::Free(used.id));
        self.dimensions.extend(free);
    }

    /// What is compared with something that has no list of values.
    fn relations(&mut self, request: &Request) {
        let any = |key: &&str| match request.context.key(key) {
            Key::Any { .. } | Key::Like(_) | Key::From(_) | Key::AnyBut(_) => true,
            Key::Known(_) | Key::Absent | Key::OneOf(_) => false,
        };
        let set = matches!(request.target, Target::Matching(_));
        self.set_free(|used| {
            used.relational && (used.keys.iter().any(any) || (used.atom.is_resource() && set))
        });
    }

    fn keys(&mut self, request: &Request, view: &View<'_>) {
        let keys: BTreeSet<&'a str> = self
            .used
            .iter()
            .flat_map(|used| used.keys.iter().copied())
            .collect();
        for key in keys {
            let own = self.used.iter().filter(|used| used.keys.contains(key));
            let own: Vec<&Used<'_>> = own.collect();
            let conditions = own.iter().filter_map(|used| match &used.atom {
                Atom::Condition { condition, .. } => Some(*condition),
                Atom::Resource(_) => None,
            });
            let conditions: Vec<&Condition> = conditions.collect();
            match states(request.context.key(key), &conditions, view) {
                Some(states) => {
                    let states = distinct(states, &own, |state, used| {
                        let world = [(key, state.as_ref())];
                        used.atom
                            .value(&View::in_world(&request.context, &world), None)
                    });
                    self.dimensions.push(Dimension::Key(key, states));
                }
                None => self.set_free(|used| used.keys.contains(key)),
            }
        }
    }

    fn resources(&mut self, request: &Request, view: &View<'_>) {
        let about = self.used.iter().filter(|used| used.atom.is_resource());
        let about: Vec<&Used<'_>> = about.collect();
        if about.is_empty() {
            return;
        }
        match resources(&request.target, &about, view) {
            Some(arns) => {
                let arns = distinct(arns, &about, |arn, used| used.atom.value(view, Some(arn)));
                self.dimensions.push(Dimension::Resource(arns));
            }
            None => self.set_free(|used| used.atom.is_resource()),
        }
    }
}

fn describe<'a>(id: usize, atom: Atom<'a>, view: &View<'_>) -> Used<'a> {
    let unknown = |key: &&str| view.get(key) == Seen::Unknown;
    let keys: BTreeSet<&str> = atom.keys().into_iter().filter(unknown).collect();
    let relational = match &atom {
        Atom::Condition { condition, .. } => condition.variables().any(|key| keys.contains(key)),
        Atom::Resource(_) => !keys.is_empty(),
    };
    Used {
        id,
        atom,
        keys,
        relational,
    }
}

/// One choice of each kind that the atoms can tell apart. Where an atom hangs on something else too, all stay.
fn distinct<T>(
    choices: Vec<T>,
    atoms: &[&Used<'_>],
    value: impl Fn(&T, &Used<'_>) -> Tri,
) -> Vec<T> {
    if atoms.iter().any(|used| used.relational) {
        return choices;
    }
    let mut seen = BTreeSet::new();
    choices
        .into_iter()
        .filter(|choice| {
            let kind: Vec<Tri> = atoms.iter().map(|used| value(choice, used)).collect();
            seen.insert(kind)
        })
        .collect()
}

fn product(
    dimensions: &[Dimension<'_>],
    used: &[Used<'_>],
    request: &Request,
    atoms: usize,
) -> Vec<Vec<Tri>> {
    let mut worlds = Vec::new();
    let mut at = vec![0_usize; dimensions.len()];
    let only = match &request.target {
        Target::One(arn) => Some(arn.as_str()),
        Target::OneOf(_) | Target::Matching(_) => None,
    };
    loop {
        let mut keys = Vec::new();
        let mut resource = only;
        let mut values = vec![Tri::Undecided; atoms];
        for (dimension, &choice) in dimensions.iter().zip(&at) {
            match dimension {
                Dimension::Key(key, states) => {
                    keys.push((*key, states.get(choice).and_then(Option::as_ref)));
                }
                Dimension::Resource(arns) => resource = arns.get(choice).map(String::as_str),
                Dimension::Free(id) => set(&mut values, *id, Tri::from(choice == 1)),
            }
        }
        let view = View::in_world(&request.context, &keys);
        for used in used {
            set(&mut values, used.id, used.atom.value(&view, resource));
        }
        worlds.push(values);
        if !advance(&mut at, dimensions) {
            return worlds;
        }
    }
}

fn set(values: &mut [Tri], id: usize, value: Tri) {
    if let Some(own) = values.get_mut(id) {
        *own = value;
    }
}

/// The next combination; `false` after the last.
fn advance(at: &mut [usize], dimensions: &[Dimension<'_>]) -> bool {
    for (choice, dimension) in at.iter_mut().zip(dimensions) {
        *choice += 1;
        if *choice < dimension.len() {
            return true;
        }
        *choice = 0;
    }
    false
}

fn resources(target: &Target, atoms: &[&Used<'_>], view: &View<'_>) -> Option<Vec<String>> {
    match target {
        Target::One(arn) => Some(vec![arn.clone()]),
        Target::OneOf(arns) => Some(arns.clone()),
        Target::Matching(set) => {
            let mut globs = Vec::new();
            for used in atoms {
                if let Atom::Resource(atom) = &used.atom {
                    match atom.pattern.fill(view, atom.incomplete) {
                        Filled::Glob(glob) => globs.push(glob),
                        Filled::Never => {}
                        Filled::Undecided => return None,
                    }
                }
            }
            let globs: Vec<&Glob> = globs.iter().collect();
            let set = target_glob(set)?;
            let plain = Within::of(&set).and_then(|set| set.witnesses(&globs));
            plain.or_else(|| witnesses(&globs, &set))
        }
    }
}

/// What a key can be, as far as conditions tell the difference; nothing if that is too much.
pub(super) fn states(
    key: &Key,
    conditions: &[&Condition],
    view: &View<'_>,
) -> Option<Vec<Option<Value>>> {
    let may_be_absent = match key {
        Key::Known(value) => return Some(vec![Some(value.clone())]),
        Key::Absent => return Some(vec![None]),
        Key::OneOf(states) => return Some(states.clone()),
        Key::Any { may_be_absent } => *may_be_absent,
        Key::AnyBut(_) => true,
        Key::Like(_) | Key::From(_) => false,
    };
    let mut values = if let Key::Like(pattern) = key {
        representatives_within(conditions, view, &Glob::wild(pattern, false))?
    } else {
        representatives(conditions, view)?
    };
    if let Key::From(now) = key {
        let start = instant::seconds(now)?;
        values.push(now.clone());
        values.retain(|value| instant::seconds(value).is_some_and(|at| at >= start));
    }
    if let Key::AnyBut(other) = key {
        values.retain(|value| value != other);
    }
    let many = conditions
        .iter()
        .any(|c| c.operator.quantifier != Quantifier::None);
    let mut states: Vec<Option<Value>> = Vec::new();
    if may_be_absent {
        states.push(None);
    }
    states.extend(values.iter().map(|value| Some(Value::One(value.clone()))));
    if many {
        if values.len() > MAX_CLASSES {
            return None;
        }
        for chosen in 1_usize..1 << values.len() {
            let subset = values
                .iter()
                .enumerate()
                .filter(|(index, _)| chosen & (1 << index) != 0)
                .map(|(_, value)| value.clone());
            states.push(Some(Value::Many(subset.collect())));
        }
    }
    Some(states)
}
