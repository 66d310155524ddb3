//! Pattern texts with policy variables (`${aws:username}`), filled in from a request.

use super::context::{Lookup, View};
use crate::text::{Glob, Token};

/// A pattern as written in a policy, with wildcards and variables told apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Token(Token),
    /// In a box: patterns are many, most of their parts are characters, and few are variables.
    Variable(Box<Variable>),
    /// `${` without an end, or a default that is not quoted. IAM would not store it; it matches nothing.
    Broken,
}

/// `${key}` or `${key, 'default'}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Variable {
    key: String,
    default: Option<String>,
}

/// What filling in a template came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filled {
    Glob(Glob),
    /// A variable has no single value: this pattern can never match.
    Never,
    /// A variable's value is not known.
    Undecided,
}

/// What an ARN pattern with fewer than six fields means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Incomplete {
    /// Missing fields are `*`: identity policies, boundaries, session policies, SCPs.
    Fill,
    /// The same, but only if there is a wildcard: resource policies and ARN conditions.
    FillIfWildcard,
    /// Matches nothing: RCPs.
    Reject,
}

impl Template {
    /// `wildcards`: whether `*` and `?` are more than themselves; `variables`: whether `${` begins a variable.
    pub(super) fn parse(text: &str, wildcards: bool, variables: bool) -> Self {
        let token = |c| match c {
            '*' if wildcards => Token::Any { colon: true },
            '?' if wildcards => Token::One { colon: true },
            c => Token::Char(c),
        };
        let mut parts = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if variables && let Some(inside) = rest.strip_prefix("${") {
                let Some((body, after)) = split_variable(inside) else {
                    parts.push(Part::Broken);
                    break;
                };
                parts.push(variable(body));
                rest = after;
            } else {
                parts.push(Part::Token(token(c)));
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
        }
        Self { parts }
    }

    /// Whether it is written as IAM demands. A broken one never matches.
    pub(super) fn is_sound(&self) -> bool {
        !self.parts.contains(&Part::Broken)
    }

    /// The context keys that it is filled in from.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(it) => Some(it.key.as_str()),
            Part::Token(_) | Part::Broken => None,
        })
    }

    /// `*` alone, however often it is repeated.
    pub(super) fn is_everything(&self) -> bool {
        !self.parts.is_empty() && self.parts.iter().all(is_star)
    }

    pub(super) fn has_wildcard(&self) -> bool {
        self.parts
            .iter()
            .any(|part| matches!(part, Part::Token(Token::Any { .. } | Token::One { .. })))
    }

    /// As one text.
    pub(super) fn fill(&self, view: &View<'_>, ignore_case: bool) -> Filled {
        let mut tokens = Vec::with_capacity(self.parts.len());
        match fill_field(&self.parts, view, true, &mut tokens) {
            Fill::Done => Filled::Glob(Glob::new(tokens, ignore_case)),
            Fill::Never => Filled::Never,
            Fill::Undecided => Filled::Undecided,
        }
    }

    /// As an ARN: six fields, each matched by itself; the sixth may hold colons.
    pub(super) fn fill_arn(&self, view: &View<'_>, incomplete: Incomplete) -> Filled {
        if self.is_everything() {
            return Filled::Glob(Glob::everything());
        }
        let fields: Vec<&[Part]> = self
            .parts
            .splitn(6, |part| *part == Part::Token(Token::Char(':')))
            .collect();
        let missing = 6 - fields.len();
        let legal = match incomplete {
            Incomplete::Fill => true,
            Incomplete::FillIfWildcard => missing == 0 || self.has_wildcard(),
            Incomplete::Reject => missing == 0,
        };
        if !legal {
            return Filled::Never;
        }
        let mut tokens = Vec::with_capacity(self.parts.len() + 2 * missing);
        let mut undecided = false;
        for (index, field) in fields.into_iter().enumerate() {
            if index > 0 {
                tokens.push(Token::Char(':'));
            }
            // Variables are allowed from the third field on.
            let early = index < 2 && field.iter().any(|p| !matches!(p, Part::Token(_)));
            if early {
                return Filled::Never;
            }
            match fill_field(field, view, index == 5, &mut tokens) {
                Fill::Done => {}
                Fill::Never => return Filled::Never,
                Fill::Undecided => undecided = true,
            }
        }
        for field in 0..missing {
            tokens.push(Token::Char(':'));
            tokens.push(Token::Any {
                colon: field + 1 == missing,
            });
        }
        if undecided {
            return Filled::Undecided;
        }
        Filled::Glob(Glob::new(tokens, false))
    }

    /// The word before the first `/` or `:` of the sixth field holds a wildcard and is not just `*`.
    ///
    /// The ARN reference forbids wildcards in the resource type, a plain glob would match: see `Resources`.
    pub(super) fn wild_type_word(&self) -> bool {
        let Some(resource) = self
            .parts
            .splitn(6, |part| *part == Part::Token(Token::Char(':')))
            .nth(5)
        else {
            return false;
        };
        let ends = |part: &Part| matches!(part, Part::Token(Token::Char('/' | ':')));
        let word = resource.split(ends).next().unwrap_or_default();
        let wild = |part: &Part| matches!(part, Part::Token(Token::Any { .. } | Token::One { .. }));
        word.iter().any(wild) && !resource.iter().all(is_star)
    }
}

enum Fill {
    Done,
    Never,
    Undecided,
}

/// `colon`: whether wildcards, and substituted values, may hold a colon here.
fn fill_field(parts: &[Part], view: &View<'_>, colon: bool, tokens: &mut Vec<Token>) -> Fill {
    let mut undecided = false;
    for part in parts {
        let (key, default) = match part {
            Part::Token(Token::Any { .. }) => {
                tokens.push(Token::Any { colon });
                continue;
            }
            Part::Token(Token::One { .. }) => {
                tokens.push(Token::One { colon });
                continue;
            }
            Part::Token(Token::Char(c)) => {
                tokens.push(Token::Char(*c));
                continue;
            }
            Part::Broken => return Fill::Never,
            Part::Variable(it) => (&it.key, &it.default),
        };
        let value = match (view.single(key), default) {
            (Lookup::Unknown, _) => {
                undecided = true;
                continue;
            }
            (Lookup::Value(value), _) => value,
            (Lookup::None, Some(default)) => default,
            (Lookup::None, None) => return Fill::Never,
        };
        if !colon && value.contains(':') {
            return Fill::Never;
        }
        // What is put in is literal: its `*` is no wildcard.
        tokens.extend(value.chars().map(Token::Char));
    }
    if undecided {
        Fill::Undecided
    } else {
        Fill::Done
    }
}

fn is_star(part: &Part) -> bool {
    matches!(part, Part::Token(Token::Any { .. }))
}

/// Splits `aws:username}/rest` at the brace that ends the variable; a brace inside a quoted default does not.
fn split_variable(inside: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    for (at, c) in inside.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '}' if !quoted => return Some((inside.get(..at)?, inside.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

fn variable(body: &str) -> Part {
    if let "*" | "?" | "$" = body {
        return body
            .chars()
            .next()
            .map_or(Part::Broken, |c| Part::Token(Token::Char(c)));
    }
    let (key, default) = match body.split_once(", ") {
        None => (body, None),
        Some((key, default)) => {
            let quoted = default
                .strip_prefix('\'')
                .and_then(|default| default.strip_suffix('\''))
                .filter(|default| !default.contains('\''));
            match quoted {
                Some(default) => (key, Some(default.to_owned())),
                None => return Part::Broken,
            }
        }
    };
    if key.is_empty() || key.contains([',', '\'', '{']) || key.trim() != key {
        return Part::Broken;
    }
    Part::Variable(Box::new(Variable {
        key: key.to_lowercase(),
        default,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::context::Context;
    use super::*;
    use crate::text::Work;
    use crate::text::automaton::Automaton;

    fn filled(text: &str, context: &Context) -> Filled {
        Template::parse(text, true, true).fill(&View::of(context), false)
    }

    fn matches(text: &str, context: &Context, value: &str) -> bool {
        match filled(text, context) {
            Filled::Glob(glob) => glob.matches(value),
            Filled::Never | Filled::Undecided => false,
        }
    }

    #[test]
    fn variables_are_literal() {
        let context = Context::new().with("aws:username", "a*");
        assert!(matches("home/${aws:UserName}/*", &context, "home/a*/x"));
        assert!(!matches("home/${aws:username}/*", &context, "home/ab/x"));
        assert!(matches("a${*}b", &context, "a*b"));
        assert!(!matches("a${*}b", &context, "axb"));
        assert!(matches("${$}{x}", &context, "${x}"));
    }

    #[test]
    fn missing_and_defaults() {
        let context = Context::new().with_list("aws:tags", ["a", "b"]);
        assert_eq!(filled("${aws:none}", &context), Filled::Never);
        assert_eq!(filled("${aws:tags}", &context), Filled::Never);
        assert!(matches("${aws:none, 'x}y'}", &context, "x}y"));
        for broken in [
            "${aws:none,'x'}",
            "${aws:none, x}",
            "${aws:none, 'x', 'y'}",
            "${aws:none",
            "${}",
        ] {
            assert!(!Template::parse(broken, true, true).is_sound(), "{broken}");
        }
    }

    #[test]
    fn without_variables_the_text_is_literal() {
        let template = Template::parse("${aws:username}", true, false);
        let Filled::Glob(glob) = template.fill(&View::of(&Context::new()), false) else {
            panic!("not filled");
        };
        assert!(glob.matches("${aws:username}"));
    }

    #[test]
    fn arn_fields_are_matched_one_by_one() {
        let matches = |pattern: &str, arn: &str, incomplete| {
            let template = Template::parse(pattern, true, true);
            match template.fill_arn(&View::of(&Context::new()), incomplete) {
                Filled::Glob(glob) => glob.matches(arn),
                Filled::Never | Filled::Undecided => false,
            }
        };
        let trail = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/a:b/c";
        for (pattern, expected) in [
            ("*", true),
            ("arn:aws:cloudtrail:*:*:*", true),
            ("arn:aws:cloudtrail:*:111122223333:trail/*", true),
            ("arn:*:trail/a:b/c", false),
            ("arn:aws:cloudtrail*:111122223333:trail/*:x", false),
            ("arn:aws:cloudtrail:*:trail/a:b/c", false),
            ("arn:aws:cloudtrail:eu-west-1:111122223333:TRAIL/*", false),
            (
                "arn:aws:cloudtrail:eu-west-1:111122223333:trail/a?b/c",
                true,
            ),
        ] {
            assert_eq!(
                matches(pattern, trail, Incomplete::FillIfWildcard),
                expected,
                "{pattern}"
            );
        }
        let short = "arn:aws:cloudtrail";
        assert!(matches(short, trail, Incomplete::Fill));
        assert!(!matches(short, trail, Incomplete::FillIfWildcard));
        assert!(matches(
            "arn:aws:cloudtrail:*",
            trail,
            Incomplete::FillIfWildcard
        ));
        assert!(!matches("arn:aws:cloudtrail:*", trail, Incomplete::Reject));
    }

    /// The quick matcher retries one `*` only; the automaton keeps all positions. They must agree, also in ARNs.
    #[test]
    fn matching_agrees_with_the_automaton() {
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = |end: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % end
        };
        let mut matched = 0;
        for _ in 0..20_000 {
            let mut text = |letters: &[char], fields: u64, longest: u64| {
                let mut text = String::new();
                for field in 0..fields {
                    if field > 0 {
                        text.push(':');
                    }
                    for _ in 0..random(longest) {
                        text.push(letters[usize::try_from(random(letters.len() as u64)).unwrap()]);
                    }
                }
                text
            };
            let pattern = text(&['*', '*', '*', 'a', '?'], 6, 4);
            let value = text(&['a', 'a', 'a', 'a', 'b', ':'], 6, 3);
            let template = Template::parse(&pattern, true, false);
            let view = Context::new();
            let Filled::Glob(glob) = template.fill_arn(&View::of(&view), Incomplete::Reject) else {
                panic!("{pattern}");
            };
            let automaton = Automaton::of_glob(&glob);
            assert_eq!(
                Ok(glob.matches(&value)),
                automaton.matches(&value, &mut Work::new(100_000)),
                "{pattern} {value}"
            );
            matched += usize::from(glob.matches(&value));
        }
        assert!(matched > 100, "{matched}");
    }

    #[test]
    fn type_words() {
        let wild = |text| Template::parse(text, true, true).wild_type_word();
        assert!(wild("arn:aws:cloudtrail:*:*:tr?il/x"));
        assert!(wild("arn:aws:iam::1:u*"));
        assert!(!wild("arn:aws:iam::1:user/*"));
        assert!(!wild("arn:aws:iam::1:*"));
        assert!(!wild("*"));
    }
}
