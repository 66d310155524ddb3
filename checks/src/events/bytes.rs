//! Where a string, a value or white space ends in the bytes of JSON. Every function is total, and linear in what it passes.

/// Levels that are opened. Deeper values are kept as bytes.
pub const MAX_DEPTH: usize = 128;

/// Why a value could not be passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The bytes end inside it.
    Cut,
    /// At this byte stands what no JSON has there.
    Wrong(usize),
}

const LOW: u128 = 0x0101_0101_0101_0101_0101_0101_0101_0101;
const HIGH: u128 = 0x80 * LOW;

/// The lowest bit that is set is that of the first byte that is zero.
#[inline(always)]
fn zeros(bytes: u128) -> u128 {
    bytes.wrapping_sub(LOW) & !bytes & HIGH
}

/// Where the next quote or backslash stands.
#[inline]
fn quote_or_backslash(bytes: &[u8], mut at: usize) -> Option<usize> {
    // Most strings are short: a few pieces first, and the long way around only for long ones.
    for _ in 0..4 {
        let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<16>()) else {
            break;
        };
        let piece = u128::from_le_bytes(*chunk);
        let found = zeros(piece ^ (0x22 * LOW)) | zeros(piece ^ (0x5C * LOW));
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
        at += 16;
    }
    Some(at + memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?)
}

/// The byte after the closing quote of a string whose opening quote is before `at`.
#[inline]
pub(super) fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at = quote_or_backslash(bytes, at)?;
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// The first byte from `at` on that is not white space.
#[inline]
pub(super) fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The byte after the value that begins at `at`. `deep` is set if it has more levels than are opened.
#[inline]
pub(super) fn value_end(bytes: &[u8], at: usize, deep: &mut bool) -> Result<usize, Stop> {
    match bytes.get(at) {
        Some(b'"') => string_end(bytes, at + 1).ok_or(Stop::Cut),
        Some(b'{' | b'[') => nested_end(bytes, at, deep),
        Some(first) if is_scalar(*first) => {
            let mut end = at + 1;
            while bytes.get(end).is_some_and(|next| is_scalar(*next)) {
                end += 1;
            }
            // Something always follows it: a bracket, a comma.
            if end == bytes.len() {
                return Err(Stop::Cut);
            }
            Ok(end)
        }
        Some(_) => Err(Stop::Wrong(at)),
        None => Err(Stop::Cut),
    }
}

/// What numbers, `true`, `false` and `null` are made of. Whether it is one of them is asked when it is opened.
#[inline]
fn is_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

/// The byte after an object or array, by its brackets alone: what stands between them is checked when it is opened.
fn nested_end(bytes: &[u8], at: usize, deep: &mut bool) -> Result<usize, Stop> {
    // Which brackets are open: one bit a level, for as many levels as are opened. Below, their number alone.
    let (mut open, mut depth, mut at) = (0_u128, 0_usize, at);
    loop {
        let byte = *bytes.get(at).ok_or(Stop::Cut)?;
        at += 1;
        match byte {
            b'"' => at = string_end(bytes, at).ok_or(Stop::Cut)?,
            b'{' | b'[' => {
                depth += 1;
                if depth <= MAX_DEPTH {
                    open = (open << 1) | u128::from(byte == b'{');
                } else {
                    *deep = true;
                }
            }
            b'}' | b']' => {
                if depth <= MAX_DEPTH {
                    if (open & 1 == 1) != (byte == b'}') {
                        return Err(Stop::Wrong(at - 1));
                    }
                    open >>= 1;
                }
                depth -= 1;
                if depth == 0 {
                    return Ok(at);
                }
            }
            _ => {}
        }
    }
}

/// Passes the members of an object whose opening bracket is before `at`: `each` is given a name without its quotes and
/// where its value begins, and says where the value ends. The byte after the closing bracket.
#[inline]
pub(super) fn members<'a>(
    bytes: &'a [u8],
    at: usize,
    mut each: impl FnMut(&'a [u8], usize) -> Result<usize, Stop>,
) -> Result<usize, Stop> {
    let mut at = skip_space(bytes, at);
    if bytes.get(at) == Some(&b'}') {
        return Ok(at + 1);
    }
    loop {
        let (name, begin) = name(bytes, at)?;
        match after_member(bytes, each(name, begin)?)? {
            After::Member(next) => at = next,
            After::End(end) => return Ok(end),
        }
    }
}

/// The member that begins at `at`: its name without the quotes, its value, and the byte after it.
#[inline]
pub(super) fn member<'a>(
    bytes: &'a [u8],
    at: usize,
    deep: &mut bool,
) -> Result<(&'a [u8], &'a [u8], usize), Stop> {
    let (name, begin) = name(bytes, at)?;
    let end = value_end(bytes, begin, deep)?;
    let value = bytes.get(begin..end).ok_or(Stop::Cut)?;
    Ok((name, value, end))
}

/// The name that begins at `at`, without its quotes, and where its value begins.
#[inline]
pub(super) fn name(bytes: &[u8], at: usize) -> Result<(&[u8], usize), Stop> {
    match bytes.get(at) {
        Some(b'"') => {}
        Some(_) => return Err(Stop::Wrong(at)),
        None => return Err(Stop::Cut),
    }
    let end = string_end(bytes, at + 1).ok_or(Stop::Cut)?;
    let name = bytes.get(at + 1..end - 1).ok_or(Stop::Cut)?;
    let colon = skip_space(bytes, end);
    match bytes.get(colon) {
        Some(b':') => Ok((name, skip_space(bytes, colon + 1))),
        Some(_) => Err(Stop::Wrong(colon)),
        None => Err(Stop::Cut),
    }
}

/// What follows a member that ends before `at`: where the next begins, or the end of the object.
#[inline]
pub(super) fn after_member(bytes: &[u8], at: usize) -> Result<After, Stop> {
    let at = skip_space(bytes, at);
    match bytes.get(at) {
        Some(b',') => Ok(After::Member(skip_space(bytes, at + 1))),
        Some(b'}') => Ok(After::End(at + 1)),
        Some(_) => Err(Stop::Wrong(at)),
        None => Err(Stop::Cut),
    }
}

/// What follows a member.
pub(super) enum After {
    /// Another, which begins here.
    Member(usize),
    /// The end of the object; the byte after it.
    End(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_end_at_the_first_quote_that_is_not_escaped() {
        for (text, end) in [
            (r#""""#, Some(2)),
            (r#""a\"b"c"#, Some(6)),
            (r#""a\\"b"#, Some(5)),
            (r#""0123456789abcdef\"0123456789abcdef""#, Some(36)),
            (r#""open\""#, None),
            (r#""open\"#, None),
        ] {
            assert_eq!(string_end(text.as_bytes(), 1), end, "{text}");
        }
        let long = format!("\"{}\"", "é".repeat(500));
        assert_eq!(string_end(long.as_bytes(), 1), Some(1_002));
    }

    #[test]
    fn the_first_mark_is_found_wherever_it_stands() {
        for byte in 0..=255 {
            for at in 0..40 {
                let mut bytes = [b'x'; 41];
                bytes[at] = byte;
                bytes[40] = b'"';
                let first = if matches!(byte, b'"' | b'\\') { at } else { 40 };
                assert_eq!(quote_or_backslash(&bytes, 0), Some(first));
            }
        }
    }

    #[test]
    fn brackets_must_match_while_they_are_counted() {
        let end = |text: &str| {
            let mut deep = false;
            (value_end(text.as_bytes(), 0, &mut deep), deep)
        };
        assert_eq!(end(r#"{"a":[1,"]"]} "#), (Ok(13), false));
        assert_eq!(end("[}"), (Err(Stop::Wrong(1)), false));
        assert_eq!(end("[[1]"), (Err(Stop::Cut), false));
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(end(&deep), (Ok(10_000), true));
        let allowed = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert_eq!(end(&allowed), (Ok(2 * MAX_DEPTH), false));
    }
}
