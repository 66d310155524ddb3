//! Addresses and references: `module.a["x"].aws_s3_bucket.logs[0].id`.

/// A name, and the key of one instance of it: `logs[0]` is `logs` with the key `0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Step {
    pub(super) name: String,
    /// As JSON: `0`, `"x"`.
    pub(super) key: Option<String>,
}

/// The parts between dots; dots within brackets and quotes do not count.
pub(super) fn steps(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let (mut from, mut depth, mut quoted, mut escaped) = (0, 0_u32, false, false);
    let mut push = |part: &str| {
        let (name, key) = match part.split_once('[') {
            Some((name, rest)) => (
                name,
                Some(rest.split_once(']').map_or(rest, |_| key_of(rest))),
            ),
            None => (part, None),
        };
        steps.push(Step {
            name: name.to_owned(),
            key: key.map(str::to_owned),
        });
    };
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' if !quoted => depth += 1,
            b']' if !quoted => depth = depth.saturating_sub(1),
            b'.' if !quoted && depth == 0 => {
                push(text.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            _ => {}
        }
    }
    push(text.get(from..).unwrap_or_default());
    steps
}

/// The key before the bracket that ends it.
fn key_of(rest: &str) -> &str {
    if !rest.starts_with('"') {
        return rest.split(']').next().unwrap_or_default();
    }
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return rest.get(..=at).unwrap_or(rest),
            _ => {}
        }
    }
    rest
}

/// The modules of an address, outermost first, without the word `module`.
pub(super) fn modules(address: &str) -> Vec<Step> {
    let all = steps(address);
    let mut modules = Vec::new();
    let mut rest = all.into_iter();
    while rest.next().is_some_and(|it| it.name == "module") {
        let Some(step) = rest.next() else { break };
        modules.push(step);
    }
    modules
}

/// The names alone: where the configuration is the same for all instances.
pub(super) fn path(modules: &[Step]) -> String {
    let names: Vec<&str> = modules.iter().map(|it| it.name.as_str()).collect();
    names.join(".")
}

/// One instance of a module.
pub(super) fn instance(modules: &[Step]) -> String {
    let each = modules.iter().map(|module| match &module.key {
        Some(key) => format!("module.{}[{key}]", module.name),
        None => format!("module.{}", module.name),
    });
    each.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_may_hold_dots_and_brackets() {
        let all = steps(r#"module.a["x.y]\"z"].aws_s3_bucket.logs[0].id"#);
        let names: Vec<&str> = all.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["module", "a", "aws_s3_bucket", "logs", "id"]);
        assert_eq!(all[1].key.as_deref(), Some(r#""x.y]\"z""#));
        assert_eq!(all[3].key.as_deref(), Some("0"));
        assert_eq!(modules("aws_s3_bucket.x"), []);
        let inner = modules(r#"module.a["x"].module.b.aws_s3_bucket.x"#);
        assert_eq!(path(&inner), "a.b");
        assert_eq!(instance(&inner), r#"module.a["x"].module.b"#);
        for hostile in ["", "[", "a[\"", "module.", "module", "a..b", "]]]"] {
            let _ = (steps(hostile), modules(hostile));
        }
    }
}
