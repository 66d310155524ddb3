//! How an object was spelled before: whoever calls often is written alike each time, only with other values. Where all
//! that is no text stands as it stood in an object before, its texts are where they were.

use wide::u8x16;

use super::bytes::quotes_and_backslashes;
use super::raw::Raw;

/// Bytes that are compared at once, and of the shortest object that is learned.
const WIDTH: usize = 16;
/// Bytes of the longest.
const LONGEST: usize = 1_024;
/// Where the quotes stand in so many bytes tells which layouts may be the one.
const BEGINNING: usize = 96;
/// Places for what begins alike, and layouts in each.
const PLACES: usize = 64;
const WAYS: usize = 4;

/// Layouts of objects, and what was found in each.
#[derive(Debug, Clone)]
pub(super) struct Layouts<T>(Vec<Ways<T>>);

#[derive(Debug, Clone)]
struct Ways<T> {
    layouts: [Option<Layout<T>>; WAYS],
    /// How many were learned: the oldest makes room.
    learned: usize,
}

/// Where the values of an object begin and end in it.
type Place<T> = (T, (usize, usize));

#[derive(Debug, Clone)]
struct Layout<T> {
    length: usize,
    pieces: Vec<Piece>,
    /// The last bytes of the object, some of which may be in the last piece as well.
    last: Piece,
    found: Vec<Place<T>>,
}

/// Some bytes of an object.
#[derive(Debug, Clone, Copy)]
struct Piece {
    bytes: u8x16,
    /// Which of them stand there again: names, brackets, quotes, numbers. The others belong to texts, and may be any but a
    /// quote or a backslash: with these a text may end elsewhere.
    fixed: u8x16,
}

impl Piece {
    #[inline(always)]
    fn fits(&self, bytes: &[u8; WIDTH]) -> bool {
        let bytes = u8x16::new(*bytes);
        let other = (bytes ^ self.bytes) & self.fixed;
        let marks = quotes_and_backslashes(bytes);
        (other | (marks & !self.fixed))
            .simd_eq(u8x16::splat(0))
            .all()
    }
}

impl<T: Copy> Layout<T> {
    #[inline]
    fn fits(&self, rest: &[u8]) -> bool {
        let Some(own) = rest.get(..self.length) else {
            return false;
        };
        let (pieces, _) = own.as_chunks();
        let mut pairs = self.pieces.iter().zip(pieces);
        pairs.all(|(piece, bytes)| piece.fits(bytes))
            && own.last_chunk().is_some_and(|it| self.last.fits(it))
    }

    fn of(own: &[u8], found: impl Iterator<Item = Place<T>>) -> Option<Self> {
        let mut fixed = vec![0xff; own.len()];
        Raw::new(own).each_string(&mut |is_name, inside| {
            let begin = inside.as_ptr().addr().checked_sub(own.as_ptr().addr());
            let text = begin.and_then(|it| fixed.get_mut(it..it + inside.len()));
            if let Some(text) = text.filter(|_| !is_name) {
                text.fill(0);
            }
        });
        let piece = |(bytes, fixed): (&[u8; WIDTH], &[u8; WIDTH])| Piece {
            bytes: u8x16::new(*bytes),
            fixed: u8x16::new(*fixed),
        };
        let last = piece((own.last_chunk()?, fixed.last_chunk()?));
        let (own_pieces, _) = own.as_chunks();
        let (fixed, _) = fixed.as_chunks();
        Some(Self {
            length: own.len(),
            pieces: own_pieces.iter().zip(fixed).map(piece).collect(),
            last,
            found: found.collect(),
        })
    }
}

impl<T: Copy> Layouts<T> {
    pub(super) fn new() -> Self {
        let none = || Ways {
            layouts: [const { None }; WAYS],
            learned: 0,
        };
        Self(std::iter::repeat_with(none).take(PLACES).collect())
    }

    /// Nothing is learned.
    pub(super) fn nothing() -> Self {
        Self(Vec::new())
    }

    /// If the object that begins at `at` is spelled as one before: how long it is, and what was found in that one.
    #[inline]
    pub(super) fn holds(&self, bytes: &[u8], at: usize) -> Option<(usize, &[Place<T>])> {
        let rest = bytes.get(at..)?;
        let ways = self.0.get(place(rest)?)?;
        let mut layouts = ways.layouts.iter().map_while(Option::as_ref);
        let layout = layouts.find(|it| it.fits(rest))?;
        Some((layout.length, &layout.found))
    }

    /// The object between these places is whole, and this was found in it.
    pub(super) fn learn(
        &mut self,
        bytes: &[u8],
        (at, end): (usize, usize),
        found: impl Iterator<Item = Place<T>>,
    ) {
        let slot = bytes.get(at..).and_then(place);
        let Some(ways) = slot.and_then(|it| self.0.get_mut(it)) else {
            return;
        };
        let own = bytes.get(at..end).unwrap_or_default();
        if own.len() > LONGEST || memchr::memchr(b'\\', own).is_some() {
            return;
        }
        if let Some(way) = ways.layouts.get_mut(ways.learned % WAYS)
            && let Some(layout) = Layout::of(own, found)
        {
            *way = Some(layout);
            ways.learned = ways.learned.wrapping_add(1);
        }
    }
}

/// The place for what begins like this; none for what is too short.
#[inline]
fn place(bytes: &[u8]) -> Option<usize> {
    let (pieces, _) = bytes.get(..BEGINNING)?.as_chunks::<WIDTH>();
    let mixed = pieces.iter().fold(0_u64, |mixed, piece| {
        let quotes = u8x16::new(*piece).simd_eq(u8x16::splat(b'"'));
        (mixed.rotate_left(16) ^ u64::from(quotes.to_bitmask())).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    });
    usize::try_from(mixed >> (u64::BITS - PLACES.ilog2())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = r#"{"type":"Role","id":"AROA0:me","n":-1.5,"of":{"arn":"arn:aws:iam::1:role/r","mfa":false},"x":["y",null]}"#;

    /// What `OBJECT` taught holds for a text, and its length.
    fn holds(text: &str) -> Option<usize> {
        let mut layouts = Layouts::new();
        let log = format!("[{OBJECT},{}", "x".repeat(200));
        let found = [('t', (9, 13))].into_iter();
        layouts.learn(log.as_bytes(), (1, 1 + OBJECT.len()), found);
        let log = format!("{text},{}", "y".repeat(200));
        let (length, found) = layouts.holds(log.as_bytes(), 0)?;
        assert_eq!(found, [('t', (9, 13))]);
        Some(length)
    }

    #[test]
    fn only_texts_may_differ() {
        assert_eq!(holds(OBJECT), Some(OBJECT.len()));
        let text = |it: usize| {
            let inside = ["Role", "AROA0:me", "arn:aws:iam::1:role/r", "y"];
            inside.iter().any(|part| {
                let begin = OBJECT.find(&format!("\"{part}\"")).unwrap() + 1;
                (begin..begin + part.len()).contains(&it)
            })
        };
        for at in 0..OBJECT.len() {
            for byte in 0..0x80_u8 {
                let mut other = OBJECT.as_bytes().to_vec();
                other[at] = byte;
                let same = byte == OBJECT.as_bytes()[at];
                let may = same || (text(at) && !matches!(byte, b'"' | b'\\'));
                let found = holds(std::str::from_utf8(&other).unwrap());
                assert!(found.is_none_or(|it| it == OBJECT.len()));
                assert!(may || found.is_none(), "{at} {byte}");
                // Where the quotes are the same, what may differ is held.
                assert!(!may || found.is_some(), "{at} {byte}");
            }
        }
    }

    #[test]
    fn what_is_cut_or_was_not_learned_is_not_held() {
        let mut layouts = Layouts::new();
        let log = format!("{OBJECT},{}", "x".repeat(200));
        let log = log.as_bytes();
        assert!(layouts.holds(log, 0).is_none());
        layouts.learn(log, (0, OBJECT.len()), [('t', (0, 1))].into_iter());
        assert!(layouts.holds(log, 0).is_some());
        assert!(layouts.holds(log, 1).is_none());
        for end in 0..log.len() {
            let held = layouts.holds(&log[..end], 0).is_some();
            assert_eq!(held, end >= OBJECT.len(), "{end}");
        }
        assert!(layouts.holds(log, log.len()).is_none());
        assert!(layouts.holds(log, usize::MAX).is_none());
        // One that began alike makes room only for more than a few.
        let other = |at: usize| {
            let object = OBJECT.replace("null", &"1".repeat(at));
            (object.len(), format!("{object},{}", "x".repeat(200)))
        };
        for at in 1..=WAYS {
            assert!(layouts.holds(log, 0).is_some());
            let (length, log) = other(at);
            layouts.learn(log.as_bytes(), (0, length), [('o', (0, at))].into_iter());
        }
        assert!(layouts.holds(log, 0).is_none());
        for at in 1..=WAYS {
            let (length, log) = other(at);
            let (held, found) = layouts.holds(log.as_bytes(), 0).unwrap();
            assert_eq!((held, found), (length, &[('o', (0, at))][..]));
        }
        // One with an escape, and one that is too long.
        let escaped = OBJECT.replace("me", r"\n");
        let long = OBJECT.replace("me", &"m".repeat(LONGEST));
        for other in [escaped, long] {
            let log = format!("{other},{}", "x".repeat(200));
            layouts.learn(
                log.as_bytes(),
                (0, other.len()),
                [('o', (0, 1))].into_iter(),
            );
            assert!(layouts.holds(log.as_bytes(), 0).is_none());
        }
        let mut none = Layouts::nothing();
        none.learn(log, (0, OBJECT.len()), [('t', (0, 1))].into_iter());
        assert!(none.holds(log, 0).is_none());
    }
}
