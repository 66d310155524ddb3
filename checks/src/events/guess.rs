//! Which name comes next: the records of a log are alike. What followed a name in a record before probably follows it
//! again, and is compared as a whole; only where it is another name its end is looked for.

use wide::u8x16;

/// So many bytes are compared at once.
const WIDTH: usize = 32;

/// A name with its quotes, the colon and white space, and what it stands for.
#[derive(Debug, Clone, Copy)]
struct Guess<T> {
    text: [u8x16; 2],
    mask: [u8x16; 2],
    length: usize,
    found: T,
}

/// What followed each name. A place is a number of the caller's.
#[derive(Debug, Clone)]
pub(super) struct Guesses<T>(Vec<Guess<T>>);

impl<T: Copy> Guesses<T> {
    /// For so many places. Without any, nothing is learned.
    pub(super) fn new(places: usize, found: T) -> Self {
        // Sixteen NULs: no value begins so either, and what is there is refused.
        let none = Guess {
            text: [u8x16::splat(0); 2],
            mask: [u8x16::splat(0xff), u8x16::splat(0)],
            length: 0,
            found,
        };
        Self(vec![none; places])
    }

    /// If what begins at `at` is what came here before: how long it is, and what it stands for.
    #[inline(always)]
    pub(super) fn holds(&self, place: usize, bytes: &[u8], at: usize) -> Option<(usize, T)> {
        let guess = self.0.get(place)?;
        let [one, two] = halves(bytes.get(at..)?.first_chunk()?);
        let [a, b] = guess.text;
        let [c, d] = guess.mask;
        let other = ((one ^ a) & c) | ((two ^ b) & d);
        let holds = other.simd_eq(u8x16::splat(0)).all();
        holds.then_some((guess.length, guess.found))
    }

    /// These bytes came here, and stand for that.
    pub(super) fn learn(&mut self, place: usize, spelled: &[u8], found: T) {
        let Some(guess) = self.0.get_mut(place) else {
            return;
        };
        // One that is longer is looked for again.
        if spelled.len() > WIDTH {
            return;
        }
        let (mut text, mut mask) = ([0; WIDTH], [0; WIDTH]);
        for ((to, all), from) in text.iter_mut().zip(&mut mask).zip(spelled) {
            (*to, *all) = (*from, 0xff);
        }
        *guess = Guess {
            text: halves(&text),
            mask: halves(&mask),
            length: spelled.len(),
            found,
        };
    }
}

#[inline(always)]
fn halves(bytes: &[u8; WIDTH]) -> [u8x16; 2] {
    let (pieces, _) = bytes.as_chunks::<16>();
    let piece = |at: usize| u8x16::new(pieces.get(at).copied().unwrap_or_default());
    [piece(0), piece(1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_learned_is_guessed() {
        let mut guesses = Guesses::new(2, 'x');
        let log = br#""eventName":"A","eventNames":"B","#.repeat(3);
        assert_eq!(guesses.holds(0, &log, 0), None);
        guesses.learn(0, br#""eventName":"#, 'n');
        assert_eq!(guesses.holds(0, &log, 0), Some((12, 'n')));
        // Another name, another place, too near the end.
        assert_eq!(guesses.holds(0, &log, 16), None);
        assert_eq!(guesses.holds(1, &log, 0), None);
        assert_eq!(guesses.holds(9, &log, 0), None);
        assert_eq!(guesses.holds(0, &log[..31], 0), None);
        // Each length is compared to its last byte, and no further.
        for length in 1..=WIDTH {
            let spelled = &log[..length];
            guesses.learn(1, spelled, 'm');
            assert_eq!(guesses.holds(1, &log, 0), Some((length, 'm')));
            let mut other = log.clone();
            other[length] ^= 1;
            assert_eq!(guesses.holds(1, &other, 0), Some((length, 'm')));
            other[length - 1] ^= 0x80;
            assert_eq!(guesses.holds(1, &other, 0), None);
        }
        // What is longer is not learned.
        guesses.learn(1, &log[..WIDTH + 1], 'l');
        assert_eq!(guesses.holds(1, &log, 0), Some((WIDTH, 'm')));
        let mut none = Guesses::new(0, 'x');
        none.learn(0, b"x", 'x');
        assert_eq!(none.holds(0, &log, 0), None);
    }
}
