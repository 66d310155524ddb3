//! Reads an expression. What is wrong is an error with its place, and names the nearest name.

mod path;
mod token;

use super::super::number;
use super::super::time;
use super::FilterError;
use super::event::Short;
use super::path::Path;
use super::pattern::{Pattern, Piece};
use super::test::{Bound, Equal, Member, Network, Order, Test};
use path::short_name;
use token::ends_word;

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

impl Parser<'_> {
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
