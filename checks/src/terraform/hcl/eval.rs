//! Expressions to values, within bounds.

use std::collections::BTreeMap;

use serde_json::Number;

use super::functions::call;
use super::template::Piece;
use super::{Body, Expr, Val};

/// What names stand for.
pub(in crate::terraform) trait Names {
    /// The value of a name, as far as it goes: `["var", "x"]`. A name that goes on is given back as [`Val::Name`].
    fn value(&self, name: &[String], work: &mut Work) -> Val;

    /// An attribute of a resource.
    fn attribute(&self, resource: usize, name: &str, work: &mut Work) -> Val;

    /// An output of a module.
    fn output(
        &self,
        module: &[crate::terraform::address::Step],
        name: &str,
        work: &mut Work,
    ) -> Val;
}

/// How much may still be done.
#[derive(Debug, Clone, Copy)]
pub(in crate::terraform) struct Work {
    pub(in crate::terraform) left: u32,
    pub(in crate::terraform) depth: u32,
}

impl Work {
    pub(in crate::terraform) fn new() -> Self {
        Self {
            left: 100_000,
            depth: 0,
        }
    }

    /// Nothing more is to be done.
    fn is_spent(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }

    /// One step further down, where that is allowed.
    pub(in crate::terraform) fn deeper(&mut self, then: impl FnOnce(&mut Self) -> Val) -> Val {
        // References may go in circles, and each step takes some room on the stack.
        if self.depth >= 120 || self.is_spent() {
            return Val::Unknown("an expression that refers to too much".to_owned());
        }
        self.depth += 1;
        let value = then(self);
        self.depth -= 1;
        value
    }
}

/// Names that loops have bound, the innermost last.
pub(in crate::terraform) type Env = Vec<(String, Val)>;

fn unknown(why: &str) -> Val {
    Val::Unknown(why.to_owned())
}

/// The value of an expression.
pub(in crate::terraform) fn evaluate(
    expr: &Expr,
    names: &dyn Names,
    env: &mut Env,
    work: &mut Work,
) -> Val {
    work.deeper(|work| step(expr, names, env, work))
}

fn step(expr: &Expr, names: &dyn Names, env: &mut Env, work: &mut Work) -> Val {
    let mut of = |expr: &Expr, env: &mut Env| evaluate(expr, names, env, work);
    match expr {
        Expr::Null => Val::Null,
        Expr::Bool(on) => Val::Bool(*on),
        Expr::Number(text) => number(text),
        Expr::Template(pieces) => match pieces.as_slice() {
            [Piece::Value(one)] => of(one, env),
            all => {
                let mut text = String::new();
                for piece in all {
                    match piece {
                        Piece::Text(part) => match Val::text(part) {
                            Val::Text(part) => text.push_str(&part),
                            other => return other,
                        },
                        Piece::Value(part) => text.push_str(&of(part, env).within()),
                        Piece::Unread => return unknown("a template with directives"),
                    }
                }
                Val::Text(text)
            }
        },
        Expr::List(items) => Val::List(items.iter().map(|it| of(it, env)).collect()),
        Expr::Object(fields) => {
            let mut map = BTreeMap::new();
            for (name, value) in fields {
                match of(name, env) {
                    Val::Text(name) if !super::has_mark(&name) => {
                        let value = of(value, env);
                        map.insert(name, value);
                    }
                    _ => return unknown("an object with unknown keys"),
                }
            }
            Val::Map(map)
        }
        Expr::Name(name) => {
            let bound = env.iter().rev().find(|(it, _)| it == name);
            match bound {
                Some((_, value)) => value.clone(),
                None => Val::Name(vec![name.clone()]),
            }
        }
        Expr::Each => {
            let bound = env.iter().rev().find(|(it, _)| it.is_empty());
            bound.map_or_else(|| unknown("a splat"), |(_, value)| value.clone())
        }
        Expr::Attr(inner, name) => {
            let value = of(inner, env);
            attribute(value, name, names, work)
        }
        Expr::Index(inner, index) => {
            let value = of(inner, env);
            let index = of(index, env);
            match (&value, &index) {
                (Val::List(items), Val::Number(at)) => {
                    let at = at.as_u64().and_then(|it| usize::try_from(it).ok());
                    let item = at.and_then(|it| items.get(it)).cloned();
                    item.unwrap_or_else(|| unknown("an element that is not there"))
                }
                (Val::Map(_) | Val::Resource(_), Val::Text(name)) if !super::has_mark(name) => {
                    attribute(value, name, names, work)
                }
                (Val::Unknown(why), _) | (_, Val::Unknown(why)) => unknown(why),
                _ => unknown("an element that is not there"),
            }
        }
        Expr::Splat(inner, each) => {
            let items = match of(inner, env) {
                Val::List(items) => items,
                Val::Null => Vec::new(),
                Val::Unknown(why) => return Val::Unknown(why),
                one => vec![one],
            };
            let mut all = Vec::new();
            for item in items {
                env.push((String::new(), item));
                all.push(of(each, env));
                env.pop();
            }
            Val::List(all)
        }
        Expr::Call(name, arguments) => {
            let mut values = Vec::new();
            for argument in arguments {
                match argument {
                    Expr::Op("...", inner) => match inner.first().map(|it| of(it, env)) {
                        Some(Val::List(items)) => values.extend(items),
                        _ => return unknown("arguments that are unknown"),
                    },
                    argument => values.push(of(argument, env)),
                }
            }
            call(name, values)
        }
        Expr::If(condition, yes, no) => match of(condition, env) {
            Val::Bool(true) => of(yes, env),
            Val::Bool(false) => of(no, env),
            other => {
                let (yes, no) = (of(yes, env), of(no, env));
                match (yes == no && yes.is_known(), other) {
                    (true, _) => yes,
                    (false, Val::Unknown(why)) => Val::Unknown(why),
                    (false, _) => unknown("a condition"),
                }
            }
        },
        Expr::Op(operator, operands) => {
            let values: Vec<Val> = operands.iter().map(|it| of(it, env)).collect();
            operate(operator, &values)
        }
        Expr::For(it) => {
            let source = of(&it.source, env);
            let items: Vec<(Val, Val)> = match source {
                Val::List(items) => {
                    let each = items.into_iter().enumerate();
                    each.map(|(at, it)| (Val::Number(Number::from(at)), it))
                        .collect()
                }
                Val::Map(fields) => fields
                    .into_iter()
                    .map(|(key, it)| (Val::Text(key), it))
                    .collect(),
                Val::Unknown(why) => return Val::Unknown(why),
                _ => return unknown("a loop over what is no list"),
            };
            let (mut list, mut map) = (Vec::new(), BTreeMap::new());
            for (key, value) in items {
                let bound = env.len();
                env.push((it.value.clone(), value));
                env.extend(it.key.clone().map(|name| (name, key)));
                let kept = it
                    .kept
                    .as_ref()
                    .map_or(Val::Bool(true), |kept| of(kept, env));
                let name = it.name.as_ref().map(|name| of(name, env));
                let item = (kept != Val::Bool(false)).then(|| of(&it.item, env));
                env.truncate(bound);
                match (kept, name, item) {
                    (Val::Bool(false), _, _) => {}
                    (Val::Bool(true), None, Some(item)) => list.push(item),
                    (Val::Bool(true), Some(Val::Text(name)), Some(item))
                        if !super::has_mark(&name) =>
                    {
                        map.insert(name, item);
                    }
                    _ => return unknown("a loop of which it is not known what it leaves out"),
                }
            }
            match it.name {
                Some(_) => Val::Map(map),
                None => Val::List(list),
            }
        }
    }
}

/// What `.name` of a value is.
pub(super) fn attribute(value: Val, name: &str, names: &dyn Names, work: &mut Work) -> Val {
    match value {
        Val::Name(mut all) => {
            all.push(name.to_owned());
            work.deeper(|work| names.value(&all, work))
        }
        Val::Resource(at) => work.deeper(|work| names.attribute(at, name, work)),
        Val::Module(steps) => work.deeper(|work| names.output(&steps, name, work)),
        Val::Map(mut fields) => {
            let field = fields.remove(name);
            field.unwrap_or_else(|| unknown("a field that is not there"))
        }
        // `.*` of old: the attributes of each.
        Val::List(_) | Val::Null | Val::Bool(_) | Val::Number(_) | Val::Text(_) => {
            unknown("a field of what has none")
        }
        Val::Unknown(why) => Val::Unknown(why),
    }
}

fn number(text: &str) -> Val {
    let whole = text.parse::<i64>().ok().map(Number::from);
    let number = whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
    number.map_or_else(|| unknown("a number"), Val::Number)
}

fn operate(operator: &str, values: &[Val]) -> Val {
    match (operator, values) {
        ("!", [Val::Bool(on)]) => Val::Bool(!on),
        // What decides by itself decides.
        ("&&", [one, two]) if [one, two].contains(&&Val::Bool(false)) => Val::Bool(false),
        ("||", [one, two]) if [one, two].contains(&&Val::Bool(true)) => Val::Bool(true),
        ("&&", [Val::Bool(true), Val::Bool(true)]) => Val::Bool(true),
        ("||", [Val::Bool(false), Val::Bool(false)]) => Val::Bool(false),
        ("==", [one, two]) if one.is_known() && two.is_known() => Val::Bool(one == two),
        ("!=", [one, two]) if one.is_known() && two.is_known() => Val::Bool(one != two),
        (_, [Val::Number(one), Val::Number(two)]) => {
            let (Some(one), Some(two)) = (one.as_i64(), two.as_i64()) else {
                return unknown("a number");
            };
            let whole = |number: Option<i64>| {
                number.map_or_else(|| unknown("a number"), |it| Val::Number(Number::from(it)))
            };
            match operator {
                "<" => Val::Bool(one < two),
                ">" => Val::Bool(one > two),
                "<=" => Val::Bool(one <= two),
                ">=" => Val::Bool(one >= two),
                "+" => whole(one.checked_add(two)),
                "-" => whole(one.checked_sub(two)),
                "*" => whole(one.checked_mul(two)),
                _ => unknown("a number"),
            }
        }
        _ => unknown("a condition on what is unknown"),
    }
}

/// The blocks of a kind in a body as the provider sees them, those of `dynamic` blocks too, each as an object.
pub(in crate::terraform) fn object(
    body: &Body,
    names: &dyn Names,
    env: &mut Env,
    work: &mut Work,
) -> Val {
    let mut map = BTreeMap::new();
    for (name, value) in &body.attributes {
        let value = evaluate(value, names, env, work);
        map.insert(name.clone(), value);
    }
    for block in &body.blocks {
        let mut add = |name: &str, value: Val| {
            let list = map
                .entry(name.to_owned())
                .or_insert_with(|| Val::List(Vec::new()));
            match list {
                Val::List(all) => all.push(value),
                other => *other = unknown("a block and an attribute of the same name"),
            }
        };
        if block.kind != "dynamic" {
            add(
                &block.kind,
                work.deeper(|work| object(&block.body, names, env, work)),
            );
            continue;
        }
        let Some(name) = block.labels.first() else {
            continue;
        };
        let source = block.body.attributes.get("for_each");
        let source = source.map(|it| evaluate(it, names, env, work));
        let items: Vec<(Val, Val)> = match source {
            Some(Val::List(items)) => items.into_iter().map(|it| (it.clone(), it)).collect(),
            Some(Val::Map(fields)) => fields
                .into_iter()
                .map(|(key, it)| (Val::Text(key), it))
                .collect(),
            _ => {
                map.insert(
                    name.clone(),
                    unknown("blocks of which it is not known how many there are"),
                );
                continue;
            }
        };
        let iterator = match block.body.attributes.get("iterator") {
            Some(Expr::Name(name)) => name.clone(),
            Some(_) | None => name.clone(),
        };
        let content = block.body.find("content", &[]).next();
        for (key, value) in items {
            let fields = [("key".to_owned(), key), ("value".to_owned(), value)];
            env.push((iterator.clone(), Val::Map(fields.into_iter().collect())));
            let value = match content {
                Some(content) => work.deeper(|work| object(&content.body, names, env, work)),
                None => unknown("a dynamic block without content"),
            };
            env.pop();
            match map
                .entry(name.clone())
                .or_insert_with(|| Val::List(Vec::new()))
            {
                Val::List(all) => all.push(value),
                Val::Unknown(_) => {}
                other => *other = unknown("a block and an attribute of the same name"),
            }
        }
    }
    Val::Map(map)
}
