//! Reads an expression. What is wrong is an error with its place, and names the nearest name.

use regex::RegexBuilder;

use super::super::field::Field;
use super::super::number;
use super::super::proof::Proof;
use super::super::time;
use super::FilterError;
use super::event::Short;
use super::path::{Path, Start, Step, identity_names};
use super::pattern::{Pattern, Piece};
use super::test::{Bound, Equal, Member, Network, Order, Test};
use crate::text::nearest;

/// The longest expression that is read.
const MAX_LENGTH: usize = 256 * 1024;
/// The levels of `(` and `not`.
const MAX_DEPTH: usize = 64;
/// The steps of a path.
const MAX_STEPS: usize = 64;
/// What a compiled regular expression may need.
const MAX_REGEX: usize = 1 << 20;

/// An expression.
#[derive(Debug)]
pub(super) enum Node {
    /// Holds always.
    Always,
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    /// A test of a short name.
    Short(Short, Test),
    /// A test of a path: its place in the list of paths.
    Path(usize, Test),
    /// A word in any string.
    Word(Pattern),
}

/// What was read.
pub(super) struct Parsed {
    pub(super) node: Node,
    pub(super) paths: Vec<Path>,
}

/// The left side of a test.
enum Target {
    Short(Short),
    Path(Path),
}

/// A word as it was written.
struct Written {
    /// Its parts: those in quotes are not looked at for dots and brackets.
    parts: Vec<(String, bool)>,
    begin: usize,
    end: usize,
}

pub(super) fn parse(text: &str) -> Result<Parsed, FilterError> {
    let chars: Vec<char> = text.chars().collect();
    let mut parser = Parser {
        chars: &chars,
        at: 0,
        depth: 0,
        paths: Vec::new(),
    };
    if text.len() > MAX_LENGTH {
        return Err(parser.error(0, "the expression is longer than 256 KiB"));
    }
    parser.space();
    if parser.peek().is_none() {
        return Ok(Parsed {
            node: Node::Always,
            paths: Vec::new(),
        });
    }
    let node = parser.any()?;
    match parser.peek() {
        None => Ok(Parsed {
            node,
            paths: parser.paths,
        }),
        Some(')') => Err(parser.error(parser.at, "`)` without `(`")),
        Some(_) => Err(parser.error(
            parser.at,
            "expected `and`, `or` or the end; put text with blanks, commas or operators in quotes",
        )),
    }
}

struct Parser<'t> {
    chars: &'t [char],
    at: usize,
    depth: usize,
    paths: Vec<Path>,
}

/// What ends a word that is not in quotes.
fn ends_word(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '(' | ')' | ',' | '=' | '!' | '<' | '>' | '~' | '"' | '\''
        )
}

fn ends_value(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | ',')
}

impl Parser<'_> {
    fn error(&self, at: usize, message: impl Into<String>) -> FilterError {
        FilterError {
            at: at.min(self.chars.len()),
            message: message.into(),
        }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Takes this word, in any case, if it comes next as a whole word.
    fn keyword(&mut self, word: &str) -> bool {
        let length = word.chars().count();
        let here = self.chars.get(self.at..self.at + length);
        let same = here.is_some_and(|here| {
            here.iter()
                .zip(word.chars())
                .all(|(own, c)| own.eq_ignore_ascii_case(&c))
        });
        let ended = self
            .chars
            .get(self.at + length)
            .is_none_or(|it| ends_word(*it));
        if same && ended {
            self.at += length;
            self.space();
        }
        same && ended
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let length = symbol.chars().count();
        let here = self.chars.get(self.at..self.at + length);
        let found = here.is_some_and(|here| here.iter().copied().eq(symbol.chars()));
        if found {
            self.at += length;
            self.space();
        }
        found
    }

    fn any(&mut self) -> Result<Node, FilterError> {
        let mut nodes = vec![self.all()?];
        while self.keyword("or") {
            nodes.push(self.all()?);
        }
        Ok(one_or(nodes, Node::Or))
    }

    fn all(&mut self) -> Result<Node, FilterError> {
        let mut nodes = vec![self.unary()?];
        while self.keyword("and") {
            nodes.push(self.unary()?);
        }
        Ok(one_or(nodes, Node::And))
    }

    fn unary(&mut self) -> Result<Node, FilterError> {
        let begin = self.at;
        let negated = self.keyword("not");
        if !negated && self.peek() != Some('(') {
            return self.term();
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(begin, "more than 64 levels of `(` and `not`"));
        }
        let node = if negated {
            Node::Not(Box::new(self.unary()?))
        } else {
            self.symbol("(");
            let node = self.any()?;
            if !self.symbol(")") {
                return Err(self.error(begin, "`(` without `)`"));
            }
            node
        };
        self.depth -= 1;
        Ok(node)
    }

    fn term(&mut self) -> Result<Node, FilterError> {
        let begin = self.at;
        for word in [
            "and",
            "or",
            "in",
            "contains",
            "startswith",
            "endswith",
            "exists",
        ] {
            if self.keyword(word) {
                return Err(self.error(begin, format!("`{word}` needs a name or a word before it")));
            }
        }
        let written = self.written()?;
        let negated = self.keyword("not");
        let Some((test, is_not)) = self.test(&written)? else {
            if negated {
                return Err(self.error(begin, "expected an operator after `not`"));
            }
            return self.alone(written);
        };
        let node = match self.target(&written)? {
            Target::Short(short) => {
                self.fits(short, &test, begin)?;
                Node::Short(short, test)
            }
            Target::Path(path) => {
                let known = self
                    .paths
                    .iter()
                    .position(|it| it.start == path.start && it.steps == path.steps);
                let place = known.unwrap_or(self.paths.len());
                if known.is_none() {
                    self.paths.push(path);
                }
                Node::Path(place, test)
            }
        };
        Ok(if negated == is_not {
            node
        } else {
            Node::Not(Box::new(node))
        })
    }

    /// A word that no operator follows: a yes-or-no name, or text that any string may hold.
    fn alone(&mut self, written: Written) -> Result<Node, FilterError> {
        let quoted = written.parts.iter().any(|(_, quoted)| *quoted);
        let text: String = written
            .parts
            .iter()
            .map(|(part, _)| part.as_str())
            .collect();
        if !quoted && let Some(short) = short_name(&text) {
            if short.stands_alone() {
                return Ok(Node::Short(short, Test::Holds));
            }
            return Err(self.error(
                written.begin,
                format!(
                    "expected an operator after `{text}`; put it in quotes to search for the word"
                ),
            ));
        }
        let mut pieces = vec![Piece::Any];
        for (part, _) in &written.parts {
            pieces.extend(self.pieces(part, written.begin)?);
        }
        pieces.push(Piece::Any);
        pieces.dedup_by(|a, b| *a == Piece::Any && *b == Piece::Any);
        Ok(Node::Word(Pattern::new(pieces)))
    }

    /// A word, with parts of it in quotes.
    fn written(&mut self) -> Result<Written, FilterError> {
        let begin = self.at;
        let mut parts: Vec<(String, bool)> = Vec::new();
        while let Some(c) = self.peek() {
            if c == '"' || c == '\'' {
                parts.push((self.quoted()?, true));
                continue;
            }
            if ends_word(c) {
                break;
            }
            match parts.last_mut() {
                Some((plain, false)) => plain.push(c),
                Some(_) | None => parts.push((c.to_string(), false)),
            }
            self.at += 1;
            // A backslash takes what it stands before along.
            if c == '\\'
                && let (Some(next), Some((plain, false))) = (self.peek(), parts.last_mut())
            {
                plain.push(next);
                self.at += 1;
            }
        }
        if parts.is_empty() {
            return Err(match self.peek() {
                None => self.error(
                    begin,
                    "the expression ends where a name or a word is expected",
                ),
                Some(c) => self.error(begin, format!("expected a name or a word, found `{c}`")),
            });
        }
        let end = self.at;
        self.space();
        Ok(Written { parts, begin, end })
    }

    /// What stands between quotes, as it is spelled.
    fn quoted(&mut self) -> Result<String, FilterError> {
        let begin = self.at;
        let Some(quote) = self.peek() else {
            return Ok(String::new());
        };
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.peek() {
                None => return Err(self.error(begin, format!("{quote} is not closed"))),
                Some(c) if c == quote => {
                    self.at += 1;
                    return Ok(text);
                }
                Some('\\') => {
                    text.push('\\');
                    self.at += 1;
                    let next = self.peek();
                    text.extend(next);
                    self.at += usize::from(next.is_some());
                }
                Some(c) => {
                    text.push(c);
                    self.at += 1;
                }
            }
        }
    }

    /// The positions of a pattern: `\` takes the meaning of what follows away, or gives it one.
    fn pieces(&self, text: &str, at: usize) -> Result<Vec<Piece>, FilterError> {
        let (mut pieces, mut chars) = (Vec::new(), text.chars());
        while let Some(c) = chars.next() {
            pieces.push(match c {
                '*' => Piece::Any,
                '?' => Piece::One,
                '\\' => match chars.next() {
                    Some(c @ ('*' | '?' | '\\' | '"' | '\'' | '/')) => Piece::Char(c),
                    Some('n') => Piece::Char('\n'),
                    Some('r') => Piece::Char('\r'),
                    Some('t') => Piece::Char('\t'),
                    Some('u') => {
                        let digits: String = chars.by_ref().take(4).collect();
                        let code = u32::from_str_radix(&digits, 16).ok();
                        let code = code.filter(|_| digits.len() == 4).and_then(char::from_u32);
                        Piece::Char(code.ok_or_else(|| {
                            self.error(at, "`\\u` needs four hexadecimal digits of a character")
                        })?)
                    }
                    found => {
                        let found = found.map(String::from).unwrap_or_default();
                        return Err(self.error(
                            at,
                            format!("unknown escape `\\{found}`; write a backslash as `\\\\`"),
                        ));
                    }
                },
                c => Piece::Char(c),
            });
        }
        Ok(pieces)
    }

    /// The operator and what follows it, if one follows; whether it says that the test must not hold.
    fn test(&mut self, written: &Written) -> Result<Option<(Test, bool)>, FilterError> {
        if self.symbol("==") {
            let (text, at) = self.value()?;
            let text = self.plain(&text, at)?;
            return Ok(Some((Test::Exact(text), false)));
        }
        for (symbol, is_not) in [("!=", true), ("=", false)] {
            if self.symbol(symbol) {
                let (text, at) = self.value()?;
                return Ok(Some((Test::Equal(self.equal(&text, at)?), is_not)));
            }
        }
        for (symbol, order) in [
            ("<=", Order::AtMost),
            (">=", Order::AtLeast),
            ("<", Order::Less),
            (">", Order::More),
        ] {
            if self.symbol(symbol) {
                let (text, at) = self.value()?;
                let bound = match time::parse(&text) {
                    Some(time) => Bound::Time(time),
                    None if number::is_number(&text) => Bound::Number(text),
                    None => {
                        let message = format!(
                            "`{symbol}` compares with a number or a time such as 2026-02-04T10:00:00Z, not `{text}`"
                        );
                        return Err(self.error(at, message));
                    }
                };
                return Ok(Some((Test::Compare(order, bound), false)));
            }
        }
        if self.symbol("~") {
            return Ok(Some((Test::Regex(Box::new(self.regex()?)), false)));
        }
        for (word, before, after) in [
            ("contains", true, true),
            ("startswith", false, true),
            ("endswith", true, false),
        ] {
            if self.keyword(word) {
                let (text, at) = self.value()?;
                let text = self.plain(&text, at)?;
                let pattern = Pattern::around(&text, before, after);
                let (number, time) = (None, None);
                let equal = Equal {
                    pattern,
                    number,
                    time,
                };
                return Ok(Some((Test::Equal(equal), false)));
            }
        }
        if self.keyword("in") {
            return Ok(Some((Test::In(self.list()?), false)));
        }
        if self.keyword("exists") {
            return Ok(Some((Test::Exists, false)));
        }
        match self.peek() {
            Some('!') => Err(self.error(
                self.at,
                "expected `!=`; write `not` before a test to negate it",
            )),
            Some(',') => Err(self.error(
                written.end,
                "`,` separates values after `in (`; put text that has one in quotes",
            )),
            Some(_) | None => Ok(None),
        }
    }

    /// A value after an operator, as it is spelled, and its place.
    fn value(&mut self) -> Result<(String, usize), FilterError> {
        let begin = self.at;
        let text = match self.peek() {
            Some('"' | '\'') => self.quoted()?,
            Some(_) | None => {
                for word in ["and", "or", "not"] {
                    if self.keyword(word) {
                        return Err(self.error(
                            begin,
                            format!(
                                "expected a value, found `{word}`; put it in quotes if it is one"
                            ),
                        ));
                    }
                }
                let mut text = String::new();
                while let Some(c) = self.peek().filter(|it| !ends_value(*it)) {
                    text.push(c);
                    self.at += 1;
                }
                if text.is_empty() {
                    return Err(self.error(begin, "expected a value; write \"\" for an empty one"));
                }
                text
            }
        };
        self.space();
        Ok((text, begin))
    }

    /// A text in which nothing is a wildcard.
    fn plain(&self, text: &str, at: usize) -> Result<String, FilterError> {
        let char = |piece| match piece {
            Piece::Char(c) => c,
            Piece::One => '?',
            Piece::Any => '*',
        };
        Ok(self.pieces(text, at)?.into_iter().map(char).collect())
    }

    fn equal(&self, text: &str, at: usize) -> Result<Equal, FilterError> {
        let pattern = Pattern::new(self.pieces(text, at)?);
        let literal = pattern.literal();
        let time = literal.as_deref().and_then(time::parse);
        let number = literal.filter(|it| number::is_number(it));
        Ok(Equal {
            pattern,
            number,
            time,
        })
    }

    /// `/../`, and `i` for any case.
    fn regex(&mut self) -> Result<regex::Regex, FilterError> {
        let begin = self.at;
        if self.peek() != Some('/') {
            return Err(self.error(
                begin,
                "expected a regular expression between slashes: ~ /Stop.*/",
            ));
        }
        self.at += 1;
        let mut source = String::new();
        loop {
            match self.peek() {
                None => return Err(self.error(begin, "the regular expression has no closing `/`")),
                Some('/') => break,
                Some('\\') if self.chars.get(self.at + 1) == Some(&'/') => {
                    source.push('/');
                    self.at += 1;
                }
                Some('\\') => {
                    source.push('\\');
                    self.at += 1;
                    source.extend(self.peek());
                }
                Some(c) => source.push(c),
            }
            self.at += 1;
        }
        self.at += 1;
        let ignore_case = self.peek() == Some('i');
        self.at += usize::from(ignore_case);
        if self.peek().is_some_and(|it| !ends_value(it)) {
            return Err(self.error(
                self.at,
                "unknown flag of a regular expression; only `i` is one",
            ));
        }
        self.space();
        let built = RegexBuilder::new(&source)
            .case_insensitive(ignore_case)
            .size_limit(MAX_REGEX)
            .dfa_size_limit(MAX_REGEX)
            .nest_limit(50)
            .build();
        built.map_err(|error| {
            let reason = if matches!(error, regex::Error::CompiledTooBig(_)) {
                "it needs more than 1 MiB".to_owned()
            } else {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default();
                last.trim_start_matches("error: ").to_owned()
            };
            self.error(
                begin,
                format!("the regular expression cannot be used: {reason}"),
            )
        })
    }

    /// `(a, b, cidr 10.0.0.0/8)`.
    fn list(&mut self) -> Result<Vec<Member>, FilterError> {
        let begin = self.at;
        if !self.symbol("(") {
            return Err(self.error(begin, "expected `(` after `in`: in (a, b, cidr 10.0.0.0/8)"));
        }
        let mut members = Vec::new();
        loop {
            let member = if self.keyword("cidr") {
                let (text, at) = self.value()?;
                let network = Network::parse(&text).ok_or_else(|| {
                    self.error(at, format!("`{text}` is not a network such as 10.0.0.0/8"))
                })?;
                Member::Network(network)
            } else {
                let (text, at) = self.value()?;
                Member::Equal(self.equal(&text, at)?)
            };
            members.push(member);
            if self.symbol(")") {
                return Ok(members);
            }
            if !self.symbol(",") {
                return Err(self.error(self.at, "expected `,` or `)` in the list"));
            }
        }
    }

    /// What the left side of a test names.
    fn target(&self, written: &Written) -> Result<Target, FilterError> {
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
    fn steps(&self, parts: &[(String, bool)], at: usize) -> Result<Vec<Step>, FilterError> {
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
    fn documented(&self, field: Field, steps: &[Step], at: usize) -> Result<(), FilterError> {
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

    fn unknown<'n>(
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
    fn fits(&self, short: Short, test: &Test, at: usize) -> Result<(), FilterError> {
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

fn short_name(text: &str) -> Option<Short> {
    let mut all = Short::ALL.iter();
    let found = all.find(|(name, _)| name.eq_ignore_ascii_case(text));
    found.map(|(_, short)| *short)
}

fn one_or(mut nodes: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
    match (nodes.len(), nodes.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            nodes.extend(last);
            join(nodes)
        }
    }
}
