//! `aws_iam_policy_document`: from its statements to the text that it makes of them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::hcl::{Val, has_mark, mark};

/// The policy that a data source makes: its values as planned, and where those are unknown, as they are written.
pub(super) fn document(planned: &Val, written: Option<&Val>) -> Val {
    let Val::Map(planned) = planned else {
        return Val::Unknown("a data source without values".to_owned());
    };
    let written = written.and_then(|it| match it {
        Val::Map(fields) => Some(fields),
        _ => None,
    });
    let field = |name: &str| -> Val {
        match (planned.get(name), written.map(|it| it.get(name))) {
            (Some(known), _) if is_settled(known) => known.clone(),
            // Where it is written, it is; what is not written, the provider makes up, and there it is nothing.
            (_, Some(written)) => written.cloned().unwrap_or(Val::Null),
            (other, None) => other.cloned().unwrap_or(Val::Null),
        }
    };
    for name in ["override_policy_documents", "override_json"] {
        if !is_empty(&field(name)) {
            return Val::Unknown(format!("{name} of a policy document"));
        }
    }
    let mut statements = Vec::new();
    match statement_list(
        planned.get("statement"),
        written.and_then(|it| it.get("statement")),
    ) {
        Some(all) => statements.extend(all.iter().map(statement)),
        None => statements.push(Value::String(mark("statements of a policy document"))),
    }
    let own: BTreeSet<String> = statements.iter().filter_map(sid).collect();
    let mut sources = match field("source_policy_documents") {
        Val::List(all) => all,
        other if is_empty(&other) => Vec::new(),
        _ => return Val::Unknown("source_policy_documents of a policy document".to_owned()),
    };
    sources.push(field("source_json"));
    let mut borrowed = Vec::new();
    for source in sources.iter().filter(|it| !is_empty(it)) {
        let read = match source {
            Val::Text(text) => serde_json::from_str::<Value>(text).ok(),
            _ => None,
        };
        match read.map(|mut it| it.get_mut("Statement").map(Value::take)) {
            Some(Some(Value::Array(all))) => borrowed.extend(all),
            Some(Some(one @ Value::Object(_))) => borrowed.push(one),
            _ => borrowed.push(Value::String(mark(
                "a source document of a policy document",
            ))),
        }
    }
    // A statement takes the place of one with the same Sid in a source.
    if borrowed
        .iter()
        .filter_map(sid)
        .any(|it| own.contains(&it) || has_mark(&it))
    {
        return Val::Unknown("statements of the same Sid in a policy document".to_owned());
    }
    borrowed.append(&mut statements);
    let version = match field("version") {
        Val::Text(version) if !version.is_empty() => version,
        Val::Unknown(why) => return Val::Unknown(why),
        _ => "2012-10-17".to_owned(),
    };
    let document = json!({"Version": version, "Statement": borrowed});
    Val::Text(document.to_string())
}

fn sid(statement: &Value) -> Option<String> {
    let sid = statement.get("Sid")?.as_str()?;
    (!sid.is_empty()).then(|| sid.to_owned())
}

/// The statements, each part of them as planned or as written.
fn statement_list(planned: Option<&Val>, written: Option<&Val>) -> Option<Vec<Val>> {
    match (planned, written) {
        (Some(Val::List(planned)), Some(Val::List(written))) if planned.len() == written.len() => {
            let each = planned.iter().zip(written);
            Some(
                each.map(|(planned, written)| both(planned, written))
                    .collect(),
            )
        }
        (Some(Val::List(planned)), _) => Some(planned.clone()),
        (Some(Val::Unknown(_)), Some(Val::List(written))) => Some(written.clone()),
        (Some(Val::Null) | None, None) => Some(Vec::new()),
        _ => None,
    }
}

/// What is planned, and as it is written where a part of that is unknown: the provider's lists are sets, so nothing is
/// mixed within one.
fn both(planned: &Val, written: &Val) -> Val {
    let (Val::Map(planned), Val::Map(written)) = (planned, written) else {
        return written.clone();
    };
    let mut result = planned.clone();
    for (name, value) in written {
        let settled = planned.get(name).is_some_and(is_settled);
        if !settled {
            result.insert(name.clone(), value.clone());
        }
    }
    Val::Map(result)
}

/// Nothing of it is unknown.
fn is_settled(value: &Val) -> bool {
    match value {
        Val::Unknown(_) | Val::Resource(_) | Val::Module(_) | Val::Name(_) => false,
        Val::Text(text) => !has_mark(text),
        Val::List(items) => items.iter().all(is_settled),
        Val::Map(fields) => fields.values().all(is_settled),
        Val::Null | Val::Bool(_) | Val::Number(_) => true,
    }
}

fn is_empty(value: &Val) -> bool {
    match value {
        Val::Null => true,
        Val::Text(text) => text.is_empty(),
        Val::List(items) => items.is_empty(),
        Val::Map(_)
        | Val::Bool(_)
        | Val::Number(_)
        | Val::Resource(_)
        | Val::Module(_)
        | Val::Name(_)
        | Val::Unknown(_) => false,
    }
}

fn statement(value: &Val) -> Value {
    let Val::Map(fields) = value else {
        return value.json();
    };
    let get = |name: &str| fields.get(name).unwrap_or(&Val::Null);
    let mut statement = Map::new();
    if !is_empty(get("sid")) {
        statement.insert("Sid".to_owned(), get("sid").json());
    }
    let effect = match is_empty(get("effect")) {
        true => json!("Allow"),
        false => get("effect").json(),
    };
    statement.insert("Effect".to_owned(), effect);
    for (name, element) in [
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ] {
        if !is_empty(get(name)) {
            statement.insert(element.to_owned(), texts(get(name)));
        }
    }
    for (name, element) in [
        ("principals", "Principal"),
        ("not_principals", "NotPrincipal"),
    ] {
        if !is_empty(get(name)) {
            statement.insert(element.to_owned(), principals(get(name)));
        }
    }
    if !is_empty(get("condition")) {
        statement.insert("Condition".to_owned(), conditions(get("condition")));
    }
    Value::Object(statement)
}

/// The provider writes `&{` where the language would take `${` for its own.
fn texts(value: &Val) -> Value {
    match value.json() {
        Value::String(text) => Value::String(text.replace("&{", "${")),
        Value::Array(items) => {
            let each = items.into_iter().map(|item| match item {
                Value::String(text) => Value::String(text.replace("&{", "${")),
                // Whatever it is, it is no text.
                Value::Null => Value::String(mark("an element that is not set")),
                other => Value::String(other.to_string()),
            });
            Value::Array(each.collect())
        }
        other => other,
    }
}

fn principals(value: &Val) -> Value {
    let whole = || Value::String(mark("principals of a policy document"));
    let Val::List(all) = value else {
        return whole();
    };
    let mut map = Map::new();
    for it in all {
        let Val::Map(fields) = it else {
            return whole();
        };
        let kind = match fields.get("type") {
            Some(Val::Text(kind)) if !has_mark(kind) => kind.clone(),
            _ => return whole(),
        };
        let names = texts(fields.get("identifiers").unwrap_or(&Val::Null));
        if kind == "*" && names == json!(["*"]) && all.len() == 1 {
            return json!("*");
        }
        let list = map.entry(kind).or_insert_with(|| json!([]));
        match (list, names) {
            (Value::Array(list), Value::Array(names)) => list.extend(names),
            (Value::Array(list), one) => list.push(one),
            _ => return whole(),
        }
    }
    Value::Object(map)
}

fn conditions(value: &Val) -> Value {
    let whole = || {
        let why = mark("conditions of a policy document");
        json!({ why.clone(): { why.clone(): why } })
    };
    let Val::List(all) = value else {
        return whole();
    };
    let mut map: Map<String, Value> = Map::new();
    for it in all {
        let Val::Map(fields) = it else {
            return whole();
        };
        let (Some(Val::Text(test)), Some(Val::Text(variable))) =
            (fields.get("test"), fields.get("variable"))
        else {
            return whole();
        };
        let values = texts(fields.get("values").unwrap_or(&Val::Null));
        let keys = map.entry(test.clone()).or_insert_with(|| json!({}));
        let Some(keys) = keys.as_object_mut() else {
            return whole();
        };
        let list = keys.entry(variable.clone()).or_insert_with(|| json!([]));
        match (list, values) {
            (Value::Array(list), Value::Array(values)) => list.extend(values),
            (Value::Array(list), one) => list.push(one),
            _ => return whole(),
        }
    }
    Value::Object(map)
}
