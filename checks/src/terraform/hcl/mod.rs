//! Terraform's configuration language, as far as it is needed to see what a policy says: blocks, attributes, expressions.
//!
//! What cannot be read makes a file unreadable, and what cannot be evaluated is unknown: nothing is guessed at.

mod body;
mod eval;
mod expr;
mod functions;
mod template;
mod value;

pub(super) use body::{Block, Body};
pub(super) use eval::{Env, Names, Work, evaluate, object};
pub(super) use expr::{Expr, named, words};
pub(super) use value::{Val, clean, has_mark, holds_mark, mark};

/// No expression or block is nested deeper.
const DEPTH: u32 = 100;

/// A text that is none of this language, or more of it than is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::terraform) struct Broken;

/// Reads a text from its beginning.
#[derive(Debug)]
struct Parser {
    text: Vec<char>,
    at: usize,
    line: u64,
    depth: u32,
    /// Ends of lines are white space: within parentheses and brackets.
    across: bool,
}

impl Parser {
    fn new(text: &str) -> Self {
        Self {
            text: text.chars().collect(),
            at: 0,
            line: 1,
            depth: 0,
            across: false,
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn ahead(&self, by: usize) -> Option<char> {
        self.text.get(self.at + by).copied()
    }

    fn bump(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += 1;
        self.line += u64::from(letter == '\n');
        Some(letter)
    }

    /// Takes a text, if it comes next.
    fn take(&mut self, text: &str) -> bool {
        let comes = text
            .chars()
            .enumerate()
            .all(|(by, it)| self.ahead(by) == Some(it));
        if comes {
            for _ in text.chars() {
                self.bump();
            }
        }
        comes
    }

    fn expect(&mut self, text: &str) -> Result<(), Broken> {
        match self.take(text) {
            true => Ok(()),
            false => Err(Broken),
        }
    }

    /// White space and comments; ends of lines too, if told.
    fn space(&mut self, across: bool) {
        while let Some(letter) = self.peek() {
            match letter {
                '\n' if across => {}
                ' ' | '\t' | '\r' | '\u{feff}' => {}
                '#' => {
                    self.comment();
                    continue;
                }
                '/' if self.ahead(1) == Some('/') => {
                    self.comment();
                    continue;
                }
                '/' if self.ahead(1) == Some('*') => {
                    while self.peek().is_some() && !self.take("*/") {
                        self.bump();
                    }
                    continue;
                }
                _ => return,
            }
            self.bump();
        }
    }

    fn comment(&mut self) {
        while self.peek().is_some_and(|it| it != '\n') {
            self.bump();
        }
    }

    fn gap(&mut self) {
        self.space(self.across);
    }

    fn name(&mut self) -> Result<String, Broken> {
        let mut name = String::new();
        while let Some(letter) = self.peek() {
            let inner = letter.is_alphanumeric() || letter == '_' || letter == '-';
            if !inner || (name.is_empty() && (letter.is_ascii_digit() || letter == '-')) {
                break;
            }
            name.push(letter);
            self.bump();
        }
        match name.is_empty() {
            true => Err(Broken),
            false => Ok(name),
        }
    }

    /// Something within something.
    fn inside<T>(
        &mut self,
        across: bool,
        read: impl FnOnce(&mut Self) -> Result<T, Broken>,
    ) -> Result<T, Broken> {
        if self.depth >= DEPTH {
            return Err(Broken);
        }
        let before = std::mem::replace(&mut self.across, across);
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        self.across = before;
        read
    }
}
