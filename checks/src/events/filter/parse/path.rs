//! What a path is about: a short name, a documented field, or any place in the record.

use super::super::super::field::Field;
use super::super::super::proof::Proof;
use super::super::FilterError;
use super::super::event::Short;
use super::super::path::{Path, Start, Step, identity_names};
use super::super::test::{Equal, Test};
use super::{MAX_STEPS, Parser, Target, Written};
use crate::text::nearest;

impl Parser<'_> {
    /// What the left side of a test names.
    pub(super) fn target(&self, written: &Written) -> Result<Target, FilterError> {
        let Written { parts, begin, end } = written;
        let unquoted = match parts.as_slice() {
            [(text, false)] => Some(text.as_str()),
            _ => None,
        };
        if let Some(short) = unquoted.and_then(short_name) {
            return Ok(Target::Short(short));
        }
        let steps = self.steps(parts, *begin)?;
        let text: String = self
            .chars
            .get(*begin..*end)
            .unwrap_or_default()
            .iter()
            .collect();
        let Some((Step::Name(first), rest)) = steps.split_first() else {
            return Err(self.error(*begin, "expected a name before the operator"));
        };
        let quoted = parts.first().is_some_and(|(_, quoted)| *quoted);
        let start = match Field::named(first) {
            Some(field) => Start::Field(field),
            None if quoted => Start::Unknown(first.clone()),
            None => {
                let names = Field::ALL.iter().map(|it| it.name());
                let names = names.chain(Short::ALL.iter().map(|(name, _)| *name));
                return Err(self.unknown(*begin, first, names, "a record"));
            }
        };
        if let Start::Field(field) = start {
            self.documented(field, rest, *begin)?;
        }
        Ok(Target::Path(Path::new(start, rest.to_vec(), text)))
    }

    /// The steps of a path: names between dots, `[0]`.
    pub(super) fn steps(
        &self,
        parts: &[(String, bool)],
        at: usize,
    ) -> Result<Vec<Step>, FilterError> {
        let mut steps = Vec::new();
        // Whether a name may come: at the beginning and after a dot.
        let mut open = true;
        for (part, quoted) in parts {
            if *quoted {
                if !open {
                    return Err(self.error(at, "expected `.` before a name in quotes"));
                }
                steps.push(Step::Name(self.plain(part, at)?));
                open = false;
                continue;
            }
            let mut rest = part.as_str();
            while let Some(c) = rest.chars().next() {
                match c {
                    '.' if !open => {
                        open = true;
                        rest = rest.get(1..).unwrap_or_default();
                    }
                    '[' if !open => {
                        let inside = rest.get(1..).and_then(|it| it.split_once(']'));
                        let found = inside.and_then(|(n, rest)| Some((n.parse().ok()?, rest)));
                        let Some((n, after)) = found else {
                            return Err(self.error(at, "expected the number of an element: [0]"));
                        };
                        steps.push(Step::Element(n));
                        rest = after;
                    }
                    _ if open => {
                        let end = rest.find(['.', '[']).unwrap_or(rest.len());
                        let (name, after) = rest.split_at(end);
                        if name.is_empty() {
                            return Err(
                                self.error(at, "a path has an empty name; put odd names in quotes")
                            );
                        }
                        steps.push(Step::Name(name.to_owned()));
                        open = false;
                        rest = after;
                    }
                    _ => return Err(self.error(at, "expected `.` or `[` in a path")),
                }
            }
        }
        if open {
            return Err(self.error(at, "the path ends with `.`"));
        }
        if steps.len() > MAX_STEPS {
            return Err(self.error(at, "the path has more than 64 names"));
        }
        Ok(steps)
    }

    /// Names below documented fields must be documented.
    pub(super) fn documented(
        &self,
        field: Field,
        steps: &[Step],
        at: usize,
    ) -> Result<(), FilterError> {
        if field.is_free() || steps.is_empty() {
            return Ok(());
        }
        if field != Field::UserIdentity {
            let message = format!("`{}` is a single value: nothing is below it", field.name());
            return Err(self.error(at, message));
        }
        let mut below = String::new();
        for step in steps {
            let Step::Name(name) = step else { continue };
            let Some(names) = identity_names(&below) else {
                // Attributes of an identity provider are free, nothing else is.
                if below
                    .to_ascii_lowercase()
                    .ends_with("webidfederationdata.attributes")
                {
                    return Ok(());
                }
                let message =
                    format!("`userIdentity.{below}` is a single value: nothing is below it");
                return Err(self.error(at, message));
            };
            if !names.iter().any(|it| it.eq_ignore_ascii_case(name)) {
                let whole = if below.is_empty() {
                    "userIdentity".to_owned()
                } else {
                    format!("userIdentity.{below}")
                };
                return Err(self.unknown(at, name, names.iter().copied(), &format!("`{whole}`")));
            }
            if !below.is_empty() {
                below.push('.');
            }
            below.push_str(name);
        }
        Ok(())
    }

    pub(super) fn unknown<'n>(
        &self,
        at: usize,
        name: &str,
        names: impl Iterator<Item = &'n str>,
        of: &str,
    ) -> FilterError {
        let shown: String = name.chars().take(64).collect();
        let hint = match nearest::nearest(name, names) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => "; put a name that CloudTrail does not document in quotes".to_owned(),
        };
        self.error(at, format!("{of} has no field `{shown}`{hint}"))
    }

    /// Whether the values of a short name can be what the test wants.
    pub(super) fn fits(&self, short: Short, test: &Test, at: usize) -> Result<(), FilterError> {
        let Test::Equal(Equal { pattern, .. }) = test else {
            return Ok(());
        };
        let Some(wanted) = pattern.literal() else {
            return Ok(());
        };
        let words: Vec<&str> = if short.is_flag() {
            vec!["true", "false"]
        } else if short == Short::Proof {
            let reasons = Proof::ALL.iter().filter_map(|it| it.reason());
            Proof::ALL
                .iter()
                .map(|it| it.word())
                .chain(reasons)
                .collect()
        } else {
            return Ok(());
        };
        if words.iter().any(|it| it.eq_ignore_ascii_case(&wanted)) {
            return Ok(());
        }
        let mut known = words.clone();
        known.dedup();
        Err(self.error(
            at,
            format!("`{wanted}` is none of its values: {}", known.join(", ")),
        ))
    }
}

pub(super) fn short_name(text: &str) -> Option<Short> {
    let mut all = Short::ALL.iter();
    let found = all.find(|(name, _)| name.eq_ignore_ascii_case(text));
    found.map(|(_, short)| *short)
}
