//! The configuration in a plan: which attribute refers to which resource. No values of providers are kept but those
//! that say where they act.

use std::collections::BTreeMap;

use serde_json::Value;

/// Modules by path: `a.b` is the module `b` within the module `a`, and the empty path is the root.
#[derive(Debug, Default)]
pub(super) struct Config {
    modules: BTreeMap<String, Module>,
    pub(super) providers: BTreeMap<String, Provider>,
    /// Values of the root's variables.
    pub(super) variables: BTreeMap<String, Value>,
}

/// A module, the same for all its instances.
#[derive(Debug, Default)]
pub(super) struct Module {
    pub(super) resources: BTreeMap<String, Declared>,
    /// What is given to each module that it calls.
    pub(super) calls: BTreeMap<String, Value>,
    pub(super) outputs: BTreeMap<String, Value>,
}

/// A resource as it is written.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub(super) provider: String,
    pub(super) expressions: Value,
    /// `for_each` or `count`.
    pub(super) repeated: Value,
    /// It runs commands where Terraform runs.
    pub(super) local_exec: bool,
}

/// Where a provider acts.
#[derive(Debug, Default)]
pub(super) struct Provider {
    pub(super) region: Value,
    pub(super) role: Value,
    pub(super) accounts: Value,
}

impl Config {
    pub(super) fn read(configuration: Option<Value>, variables: Option<Value>) -> Self {
        let mut config = Self::default();
        if let Some(Value::Object(all)) = variables {
            for (name, mut it) in all {
                let value = it.get_mut("value").map(Value::take).unwrap_or_default();
                config.variables.insert(name, value);
            }
        }
        let mut configuration = configuration.unwrap_or_default();
        if let Some(Value::Object(all)) = configuration.get("provider_config") {
            for (key, it) in all {
                let it = it.get("expressions").unwrap_or(&Value::Null);
                let part = |name: &str| it.get(name).cloned().unwrap_or_default();
                let role = it.get("assume_role").and_then(|it| it.get(0));
                let provider = Provider {
                    region: part("region"),
                    role: role
                        .and_then(|it| it.get("role_arn"))
                        .cloned()
                        .unwrap_or_default(),
                    accounts: part("allowed_account_ids"),
                };
                config.providers.insert(key.clone(), provider);
            }
        }
        let root = configuration.get_mut("root_module").map(Value::take);
        let mut rest = vec![(String::new(), root.unwrap_or_default())];
        while let Some((path, mut it)) = rest.pop() {
            let mut module = Module::default();
            if let Some(Value::Array(all)) = it.get_mut("resources").map(Value::take) {
                module.resources = all.into_iter().filter_map(declared).collect();
            }
            if let Some(Value::Object(all)) = it.get_mut("outputs").map(Value::take) {
                for (name, mut output) in all {
                    let expression = output.get_mut("expression").map(Value::take);
                    module.outputs.insert(name, expression.unwrap_or_default());
                }
            }
            if let Some(Value::Object(all)) = it.get_mut("module_calls").map(Value::take) {
                for (name, mut call) in all {
                    let inner = call.get_mut("module").map(Value::take).unwrap_or_default();
                    let given = call.get_mut("expressions").map(Value::take);
                    rest.push((join(&path, &name), inner));
                    module.calls.insert(name, given.unwrap_or_default());
                }
            }
            config.modules.insert(path, module);
        }
        config
    }

    pub(super) fn module(&self, path: &str) -> Option<&Module> {
        self.modules.get(path)
    }

    /// As it is written in the configuration; none for what is deleted.
    pub(super) fn declared(&self, path: &str, label: &str) -> Option<&Declared> {
        self.module(path)?.resources.get(label)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str, &Declared)> {
        let modules = self.modules.iter();
        modules.flat_map(|(path, module)| {
            let each = module.resources.iter();
            each.map(move |(label, it)| (path.as_str(), label.as_str(), it))
        })
    }
}

pub(super) fn join(path: &str, name: &str) -> String {
    match path.is_empty() {
        true => name.to_owned(),
        false => format!("{path}.{name}"),
    }
}

fn declared(mut it: Value) -> Option<(String, Declared)> {
    let text = |name: &str| it.get(name).and_then(Value::as_str);
    let (kind, name) = (text("type")?, text("name")?);
    let label = match text("mode") {
        Some("data") => format!("data.{kind}.{name}"),
        Some(_) | None => format!("{kind}.{name}"),
    };
    let provider = text("provider_config_key").unwrap_or_default().to_owned();
    let provisioners = it.get("provisioners").and_then(Value::as_array);
    let local_exec = provisioners
        .into_iter()
        .flatten()
        .any(|it| it.get("type").and_then(Value::as_str) == Some("local-exec"));
    let mut part = |name: &str| it.get_mut(name).map(Value::take);
    let expressions = part("expressions").unwrap_or_default();
    let repeated = part("for_each_expression").or_else(|| part("count_expression"));
    let declared = Declared {
        provider,
        expressions,
        repeated: repeated.unwrap_or_default(),
        local_exec,
    };
    Some((label, declared))
}

/// What an expression refers to, each thing once: `a.b.id` goes with `a.b`, of which it is a part.
pub(super) fn references(expression: &Value) -> Vec<&str> {
    let list = expression.get("references").and_then(Value::as_array);
    let all: Vec<&str> = list
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let within = |outer: &str, inner: &str| {
        inner.len() > outer.len()
            && inner.starts_with(outer)
            && inner
                .get(outer.len()..)
                .is_some_and(|it| it.starts_with(['.', '[']))
    };
    let kept = all.iter().enumerate().filter(|(at, it)| {
        // Terraform writes the longest first, each followed by its parts.
        let before = all.get(at.saturating_sub(8)..*at).unwrap_or_default();
        !before.iter().any(|other| within(it, other))
    });
    kept.map(|(_, it)| *it).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn credentials_of_providers_are_not_kept() {
        let config = json!({"provider_config": {"aws": {"expressions": {
            "access_key": {"constant_value": "AKIAEXAMPLE"}, "secret_key": {"constant_value": "geheim"},
            "region": {"constant_value": "eu-west-1"},
            "assume_role": [{"role_arn": {"constant_value": "arn:aws:iam::111111111111:role/x"},
                             "external_id": {"constant_value": "geheim"}}]}}}});
        let config = Config::read(Some(config), None);
        let kept = format!("{config:?}");
        assert!(kept.contains("eu-west-1") && kept.contains("role/x"));
        assert!(!kept.contains("geheim") && !kept.contains("AKIA"));
    }

    #[test]
    fn parts_of_a_reference_are_not_counted_again() {
        let expression =
            json!({"references": ["a.b[0].id", "a.b[0]", "a.b", "a.bc.id", "a.bc", "var.x"]});
        assert_eq!(references(&expression), ["a.b[0].id", "a.bc.id", "var.x"]);
        assert_eq!(references(&Value::Null), Vec::<&str>::new());
    }
}
