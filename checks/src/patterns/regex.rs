//! The regular expressions that CloudWatch Logs takes between two `%`: no groups, no look-around.

use super::PatternError;
use super::language::{Chars, Part, Texts};

/// Repetitions such as `{3,5}`; AWS has a limit of its own.
const MAX_REPEAT: u32 = 128;

/// Texts that hold a match of the expression. None for what CloudWatch Logs refuses, an error for what is too large.
pub(super) fn parse(source: &str) -> Option<Result<Texts, PatternError>> {
    let mut ways = Vec::new();
    for way in branches(source) {
        let mut chars: Vec<char> = way;
        let from_start = chars.first() == Some(&'^');
        if from_start {
            chars.remove(0);
        }
        let escaped = chars.len() >= 2 && chars.get(chars.len() - 2) == Some(&'\\');
        let to_end = chars.last() == Some(&'$') && !escaped;
        if to_end {
            chars.pop();
        }
        let mut parts = sequence(&chars)?;
        if !from_start {
            parts.insert(0, Part::anything());
        }
        if !to_end {
            parts.push(Part::anything());
        }
        ways.push(Part::All(parts));
    }
    let texts = Texts::of(&Part::Any(ways), &format!("%{source}%"));
    Some(texts.map_err(|_| PatternError::TooComplex))
}

/// Split at `|` outside of brackets and not escaped.
fn branches(source: &str) -> Vec<Vec<char>> {
    let (mut all, mut way) = (Vec::new(), Vec::new());
    let (mut escaped, mut in_class) = (false, false);
    for c in source.chars() {
        match c {
            '|' if !escaped && !in_class => {
                all.push(std::mem::take(&mut way));
                continue;
            }
            '[' if !escaped => in_class = true,
            ']' if !escaped => in_class = false,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        way.push(c);
    }
    all.push(way);
    all
}

fn sequence(chars: &[char]) -> Option<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = chars.iter().copied().peekable();
    while let Some(c) = rest.next() {
        let (least, most) = match c {
            '*' => (0, None),
            '+' => (1, None),
            '?' => (0, Some(1)),
            '{' => {
                let text: String = rest.by_ref().take_while(|c| *c != '}').collect();
                bounds(&text)?
            }
            '(' | ')' | '^' | '$' | '%' => return None,
            '[' => {
                let mut inner = Vec::new();
                let mut escaped = false;
                loop {
                    let c = rest.next()?;
                    if c == ']' && !escaped && !inner.is_empty() {
                        break;
                    }
                    escaped = c == '\\' && !escaped;
                    inner.push(c);
                }
                parts.push(Part::Chars(class(&inner)?));
                continue;
            }
            '.' => {
                parts.push(Part::Chars(Chars::every()));
                continue;
            }
            '\\' => {
                parts.push(Part::Chars(escape(rest.next()?, &mut rest)?));
                continue;
            }
            c => {
                parts.push(Part::Chars(Chars::one(c)));
                continue;
            }
        };
        let last = parts.pop()?;
        // AWS knows no repetition of a repetition, which would multiply.
        if matches!(last, Part::Repeat(..)) && (least, most) != (0, Some(1)) {
            return None;
        }
        parts.push(Part::Repeat(Box::new(last), least, most));
    }
    Some(parts)
}

fn bounds(text: &str) -> Option<(u32, Option<u32>)> {
    let number = |text: &str| text.parse().ok().filter(|n| *n <= MAX_REPEAT);
    match text.split_once(',') {
        None => number(text).map(|n| (n, Some(n))),
        Some((least, "")) => Some((number(least)?, None)),
        Some((least, most)) => {
            let (least, most) = (number(least)?, number(most)?);
            (least <= most).then_some((least, Some(most)))
        }
    }
}

fn class(inner: &[char]) -> Option<Chars> {
    let mut rest = inner.iter().copied().peekable();
    let not = rest.next_if_eq(&'^').is_some();
    let mut set = Chars::new(Vec::new());
    while let Some(c) = rest.next() {
        if c == '\\' {
            set = set.join(escape(rest.next()?, &mut rest)?);
            continue;
        }
        let mut ahead = rest.clone();
        if ahead.next() == Some('-')
            && let Some(last) = ahead.next()
        {
            set = set.join(Chars::new(vec![(c, last)]));
            rest = ahead;
        } else {
            set = set.join(Chars::one(c));
        }
    }
    Some(if not { set.but() } else { set })
}

fn escape(c: char, rest: &mut impl Iterator<Item = char>) -> Option<Chars> {
    let digit = || Chars::new(vec![('0', '9')]);
    let word = || Chars::new(vec![('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')]);
    let space = || Chars::new(vec![(' ', ' '), ('\t', '\r')]);
    Some(match c {
        'd' => digit(),
        'D' => digit().but(),
        'w' => word(),
        'W' => word().but(),
        's' => space(),
        'S' => space().but(),
        'x' => {
            let hex: String = rest.take(2).collect();
            let code = u32::from_str_radix(&hex, 16).ok()?;
            Chars::one(char::from_u32(code)?)
        }
        c if c.is_ascii_alphanumeric() => return None,
        c => Chars::one(c),
    })
}
