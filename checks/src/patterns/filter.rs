//! The filter patterns of CloudWatch Logs, for JSON events: `{ ($.eventName = StopLogging) || ... }`.
//!
//! `&&` binds tighter than `||`. Words and columns (`ERROR`, `[ip, user]`) are other languages, not read here.

use super::expr::{Expr, Is, Order, Path, Test};
use super::language::Texts;
use super::{MAX_BYTES, MAX_DEPTH, MAX_TESTS, PatternError, regex};

/// Reads a filter. The empty one matches everything.
///
/// # Errors
///
/// What is not in the documented grammar, and what is too large.
pub fn parse(text: &str) -> Result<Expr, PatternError> {
    if text.len() > MAX_BYTES {
        return Err(PatternError::TooLarge(text.len()));
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        tests: 0,
    };
    parser.space();
    if parser.rest().is_empty() {
        return Ok(Expr::ALWAYS);
    }
    if !parser.take("{") {
        return Err(PatternError::NotJson);
    }
    let expr = parser.either()?;
    parser.expect("}")?;
    parser.space();
    if parser.rest().is_empty() {
        Ok(expr)
    } else {
        Err(parser.error("the end"))
    }
}

enum Step {
    Key(String),
    Index(u32),
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    tests: usize,
}

impl<'a> Parser<'a> {
    fn either(&mut self) -> Result<Expr, PatternError> {
        let mut list = vec![self.both()?];
        while self.take("||") {
            list.push(self.both()?);
        }
        Ok(one_or(list, Expr::Any))
    }

    fn both(&mut self) -> Result<Expr, PatternError> {
        let mut list = vec![self.part()?];
        while self.take("&&") {
            list.push(self.part()?);
        }
        Ok(one_or(list, Expr::All))
    }

    fn part(&mut self) -> Result<Expr, PatternError> {
        if !self.take("(") {
            return self.test();
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(PatternError::TooDeep);
        }
        let expr = self.either()?;
        self.depth -= 1;
        self.expect(")")?;
        Ok(expr)
    }

    fn test(&mut self) -> Result<Expr, PatternError> {
        self.tests += 1;
        if self.tests > MAX_TESTS {
            return Err(PatternError::TooMany);
        }
        let from = self.at;
        let Some(path) = self.selector()? else {
            // What a test on every element of a list means for an empty one is not documented.
            self.value()?;
            let text = self.text.get(from..self.at).unwrap_or_default();
            return Ok(Expr::Unknown(format!(
                "{} looks at every element of a list",
                text.trim()
            )));
        };
        let is = self.value()?;
        Ok(Expr::Test(Test { path, is }))
    }

    /// None for one with `[*]`.
    fn selector(&mut self) -> Result<Option<Path>, PatternError> {
        self.expect("$")?;
        let (mut path, mut every) = (Path::root(), false);
        loop {
            if self.next_is(".[") || self.next_is("[") {
                self.at += if self.next_is(".") { 2 } else { 1 };
                match self.bracket()? {
                    Some(Step::Key(key)) => path = path.key(&key),
                    Some(Step::Index(index)) => path = path.index(index),
                    None => every = true,
                }
            } else if self.next_is(".") {
                self.at += 1;
                let key = self.run(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
                if key.is_empty() {
                    return Err(self.error("a property"));
                }
                path = path.key(key);
            } else {
                break;
            }
        }
        if path == Path::root() && !every {
            return Err(self.error("a property"));
        }
        Ok((!every).then_some(path))
    }

    fn bracket(&mut self) -> Result<Option<Step>, PatternError> {
        let step = if let Some(quote) = ["'", "\""].into_iter().find(|it| self.next_is(it)) {
            self.at += 1;
            let key = self.run(|c| !quote.starts_with(c)).to_owned();
            self.expect(quote)?;
            if key.is_empty() || key.contains(char::is_control) {
                return Err(self.error("a property"));
            }
            Some(Step::Key(key))
        } else if self.take("*") {
            None
        } else {
            let digits = self.run(|c| c.is_ascii_digit());
            let index = digits
                .parse()
                .map_err(|_| self.error("a position in a list"))?;
            Some(Step::Index(index))
        };
        self.expect("]")?;
        Ok(step)
    }

    fn value(&mut self) -> Result<Is, PatternError> {
        if self.word("NOT") {
            return if self.word("EXISTS") {
                Ok(Is::Absent)
            } else {
                Err(self.error("EXISTS"))
            };
        }
        if self.word("IS") {
            let known = [
                ("NULL", Is::Null),
                ("TRUE", Is::Bool(true)),
                ("FALSE", Is::Bool(false)),
            ];
            let found = known.into_iter().find(|(word, _)| self.word(word));
            return found
                .map(|(_, is)| is)
                .ok_or_else(|| self.error("NULL, TRUE or FALSE"));
        }
        let operators = [
            ("!=", Order::NotEqual),
            ("<=", Order::AtMost),
            (">=", Order::AtLeast),
            ("=", Order::Equal),
            ("<", Order::Less),
            (">", Order::Greater),
        ];
        let found = operators.into_iter().find(|(text, _)| self.take(text));
        let order = found
            .map(|(_, order)| order)
            .ok_or_else(|| self.error("an operator"))?;
        self.space();
        let texts = match self.rest().chars().next() {
            Some('"') => Texts::wild(&self.quoted()?),
            Some('%') => self.regex()?,
            _ => {
                let plain = |c: char| {
                    !c.is_whitespace()
                        && !matches!(c, '(' | ')' | '{' | '}' | '&' | '|' | '"' | '=')
                };
                let word = self.run(plain);
                if word.is_empty() {
                    return Err(self.error("a value"));
                }
                let end = self.at;
                self.space();
                if self.rest().starts_with(plain) {
                    return Err(PatternError::Unquoted { at: self.at });
                }
                self.at = end;
                if let Some(number) = number(word) {
                    return Ok(Is::Number(order, number));
                }
                Texts::wild(word)
            }
        };
        match order {
            Order::Equal => Ok(Is::Like(texts)),
            Order::NotEqual => Ok(Is::Unlike(texts)),
            Order::Less | Order::AtMost | Order::Greater | Order::AtLeast => {
                Err(self.error("a number"))
            }
        }
    }

    fn quoted(&mut self) -> Result<String, PatternError> {
        self.at += 1;
        let mut text = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += at + 1;
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, c @ ('"' | '\\'))) => text.push(c),
                    Some((_, c)) => text.extend(['\\', c]),
                    None => break,
                },
                c => text.push(c),
            }
        }
        Err(self.error("a closing quote"))
    }

    fn regex(&mut self) -> Result<Texts, PatternError> {
        self.at += 1;
        let source = self.run(|c| c != '%');
        let texts = regex::parse(source).ok_or_else(|| self.error("a regular expression"))??;
        self.expect("%")?;
        Ok(texts)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next_is(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    fn space(&mut self) {
        self.run(char::is_whitespace);
    }

    fn run(&mut self, part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn take(&mut self, text: &str) -> bool {
        let from = self.at;
        self.space();
        let found = self.next_is(text);
        self.at = if found { self.at + text.len() } else { from };
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let from = self.at;
        self.space();
        let found = self
            .run(|c| c.is_ascii_alphabetic())
            .eq_ignore_ascii_case(word);
        if !found {
            self.at = from;
        }
        found
    }

    fn expect(&mut self, text: &'static str) -> Result<(), PatternError> {
        if self.take(text) {
            Ok(())
        } else {
            Err(self.error(text))
        }
    }

    fn error(&self, expected: &'static str) -> PatternError {
        PatternError::Syntax {
            at: self.at,
            expected,
        }
    }
}

fn one_or(mut list: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    match list.pop() {
        Some(only) if list.is_empty() => only,
        Some(last) => {
            list.push(last);
            join(list)
        }
        None => join(list),
    }
}

/// Rust also reads `inf`, `nan` and names like them as numbers; CloudWatch Logs does not.
fn number(word: &str) -> Option<f64> {
    let digits = word
        .trim_start_matches(['+', '-'])
        .starts_with(|c: char| c.is_ascii_digit());
    digits
        .then(|| word.parse().ok())
        .flatten()
        .filter(|it: &f64| it.is_finite())
}
