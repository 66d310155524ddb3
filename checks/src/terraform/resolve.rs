//! What an attribute refers to, where its value is known only after apply.

use std::collections::BTreeSet;

use serde_json::Value;

use super::address::{Step, instance, path, steps};
use super::config::{join, references};
use super::plan::{Plan, Resource, Side};
use super::value::Attr;

/// No attribute is followed further: references form no circles in a plan that Terraform made, and anything may stand
/// in one that it did not make.
const WORK: u32 = 2_000;

/// What an attribute names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A value that is known.
    Text(String),
    /// Nothing.
    Nothing,
    /// A resource of the plan.
    Resource(usize),
    /// One of these, or something that is not known.
    Open(BTreeSet<usize>),
}

/// What expressions lead to.
#[derive(Debug, Default)]
struct Found {
    resources: BTreeSet<usize>,
    /// Some of it leads to what cannot be followed.
    open: bool,
}

/// A walk along references.
struct Walk<'a> {
    plan: &'a Plan,
    kinds: &'a [&'a str],
    side: Side,
    work: u32,
    seen: BTreeSet<(usize, String)>,
    found: Found,
}

impl Plan {
    /// What an attribute of a resource names: a value, or the resource of one of these kinds whose attribute it is.
    ///
    /// A value that is unknown and refers to one resource of the kinds is taken for that resource's own name or ARN.
    /// (An expression could append something to it. Then nothing of that name would be in the plan.)
    pub(super) fn target(&self, of: usize, attribute: &str, kinds: &[&str], side: Side) -> Target {
        let Some(resource) = self.resources.get(of) else {
            return Target::Open(BTreeSet::new());
        };
        match resource.view(side, false).attr(attribute) {
            Attr::Unset => return Target::Nothing,
            Attr::Known(value) => {
                return match value.as_str() {
                    Some("") => Target::Nothing,
                    Some(text) => Target::Text(text.to_owned()),
                    None => Target::Open(BTreeSet::new()),
                };
            }
            Attr::Unknown => {}
        }
        let mut walk = Walk {
            plan: self,
            kinds,
            side,
            work: WORK,
            seen: BTreeSet::new(),
            found: Found::default(),
        };
        walk.attribute(of, attribute);
        let Found { resources, open } = walk.found;
        match (resources.first(), resources.len()) {
            (Some(one), 1) if !open => Target::Resource(*one),
            _ => Target::Open(resources),
        }
    }
}

impl Plan {
    /// The resource that an attribute within the blocks of a resource refers to, if it is one alone.
    pub(super) fn inner_target(
        &self,
        of: usize,
        attribute: &str,
        kinds: &[&str],
        side: Side,
    ) -> Option<usize> {
        fn find<'v>(tree: &'v Value, name: &str, into: &mut Vec<&'v Value>) {
            match tree {
                Value::Object(fields) => {
                    for (key, value) in fields {
                        match key == name {
                            true => into.push(value),
                            false => find(value, name, into),
                        }
                    }
                }
                Value::Array(items) => items.iter().for_each(|it| find(it, name, into)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let resource = self.resources.get(of)?;
        let declared = self
            .config
            .declared(&path(&resource.modules), &resource.label())?;
        let mut found = Vec::new();
        find(&declared.expressions, attribute, &mut found);
        let [expression] = found.as_slice() else {
            return None;
        };
        let mut walk = Walk {
            plan: self,
            kinds,
            side,
            work: WORK,
            seen: BTreeSet::new(),
            found: Found::default(),
        };
        let key = resource.key.as_deref();
        walk.expression(expression, &resource.modules, key, &declared.repeated);
        match (walk.found.resources.first(), walk.found.resources.len()) {
            (Some(one), 1) if !walk.found.open => Some(*one),
            _ => None,
        }
    }
}

impl<'a> Walk<'a> {
    /// Follows the expression of an attribute.
    fn attribute(&mut self, of: usize, name: &str) {
        if !self.seen.insert((of, name.to_owned())) {
            return;
        }
        let Some(resource) = self.plan.resources.get(of) else {
            return;
        };
        let declared = self
            .plan
            .config
            .declared(&path(&resource.modules), &resource.label());
        let Some(declared) = declared else {
            self.found.open = true;
            return;
        };
        let expression = declared.expressions.get(name);
        match expression {
            // It is not written: the provider makes it up.
            None => self.found.open = true,
            Some(expression) => self.expression(
                expression,
                &resource.modules,
                resource.key.as_deref(),
                &declared.repeated,
            ),
        }
    }

    fn expression(
        &mut self,
        expression: &'a Value,
        modules: &[Step],
        key: Option<&str>,
        repeated: &'a Value,
    ) {
        let all = references(expression);
        // The key of the resource itself counts only where the expression is written with it.
        let keyed = all
            .iter()
            .any(|it| it.starts_with("each.") || it.starts_with("count."));
        let key = key.filter(|_| keyed);
        for reference in all {
            if self.work == 0 {
                self.found.open = true;
                return;
            }
            self.work -= 1;
            self.reference(reference, modules, key, repeated);
        }
    }

    fn reference(
        &mut self,
        reference: &str,
        modules: &[Step],
        key: Option<&str>,
        repeated: &'a Value,
    ) {
        let all = steps(reference);
        let mut words = all.iter();
        let Some(first) = words.next() else { return };
        let here = path(modules);
        match first.name.as_str() {
            "var" => {
                let Some((name, (last, outer))) = words.next().zip(modules.split_last()) else {
                    return;
                };
                let given = self.plan.config.module(&path(outer));
                let given = given.and_then(|it| it.calls.get(&last.name)?.get(&name.name));
                if let Some(given) = given {
                    self.expression(given, outer, last.key.as_deref(), &Value::Null);
                }
            }
            "each" => self.expression(repeated, modules, key, &Value::Null),
            "count" | "path" | "terraform" | "self" => {}
            "module" => {
                let (Some(call), Some(output)) = (words.next(), words.next()) else {
                    self.found.open = true;
                    return;
                };
                self.output(call, &output.name, modules, key);
            }
            "data" => {
                let (Some(kind), Some(name)) = (words.next(), words.next()) else {
                    return;
                };
                let label = format!("data.{}.{}", kind.name, name.name);
                self.resource(&label, name, words.next(), modules, key);
            }
            // Locals are not in a plan's JSON.
            "local" => self.found.open = true,
            kind => {
                let Some(name) = words.next() else { return };
                let declared = self
                    .plan
                    .config
                    .declared(&here, &format!("{kind}.{}", name.name));
                // A name within a `for` or a `dynamic` block is none of a resource.
                if declared.is_some() || kind.contains('_') {
                    let label = format!("{kind}.{}", name.name);
                    self.resource(&label, name, words.next(), modules, key);
                }
            }
        }
    }

    fn output(&mut self, call: &Step, output: &str, modules: &[Step], key: Option<&str>) {
        let inner = join(&path(modules), &call.name);
        let expression = self.plan.config.module(&inner);
        let Some(expression) = expression.and_then(|it| it.outputs.get(output)) else {
            self.found.open = true;
            return;
        };
        let place = (instance(modules), call.name.clone());
        let known = self.plan.instances.get(&place);
        let keys: Vec<Option<String>> = known.into_iter().flatten().cloned().collect();
        for chosen in of_key(&keys, call.key.as_deref(), key, |it| it.as_deref()) {
            let mut modules = modules.to_vec();
            modules.push(Step {
                name: call.name.clone(),
                key: chosen.clone(),
            });
            let within = key.or(chosen.as_deref());
            self.expression(expression, &modules, within, &Value::Null);
        }
    }

    fn resource(
        &mut self,
        label: &str,
        name: &Step,
        attribute: Option<&Step>,
        modules: &[Step],
        key: Option<&str>,
    ) {
        let place = (instance(modules), label.to_owned());
        let all = self.plan.index.get(&place).map_or(&[][..], Vec::as_slice);
        let all: Vec<(usize, &Resource)> = all
            .iter()
            .filter_map(|at| Some((*at, self.plan.resources.get(*at)?)))
            .filter(|(_, it)| it.is_on(self.side))
            .collect();
        for (at, found) in of_key(&all, name.key.as_deref(), key, |it| it.1.key.as_deref()) {
            if self.kinds.contains(&found.kind.as_str()) {
                self.found.resources.insert(*at);
                continue;
            }
            let attribute = attribute.map_or("", |it| it.name.as_str());
            match found.view(self.side, false).attr(attribute) {
                // What is known is not what makes the whole unknown.
                Attr::Known(_) | Attr::Unset if !attribute.is_empty() => {}
                Attr::Known(_) | Attr::Unset | Attr::Unknown => {
                    match (found.kind.as_str(), attribute) {
                        // Resources that belong to a bucket have its name as their id.
                        (kind, "id" | "bucket") if kind.starts_with("aws_s3_bucket_") => {
                            self.attribute(*at, "bucket");
                        }
                        (_, "bucket" | "name" | "log_group_name" | "topic_arn" | "key_id") => {
                            self.attribute(*at, attribute);
                        }
                        _ => self.found.open = true,
                    }
                }
            }
        }
    }
}

/// The instances that a reference can mean: the one with the key that it names, else the one with the key of the
/// resource that refers, else all.
fn of_key<'v, T>(
    all: &'v [T],
    named: Option<&str>,
    own: Option<&str>,
    key: impl Fn(&T) -> Option<&str>,
) -> Vec<&'v T> {
    let with = |wanted: &str| -> Vec<&'v T> {
        let same = all.iter().filter(|it| key(it) == Some(wanted));
        same.collect()
    };
    if let Some(named) = named {
        return match with(named) {
            none if none.is_empty() => all.iter().collect(),
            some => some,
        };
    }
    match own.map(with) {
        Some(same) if same.len() == 1 => same,
        Some(_) | None => all.iter().collect(),
    }
}
