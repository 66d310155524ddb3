//! Patterns of values: without case, `*` any run of characters, `?` one.

use crate::text::{Glob, Token};

/// One position of a pattern as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// This character.
    Char(char),
    /// `?`.
    One,
    /// `*`.
    Any,
}

/// A pattern, compiled to what is fastest for its shape.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
    shape: Shape,
}

#[derive(Debug, Clone)]
enum Shape {
    Everything,
    Whole(Folded),
    Begins(Folded),
    Ends(Folded),
    Holds(Folded),
    Glob(Glob),
}

/// A text without case.
#[derive(Debug, Clone)]
struct Folded {
    text: String,
    ascii: bool,
}

/// A character without case. ASCII is folded to ASCII and nothing else to it: else bytes could not be searched for a
/// letter (the Kelvin sign is a `k` to Unicode).
fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) if !lower.is_ascii() => lower,
        _ => c,
    }
}

fn fold_text(text: &str) -> String {
    text.chars().map(fold).collect()
}

impl Folded {
    fn new(pieces: &[Piece]) -> Option<Self> {
        let char = |piece: &Piece| match piece {
            Piece::Char(c) => Some(fold(*c)),
            Piece::One | Piece::Any => None,
        };
        let text: String = pieces.iter().map(char).collect::<Option<_>>()?;
        let ascii = text.is_ascii();
        Some(Self { text, ascii })
    }

    fn is(&self, text: &str) -> bool {
        if self.ascii {
            self.text.eq_ignore_ascii_case(text)
        } else {
            self.text == fold_text(text)
        }
    }

    fn begins(&self, text: &str) -> bool {
        if self.ascii {
            let begin = text.as_bytes().get(..self.text.len());
            begin.is_some_and(|it| it.eq_ignore_ascii_case(self.text.as_bytes()))
        } else {
            fold_text(text).starts_with(&self.text)
        }
    }

    fn ends(&self, text: &str) -> bool {
        if self.ascii {
            let from = text.len().checked_sub(self.text.len());
            let end = from.and_then(|from| text.as_bytes().get(from..));
            end.is_some_and(|it| it.eq_ignore_ascii_case(self.text.as_bytes()))
        } else {
            fold_text(text).ends_with(&self.text)
        }
    }

    fn is_held(&self, text: &str) -> bool {
        if !self.ascii {
            return fold_text(text).contains(&self.text);
        }
        let (needle, mut rest) = (self.text.as_bytes(), text.as_bytes());
        let Some(first) = needle.first() else {
            return true;
        };
        while let Some(at) = memchr::memchr2(*first, first.to_ascii_uppercase(), rest) {
            let here = rest.get(at..at + needle.len());
            if here.is_some_and(|it| it.eq_ignore_ascii_case(needle)) {
                return true;
            }
            rest = rest.get(at + 1..).unwrap_or_default();
        }
        false
    }
}

impl Pattern {
    pub(super) fn new(pieces: Vec<Piece>) -> Self {
        let shape = Self::shape(&pieces).unwrap_or_else(|| {
            let token = |piece: &Piece| match piece {
                Piece::Char(c) => Token::Char(fold(*c)),
                Piece::One => Token::One { colon: true },
                Piece::Any => Token::Any { colon: true },
            };
            Shape::Glob(Glob::new(pieces.iter().map(token).collect(), false))
        });
        Self { pieces, shape }
    }

    /// A text that is held, begun with or ended with: no character in it is a wildcard.
    pub(super) fn around(text: &str, before: bool, after: bool) -> Self {
        let mut pieces: Vec<Piece> = text.chars().map(Piece::Char).collect();
        if before {
            pieces.insert(0, Piece::Any);
        }
        if after {
            pieces.push(Piece::Any);
        }
        Self::new(pieces)
    }

    fn shape(pieces: &[Piece]) -> Option<Shape> {
        Some(match pieces {
            [Piece::Any] => Shape::Everything,
            [Piece::Any, inner @ .., Piece::Any] => Shape::Holds(Folded::new(inner)?),
            [Piece::Any, inner @ ..] => Shape::Ends(Folded::new(inner)?),
            [inner @ .., Piece::Any] => Shape::Begins(Folded::new(inner)?),
            whole => Shape::Whole(Folded::new(whole)?),
        })
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        match &self.shape {
            Shape::Everything => true,
            Shape::Whole(folded) => folded.is(text),
            Shape::Begins(folded) => folded.begins(text),
            Shape::Ends(folded) => folded.ends(text),
            Shape::Holds(folded) => folded.is_held(text),
            Shape::Glob(glob) => {
                let chars: Vec<char> = text.chars().map(fold).collect();
                glob.matches_chars(&chars)
            }
        }
    }

    /// The text, if the pattern has no wildcards.
    pub(super) fn literal(&self) -> Option<String> {
        let char = |piece: &Piece| match piece {
            Piece::Char(c) => Some(*c),
            Piece::One | Piece::Any => None,
        };
        self.pieces.iter().map(char).collect()
    }

    /// Its runs of characters between wildcards.
    pub(super) fn runs(&self) -> Vec<String> {
        let mut runs = vec![String::new()];
        for piece in &self.pieces {
            match (piece, runs.last_mut()) {
                (Piece::Char(c), Some(run)) => run.push(*c),
                (Piece::Char(_), None) => {}
                (Piece::One | Piece::Any, _) => runs.push(String::new()),
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        let piece = |c| match c {
            '*' => Piece::Any,
            '?' => Piece::One,
            c => Piece::Char(c),
        };
        Pattern::new(text.chars().map(piece).collect())
    }

    #[test]
    fn shapes_agree_with_the_glob() {
        let texts = [
            "", "a", "ab", "aB", "abc", "cab", "ÄB", "äb", "xäbx", "K", "\u{212A}", "İ",
        ];
        for shape in [
            "", "*", "ab", "AB", "a*", "*b", "*ab*", "a?c", "*a*b*", "äb", "*ÄB*", "k", "i*", "**",
        ] {
            let pattern = pattern(shape);
            let glob = Glob::wild(&shape.chars().map(fold).collect::<String>(), false);
            for text in texts {
                let folded: Vec<char> = text.chars().map(fold).collect();
                let expected = glob.matches_chars(&folded);
                assert_eq!(pattern.matches(text), expected, "{shape} {text}");
            }
        }
        assert!(!pattern("k").matches("\u{212A}"));
        assert!(pattern("K").matches("k"));
        assert!(pattern("ÄB").matches("äb"));
    }
}
