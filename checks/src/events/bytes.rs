//! Where a string, a value or white space ends in the bytes of JSON. Every function is total, and linear in what it passes.

use wide::u8x16;

use super::guess::Guesses;

/// Levels that are opened. Deeper values are kept as bytes.
pub const MAX_DEPTH: usize = 128;

/// Why a value could not be passed: the byte at which stands what no JSON has there, or that the bytes end inside it.
/// One word, so that it is handed on in a register: every member of every record is passed so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop(usize);

impl Stop {
    /// The bytes end inside it.
    pub(super) const CUT: Self = Self(usize::MAX);

    /// At this byte stands what no JSON has there.
    pub(super) const fn wrong(at: usize) -> Self {
        Self(at)
    }

    /// The byte that is wrong; none where the bytes end.
    pub(super) fn place(self) -> Option<usize> {
        (self != Self::CUT).then_some(self.0)
    }
}

/// Where quotes and backslashes stand in sixteen bytes: a bit for each.
#[derive(Debug, Clone, Copy)]
struct Quotes {
    quotes: u32,
    both: u32,
}

/// All bits of the bytes that are a quote or a backslash.
#[inline(always)]
pub(super) fn quotes_and_backslashes(piece: u8x16) -> u8x16 {
    piece.simd_eq(u8x16::splat(b'"')) | piece.simd_eq(u8x16::splat(b'\\'))
}

impl Quotes {
    #[inline(always)]
    fn of(piece: &[u8; 16]) -> Self {
        let piece = u8x16::new(*piece);
        Self {
            quotes: piece.simd_eq(u8x16::splat(b'"')).to_bitmask(),
            both: quotes_and_backslashes(piece).to_bitmask(),
        }
    }

    /// Where the first of both stands, and whether it is a quote.
    #[inline(always)]
    fn first(self) -> Option<(usize, bool)> {
        let first = self.both.trailing_zeros();
        let quote = self.quotes.checked_shr(first)?;
        Some((first as usize, quote & 1 == 1))
    }
}

/// The byte after the closing quote of a string whose opening quote is before `at`.
#[inline(always)]
pub(super) fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    // Most strings are short.
    let Some(piece) = bytes.get(at..)?.first_chunk() else {
        return far_end(bytes, at);
    };
    match Quotes::of(piece).first() {
        Some((mark, true)) => Some(at + mark + 1),
        Some((mark, false)) => far_end(bytes, at + mark),
        None => far_end(bytes, at + 16),
    }
}

/// The same, of a longer string, of one with an escape, or at the end of the bytes.
#[inline(never)]
fn far_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at = mark(bytes, at)?;
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// Where the next quote or backslash stands.
fn mark(bytes: &[u8], mut at: usize) -> Option<usize> {
    // A few pieces first, and the long way around only for long ones.
    for _ in 0..4 {
        let Some(piece) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else {
            break;
        };
        if let Some((mark, _)) = Quotes::of(piece).first() {
            return Some(at + mark);
        }
        at += 16;
    }
    Some(at + memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?)
}

/// Whether a backslash is among them: most texts are short, and have none.
#[inline]
pub(super) fn has_backslash(bytes: &[u8]) -> bool {
    let in_piece = |piece: &[u8; 16]| u8x16::new(*piece).simd_eq(u8x16::splat(b'\\')).any();
    match bytes.len() {
        0..8 => bytes.contains(&b'\\'),
        // The halves of a piece, which may have some bytes in common.
        8..16 => bytes
            .first_chunk()
            .zip(bytes.last_chunk())
            .is_some_and(|(first, last)| {
                let [first, last]: [&[u8; 8]; 2] = [first, last];
                let mut piece = [0; 16];
                let (one, two) = piece.split_at_mut(8);
                one.copy_from_slice(first);
                two.copy_from_slice(last);
                in_piece(&piece)
            }),
        16..=64 => {
            let (pieces, _) = bytes.as_chunks();
            pieces.iter().any(in_piece) || bytes.last_chunk().is_some_and(in_piece)
        }
        _ => memchr::memchr(b'\\', bytes).is_some(),
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
#[inline(always)]
pub(super) fn value_end(bytes: &[u8], at: usize, deep: &mut bool) -> Result<usize, Stop> {
    match bytes.get(at) {
        Some(b'"') => string_end(bytes, at + 1).ok_or(Stop::CUT),
        Some(_) | None => other_end(bytes, at, deep),
    }
}

/// The same, of what is no string.
fn other_end(bytes: &[u8], at: usize, deep: &mut bool) -> Result<usize, Stop> {
    match bytes.get(at) {
        Some(b'{' | b'[') => nested_end(bytes, at, deep),
        Some(first) if is_scalar(*first) => {
            let mut end = at + word(bytes, at);
            while bytes.get(end).is_some_and(|next| is_scalar(*next)) {
                end += 1;
            }
            // Something always follows it: a bracket, a comma.
            if end == bytes.len() {
                return Err(Stop::CUT);
            }
            Ok(end)
        }
        Some(_) => Err(Stop::wrong(at)),
        None => Err(Stop::CUT),
    }
}

/// The length of `null`, `true` or `false` where one of them begins, else of one byte.
#[inline]
fn word(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.first_chunk::<4>() {
        Some(b"null" | b"true") => 4,
        Some(b"fals") if rest.get(4) == Some(&b'e') => 5,
        Some(_) | None => 1,
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
        let byte = *bytes.get(at).ok_or(Stop::CUT)?;
        at += 1;
        match byte {
            b'"' => {
                at = string_end(bytes, at).ok_or(Stop::CUT)?;
                // What mostly follows is the text of a name, or the next name.
                while let Some([b':' | b',', b'"']) = bytes.get(at..).and_then(<[u8]>::first_chunk)
                {
                    at = string_end(bytes, at + 2).ok_or(Stop::CUT)?;
                }
            }
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
                        return Err(Stop::wrong(at - 1));
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

/// The member that begins at `at`: its name without the quotes, its value, and the byte after it.
#[inline]
pub(super) fn member<'a>(
    bytes: &'a [u8],
    at: usize,
    deep: &mut bool,
) -> Result<(&'a [u8], &'a [u8], usize), Stop> {
    let (name, begin) = name(bytes, at)?;
    let end = value_end(bytes, begin, deep)?;
    let value = bytes.get(begin..end).ok_or(Stop::CUT)?;
    Ok((name, value, end))
}

/// The name that begins at `at`, without its quotes, and where its value begins.
#[inline]
pub(super) fn name(bytes: &[u8], at: usize) -> Result<(&[u8], usize), Stop> {
    match bytes.get(at) {
        Some(b'"') => {}
        Some(_) => return Err(Stop::wrong(at)),
        None => return Err(Stop::CUT),
    }
    let end = string_end(bytes, at + 1).ok_or(Stop::CUT)?;
    let name = bytes.get(at + 1..end - 1).ok_or(Stop::CUT)?;
    let colon = skip_space(bytes, end);
    match bytes.get(colon) {
        Some(b':') => Ok((name, skip_space(bytes, colon + 1))),
        Some(_) => Err(Stop::wrong(colon)),
        None => Err(Stop::CUT),
    }
}

/// Where the value of the member begins whose name begins at `at`, and what the name stands for: as what came in this
/// place before, or as `find` knows it.
#[inline(always)]
pub(super) fn known_name<T: Copy>(
    bytes: &[u8],
    at: usize,
    (guesses, place): (&mut Guesses<T>, usize),
    find: impl FnOnce(&[u8]) -> T,
) -> Result<(usize, T), Stop> {
    if let Some((length, found)) = guesses.holds(place, bytes, at) {
        return Ok((skip_space(bytes, at + length), found));
    }
    let (name, begin) = self::name(bytes, at)?;
    let found = find(name);
    guesses.learn(place, bytes.get(at..begin).unwrap_or_default(), found);
    Ok((begin, found))
}

/// Where the first member of an object begins whose opening bracket is before `at`, or where the object ends.
#[inline]
pub(super) fn first_member(bytes: &[u8], at: usize) -> After {
    let at = skip_space(bytes, at);
    match bytes.get(at) {
        Some(b'}') => After::End(at + 1),
        Some(_) | None => After::Member(at),
    }
}

/// What follows a member that ends before `at`: where the next begins, or the end of the object.
#[inline]
pub(super) fn after_member(bytes: &[u8], at: usize) -> Result<After, Stop> {
    let at = skip_space(bytes, at);
    match bytes.get(at) {
        Some(b',') => Ok(After::Member(skip_space(bytes, at + 1))),
        Some(b'}') => Ok(After::End(at + 1)),
        Some(_) => Err(Stop::wrong(at)),
        None => Err(Stop::CUT),
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
                assert_eq!(mark(&bytes, 0), Some(first));
                let end = match byte {
                    b'"' => Some(at + 1),
                    // What follows it is passed: at the end that is the quote.
                    b'\\' if at == 39 => None,
                    _ => Some(41),
                };
                assert_eq!(string_end(&bytes, 0), end);
            }
        }
    }

    #[test]
    fn a_backslash_is_found_wherever_it_stands() {
        for length in 0..80 {
            let mut bytes = vec![b'x'; length];
            assert!(!has_backslash(&bytes));
            for at in 0..length {
                bytes[at] = b'\\';
                assert!(has_backslash(&bytes), "{at} of {length}");
                bytes[at] = b'x';
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
        assert_eq!(end("[}"), (Err(Stop::wrong(1)), false));
        assert_eq!(end("[[1]"), (Err(Stop::CUT), false));
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(end(&deep), (Ok(10_000), true));
        let allowed = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert_eq!(end(&allowed), (Ok(2 * MAX_DEPTH), false));
    }
}
