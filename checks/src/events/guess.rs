//! Which name comes next: the records of a log are alike. What followed a name in a record before probably follows it
//! again, and is compared as a whole; only where it is another name its end is looked for.

/// So many bytes are compared at once.
const WIDTH: usize = 32;

/// A name with its quotes, the colon and white space, and what it stands for.
#[derive(Debug, Clone, Copy)]
struct Guess<T> {
    text: [u128; 2],
    mask: [u128; 2],
    /// 0: nothing is known.
    length: usize,
    /// Of it the name without its quotes.
    name: usize,
    found: T,
}

/// What followed each name. A place is a number of the caller's.
#[derive(Debug, Clone)]
pub(super) struct Guesses<T>(Vec<Guess<T>>);

impl<T: Copy> Guesses<T> {
    /// For so many places. Without any, nothing is learned.
    pub(super) fn new(places: usize, found: T) -> Self {
        let none = Guess {
            text: [0; 2],
            mask: [0; 2],
            length: 0,
            name: 0,
            found,
        };
        Self(vec![none; places])
    }

    /// If what begins at `at` is what came here before: how long it is, how long its name is, and what it stands for.
    #[inline(always)]
    pub(super) fn holds(&self, place: usize, bytes: &[u8], at: usize) -> Option<(usize, usize, T)> {
        let guess = self.0.get(place)?;
        let here = halves(bytes.get(at..)?)?;
        let [a, b] = guess.text;
        let [c, d] = guess.mask;
        let other = ((here.0 ^ a) & c) | ((here.1 ^ b) & d);
        (other == 0 && guess.length > 0).then_some((guess.length, guess.name, guess.found))
    }

    /// These bytes came here, and stand for that.
    pub(super) fn learn(&mut self, place: usize, spelled: &[u8], name: usize, found: T) {
        let Some(guess) = self.0.get_mut(place) else {
            return;
        };
        guess.length = 0;
        if spelled.len() > WIDTH {
            return;
        }
        let (mut text, mut mask) = ([0; WIDTH], [0; WIDTH]);
        for ((to, all), from) in text.iter_mut().zip(&mut mask).zip(spelled) {
            (*to, *all) = (*from, 0xff);
        }
        if let (Some(text), Some(mask)) = (halves(&text), halves(&mask)) {
            *guess = Guess {
                text: [text.0, text.1],
                mask: [mask.0, mask.1],
                length: spelled.len(),
                name,
                found,
            };
        }
    }
}

#[inline(always)]
fn halves(bytes: &[u8]) -> Option<(u128, u128)> {
    let whole = bytes.first_chunk::<WIDTH>()?;
    let (one, two) = whole.split_first_chunk::<16>()?;
    let two = two.first_chunk::<16>()?;
    Some((u128::from_le_bytes(*one), u128::from_le_bytes(*two)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_learned_is_guessed() {
        let mut guesses = Guesses::new(2, 'x');
        let log = br#""eventName":"A","eventNames":"B","#.repeat(3);
        assert_eq!(guesses.holds(0, &log, 0), None);
        guesses.learn(0, br#""eventName":"#, 9, 'n');
        assert_eq!(guesses.holds(0, &log, 0), Some((12, 9, 'n')));
        // Another name, another place, too near the end.
        assert_eq!(guesses.holds(0, &log, 16), None);
        assert_eq!(guesses.holds(1, &log, 0), None);
        assert_eq!(guesses.holds(9, &log, 0), None);
        assert_eq!(guesses.holds(0, &log[..31], 0), None);
        // Each length is compared to its last byte, and no further.
        for length in 1..=WIDTH {
            let spelled = &log[..length];
            guesses.learn(1, spelled, 7, 'm');
            assert_eq!(guesses.holds(1, &log, 0), Some((length, 7, 'm')));
            let mut other = log.clone();
            other[length] ^= 1;
            assert_eq!(guesses.holds(1, &other, 0), Some((length, 7, 'm')));
            other[length - 1] ^= 0x80;
            assert_eq!(guesses.holds(1, &other, 0), None);
        }
        guesses.learn(1, &log[..WIDTH + 1], 7, 'l');
        assert_eq!(guesses.holds(1, &log, 0), None);
        let mut none = Guesses::new(0, 'x');
        none.learn(0, b"x", 1, 'x');
        assert_eq!(none.holds(0, &log, 0), None);
    }
}
