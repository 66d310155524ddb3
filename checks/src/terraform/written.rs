//! What the configuration says, where a plan does not say it: expressions of an instance, with what is known put in.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::address::{Step, instance, path, steps};
use super::build::Builder;
use super::document::document;
use super::hcl::{Block, Env, Names, Val, Work, evaluate, named, object, words};
use super::plan::{Resource, Side};
use super::source::Sources;
use super::value::Attr;

/// What the names in a module stand for, for one instance of what is declared in it.
struct Scope<'b, 'a> {
    builder: &'b Builder<'a>,
    sources: &'b Sources,
    modules: Vec<Step>,
    /// `each.key` and `each.value`.
    each: Option<(Val, Val)>,
    /// `count.index`
    count: Option<Val>,
}

fn unknown(why: &str) -> Val {
    Val::Unknown(why.to_owned())
}

/// The key of an instance: a text for `for_each`, a number for `count`.
fn key_of(key: &str) -> Val {
    match serde_json::from_str::<Value>(key) {
        Ok(Value::String(text)) => Val::text(&text),
        Ok(Value::Number(number)) => Val::Number(number),
        Ok(_) | Err(_) => unknown("a key"),
    }
}

impl<'a> Builder<'a> {
    /// The value of an attribute as it is written: what is unknown of it is marked. None where it is not to be found, or
    /// where it is written in another way than the plan says.
    pub(super) fn written(&self, at: usize, attribute: &str) -> Option<Val> {
        let resource = self.plan.resources.get(at)?;
        let sources = self.sources()?;
        let block = sources.block(resource)?;
        let expression = block.body.attributes.get(attribute)?;
        let mut named = BTreeSet::new();
        words(expression, &[], &mut named);
        let declared = self
            .plan
            .config
            .declared(&path(&resource.modules), &resource.label())?;
        // The configuration may be of another day than the plan: then it refers to something else.
        if named != references(declared.expressions.get(attribute)?) {
            return None;
        }
        let mut work = Work::new();
        let scope = self.scope(sources, resource, block, &mut work);
        Some(evaluate(expression, &scope, &mut Env::new(), &mut work))
    }

    /// The configuration, where it may be used: what is written to files holds nothing that could be sensitive in it.
    fn sources(&self) -> Option<&Sources> {
        match (self.side, self.redact) {
            (Side::After, false) => self.plan.sources.as_deref(),
            (Side::Before, _) | (_, true) => None,
        }
    }

    fn scope<'b>(
        &'b self,
        sources: &'b Sources,
        resource: &Resource,
        block: &Block,
        work: &mut Work,
    ) -> Scope<'b, 'a> {
        let outer = Scope {
            builder: self,
            sources,
            modules: resource.modules.clone(),
            each: None,
            count: None,
        };
        outer.repeated(block, resource.key.as_deref(), work)
    }

    /// What an `aws_iam_policy_document` says: from its values, and where those are unknown, as it is written.
    pub(super) fn policy_document(&self, at: usize, work: &mut Work) -> Val {
        let Some(resource) = self.plan.resources.get(at) else {
            return unknown("a data source that is not there");
        };
        let planned = resource.values(Side::After);
        let written = self.sources().and_then(|sources| {
            let block = sources.block(resource)?;
            let scope = self.scope(sources, resource, block, work);
            Some(object(&block.body, &scope, &mut Env::new(), work))
        });
        document(&planned, written.as_ref())
    }

    /// The only `aws_iam_policy_document` whose `json` an attribute refers to, where it refers to nothing else.
    ///
    /// That the attribute is that text, and not something that is made of it, only the source shows.
    pub(super) fn referred_document(&self, at: usize, attribute: &str) -> Option<usize> {
        let resource = self.plan.resources.get(at)?;
        let declared = self
            .plan
            .config
            .declared(&path(&resource.modules), &resource.label())?;
        let all = super::config::references(declared.expressions.get(attribute)?);
        let [one] = all.as_slice() else { return None };
        let steps = steps(one);
        let [data, kind, name, json] = steps.as_slice() else {
            return None;
        };
        if data.name != "data" || kind.name != "aws_iam_policy_document" || json.name != "json" {
            return None;
        }
        let label = format!("data.{}.{}", kind.name, name.name);
        let place = (instance(&resource.modules), label);
        let all = self.plan.index.get(&place)?;
        let mut all = all.iter().copied().filter(|at| {
            let key = self.plan.resources.get(*at).and_then(|it| it.key.as_ref());
            key == name.key.as_ref()
        });
        all.next()
    }
}

/// What the plan says that an expression refers to, in the same words as [`words`] gives.
fn references(expression: &Value) -> BTreeSet<String> {
    let name = |text: &str| {
        let all = steps(text);
        let names: Vec<&str> = all.iter().map(|it| it.name.as_str()).collect();
        named(&names)
    };
    let all = super::config::references(expression);
    all.into_iter().map(name).collect()
}

impl Scope<'_, '_> {
    /// The same module, for an instance of a block in it.
    fn repeated(&self, block: &Block, key: Option<&str>, work: &mut Work) -> Self {
        let mut scope = Scope {
            builder: self.builder,
            sources: self.sources,
            modules: self.modules.clone(),
            each: None,
            count: None,
        };
        let Some(key) = key.map(key_of) else {
            return scope;
        };
        if let Some(source) = block.body.attributes.get("for_each") {
            let source = evaluate(source, &scope, &mut Env::new(), work);
            let value = match (source, &key) {
                (Val::Map(mut all), Val::Text(key)) => all.remove(key),
                (Val::List(_), _) => Some(key.clone()),
                _ => None,
            };
            let value = value.unwrap_or_else(|| unknown("each.value"));
            scope.each = Some((key, value));
        } else if block.body.attributes.contains_key("count") {
            scope.count = Some(key);
        }
        scope
    }

    fn module(&self, modules: Vec<Step>) -> Self {
        Scope {
            builder: self.builder,
            sources: self.sources,
            modules,
            each: None,
            count: None,
        }
    }

    /// An expression of the module itself, not of an instance of something in it.
    fn plainly(&self, expr: &super::hcl::Expr, work: &mut Work) -> Val {
        let scope = self.module(self.modules.clone());
        work.deeper(|work| evaluate(expr, &scope, &mut Env::new(), work))
    }

    fn variable(&self, name: &str, work: &mut Work) -> Val {
        let here = path(&self.modules);
        let default = |work: &mut Work| {
            let block = self.sources.only(&here, "variable", &[name]);
            match block.and_then(|it| it.body.attributes.get("default")) {
                Some(default) => self.plainly(default, work),
                None => unknown(&format!("var.{name}")),
            }
        };
        let Some((last, outer)) = self.modules.split_last() else {
            return match self.builder.plan.config.variables.get(name) {
                Some(value) => Val::of(value, &Value::Null, name),
                None => default(work),
            };
        };
        let Some(call) = self.sources.only(&path(outer), "module", &[&last.name]) else {
            return unknown(&format!("var.{name} of module {}", last.name));
        };
        match call.body.attributes.get(name) {
            Some(given) => {
                let outer = self.module(outer.to_vec());
                let outer = outer.repeated(call, last.key.as_deref(), work);
                match work.deeper(|work| evaluate(given, &outer, &mut Env::new(), work)) {
                    // Null takes the default, unless the variable says otherwise.
                    Val::Null => {
                        let block = self.sources.only(&here, "variable", &[name]);
                        match block.is_some_and(|it| it.body.attributes.contains_key("nullable")) {
                            true => unknown(&format!("var.{name}")),
                            false => Val::Null,
                        }
                    }
                    other => other,
                }
            }
            None => default(work),
        }
    }

    fn local(&self, name: &str, work: &mut Work) -> Val {
        let mut found = self
            .sources
            .bodies(&path(&self.modules))
            .iter()
            .flat_map(|it| it.find("locals", &[]))
            .filter_map(|it| it.body.attributes.get(name));
        match (found.next(), found.next()) {
            (Some(one), None) => self.plainly(one, work),
            _ => unknown(&format!("local.{name}")),
        }
    }

    /// All instances of a resource: one, a list or an object.
    fn resource(&self, label: &str) -> Val {
        let plan = self.builder.plan;
        let place = (instance(&self.modules), label.to_owned());
        let all = plan.index.get(&place).map_or(&[][..], Vec::as_slice);
        let all = all
            .iter()
            .filter_map(|at| Some((*at, plan.resources.get(*at)?)));
        let all: Vec<(usize, &Resource)> = all.filter(|it| it.1.is_on(Side::After)).collect();
        let declared = plan.config.declared(&path(&self.modules), label);
        let repeated = declared.is_some_and(|it| !it.repeated.is_null());
        match all.as_slice() {
            [(at, one)] if one.key.is_none() && !repeated => Val::Resource(*at),
            // `count = 0`
            [] if repeated && plan.file.complete => Val::List(Vec::new()),
            [] => unknown(label),
            many => {
                let keys: Option<Vec<(Val, usize)>> = many
                    .iter()
                    .map(|(at, it)| Some((key_of(it.key.as_deref()?), *at)))
                    .collect();
                let Some(mut keys) = keys else {
                    return unknown(label);
                };
                let number = |key: &Val| match key {
                    Val::Number(at) => at.as_u64(),
                    _ => None,
                };
                if keys.iter().all(|(key, _)| number(key).is_some()) {
                    keys.sort_by_key(|(key, _)| number(key));
                    let whole = (0_u64..)
                        .zip(&keys)
                        .all(|(at, it)| number(&it.0) == Some(at));
                    return match whole {
                        true => Val::List(keys.into_iter().map(|it| Val::Resource(it.1)).collect()),
                        false => unknown(label),
                    };
                }
                let fields = keys.into_iter().filter_map(|(key, at)| match key {
                    Val::Text(key) => Some((key, Val::Resource(at))),
                    _ => None,
                });
                Val::Map(fields.collect::<BTreeMap<_, _>>())
            }
        }
    }

    /// All instances of a module that is called here.
    fn called(&self, name: &str) -> Val {
        let plan = self.builder.plan;
        let place = (instance(&self.modules), name.to_owned());
        let step = |key: Option<String>| {
            let mut modules = self.modules.clone();
            modules.push(Step {
                name: name.to_owned(),
                key,
            });
            Val::Module(modules)
        };
        let Some(keys) = plan.instances.get(&place) else {
            return unknown(&format!("module.{name}"));
        };
        if keys.len() == 1 && keys.contains(&None) {
            return step(None);
        }
        let mut list = BTreeMap::new();
        let mut map = BTreeMap::new();
        for key in keys {
            match key.as_deref().map(key_of) {
                Some(Val::Number(at)) => drop(list.insert(at.as_u64(), step(key.clone()))),
                Some(Val::Text(text)) => drop(map.insert(text, step(key.clone()))),
                _ => return unknown(&format!("module.{name}")),
            }
        }
        match map.is_empty() {
            true => Val::List(list.into_values().collect()),
            false => Val::Map(map),
        }
    }
}

impl Names for Scope<'_, '_> {
    fn value(&self, name: &[String], work: &mut Work) -> Val {
        let names: Vec<&str> = name.iter().map(String::as_str).collect();
        match names.as_slice() {
            ["var", name] => self.variable(name, work),
            ["local", name] => self.local(name, work),
            ["each", "key"] => self
                .each
                .as_ref()
                .map_or_else(|| unknown("each"), |it| it.0.clone()),
            ["each", "value"] => self
                .each
                .as_ref()
                .map_or_else(|| unknown("each"), |it| it.1.clone()),
            ["count", "index"] => self.count.clone().unwrap_or_else(|| unknown("count.index")),
            ["module", name] => self.called(name),
            ["data", kind, name] => self.resource(&format!("data.{kind}.{name}")),
            ["var" | "local" | "each" | "count" | "module"] | ["data"] | ["data", _] => {
                Val::Name(name.to_vec())
            }
            ["path" | "terraform" | "self", ..] => unknown(&names.join(".")),
            [_] => Val::Name(name.to_vec()),
            [kind, name] => self.resource(&format!("{kind}.{name}")),
            _ => unknown(&names.join(".")),
        }
    }

    fn attribute(&self, at: usize, name: &str, work: &mut Work) -> Val {
        let builder = self.builder;
        let Some(it) = builder.plan.resources.get(at) else {
            return unknown(name);
        };
        let why = format!("{} {name}", it.address);
        if it.data && it.kind == "aws_iam_policy_document" && name == "json" {
            return match builder.view(it).attr("json").text() {
                Some(text) => Val::text(text),
                None => builder.policy_document(at, work),
            };
        }
        let Attr::Unknown = builder.view(it).attr(name) else {
            return it.value(Side::After, name, &why);
        };
        let place = builder.place(it);
        let own = |attribute: &str| {
            let text = builder.view(it).attr(attribute).text();
            Val::text(&text.map_or_else(|| format!("plan:{}", it.address), str::to_owned))
        };
        match (it.kind.as_str(), name) {
            ("aws_caller_identity", "account_id" | "id") if it.data => match place.account {
                Some(account) => Val::text(account.as_str()),
                None => Val::Unknown(why),
            },
            ("aws_partition", "partition" | "id") if it.data => Val::text(&place.partition),
            ("aws_region", "name" | "region" | "id") if it.data => match place.region {
                Some(region) => Val::text(region.as_str()),
                None => Val::Unknown(why),
            },
            // Without the account or the region it is not the ARN that it will be.
            (_, "arn") if !it.data && builder.is_named(at) => {
                let arn = builder.arn(at);
                match arn.as_str().contains(super::place::NOT_TOLD) {
                    true => Val::Unknown(why),
                    false => Val::text(arn.as_str()),
                }
            }
            ("aws_s3_bucket", "id" | "bucket") if !it.data => own("bucket"),
            ("aws_kms_key", "id" | "key_id") if !it.data => {
                Val::text(&format!("plan:{}", it.address))
            }
            ("aws_iam_role" | "aws_iam_user" | "aws_iam_group", "id" | "name") if !it.data => {
                own("name")
            }
            ("aws_cloudwatch_log_group", "id" | "name") if !it.data => own("name"),
            ("aws_sns_topic", "id") if !it.data => self.attribute(at, "arn", work),
            _ => {
                let partly = it.value(Side::After, name, &why);
                match partly {
                    Val::List(_) | Val::Map(_) => partly,
                    _ => Val::Unknown(why),
                }
            }
        }
    }

    fn output(&self, module: &[Step], name: &str, work: &mut Work) -> Val {
        let block = self.sources.only(&path(module), "output", &[name]);
        let Some(value) = block.and_then(|it| it.body.attributes.get("value")) else {
            return unknown(&format!("{}.{name}", instance(module)));
        };
        self.module(module.to_vec()).plainly(value, work)
    }
}
