//! The functions that policies are written with. Any other is unknown.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

use super::{Val, has_mark};

/// What a function gives.
pub(super) fn call(name: &str, arguments: Vec<Val>) -> Val {
    // The first unknown says why the result is.
    let why = arguments.iter().find_map(|argument| match argument {
        Val::Unknown(why) => Some(why.clone()),
        _ => None,
    });
    known(name, arguments).unwrap_or_else(|| {
        let why = why.unwrap_or_else(|| format!("the function {name}"));
        Val::Unknown(crate::finding::short(&why, 200))
    })
}

fn known(name: &str, arguments: Vec<Val>) -> Option<Val> {
    match (name, arguments.as_slice()) {
        ("jsonencode", [one]) => Some(Val::Text(one.json().to_string())),
        ("jsondecode", [one]) => {
            let value: Value = serde_json::from_str(plain(one)?).ok()?;
            Some(Val::of(&value, &Value::Null, ""))
        }
        ("format", [Val::Text(form), rest @ ..]) => format(form, rest),
        ("join", [between, items]) => {
            let between = plain(between)?;
            let Val::List(items) = items else {
                return None;
            };
            let texts: Vec<String> = items.iter().map(Val::within).collect();
            Some(Val::Text(texts.join(between)))
        }
        ("split", [between, text]) => {
            let parts = plain(text)?.split(plain(between)?);
            Some(Val::List(parts.map(Val::text).collect()))
        }
        ("concat", all) => {
            let mut items = Vec::new();
            for it in all {
                let Val::List(more) = it else {
                    return None;
                };
                items.extend(more.iter().cloned());
            }
            Some(Val::List(items))
        }
        ("merge", all) => {
            let mut map = BTreeMap::new();
            for it in all {
                match it {
                    Val::Map(more) => map.extend(more.clone()),
                    Val::Null => {}
                    _ => return None,
                }
            }
            Some(Val::Map(map))
        }
        ("flatten", [Val::List(items)]) => {
            let mut flat = Vec::new();
            flatten(items, &mut flat, 0)?;
            Some(Val::List(flat))
        }
        // Of what is unknown it is not known whether it is left out: it stays, and stays unknown.
        ("compact", [Val::List(items)]) => {
            let empty = |it: &&Val| **it != Val::Null && **it != Val::Text(String::new());
            Some(Val::List(items.iter().filter(empty).cloned().collect()))
        }
        ("distinct" | "toset", [Val::List(items)]) => {
            let mut all: Vec<Val> = Vec::new();
            for it in items {
                if !all.contains(it) {
                    all.push(it.clone());
                }
            }
            if name == "toset" && all.iter().all(|it| plain(it).is_some()) {
                all.sort_by(|one, two| plain(one).cmp(&plain(two)));
            }
            Some(Val::List(all))
        }
        ("setunion", all) => {
            let all = known("concat", all.to_vec())?;
            known("toset", vec![all])
        }
        (
            "tolist" | "tomap" | "tostring" | "tobool" | "tonumber" | "nonsensitive" | "sensitive",
            [one],
        ) => convert(name, one),
        ("lookup", [Val::Map(map), key, rest @ ..]) => {
            let found = map.get(plain(key)?).or(rest.first());
            found.cloned()
        }
        ("element", [Val::List(items), Val::Number(at)]) => {
            let at = usize::try_from(at.as_u64()?).ok()?;
            items.get(at.checked_rem(items.len())?).cloned()
        }
        ("length", [Val::List(items)]) => Some(Val::Number(Number::from(items.len()))),
        ("length", [Val::Map(fields)]) => Some(Val::Number(Number::from(fields.len()))),
        ("length", [one]) => Some(Val::Number(Number::from(plain(one)?.chars().count()))),
        ("one", [Val::List(items)]) => match items.as_slice() {
            [] => Some(Val::Null),
            [one] => Some(one.clone()),
            [..] => None,
        },
        ("coalesce", all) => {
            for it in all {
                match it {
                    Val::Null => {}
                    Val::Text(text) if text.is_empty() => {}
                    Val::Unknown(_) => return None,
                    Val::Text(text) if text.chars().all(|it| has_mark(&it.to_string())) => {
                        return None;
                    }
                    it => return Some(it.clone()),
                }
            }
            None
        }
        // What fails cannot be told from what is unknown: only a first value that is known counts.
        ("try", [first, ..]) if first.is_known() => Some(first.clone()),
        ("replace", [text, from, to]) => {
            let from = plain(from)?;
            // Between slashes it is a regular expression.
            if from.len() > 1 && from.starts_with('/') && from.ends_with('/') {
                return None;
            }
            Some(Val::Text(plain(text)?.replace(from, plain(to)?)))
        }
        ("lower", [one]) => Some(Val::Text(plain(one)?.to_lowercase())),
        ("upper", [one]) => Some(Val::Text(plain(one)?.to_uppercase())),
        ("trimspace", [one]) => Some(Val::Text(plain(one)?.trim().to_owned())),
        ("trimsuffix", [one, end]) => {
            let text = plain(one)?;
            Some(Val::Text(
                text.strip_suffix(plain(end)?).unwrap_or(text).to_owned(),
            ))
        }
        ("trimprefix", [one, start]) => {
            let text = plain(one)?;
            Some(Val::Text(
                text.strip_prefix(plain(start)?).unwrap_or(text).to_owned(),
            ))
        }
        ("startswith", [one, start]) => Some(Val::Bool(plain(one)?.starts_with(plain(start)?))),
        ("endswith", [one, end]) => Some(Val::Bool(plain(one)?.ends_with(plain(end)?))),
        ("contains", [list @ Val::List(items), item]) => {
            let known = list.is_known() && item.is_known();
            let found = item.is_known() && items.contains(item);
            (known || found).then_some(Val::Bool(found))
        }
        ("keys", [Val::Map(map)]) => Some(Val::List(map.keys().map(|it| Val::text(it)).collect())),
        ("values", [Val::Map(map)]) => Some(Val::List(map.values().cloned().collect())),
        _ => None,
    }
}

/// A text without unknown parts.
fn plain(value: &Val) -> Option<&str> {
    match value {
        Val::Text(text) if !has_mark(text) => Some(text),
        _ => None,
    }
}

fn flatten(items: &[Val], into: &mut Vec<Val>, depth: u32) -> Option<()> {
    for it in items {
        match it {
            Val::List(inner) if depth < 20 => flatten(inner, into, depth + 1)?,
            Val::List(_) => return None,
            it => into.push(it.clone()),
        }
    }
    Some(())
}

fn convert(name: &str, one: &Val) -> Option<Val> {
    match (name, one) {
        ("tolist", Val::List(_)) | ("tomap", Val::Map(_)) | ("nonsensitive" | "sensitive", _) => {
            Some(one.clone())
        }
        (_, Val::Null) => Some(Val::Null),
        ("tostring", Val::Text(_) | Val::Bool(_) | Val::Number(_)) => Some(Val::Text(one.within())),
        ("tobool", Val::Bool(_)) | ("tonumber", Val::Number(_)) => Some(one.clone()),
        ("tobool", Val::Text(text)) => text.parse().ok().map(Val::Bool),
        ("tonumber", Val::Text(text)) => text
            .parse::<i64>()
            .ok()
            .map(|it| Val::Number(Number::from(it))),
        _ => None,
    }
}

/// `%s`, `%d`, `%v` and `%%`.
fn format(form: &str, values: &[Val]) -> Option<Val> {
    if has_mark(form) {
        return None;
    }
    let mut text = String::new();
    let mut values = values.iter();
    let mut letters = form.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        match letters.next()? {
            '%' => text.push('%'),
            's' | 'd' | 'v' => text.push_str(&values.next()?.within()),
            _ => return None,
        }
    }
    match values.next() {
        Some(_) => None,
        None => Some(Val::Text(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::eval::{Names, Work, evaluate};
    use super::super::{Body, Env};
    use super::*;

    fn unknown(why: &str) -> Val {
        Val::Unknown(why.to_owned())
    }

    struct Few;

    impl Names for Few {
        fn value(&self, name: &[String], _: &mut Work) -> Val {
            match name.join(".").as_str() {
                "var.account" => Val::text("111111111111"),
                "var.unset" => Val::Null,
                "var.names" => Val::List(vec![Val::text("a"), Val::text("b")]),
                "aws_x.y" => Val::Resource(0),
                "var.unknown" => unknown("var.unknown"),
                "var" => Val::Name(name.to_vec()),
                _ => Val::Name(name.to_vec()),
            }
        }

        fn attribute(&self, _: usize, name: &str, _: &mut Work) -> Val {
            match name {
                "arn" => Val::text("arn:aws:s3:::logs"),
                name => unknown(name),
            }
        }

        fn output(&self, _: &[crate::terraform::address::Step], _: &str, _: &mut Work) -> Val {
            Val::Null
        }
    }

    fn value(text: &str) -> Val {
        let body = Body::read(&format!("a = {text}\n")).unwrap();
        evaluate(
            &body.attributes["a"],
            &Few,
            &mut Env::new(),
            &mut Work::new(),
        )
    }

    /// What Terraform gives, by its documentation.
    #[test]
    fn expressions_mean_what_terraform_says() {
        for (text, expected) in [
            (
                r#""${aws_x.y.arn}/AWSLogs/${var.account}/*""#,
                r#""arn:aws:s3:::logs/AWSLogs/111111111111/*""#,
            ),
            (
                r#"jsonencode({ Version = "1", "b:c" : [1, true, null] })"#,
                r#""{\"Version\":\"1\",\"b:c\":[1,true,null]}""#,
            ),
            (r#"format("arn:%s:%d%%", "aws", 3)"#, r#""arn:aws:3%""#),
            (
                r#"join(",", [for n in var.names : upper(n) if n != "b"])"#,
                r#""A""#,
            ),
            (
                r#"{ for k, v in { x = 1 } : "${k}-1" => v + 1 }"#,
                r#"{"x-1":2}"#,
            ),
            (r#"var.unset == null ? "none" : "some""#, r#""none""#),
            (r#"var.names[*]"#, r#"["a","b"]"#),
            (
                r#"length(var.names) > 1 && !false ? element(var.names, 3) : 0"#,
                r#""b""#,
            ),
            (r#"concat(["x"], var.names...)"#, "null"),
            ("merge([{ a = 1 }, { b = 2 }]...)", r#"{"a":1,"b":2}"#),
            (r#"coalesce(var.unset, "", "z")"#, r#""z""#),
            (
                r#""$${aws:username} %%{x} \" \\""#,
                r#""${aws:username} %{x} \" \\""#,
            ),
            (r#"try(var.names[0], "x")"#, r#""a""#),
            ("(1 + 2) * -3", "null"),
            ("<<-EOT\n    a ${1}\n      b\n    EOT", "\"a 1\\n  b\\n\""),
            (r#"lookup({ a = "b" }, "c", "d")"#, r#""d""#),
            (r#"replace("a-b", "-", ".")"#, r#""a.b""#),
        ] {
            let found = value(text);
            if expected == "null" {
                assert!(matches!(found, Val::Unknown(_)), "{text}: {found:?}");
                continue;
            }
            let expected: Value = serde_json::from_str(expected).unwrap();
            assert_eq!(found.json(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_unknown_stays_unknown() {
        for text in [
            "var.unknown",
            "lower(var.unknown)",
            r#"replace("${aws_x.y.id}-a", "a", "b")"#,
            r#"var.unknown == "x" ? "a" : "b""#,
            r#"contains(["a", var.unknown], "c")"#,
            "[for x in var.unknown : x]",
            r#"try(var.unknown, "x")"#,
            r#"coalesce(var.unknown, "x")"#,
            r#"templatefile("x", {})"#,
            r#""%{ if true }x%{ endif }""#,
            "\"\u{e000}a\u{e001}\"",
        ] {
            assert!(
                matches!(value(text), Val::Unknown(_)),
                "{text}: {:?}",
                value(text)
            );
        }
        let part = value(r#"jsonencode(["x-${var.unknown}", var.unknown])"#);
        let Val::Text(part) = part else { panic!() };
        assert!(has_mark(&part) && part.contains("x-"));
        assert_eq!(value(r#"var.unknown == 1 ? "a" : "a""#), Val::text("a"));
    }

    #[test]
    fn hostile_texts_are_refused_or_bounded() {
        let deep = |open: &str, close: &str| {
            format!("a = {}1{}\n", open.repeat(9_000), close.repeat(9_000))
        };
        for text in [
            deep("(", ")"),
            deep("[", "]"),
            deep("{ a = ", "}"),
            deep("\"${", "}\""),
            deep("!", ""),
            deep("f(", ")"),
        ] {
            assert!(Body::read(&text).is_err());
        }
        let nested = format!("{}{}", "a {\n".repeat(9_000), "}\n".repeat(9_000));
        assert!(Body::read(&nested).is_err());
        for text in [
            "a = ",
            "a",
            "a = \"",
            "a = <<EOT\n",
            "}",
            "a = 1 b = 2",
            "\u{0}",
            "a = 1\na = 2\n",
            "a \"b",
            "a = [for x",
            "a = {x",
            "/*",
        ] {
            let _ = Body::read(text);
        }
    }
}
