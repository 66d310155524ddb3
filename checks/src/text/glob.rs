//! Patterns: `*` is any run of characters, `?` is one; in an ARN they stop at a colon of the first five fields.

/// One position of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Token {
    /// This character.
    Char(char),
    /// `?`: one character; a colon only where `colon` is set.
    One {
        /// Whether it may be a colon.
        colon: bool,
    },
    /// `*`: any run, maybe empty; colons only where `colon` is set.
    Any {
        /// Whether it may hold colons.
        colon: bool,
    },
}

impl Token {
    /// Whether this position takes `c`. Patterns that ignore case are in lower case already.
    #[must_use]
    pub fn takes(self, c: char) -> bool {
        match self {
            Self::Char(own) => own == c,
            Self::One { colon } | Self::Any { colon } => colon || c != ':',
        }
    }
}

/// A pattern, compiled: the language of all texts that it matches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Glob {
    tokens: Vec<Token>,
    ignore_case: bool,
}

impl Glob {
    /// A pattern of these positions.
    #[must_use]
    pub fn new(tokens: Vec<Token>, ignore_case: bool) -> Self {
        let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
        for token in tokens {
            match token {
                Token::Char(c) if ignore_case => out.extend(c.to_lowercase().map(Token::Char)),
                // `**` is `*`: fewer tokens, fewer states.
                Token::Any { .. } if out.last() == Some(&token) => {}
                Token::Char(_) | Token::One { .. } | Token::Any { .. } => out.push(token),
            }
        }
        Self {
            tokens: out,
            ignore_case,
        }
    }

    /// A pattern in which `*` and `?` are wildcards and cross every character.
    #[must_use]
    pub fn wild(text: &str, ignore_case: bool) -> Self {
        let token = |c| match c {
            '*' => Token::Any { colon: true },
            '?' => Token::One { colon: true },
            c => Token::Char(c),
        };
        Self::new(text.chars().map(token).collect(), ignore_case)
    }

    /// The text itself and nothing else.
    #[must_use]
    pub fn literal(text: &str, ignore_case: bool) -> Self {
        Self::new(text.chars().map(Token::Char).collect(), ignore_case)
    }

    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self::new(vec![Token::Any { colon: true }], false)
    }

    /// Its positions.
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Whether upper and lower case count as the same.
    #[must_use]
    pub fn ignores_case(&self) -> bool {
        self.ignore_case
    }

    /// Whether it matches everything by its shape: `*` alone.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.tokens == [Token::Any { colon: true }]
    }

    /// Whether the pattern is a plain text.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.tokens
            .iter()
            .all(|token| matches!(token, Token::Char(_)))
    }

    /// Whether `text` is in the language. Linear for one `*`, never exponential.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        if self.ignore_case {
            self.matches_chars(&lower(text))
        } else {
            if self.is_everything() {
                return true;
            }
            // Most texts differ at once from what the pattern begins with.
            for (token, c) in self.tokens.iter().zip(text.chars()) {
                match token {
                    Token::Char(own) if *own != c => return false,
                    Token::Char(_) => {}
                    Token::One { .. } | Token::Any { .. } => break,
                }
            }
            let chars: Vec<char> = text.chars().collect();
            self.matches_chars(&chars)
        }
    }

    /// `text` is in lower case already if this pattern ignores case.
    ///
    /// Only the last `*` is ever retried. That is enough: `*` that cross colons come after all that do not, and
    /// between those the colons of the pattern pin the fields.
    #[must_use]
    pub fn matches_chars(&self, text: &[char]) -> bool {
        let (mut t, mut p) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while let Some(&c) = text.get(t) {
            match self.tokens.get(p) {
                Some(Token::Any { .. }) => {
                    retry = Some((p, t));
                    p += 1;
                }
                Some(token) if token.takes(c) => {
                    t += 1;
                    p += 1;
                }
                Some(_) | None => {
                    let Some((star, from)) = retry else {
                        return false;
                    };
                    let grows = match (self.tokens.get(star), text.get(from)) {
                        (Some(token), Some(&c)) => token.takes(c),
                        (Some(_) | None, _) => false,
                    };
                    if !grows {
                        return false;
                    }
                    retry = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
            }
        }
        self.tokens
            .iter()
            .skip(p)
            .all(|token| matches!(token, Token::Any { .. }))
    }
}

/// Whether `text` matches `pattern`: `*` any run of characters, `?` exactly one. As the command line and the
/// settings have them.
#[must_use]
pub fn glob(pattern: &str, text: &str) -> bool {
    Glob::wild(pattern, false).matches(text)
}

/// A text as patterns that ignore case see it.
#[must_use]
pub fn lower(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        let cases = [
            ("*", "", true),
            ("*", "a:b/c", true),
            ("?", "", false),
            ("?", "ä", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbbcd", false),
            ("a*b*c", "a-b-b-c", true),
            ("*ab", "aab", true),
            ("a?c", "ac", false),
            ("**a**", "xay", true),
            ("", "", true),
            ("", "a", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(
                Glob::wild(pattern, false).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn case_is_ignored_only_on_request() {
        assert!(Glob::wild("CloudTrail:stop*", true).matches("cloudtrail:StopLogging"));
        assert!(!Glob::wild("CloudTrail:stop*", false).matches("cloudtrail:StopLogging"));
    }

    #[test]
    fn many_stars_stay_fast() {
        let pattern = Glob::wild(&"a*".repeat(200), false);
        assert!(pattern.matches(&"a".repeat(5_000)));
        assert!(!pattern.matches(&"b".repeat(5_000)));
        assert!(!Glob::wild("*a*a*a*a*a*b", false).matches(&"a".repeat(5_000)));
    }
}
