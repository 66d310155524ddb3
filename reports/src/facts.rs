//! Facts as sentences: what people read never shows the structure in which a value is kept.

use serde_json::{Map, Value};
use trailaudit_checks::finding::Evidence;

/// A label with more letters is a sentence of its own.
const SENTENCE: usize = 60;

/// A value on one line, with room to break it: no brackets, no braces.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(it) => it.to_string(),
        Value::Number(it) => it.to_string(),
        Value::String(it) if it.is_empty() => "empty".to_owned(),
        Value::String(it) => it.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => {
            let nested = items.iter().any(|it| it.is_object() || it.is_array());
            let items: Vec<String> = items.iter().map(self::value).collect();
            items.join(if nested { "; " } else { ", " })
        }
        Value::Object(fields) if fields.is_empty() => "none".to_owned(),
        Value::Object(fields) => object(fields),
    }
}

fn object(fields: &Map<String, Value>) -> String {
    // `{"known": "Enabled"}`: one of several kinds of value.
    if let (1, Some(known)) = (fields.len(), fields.get("known")) {
        return value(known);
    }
    let field = |(name, it): (&String, &Value)| {
        let name = label(name);
        match it {
            Value::Bool(true) => name,
            Value::Bool(false) => format!("not {name}"),
            Value::Array(items) if items.is_empty() => format!("no {name}"),
            Value::Null => format!("no {name}"),
            other => format!("{name} {}", value(other)),
        }
    };
    fields.iter().map(field).collect::<Vec<_>>().join(", ")
}

/// One fact, or one call without an answer, in one sentence.
pub(crate) fn evidence(evidence: &Evidence) -> String {
    let mut words = fact(evidence);
    if let Some(expected) = &evidence.expected {
        words.push_str("; required: ");
        words.push_str(&value(expected));
    }
    if let Some(id) = &evidence.request_id {
        words.push_str("; request ");
        words.push_str(id);
    }
    words
}

fn fact(evidence: &Evidence) -> String {
    let what = &evidence.what;
    let Some(seen) = &evidence.seen else {
        return label(what);
    };
    if let Some(words) = seen.as_object().and_then(|it| permission(what, it)) {
        return words;
    }
    if let Some(words) = seen.as_array().and_then(|it| path(what, it)) {
        return words;
    }
    if evidence.is_gap() {
        return format!("{what}: {}", value(seen));
    }
    if what.len() > SENTENCE {
        return format!("{what}; found: {}", value(seen));
    }
    format!("{}: {}", label(what), value(seen))
}

/// `cloudtrail:StopLogging on ARN is allowed by identity policy p, statement 1`.
fn permission(action: &str, fields: &Map<String, Value>) -> Option<String> {
    let text = |name| fields.get(name).and_then(Value::as_str);
    let (target, verdict) = (text("target")?, text("verdict")?);
    let verdict = match verdict {
        "conditional" => "allowed under a condition",
        other => other,
    };
    let mut words = format!("{action} on {target} is {verdict}");
    words.push_str(&by(fields));
    if let Some(condition) = text("condition") {
        words.push_str(&format!("; condition: {condition}"));
    }
    Some(words)
}

/// `path: arn:..:user/a can act as arn:..:role/b by sts:AssumeRole (trust policy, statement 1), then ..`.
fn path(what: &str, steps: &[Value]) -> Option<String> {
    let step = |step: &Value| {
        let fields = step.as_object()?;
        let text = |name| fields.get(name).and_then(Value::as_str);
        let (from, to, by_what) = (text("from")?, text("to")?, text("by")?);
        let mut words = format!("{from} can act as {to} by {by_what}");
        words.push_str(&by(fields));
        if let Some(condition) = text("condition") {
            words.push_str(&format!(" (condition: {condition})"));
        }
        Some(words)
    };
    let steps: Option<Vec<String>> = steps.iter().map(step).collect();
    let steps = steps.filter(|it| !it.is_empty())?;
    Some(format!("{}: {}", label(what), steps.join(", then ")))
}

/// The statements that decide.
fn by(fields: &Map<String, Value>) -> String {
    let statements = fields.get("statements").and_then(Value::as_array);
    let statements = statements.into_iter().flatten().filter_map(Value::as_str);
    let statements: Vec<&str> = statements.collect();
    match statements.as_slice() {
        [] => String::new(),
        all => format!(" ({})", all.join("; ")),
    }
}

/// Words that stay in capitals, or as their owner writes them.
const NAMES: [&str; 18] = [
    "ACL",
    "ARN",
    "AWS",
    "CLI",
    "IAM",
    "ID",
    "KMS",
    "MFA",
    "S3",
    "SCP",
    "SNS",
    "SSE",
    "TLS",
    "URL",
    "CloudTrail",
    "CloudWatch",
    "EventBridge",
    "GuardDuty",
];

/// A name from an API in words: `LogFileValidationEnabled` is `log file validation enabled`. Sentences, actions and
/// ARNs stay.
pub(crate) fn label(name: &str) -> String {
    let is_name = name
        .bytes()
        .all(|it| it.is_ascii_alphanumeric() || it == b'_');
    if !is_name || name.is_empty() {
        return name.to_owned();
    }
    let words: Vec<String> = split(name).iter().map(|it| word(it)).collect();
    words
        .join(" ")
        .replace("cloud trail", "CloudTrail")
        .replace("cloud watch", "CloudWatch")
        .replace("event bridge", "EventBridge")
        .replace("guard duty", "GuardDuty")
}

fn word(word: &str) -> String {
    let known = NAMES.iter().find(|it| it.eq_ignore_ascii_case(word));
    known.map_or_else(|| word.to_lowercase(), |it| (*it).to_owned())
}

/// At underscores, and where a capital begins a word: `SSEAlgorithm` is `SSE`, `Algorithm`.
fn split(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|it| chars.get(it));
        let after = chars.get(at + 1);
        let begins = c.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase)
            });
        if begins || *c == '_' {
            words.push(String::new());
        }
        if *c != '_'
            && let Some(word) = words.last_mut()
        {
            word.push(*c);
        }
    }
    words.retain(|it| !it.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(what: &str, seen: Value) -> String {
        evidence(&Evidence {
            what: what.to_owned(),
            seen: Some(seen),
            ..Evidence::default()
        })
    }

    #[test]
    fn facts_are_sentences() {
        for (what, seen, words) in [
            (
                "LogFileValidationEnabled",
                json!(false),
                "log file validation enabled: false",
            ),
            ("SSEAlgorithm", json!("AES256"), "SSE algorithm: AES256"),
            ("KmsKeyId", Value::Null, "KMS key ID: none"),
            ("Policies", json!(["a", "b"]), "policies: a, b"),
            (
                "regions excluded from the scope",
                json!([]),
                "regions excluded from the scope: none",
            ),
            (
                "DefaultRetention",
                json!({"days": 90, "mode": "GOVERNANCE", "years": null}),
                "default retention: days 90, mode GOVERNANCE, no years",
            ),
            (
                "ConfigurationRecorder",
                json!({"all_supported": true, "recording": false, "excluded_types": []}),
                "configuration recorder: all supported, no excluded types, not recording",
            ),
            (
                "KeyState",
                json!({"known": "Enabled"}),
                "key state: Enabled",
            ),
            (
                "cloudtrail:StopLogging",
                json!({"target": "arn:t", "verdict": "conditional", "condition": "with MFA",
                       "statements": ["identity policy p, statement 1"], "strength": "strong"}),
                "cloudtrail:StopLogging on arn:t is allowed under a condition (identity policy p, statement 1); \
                 condition: with MFA",
            ),
            (
                "path",
                json!([{"from": "arn:a", "to": "arn:b", "by": "sts:AssumeRole", "condition": null,
                        "statements": ["trust policy, statement 1"]}]),
                "path: arn:a can act as arn:b by sts:AssumeRole (trust policy, statement 1)",
            ),
        ] {
            assert_eq!(told(what, seen), words);
        }
    }
}
