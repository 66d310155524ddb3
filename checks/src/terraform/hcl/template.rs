//! Texts with `${..}` in them, in quotes and in heredocs.

use super::{Broken, Expr, Parser};

/// A part of a text.
#[derive(Debug, Clone)]
pub(in crate::terraform) enum Piece {
    Text(String),
    Value(Expr),
    /// A directive, or white space that is left out: not evaluated.
    Unread,
}

impl Parser {
    /// After the opening quote.
    pub(super) fn quoted(&mut self) -> Result<Vec<Piece>, Broken> {
        let mut pieces = Pieces::default();
        loop {
            match self.peek().ok_or(Broken)? {
                '"' => {
                    self.bump();
                    return Ok(pieces.done());
                }
                '\n' => return Err(Broken),
                '\\' => {
                    self.bump();
                    pieces.push(match self.bump().ok_or(Broken)? {
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        '"' => '"',
                        '\\' => '\\',
                        _ => return Err(Broken),
                    });
                }
                _ => self.part(&mut pieces)?,
            }
        }
    }

    /// A letter, `${..}`, or what stands for `${` itself.
    fn part(&mut self, pieces: &mut Pieces) -> Result<(), Broken> {
        if self.take("$${") {
            "${".chars().for_each(|it| pieces.push(it));
        } else if self.take("%%{") {
            "%{".chars().for_each(|it| pieces.push(it));
        } else if self.take("%{") {
            while self.bump().ok_or(Broken)? != '}' {}
            pieces.push_piece(Piece::Unread);
        } else if self.take("${") {
            if self.take("~") {
                pieces.push_piece(Piece::Unread);
            }
            let value = self.inside(true, |parser| {
                parser.gap();
                let value = parser.expression()?;
                parser.gap();
                let trimmed = parser.take("~");
                parser.expect("}")?;
                Ok((value, trimmed))
            })?;
            let (value, trimmed) = value;
            pieces.push_piece(Piece::Value(value));
            if trimmed {
                pieces.push_piece(Piece::Unread);
            }
        } else {
            pieces.push(self.bump().ok_or(Broken)?);
        }
        Ok(())
    }

    /// `<<END`, `<<-END`, and the lines up to that word.
    pub(super) fn heredoc(&mut self) -> Result<Vec<Piece>, Broken> {
        self.expect("<<")?;
        let indented = self.take("-");
        let word = self.name()?;
        self.space(false);
        self.expect("\n")?;
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            while let Some(letter) = self.peek().filter(|it| *it != '\n') {
                line.push(letter);
                self.bump();
            }
            if line.trim() == word {
                break;
            }
            // The end of the line after the word is left for what comes after it.
            self.expect("\n")?;
            lines.push(line.trim_end_matches('\r').to_owned());
        }
        if indented {
            let filled = lines.iter().filter(|it| !it.trim().is_empty());
            let indent = filled.map(|it| it.len() - it.trim_start().len()).min();
            for line in &mut lines {
                let rest = line.get(indent.unwrap_or_default()..);
                *line = rest.unwrap_or_default().to_owned();
            }
        }
        lines.push(String::new());
        let mut inner = Parser::new(&lines.join("\n"));
        inner.depth = self.depth;
        let mut pieces = Pieces::default();
        while inner.peek().is_some() {
            inner.part(&mut pieces)?;
        }
        Ok(pieces.done())
    }
}

#[derive(Default)]
struct Pieces {
    all: Vec<Piece>,
    text: String,
}

impl Pieces {
    fn push(&mut self, letter: char) {
        self.text.push(letter);
    }

    fn push_piece(&mut self, piece: Piece) {
        if !self.text.is_empty() {
            self.all.push(Piece::Text(std::mem::take(&mut self.text)));
        }
        self.all.push(piece);
    }

    fn done(mut self) -> Vec<Piece> {
        if !self.text.is_empty() {
            self.all.push(Piece::Text(self.text));
        }
        self.all
    }
}
