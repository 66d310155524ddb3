//! A plan as Terraform writes it: read within bounds, or refused in words that say what to give instead.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::address::{Step, instance, modules};
use super::config::Config;
use super::hcl::Val;
use super::source::Sources;
use super::value::{View, any_true};
use crate::finding::short;
use crate::inventory::plan::{ChangeAction, PlanFile};

/// No plan is larger.
pub const LARGEST: u64 = 512 << 20;

/// Why a file is no plan that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPlan {
    /// A binary plan file.
    #[error("it is a binary plan file; give its JSON: `terraform show -json PLANFILE > plan.json`")]
    Binary,
    /// The events that `plan -json` writes.
    #[error(
        "it is the stream of events that `terraform plan -json` writes; give the plan: \
         `terraform plan -out=PLANFILE`, then `terraform show -json PLANFILE > plan.json`"
    )]
    Stream,
    /// A state file as Terraform stores it.
    #[error("it is a stored state; give its JSON: `terraform show -json > state.json`")]
    State,
    /// No JSON.
    #[error("it is not JSON ({0}); give what `terraform show -json PLANFILE > plan.json` writes")]
    Json(String),
    /// No text.
    #[error("it is neither UTF-8 nor UTF-16 text")]
    Encoding,
    /// JSON, and no plan.
    #[error("it is JSON, but no plan: {0}; give what `terraform show -json PLANFILE` writes")]
    Shape(&'static str),
    /// A form that came later.
    #[error("its format version is {0:?}; versions 0 and 1 are read")]
    Version(String),
}

/// A plan.
#[derive(Debug)]
pub struct Plan {
    /// What reports say of it.
    pub file: PlanFile,
    pub(super) resources: Vec<Resource>,
    pub(super) config: Config,
    /// The configuration that it was made of, where it is given.
    pub(super) sources: Option<Arc<Sources>>,
    /// Addresses whose resources were changed by others than Terraform since the last apply.
    pub(super) drifted: BTreeSet<String>,
    /// The instances of each resource, by the instance of its module and its label.
    pub(super) index: BTreeMap<(String, String), Vec<usize>>,
    /// The instances of each module, by the module that holds them and their name.
    pub(super) instances: BTreeMap<(String, String), BTreeSet<Option<String>>>,
}

/// A resource, before and after.
#[derive(Debug)]
pub(super) struct Resource {
    pub(super) address: String,
    pub(super) modules: Vec<Step>,
    pub(super) kind: String,
    pub(super) name: String,
    /// The key of this instance, as JSON.
    pub(super) key: Option<String>,
    pub(super) data: bool,
    pub(super) deposed: bool,
    pub(super) action: ChangeAction,
    pub(super) imported: bool,
    pub(super) moved: bool,
    before: Value,
    after: Value,
    unknown: Value,
    before_sensitive: Value,
    after_sensitive: Value,
}

/// Before the plan is applied, or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

impl Resource {
    /// It is there on this side.
    pub(super) fn is_on(&self, side: Side) -> bool {
        match (self.action, side) {
            (ChangeAction::Create, Side::Before) | (ChangeAction::Delete, Side::After) => false,
            (
                ChangeAction::Create
                | ChangeAction::Delete
                | ChangeAction::Update
                | ChangeAction::Replace
                | ChangeAction::Forget
                | ChangeAction::Import
                | ChangeAction::Move
                | ChangeAction::NoOp,
                Side::Before | Side::After,
            ) => true,
        }
    }

    /// It does not exist before, or another one does.
    pub(super) fn is_new(&self) -> bool {
        matches!(self.action, ChangeAction::Create | ChangeAction::Replace)
    }

    /// What is there before does not exist afterwards.
    pub(super) fn is_removed(&self) -> bool {
        matches!(self.action, ChangeAction::Delete | ChangeAction::Replace)
    }

    /// Something happens to it.
    pub(super) fn is_changed(&self) -> bool {
        match self.action {
            ChangeAction::Create
            | ChangeAction::Delete
            | ChangeAction::Update
            | ChangeAction::Replace
            | ChangeAction::Forget => true,
            ChangeAction::Import | ChangeAction::Move | ChangeAction::NoOp => false,
        }
    }

    /// Its values on one side.
    pub(super) fn view(&self, side: Side, redact: bool) -> View<'_> {
        match side {
            Side::Before => View::new(&self.before, &Value::Null, &self.before_sensitive, redact),
            // What Terraform forgets stays as it is.
            Side::After if self.action == ChangeAction::Forget => {
                View::new(&self.before, &Value::Null, &self.before_sensitive, redact)
            }
            Side::After => View::new(&self.after, &self.unknown, &self.after_sensitive, redact),
        }
    }

    /// An attribute, with what is unknown of it.
    pub(super) fn value(&self, side: Side, name: &str, why: &str) -> Val {
        let (values, unknown) = match side {
            Side::Before => (&self.before, &Value::Null),
            Side::After => (&self.after, &self.unknown),
        };
        let part = |tree: &'_ Value| tree.get(name).cloned().unwrap_or_default();
        match unknown == &Value::Bool(true) {
            true => Val::Unknown(why.to_owned()),
            false => Val::of(&part(values), &part(unknown), why),
        }
    }

    /// All attributes.
    pub(super) fn values(&self, side: Side) -> Val {
        match side {
            Side::Before => Val::of(&self.before, &Value::Null, &self.address),
            Side::After => Val::of(&self.after, &self.unknown, &self.address),
        }
    }

    pub(super) fn is_sensitive(&self) -> bool {
        any_true(&self.before_sensitive) || any_true(&self.after_sensitive)
    }

    /// `KIND.NAME`, as references write it.
    pub(super) fn label(&self) -> String {
        match self.data {
            true => format!("data.{}.{}", self.kind, self.name),
            false => format!("{}.{}", self.kind, self.name),
        }
    }
}

impl Plan {
    /// Reads a plan, or the JSON of a state: then nothing changes.
    ///
    /// # Errors
    ///
    /// The bytes are no plan, or one of a form that is not known.
    pub fn read(path: &str, bytes: &[u8]) -> Result<Self, BadPlan> {
        if bytes.starts_with(b"PK\x03\x04") {
            return Err(BadPlan::Binary);
        }
        let text = decode(bytes).ok_or(BadPlan::Encoding)?;
        let mut root: Value = serde_json::from_str(&text).map_err(|error| {
            let first = text.lines().next().unwrap_or_default();
            let event = serde_json::from_str::<Value>(first);
            match event.is_ok_and(|it| it.get("@level").is_some()) {
                true => BadPlan::Stream,
                false => BadPlan::Json(short(&error.to_string(), 200)),
            }
        })?;
        drop(text);
        let Some(top) = root.as_object_mut() else {
            return Err(BadPlan::Shape("it is no object"));
        };
        if top.get("@level").is_some() {
            return Err(BadPlan::Stream);
        }
        let Some(format) = top.get("format_version").and_then(Value::as_str) else {
            return Err(
                match top.contains_key("serial") || top.contains_key("lineage") {
                    true => BadPlan::State,
                    false => BadPlan::Shape("it has no format_version"),
                },
            );
        };
        let format = short(format, 40);
        if !matches!(format.split('.').next(), Some("0" | "1")) {
            return Err(BadPlan::Version(format));
        }
        let planned = top.contains_key("resource_changes") || top.contains_key("planned_values");
        if !planned && !top.contains_key("values") {
            // A plan of nothing in an empty state has neither.
            if !top.contains_key("configuration") && !top.contains_key("terraform_version") {
                return Err(BadPlan::Shape("it has neither resource_changes nor values"));
            }
        }
        Self::of(path, format, top)
    }

    fn of(path: &str, format: String, top: &mut Map<String, Value>) -> Result<Self, BadPlan> {
        let text = |name: &str| top.get(name).and_then(Value::as_str);
        let flag = |name: &str| top.get(name).and_then(Value::as_bool);
        let is_state = top.contains_key("values") && !top.contains_key("resource_changes");
        let file = PlanFile {
            path: path.to_owned(),
            kind: if is_state { "state" } else { "plan" }.to_owned(),
            format_version: format,
            tool_version: text("terraform_version").map(|it| short(it, 40)),
            timestamp: text("timestamp").and_then(|it| it.parse::<Timestamp>().ok()),
            // Plans of older versions do not say, and had no deferred changes.
            complete: flag("complete").unwrap_or(true)
                && top
                    .get("deferred_changes")
                    .and_then(Value::as_array)
                    .is_none_or(Vec::is_empty),
            errored: flag("errored").unwrap_or(false),
        };
        let changes = match top.remove("resource_changes") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(all)) => all,
            Some(_) => return Err(BadPlan::Shape("resource_changes is no list")),
        };
        let mut resources = Vec::new();
        for change in changes {
            resources.push(planned(change)?);
        }
        let mut seen: BTreeSet<String> = resources.iter().map(|it| it.address.clone()).collect();
        let prior = top.remove("prior_state");
        let prior = prior.and_then(|mut it| it.get_mut("values").map(Value::take));
        for values in [prior, top.remove("values")].into_iter().flatten() {
            stored(values, &mut |resource| {
                if seen.insert(resource.address.clone()) {
                    resources.push(resource);
                }
            });
        }
        let drift = top.get("resource_drift").and_then(Value::as_array);
        let drifted = drift
            .into_iter()
            .flatten()
            .filter_map(|it| it.get("address"));
        let drifted = drifted
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let config = Config::read(top.remove("configuration"), top.remove("variables"));
        let mut plan = Self {
            file,
            resources,
            config,
            sources: None,
            drifted,
            index: BTreeMap::new(),
            instances: BTreeMap::new(),
        };
        plan.find();
        Ok(plan)
    }

    /// Looks up once where everything is.
    fn find(&mut self) {
        for (at, resource) in self.resources.iter().enumerate() {
            if resource.deposed {
                continue;
            }
            let place = (instance(&resource.modules), resource.label());
            self.index.entry(place).or_default().push(at);
            for end in 1..=resource.modules.len() {
                let (Some(outer), Some(last)) = (
                    resource.modules.get(..end - 1),
                    resource.modules.get(end - 1),
                ) else {
                    continue;
                };
                let place = (instance(outer), last.name.clone());
                let known = self.instances.entry(place).or_default();
                known.insert(last.key.clone());
            }
        }
    }

    /// The resources of these kinds, those that were replaced and never deleted left out.
    pub(super) fn of_kind<'a>(
        &'a self,
        kind: &'a str,
    ) -> impl Iterator<Item = (usize, &'a Resource)> + 'a {
        let all = self.resources.iter().enumerate();
        all.filter(move |(_, it)| !it.data && !it.deposed && it.kind == kind)
    }

    /// Adds the configuration that the plan was made of.
    pub fn with_sources(&mut self, sources: Arc<Sources>) {
        self.sources = Some(sources);
    }

    /// The place of one of its resources.
    pub(super) fn place_of(&self, resource: &Resource) -> Option<usize> {
        let mut all = self.resources.iter();
        all.position(|it| std::ptr::eq(it, resource))
    }

    /// How many resources change in which way.
    pub(super) fn counts(&self) -> BTreeMap<ChangeAction, u64> {
        let mut counts = BTreeMap::new();
        for resource in self.resources.iter().filter(|it| !it.data) {
            let mut count = |action| *counts.entry(action).or_default() += 1;
            count(resource.action);
            if resource.imported {
                count(ChangeAction::Import);
            }
            if resource.moved {
                count(ChangeAction::Move);
            }
        }
        counts
    }
}

/// UTF-8, or UTF-16 with a byte order mark: what PowerShell's `>` writes.
fn decode(bytes: &[u8]) -> Option<String> {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, odd) = rest.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|it| unit(*it)).collect();
        odd.is_empty().then(|| String::from_utf16(&units).ok())?
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}

fn planned(mut it: Value) -> Result<Resource, BadPlan> {
    let mut change = it.get_mut("change").map(Value::take).unwrap_or_default();
    let actions = change.get("actions").and_then(Value::as_array);
    let actions: Vec<&str> = actions
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let action = match actions.as_slice() {
        ["create"] => ChangeAction::Create,
        ["update"] => ChangeAction::Update,
        ["delete"] => ChangeAction::Delete,
        ["delete", "create"] | ["create", "delete"] => ChangeAction::Replace,
        ["no-op" | "read"] => ChangeAction::NoOp,
        ["forget"] => ChangeAction::Forget,
        // Created, and the one before is forgotten: it stays.
        ["create", "forget"] | ["forget", "create"] => ChangeAction::Create,
        _ => return Err(BadPlan::Shape("a change has actions that are not known")),
    };
    let mut side = |name: &str| change.get_mut(name).map(Value::take).unwrap_or_default();
    let (before, after) = (side("before"), side("after"));
    let (unknown, before_sensitive, after_sensitive) = (
        side("after_unknown"),
        side("before_sensitive"),
        side("after_sensitive"),
    );
    let imported = change.get("importing").is_some_and(|it| !it.is_null());
    let mut resource = named(&it).ok_or(BadPlan::Shape("a change names no resource"))?;
    resource.action = action;
    resource.deposed = it.get("deposed").is_some_and(|it| !it.is_null());
    resource.imported = imported;
    resource.moved = it.get("previous_address").is_some_and(|it| !it.is_null());
    resource.before = before;
    resource.after = after;
    resource.unknown = unknown;
    resource.before_sensitive = before_sensitive;
    resource.after_sensitive = after_sensitive;
    Ok(resource)
}

fn named(it: &Value) -> Option<Resource> {
    let text = |name: &str| it.get(name).and_then(Value::as_str);
    let address = text("address")?;
    let modules = modules(text("module_address").unwrap_or(address));
    Some(Resource {
        address: short(address, 1_000),
        modules,
        kind: text("type")?.to_owned(),
        name: text("name")?.to_owned(),
        key: it
            .get("index")
            .filter(|it| !it.is_null())
            .map(Value::to_string),
        data: text("mode") == Some("data"),
        deposed: false,
        action: ChangeAction::NoOp,
        imported: false,
        moved: false,
        before: Value::Null,
        after: Value::Null,
        unknown: Value::Null,
        before_sensitive: Value::Null,
        after_sensitive: Value::Null,
    })
}

/// The resources of a state: module by module. They are as deep as the reader allows.
fn stored(mut values: Value, each: &mut dyn FnMut(Resource)) {
    let mut modules = vec![
        values
            .get_mut("root_module")
            .map(Value::take)
            .unwrap_or_default(),
    ];
    while let Some(mut module) = modules.pop() {
        if let Some(Value::Array(all)) = module.get_mut("resources").map(Value::take) {
            for mut it in all {
                let Some(mut resource) = named(&it) else {
                    continue;
                };
                let mut part = |name: &str| it.get_mut(name).map(Value::take).unwrap_or_default();
                let (values, sensitive) = (part("values"), part("sensitive_values"));
                resource.before.clone_from(&values);
                resource.after = values;
                resource.before_sensitive.clone_from(&sensitive);
                resource.after_sensitive = sensitive;
                each(resource);
            }
        }
        if let Some(Value::Array(inner)) = module.get_mut("child_modules").map(Value::take) {
            modules.extend(inner);
        }
    }
}
