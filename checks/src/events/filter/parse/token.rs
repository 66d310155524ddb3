//! Words, quoted texts, values and regular expressions.

use super::super::FilterError;
use super::super::pattern::Piece;
use super::{MAX_REGEX, Parser};
use regex::RegexBuilder;

/// What ends a word that is not in quotes.
pub(super) fn ends_word(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '(' | ')' | ',' | '=' | '!' | '<' | '>' | '~' | '"' | '\''
        )
}

pub(super) fn ends_value(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | ',')
}

impl Parser<'_> {
    pub(super) fn error(&self, at: usize, message: impl Into<String>) -> FilterError {
        FilterError {
            at: at.min(self.chars.len()),
            message: message.into(),
        }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Takes this word, in any case, if it comes next as a whole word.
    pub(super) fn keyword(&mut self, word: &str) -> bool {
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

    pub(super) fn symbol(&mut self, symbol: &str) -> bool {
        let length = symbol.chars().count();
        let here = self.chars.get(self.at..self.at + length);
        let found = here.is_some_and(|here| here.iter().copied().eq(symbol.chars()));
        if found {
            self.at += length;
            self.space();
        }
        found
    }

    /// What stands between quotes, as it is spelled.
    pub(super) fn quoted(&mut self) -> Result<String, FilterError> {
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
    pub(super) fn pieces(&self, text: &str, at: usize) -> Result<Vec<Piece>, FilterError> {
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

    /// A value after an operator, as it is spelled, and its place.
    pub(super) fn value(&mut self) -> Result<(String, usize), FilterError> {
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
    pub(super) fn plain(&self, text: &str, at: usize) -> Result<String, FilterError> {
        let char = |piece| match piece {
            Piece::Char(c) => c,
            Piece::One => '?',
            Piece::Any => '*',
        };
        Ok(self.pieces(text, at)?.into_iter().map(char).collect())
    }

    /// `/../`, and `i` for any case.
    pub(super) fn regex(&mut self) -> Result<regex::Regex, FilterError> {
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
}
