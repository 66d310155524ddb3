//! Whether a pattern matches every event of a required set.
//!
//! The fields that either of them tests are given values, one after the other, each value standing for all that
//! no test tells from it. A branch ends as soon as the event is not required or is matched: so every event is
//! looked at, and few are spelled out.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;

use super::expr::{Expr, Is, Path, Tri, Value, fold};
use super::values::{Candidates, candidates};

/// Steps after which the comparison gives up.
const MAX_STEPS: usize = 20_000;

/// What a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    /// Every required event is matched.
    Covers,
    /// This one is not.
    Misses(Witness),
    /// It depends on what is not known or not documented.
    CannotTell(String),
}

/// An event that is required and not matched.
#[derive(Debug, Clone, PartialEq)]
pub struct Witness {
    /// Its fields, as far as either pattern tests them.
    pub fields: Vec<(Path, Value)>,
    /// Which of them set it apart: those that the pattern tests, and those that the required events have a choice of.
    telling: Vec<bool>,
}

impl Witness {
    /// Whether a condition may hold for the event.
    #[must_use]
    pub fn may_match(&self, expr: &Expr) -> bool {
        let value = |path: &Path| {
            let found = self.fields.iter().find(|(own, _)| own == path);
            found.map(|(_, value)| value)
        };
        expr.eval(&value) != Tri::No
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = self.fields.iter().zip(&self.telling);
        let mut told = told
            .filter_map(|(field, tells)| tells.then_some(field))
            .peekable();
        if told.peek().is_none() {
            return f.write_str("any of them");
        }
        for (at, (path, value)) in told.enumerate() {
            let path = path.to_string();
            // What CloudTrail recorded lies in EventBridge's `detail`.
            let path = path.strip_prefix("detail.").unwrap_or(&path);
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{path} = {value}")?;
        }
        Ok(())
    }
}

/// Whether `pattern` matches every event that `required` does.
#[must_use]
pub fn covers(required: &Expr, pattern: &Expr) -> Comparison {
    let (mut kept, mut apart) = (Vec::new(), Vec::new());
    set_apart(required, pattern, &mut kept, &mut apart);
    let mut fields = Fields::default();
    let fixed: Vec<&Path> = kept
        .iter()
        .filter_map(|it| alone(it))
        .filter(|it| it.choices == 1)
        .map(|it| it.path)
        .collect();
    let required_node = Node::All(
        kept.into_iter()
            .map(|it| fields.compile(it, true))
            .collect(),
    );
    for field in &mut fields.all {
        field.fixed = fixed.contains(&field.path);
    }
    let pattern_node = fields.compile(pattern, false);
    let mut search = Search {
        values: vec![None; fields.all.len()],
        candidates: fields.all.iter().map(|_| None).collect(),
        fields,
        required: required_node,
        pattern: pattern_node,
        apart,
        order: Vec::new(),
        steps: 0,
        doubt: None,
    };
    match search.run() {
        ControlFlow::Break(witness) => Comparison::Misses(witness),
        ControlFlow::Continue(()) => match search.doubt {
            Some(Doubt::Unknown) => {
                let mut unknowns = Vec::new();
                pattern.unknowns(&mut unknowns);
                required.unknowns(&mut unknowns);
                unknowns.dedup();
                Comparison::CannotTell(unknowns.join("; "))
            }
            Some(Doubt::Other(why)) => Comparison::CannotTell(why),
            None => Comparison::Covers,
        },
    }
}

/// A condition on one field that nothing else tests, and that can be met.
struct Apart<'a> {
    path: &'a Path,
    example: Value,
    choices: usize,
}

/// Of what is required, conditions that can be met whatever the rest of the event is like: they make no difference
/// to what is matched, and need not be tried.
fn set_apart<'a>(
    required: &'a Expr,
    pattern: &Expr,
    kept: &mut Vec<&'a Expr>,
    apart: &mut Vec<Apart<'a>>,
) {
    let mut conditions = Vec::new();
    conjuncts(required, &mut conditions);
    let mut used: BTreeMap<&Path, usize> = BTreeMap::new();
    let mut tests = Vec::new();
    pattern.tests(&mut tests);
    tests
        .iter()
        .for_each(|it| *used.entry(&it.path).or_default() += 1);
    let own: Vec<_> = conditions.iter().map(|it| alone(it)).collect();
    for (condition, own) in conditions.iter().zip(&own) {
        let mut tests = Vec::new();
        condition.tests(&mut tests);
        match own {
            Some(own) => *used.entry(own.path).or_default() += 1,
            None => tests
                .iter()
                .for_each(|it| *used.entry(&it.path).or_default() += 1),
        }
    }
    let related = |path: &Path| {
        let other = |it: &&Path| it.holds(path) || path.holds(it);
        used.get(path) != Some(&1) || used.keys().any(other)
    };
    for (condition, own) in conditions.into_iter().zip(own) {
        match own {
            Some(own) if !related(own.path) => apart.push(own),
            Some(_) | None => kept.push(condition),
        }
    }
}

fn conjuncts<'a>(expr: &'a Expr, found: &mut Vec<&'a Expr>) {
    match expr {
        Expr::All(list) => list.iter().for_each(|it| conjuncts(it, found)),
        Expr::Any(_) | Expr::Test(_) | Expr::Unknown(_) => found.push(expr),
    }
}

/// The one field of a condition that some value surely meets.
fn alone(expr: &Expr) -> Option<Apart<'_>> {
    let mut tests = Vec::new();
    match expr {
        Expr::Test(test) => tests.push(test),
        Expr::Any(list) => {
            for expr in list {
                match expr {
                    Expr::Test(test) => tests.push(test),
                    Expr::All(_) | Expr::Any(_) | Expr::Unknown(_) => return None,
                }
            }
        }
        Expr::All(_) | Expr::Unknown(_) => return None,
    }
    let path = &tests.first()?.path;
    let same = tests.iter().all(|it| it.path == *path);
    let example = tests.iter().find_map(|it| example(&it.is))?;
    let choices = tests.len();
    same.then_some(Apart {
        path,
        example,
        choices,
    })
}

/// A value that is so, where it is plain to see.
fn example(is: &Is) -> Option<Value> {
    match is {
        Is::Like(texts) => texts.example().map(Value::Text),
        Is::Bool(value) => Some(Value::Bool(*value)),
        Is::Null => Some(Value::Null),
        Is::Absent => Some(Value::Absent),
        Is::Unlike(_) | Is::AnythingBut(_) | Is::Number(..) | Is::Present | Is::Address(..) => None,
    }
}

enum Doubt {
    Unknown,
    Other(String),
}

/// An expression whose fields are numbered.
enum Node<'a> {
    All(Vec<Node<'a>>),
    Any(Vec<Node<'a>>),
    Test(usize, &'a Is),
    Unknown,
}

#[derive(Default)]
struct Fields<'a> {
    all: Vec<Field<'a>>,
    by_path: BTreeMap<&'a Path, usize>,
}

struct Field<'a> {
    path: &'a Path,
    tests: Vec<&'a Is>,
    required: bool,
    in_pattern: bool,
    /// The required events have one value here.
    fixed: bool,
    /// How many texts the required events may have here.
    choices: usize,
}

impl<'a> Fields<'a> {
    fn compile(&mut self, expr: &'a Expr, required: bool) -> Node<'a> {
        match expr {
            Expr::All(list) => {
                Node::All(list.iter().map(|it| self.compile(it, required)).collect())
            }
            Expr::Any(list) => {
                Node::Any(list.iter().map(|it| self.compile(it, required)).collect())
            }
            Expr::Unknown(_) => Node::Unknown,
            Expr::Test(test) => {
                let new = self.all.len();
                let index = *self.by_path.entry(&test.path).or_insert(new);
                if index == new {
                    let (path, tests) = (&test.path, Vec::new());
                    let (in_pattern, fixed, choices) = (false, false, 0);
                    self.all.push(Field {
                        path,
                        tests,
                        required,
                        in_pattern,
                        fixed,
                        choices,
                    });
                }
                if let Some(field) = self.all.get_mut(index) {
                    field.in_pattern |= !required;
                    if !field.tests.contains(&&test.is) {
                        field.tests.push(&test.is);
                        let exact =
                            matches!(&test.is, Is::Like(texts) if texts.exactly().is_some());
                        field.choices += usize::from(required && exact);
                    }
                }
                Node::Test(index, &test.is)
            }
        }
    }
}

struct Search<'a> {
    fields: Fields<'a>,
    required: Node<'a>,
    pattern: Node<'a>,
    apart: Vec<Apart<'a>>,
    values: Vec<Option<Value>>,
    candidates: Vec<Option<std::rc::Rc<Candidates>>>,
    order: Vec<usize>,
    steps: usize,
    doubt: Option<Doubt>,
}

impl Search<'_> {
    fn run(&mut self) -> ControlFlow<Witness> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            self.doubt = Some(Doubt::Other("it is too large to be compared".to_owned()));
            return ControlFlow::Continue(());
        }
        let required = self.required(&self.required);
        if required == Tri::No {
            return ControlFlow::Continue(());
        }
        let matched = self.eval(&self.pattern);
        if matched == Tri::Yes {
            return ControlFlow::Continue(());
        }
        let in_pattern = || match matched {
            Tri::Maybe => self
                .open(&self.pattern, true)
                .or_else(|| self.open(&self.pattern, false)),
            Tri::Yes | Tri::No => None,
        };
        let Some(field) = in_pattern().or_else(|| self.open(&self.required, false)) else {
            return self.leaf(required, matched);
        };
        let candidates = self.candidates_of(field);
        if !candidates.complete {
            let path = self.fields.all.get(field).map(|it| it.path.to_string());
            let why = format!(
                "its tests on {} are too many to compare",
                path.unwrap_or_default()
            );
            self.doubt.get_or_insert(Doubt::Other(why));
        }
        self.order.push(field);
        for value in &candidates.values {
            if self.possible(field, value) {
                self.set(field, Some(value.clone()));
                self.run()?;
            }
        }
        self.set(field, None);
        self.order.pop();
        ControlFlow::Continue(())
    }

    /// Nothing is left to be tried. An event that may or may not be required is not.
    fn leaf(&mut self, required: Tri, matched: Tri) -> ControlFlow<Witness> {
        match (required, matched) {
            (Tri::Yes, Tri::No) => return ControlFlow::Break(self.witness()),
            (Tri::Yes, Tri::Maybe | Tri::Yes) => {
                let doubt = self.doubt_of(&self.pattern).unwrap_or(Doubt::Unknown);
                self.doubt.get_or_insert(doubt);
            }
            (Tri::No | Tri::Maybe, _) => {}
        }
        ControlFlow::Continue(())
    }

    fn witness(&self) -> Witness {
        let told = self.order.iter().filter_map(|at| {
            let field = self.fields.all.get(*at)?;
            let value = self.values.get(*at)?.clone()?;
            let decides = field.tests.iter().any(|is| is.eval(&value) != Tri::Yes);
            let tells = field.choices > 1 || field.in_pattern && (decides || !field.fixed);
            Some(((field.path.clone(), value), tells))
        });
        let apart = self.apart.iter();
        let apart = apart.map(|it| ((it.path.clone(), it.example.clone()), it.choices > 1));
        let (fields, telling) = told.chain(apart).unzip();
        Witness { fields, telling }
    }

    fn doubt_of(&self, node: &Node<'_>) -> Option<Doubt> {
        let field = self.fields.all.get(self.unsure(node)?)?;
        let value = self.value(self.unsure(node)?)?;
        Some(Doubt::Other(format!(
            "AWS does not document what its test on {} makes of {value}",
            field.path
        )))
    }

    /// Whether the event is required: surely, surely not or not for sure (no), or not decided yet.
    fn required(&self, node: &Node<'_>) -> Tri {
        match node {
            Node::All(list) => fold(list.iter().map(|it| self.required(it)), Tri::No),
            Node::Any(list) => fold(list.iter().map(|it| self.required(it)), Tri::Yes),
            Node::Test(at, is) => self
                .value(*at)
                .map_or(Tri::Maybe, |value| Tri::from(is.eval(value) == Tri::Yes)),
            Node::Unknown => Tri::No,
        }
    }

    fn eval(&self, node: &Node<'_>) -> Tri {
        match node {
            Node::All(list) => fold(list.iter().map(|it| self.eval(it)), Tri::No),
            Node::Any(list) => fold(list.iter().map(|it| self.eval(it)), Tri::Yes),
            Node::Test(at, is) => self.value(*at).map_or(Tri::Maybe, |value| is.eval(value)),
            Node::Unknown => Tri::Maybe,
        }
    }

    /// A field that may still decide: those that the required events fix go first, they end most branches.
    fn open(&self, node: &Node<'_>, required: bool) -> Option<usize> {
        match node {
            Node::All(list) | Node::Any(list) => {
                let undecided = list.iter().filter(|it| self.eval(it) == Tri::Maybe);
                undecided.into_iter().find_map(|it| self.open(it, required))
            }
            Node::Test(at, _) => {
                let wanted = !required || self.fields.all.get(*at).is_some_and(|it| it.required);
                (wanted && self.value(*at).is_none()).then_some(*at)
            }
            Node::Unknown => None,
        }
    }

    /// A test that gave no answer although its field is known.
    fn unsure(&self, node: &Node<'_>) -> Option<usize> {
        match node {
            Node::All(list) | Node::Any(list) => list.iter().find_map(|it| self.unsure(it)),
            Node::Test(at, is) => {
                let maybe = self.value(*at).is_some_and(|it| is.eval(it) == Tri::Maybe);
                maybe.then_some(*at)
            }
            Node::Unknown => None,
        }
    }

    fn candidates_of(&mut self, field: usize) -> std::rc::Rc<Candidates> {
        let Some(slot) = self.candidates.get_mut(field) else {
            return std::rc::Rc::default();
        };
        let tests = self.fields.all.get(field).map_or(&[][..], |it| &it.tests);
        slot.get_or_insert_with(|| std::rc::Rc::new(candidates(tests)))
            .clone()
    }

    /// A field of an object is there only where the object is.
    fn possible(&self, field: usize, value: &Value) -> bool {
        let Some(path) = self.fields.all.get(field).map(|it| it.path) else {
            return false;
        };
        self.order.iter().all(|at| {
            let (Some(other), Some(known)) = (self.fields.all.get(*at), self.value(*at)) else {
                return true;
            };
            if other.path.holds(path) {
                *known == Value::Nested || *value == Value::Absent
            } else if path.holds(other.path) {
                *known == Value::Absent || *value == Value::Nested
            } else {
                true
            }
        })
    }

    fn value(&self, field: usize) -> Option<&Value> {
        self.values.get(field).and_then(Option::as_ref)
    }

    fn set(&mut self, field: usize, value: Option<Value>) {
        if let Some(slot) = self.values.get_mut(field) {
            *slot = value;
        }
    }
}
