//! Expressions.

use std::collections::BTreeSet;

use super::template::Piece;
use super::{Broken, Parser};

/// An expression.
#[derive(Debug, Clone)]
pub(in crate::terraform) enum Expr {
    Null,
    Bool(bool),
    Number(String),
    Template(Vec<Piece>),
    List(Vec<Expr>),
    Object(Vec<(Expr, Expr)>),
    Name(String),
    Attr(Box<Expr>, String),
    Index(Box<Expr>, Box<Expr>),
    /// The second is evaluated for each element of the first, which stands in it as [`Expr::Each`].
    Splat(Box<Expr>, Box<Expr>),
    Each,
    Call(String, Vec<Expr>),
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    Op(&'static str, Vec<Expr>),
    For(Box<For>),
}

/// `[for key, value in source : item if kept]`, `{for .. : name => item}`
#[derive(Debug, Clone)]
pub(in crate::terraform) struct For {
    pub(super) key: Option<String>,
    pub(super) value: String,
    pub(super) source: Expr,
    /// The name of each, where it makes an object.
    pub(super) name: Option<Expr>,
    pub(super) item: Expr,
    pub(super) kept: Option<Expr>,
}

/// Operators by how closely they bind, the loosest first; longer ones before those that they begin with.
const OPERATORS: [&[&str]; 6] = [
    &["||"],
    &["&&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Parser {
    pub(super) fn expression(&mut self) -> Result<Expr, Broken> {
        let across = self.across;
        self.inside(across, |parser| {
            let condition = parser.operators(0)?;
            parser.gap();
            if !parser.take("?") {
                return Ok(condition);
            }
            parser.gap();
            let yes = parser.expression()?;
            parser.gap();
            parser.expect(":")?;
            parser.gap();
            let no = parser.expression()?;
            Ok(Expr::If(Box::new(condition), Box::new(yes), Box::new(no)))
        })
    }

    fn operators(&mut self, level: usize) -> Result<Expr, Broken> {
        let Some(all) = OPERATORS.get(level) else {
            return self.unary();
        };
        let mut left = self.operators(level + 1)?;
        loop {
            self.gap();
            // `=>` of objects is no comparison.
            if self.peek() == Some('=') && self.ahead(1) == Some('>') {
                return Ok(left);
            }
            let Some(operator) = all.iter().find(|it| self.take(it)) else {
                return Ok(left);
            };
            self.gap();
            let right = self.operators(level + 1)?;
            left = Expr::Op(operator, vec![left, right]);
        }
    }

    fn unary(&mut self) -> Result<Expr, Broken> {
        for operator in ["!", "-"] {
            if self.peek() == operator.chars().next() {
                self.bump();
                self.gap();
                let across = self.across;
                let of = self.inside(across, Self::unary)?;
                return Ok(Expr::Op(operator, vec![of]));
            }
        }
        let first = self.first()?;
        self.after(first)
    }

    /// What follows a value: `.name`, `[index]`, `[*]`.
    fn after(&mut self, mut value: Expr) -> Result<Expr, Broken> {
        for _ in 0..200 {
            match self.peek() {
                Some('.') if self.ahead(1) == Some('*') => {
                    self.bump();
                    self.bump();
                    let each = self.after(Expr::Each)?;
                    return Ok(Expr::Splat(Box::new(value), Box::new(each)));
                }
                Some('.') if self.ahead(1).is_some_and(|it| it.is_ascii_digit()) => {
                    self.bump();
                    let number = self.digits();
                    value = Expr::Index(Box::new(value), Box::new(Expr::Number(number)));
                }
                Some('.') if self.ahead(1) != Some('.') => {
                    self.bump();
                    value = Expr::Attr(Box::new(value), self.name()?);
                }
                Some('[') if self.ahead(1) == Some('*') => {
                    self.bump();
                    self.bump();
                    self.expect("]")?;
                    let each = self.after(Expr::Each)?;
                    return Ok(Expr::Splat(Box::new(value), Box::new(each)));
                }
                Some('[') => {
                    self.bump();
                    let index = self.inside(true, |parser| {
                        parser.gap();
                        let index = parser.expression()?;
                        parser.gap();
                        parser.expect("]")?;
                        Ok(index)
                    })?;
                    value = Expr::Index(Box::new(value), Box::new(index));
                }
                _ => return Ok(value),
            }
        }
        Err(Broken)
    }

    fn digits(&mut self) -> String {
        let mut digits = String::new();
        while let Some(letter) = self.peek().filter(char::is_ascii_digit) {
            digits.push(letter);
            self.bump();
        }
        digits
    }

    fn number(&mut self) -> Result<Expr, Broken> {
        let mut number = self.digits();
        if self.peek() == Some('.') && self.ahead(1).is_some_and(|it| it.is_ascii_digit()) {
            self.bump();
            number = format!("{number}.{}", self.digits());
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            return Err(Broken);
        }
        Ok(Expr::Number(number))
    }

    fn first(&mut self) -> Result<Expr, Broken> {
        match self.peek().ok_or(Broken)? {
            '"' => {
                self.bump();
                Ok(Expr::Template(self.quoted()?))
            }
            '<' if self.ahead(1) == Some('<') => Ok(Expr::Template(self.heredoc()?)),
            '0'..='9' => self.number(),
            '(' => {
                self.bump();
                self.inside(true, |parser| {
                    parser.gap();
                    let inner = parser.expression()?;
                    parser.gap();
                    parser.expect(")")?;
                    Ok(inner)
                })
            }
            '[' => {
                self.bump();
                self.inside(true, Self::list)
            }
            '{' => {
                self.bump();
                self.inside(false, Self::object)
            }
            _ => {
                let name = self.name()?;
                match name.as_str() {
                    "true" => return Ok(Expr::Bool(true)),
                    "false" => return Ok(Expr::Bool(false)),
                    "null" => return Ok(Expr::Null),
                    _ => {}
                }
                if self.peek() != Some('(') {
                    return Ok(Expr::Name(name));
                }
                self.bump();
                let arguments = self.inside(true, |parser| parser.items(")"))?;
                Ok(Expr::Call(name, arguments))
            }
        }
    }

    fn list(&mut self) -> Result<Expr, Broken> {
        match self.loops()? {
            Some(head) => self.items_of(head, "]"),
            None => Ok(Expr::List(self.items("]")?)),
        }
    }

    fn items(&mut self, end: &str) -> Result<Vec<Expr>, Broken> {
        let mut items = Vec::new();
        loop {
            self.space(true);
            if self.take(end) {
                return Ok(items);
            }
            items.push(self.expression()?);
            self.space(true);
            // `f(list...)` spreads a list.
            if self.take("...") {
                let last = items.pop().into_iter().collect();
                items.push(Expr::Op("...", last));
                self.space(true);
            }
            if self.take(end) {
                return Ok(items);
            }
            self.expect(",")?;
        }
    }

    fn object(&mut self) -> Result<Expr, Broken> {
        if let Some(head) = self.loops()? {
            self.across = true;
            return self.items_of(head, "}");
        }
        let mut fields = Vec::new();
        loop {
            self.space(true);
            if self.take("}") {
                return Ok(Expr::Object(fields));
            }
            let name = match self.expression()? {
                // A bare word is the name itself.
                Expr::Name(name) => Expr::Template(vec![Piece::Text(name)]),
                other => other,
            };
            self.space(false);
            if !self.take("=") && !self.take(":") {
                return Err(Broken);
            }
            self.space(false);
            fields.push((name, self.expression()?));
            self.space(false);
            match self.peek() {
                Some(',' | '\n') => drop(self.bump()),
                Some('}') => {}
                _ => return Err(Broken),
            }
        }
    }

    /// `for key, value in source :`, where it comes next.
    fn loops(&mut self) -> Result<Option<(Option<String>, String, Expr)>, Broken> {
        let (at, line) = (self.at, self.line);
        self.space(true);
        if self.name().ok().as_deref() != Some("for")
            || !self.peek().is_some_and(char::is_whitespace)
        {
            (self.at, self.line) = (at, line);
            return Ok(None);
        }
        self.space(true);
        let first = self.name()?;
        self.space(true);
        let (key, value) = match self.take(",") {
            true => {
                self.space(true);
                (Some(first), self.name()?)
            }
            false => (None, first),
        };
        self.space(true);
        self.expect("in")?;
        self.space(true);
        let source = self.inside(true, Self::expression)?;
        self.space(true);
        self.expect(":")?;
        self.space(true);
        Ok(Some((key, value, source)))
    }

    fn items_of(
        &mut self,
        (key, value, source): (Option<String>, String, Expr),
        end: &str,
    ) -> Result<Expr, Broken> {
        let mut item = self.expression()?;
        self.space(true);
        let mut name = None;
        if end == "}" {
            self.expect("=>")?;
            self.space(true);
            name = Some(std::mem::replace(&mut item, self.expression()?));
            self.space(true);
            // Values of the same name are grouped: not evaluated here.
            if self.take("...") {
                item = Expr::Template(vec![Piece::Unread]);
                self.space(true);
            }
        }
        let mut kept = None;
        if self.peek() == Some('i') {
            self.expect("if")?;
            self.space(true);
            kept = Some(self.expression()?);
            self.space(true);
        }
        self.expect(end)?;
        Ok(Expr::For(Box::new(For {
            key,
            value,
            source,
            name,
            item,
            kept,
        })))
    }
}

/// As much of a name as says which attribute of which resource is meant.
pub(in crate::terraform) fn named(names: &[&str]) -> String {
    let depth = if names.first() == Some(&"data") { 4 } else { 3 };
    let names: Vec<&str> = names.iter().take(depth).copied().collect();
    names.join(".")
}

/// What an expression refers to: `var.x`, `aws_s3_bucket.logs`, `data.aws_region.this`. Names of loops are left out.
pub(in crate::terraform) fn words(expr: &Expr, bound: &[&str], into: &mut BTreeSet<String>) {
    match expr {
        Expr::Null | Expr::Bool(_) | Expr::Number(_) | Expr::Each => {}
        Expr::Name(name) => {
            if !bound.contains(&name.as_str()) {
                into.insert(name.clone());
            }
        }
        Expr::Template(pieces) => {
            for piece in pieces {
                if let Piece::Value(inner) = piece {
                    words(inner, bound, into);
                }
            }
        }
        Expr::List(all) | Expr::Call(_, all) | Expr::Op(_, all) => {
            all.iter().for_each(|it| words(it, bound, into));
        }
        Expr::Object(fields) => {
            for (name, value) in fields {
                words(name, bound, into);
                words(value, bound, into);
            }
        }
        Expr::Attr(..) => match path(expr) {
            Some(names) => {
                if !names.first().is_some_and(|it| bound.contains(it)) {
                    into.insert(named(&names));
                }
                indices(expr, bound, into);
            }
            None => {
                if let Expr::Attr(of, _) = expr {
                    words(of, bound, into);
                }
            }
        },
        Expr::Index(of, index) => {
            words(of, bound, into);
            words(index, bound, into);
        }
        Expr::Splat(of, each) => {
            words(of, bound, into);
            words(each, bound, into);
        }
        Expr::If(one, two, three) => {
            for it in [one, two, three] {
                words(it, bound, into);
            }
        }
        Expr::For(it) => {
            words(&it.source, bound, into);
            let mut bound = bound.to_vec();
            bound.push(&it.value);
            bound.extend(it.key.as_deref());
            words(&it.item, &bound, into);
            for inner in [&it.name, &it.kept].into_iter().flatten() {
                words(inner, &bound, into);
            }
        }
    }
}

/// The names of `a.b[0].c`: a, b, c; none where it does not begin with a name.
fn path(expr: &Expr) -> Option<Vec<&str>> {
    match expr {
        Expr::Name(name) => Some(vec![name]),
        Expr::Attr(of, name) => {
            let mut names = path(of)?;
            names.push(name);
            Some(names)
        }
        Expr::Index(of, _) => path(of),
        _ => None,
    }
}

fn indices(expr: &Expr, bound: &[&str], into: &mut BTreeSet<String>) {
    match expr {
        Expr::Attr(of, _) => indices(of, bound, into),
        Expr::Index(of, index) => {
            words(index, bound, into);
            indices(of, bound, into);
        }
        _ => {}
    }
}
