//! Sorts what does not fit into memory: pieces are sorted, written to one temporary file, and merged at the end.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};

use anyhow::Context as _;

use crate::files::{temporary_file, while_temporary};

/// What takes a key and what belongs to it: what is its own, and then what it has in common with others.
pub(super) type Each<'f> = dyn FnMut(&[u8], [&[u8]; 2]) -> anyhow::Result<()> + 'f;

/// So many bytes are held before they are written, unless more is allowed.
const HELD: usize = 16 << 20;
/// So many bytes of a piece are read at once.
const AHEAD: usize = 64 << 10;

/// Keys with what belongs to each.
#[derive(Debug)]
pub(super) struct Sorter {
    /// So many bytes are held before they are written.
    most: usize,
    held: Held,
    items: Vec<Item>,
    file: Option<File>,
    /// Where each written piece begins and ends.
    runs: Vec<(u64, u64)>,
}

/// Keys and what belongs to each, in pieces.
#[derive(Debug, Default)]
struct Held {
    /// What came one by one.
    single: Vec<u8>,
    /// What came at once, as it came.
    many: Vec<Vec<u8>>,
    /// What the latter take.
    bytes: usize,
}

impl Held {
    fn piece(&self, item: &Item) -> &[u8] {
        match index(item.piece).checked_sub(1) {
            None => &self.single,
            Some(piece) => self.many.get(piece).map_or(&[], Vec::as_slice),
        }
    }

    fn key(&self, item: &Item) -> &[u8] {
        let key = self.piece(item).get(index(item.start)..index(item.key));
        key.unwrap_or_default()
    }

    fn value(&self, item: &Item) -> [&[u8]; 2] {
        let piece = self.piece(item);
        let own = piece.get(index(item.key)..index(item.end));
        // What came by itself has nothing in common.
        let common = (item.piece > 0).then(|| piece.get(index(item.common)..));
        [own, common.flatten()].map(Option::unwrap_or_default)
    }

    fn clear(&mut self) {
        self.single.clear();
        self.many.clear();
        self.bytes = 0;
    }
}

/// Where an item stands. There are many: each number takes four bytes.
#[derive(Debug, Clone, Copy)]
struct Item {
    /// Which of the pieces that came at once, from 1; 0 for what came by itself.
    piece: u32,
    /// Where its key begins, and where what is its own begins and ends.
    start: u32,
    key: u32,
    end: u32,
    /// Where begins what all items of the piece have in common.
    common: u32,
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn number(index: usize) -> anyhow::Result<u32> {
    u32::try_from(index).context("more than 4 GiB are to be sorted at once")
}

/// Keys, what belongs to each, and at the end what belongs to all of them.
#[derive(Debug)]
pub(super) struct Many<I> {
    pub(super) bytes: Vec<u8>,
    /// Where in the bytes what belongs to all begins.
    pub(super) common: usize,
    /// Of each where its key begins, and where what is its own begins and ends.
    pub(super) places: I,
}

impl Default for Sorter {
    fn default() -> Self {
        Self::holding(HELD)
    }
}

impl Sorter {
    /// Holds so many bytes before it writes them.
    pub(super) fn holding(most: usize) -> Self {
        Self {
            most,
            held: Held::default(),
            items: Vec::new(),
            file: None,
            runs: Vec::new(),
        }
    }

    /// Takes one more.
    pub(super) fn push(&mut self, key: &[u8], value: &[u8]) -> anyhow::Result<()> {
        let bytes = &mut self.held.single;
        let start = bytes.len();
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value);
        self.items.push(Item {
            piece: 0,
            start: number(start)?,
            key: number(start + key.len())?,
            end: number(bytes.len())?,
            common: 0,
        });
        self.spill_if_full()
    }

    /// Takes many at once.
    pub(super) fn push_many(
        &mut self,
        mut many: Many<impl Iterator<Item = (usize, usize, usize)>>,
    ) -> anyhow::Result<()> {
        let piece = number(self.held.many.len() + 1)?;
        let common = number(many.common)?;
        // What is common stands last: where each begins and ends is no more.
        number(many.bytes.len())?;
        let number = |index: usize| number(index).unwrap_or(u32::MAX);
        let places = many.places;
        self.items.extend(places.map(|(start, key, end)| Item {
            piece,
            start: number(start),
            key: number(key),
            end: number(end),
            common,
        }));
        many.bytes.shrink_to_fit();
        self.held.bytes += many.bytes.capacity();
        self.held.many.push(many.bytes);
        self.spill_if_full()
    }

    /// How many there are; none once some were written to a file.
    pub(super) fn in_memory(&self) -> Option<usize> {
        self.runs.is_empty().then_some(self.items.len())
    }

    /// Leaves out those at these places, by the order in which they came and in that order; for what is in memory.
    pub(super) fn leave_out(&mut self, places: &[u32]) {
        let mut places = places.iter().copied().peekable();
        let mut at = 0..=u32::MAX;
        self.items.retain(|_| {
            let left_out = at.next().and_then(|it| places.next_if_eq(&it));
            left_out.is_none()
        });
    }

    fn spill_if_full(&mut self) -> anyhow::Result<()> {
        let items = self.items.len() * size_of::<Item>();
        match self.held.single.len() + self.held.bytes + items >= self.most {
            true => self.spill(),
            false => Ok(()),
        }
    }

    fn sort(&mut self) {
        sort(&self.held, &mut self.items);
    }

    fn spill(&mut self) -> anyhow::Result<()> {
        self.sort();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(temporary_file()?),
        };
        let failed = "the temporary file cannot be written";
        let start = file.seek(SeekFrom::End(0)).context(failed)?;
        let mut out = BufWriter::new(&*file);
        let mut write = || -> std::io::Result<()> {
            for item in &self.items {
                let (key, [own, common]) = (self.held.key(item), self.held.value(item));
                let parts = [key, own, common];
                for part in parts {
                    out.write_all(&(part.len() as u64).to_le_bytes())?;
                }
                for part in parts {
                    out.write_all(part)?;
                }
            }
            out.flush()
        };
        write().map_err(while_temporary).context(failed)?;
        drop(out);
        let end = file.seek(SeekFrom::End(0)).context(failed)?;
        self.runs.push((start, end));
        self.held.clear();
        self.items.clear();
        Ok(())
    }

    /// Everything in the order of keys, to be read as often as needed.
    pub(super) fn finish(mut self) -> anyhow::Result<Sorted> {
        match self.runs.is_empty() {
            true => self.sort(),
            false => {
                self.spill()?;
                // What was held is in the file: another sorter may need the memory.
                (self.held, self.items) = (Held::default(), Vec::new());
            }
        }
        Ok(Sorted {
            file: self.file.map(RefCell::new),
            held: self.held,
            items: self.items,
            runs: self.runs,
        })
    }
}

/// An item, and the next bytes of its key.
#[derive(Debug, Clone, Copy)]
struct Ahead {
    piece: u64,
    /// How many of them are the key's.
    length: usize,
    item: Item,
}

/// So few items are compared whole.
const FEW: usize = 12;

/// Sorts by the keys. Equal keys are told apart by what belongs to them, so that the order never rests on when each was
/// read. Keys are long, and begin alike: what all of some have in common is passed once, and then eight bytes of each
/// are compared as one number.
fn sort(held: &Held, items: &mut [Item]) {
    let key = |it: &Item| held.key(it);
    // As the bytes of both are in a file: one behind the other.
    let by_value = |a: &Item, b: &Item| {
        let [a, b] = [a, b].map(|it| held.value(it).into_iter().flatten());
        a.cmp(b)
    };
    let mut ahead: Vec<Ahead> = items
        .iter()
        .map(|item| Ahead {
            piece: 0,
            length: 0,
            item: *item,
        })
        .collect();
    // Parts whose keys are the same up to a place.
    let mut parts = vec![(0, ahead.len(), 0)];
    while let Some((start, end, same)) = parts.pop() {
        let Some(part) = ahead.get_mut(start..end) else {
            continue;
        };
        if part.len() <= FEW {
            part.sort_unstable_by(|a, b| {
                let by_key = key(&a.item).cmp(key(&b.item));
                by_key.then_with(|| by_value(&a.item, &b.item))
            });
            continue;
        }
        let from = same + common(part.iter().map(|it| key(&it.item)), same);
        for it in &mut *part {
            let rest = key(&it.item).get(from..).unwrap_or_default();
            (it.piece, it.length) = piece(rest);
        }
        part.sort_unstable_by_key(|it| (it.piece, it.length));
        let mut begin = start;
        for alike in part.chunk_by_mut(|a, b| (a.piece, a.length) == (b.piece, b.length)) {
            let next = begin + alike.len();
            match alike.first().is_some_and(|it| it.length == PIECE) {
                true if alike.len() > 1 => parts.push((begin, next, from + PIECE)),
                true => {}
                // Their keys end here.
                false => alike.sort_unstable_by(|a, b| by_value(&a.item, &b.item)),
            }
            begin = next;
        }
    }
    for (to, from) in items.iter_mut().zip(&ahead) {
        *to = from.item;
    }
}

const PIECE: usize = 8;

/// The next bytes as a number, and how many there are.
fn piece(rest: &[u8]) -> (u64, usize) {
    if let Some(whole) = rest.first_chunk::<PIECE>() {
        return (u64::from_be_bytes(*whole), PIECE);
    }
    let mut whole = [0; PIECE];
    for (to, from) in whole.iter_mut().zip(rest) {
        *to = *from;
    }
    (u64::from_be_bytes(whole), rest.len())
}

/// How many bytes all have in common from a place on.
fn common<'k>(mut keys: impl Iterator<Item = &'k [u8]>, from: usize) -> usize {
    let rest = |key: &'k [u8]| key.get(from..).unwrap_or_default();
    let mut all = keys.next().map(rest).unwrap_or_default();
    for key in keys {
        let key = rest(key);
        if !key.starts_with(all) {
            let alike = all.iter().zip(key).take_while(|(a, b)| a == b).count();
            all = all.get(..alike).unwrap_or_default();
        }
        if all.is_empty() {
            break;
        }
    }
    all.len()
}

/// What was sorted.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    held: Held,
    items: Vec<Item>,
    file: Option<RefCell<File>>,
    runs: Vec<(u64, u64)>,
}

impl Sorted {
    /// Hands out everything in the order of keys.
    pub(super) fn each(&self, f: &mut Each<'_>) -> anyhow::Result<()> {
        for item in &self.items {
            f(self.held.key(item), self.held.value(item))?;
        }
        let Some(file) = &self.file else {
            return Ok(());
        };
        let mut runs: Vec<Run<'_>> = self.runs.iter().map(|it| Run::new(file, *it)).collect();
        let mut heap = BinaryHeap::new();
        for (at, run) in runs.iter_mut().enumerate() {
            if let Some(item) = run.next()? {
                heap.push(Reverse((item, at)));
            }
        }
        while let Some(Reverse((item, at))) = heap.pop() {
            let (own, common) = item.value.split_at_checked(item.own).unwrap_or_default();
            f(&item.key, [own, common])?;
            let next = runs.get_mut(at).map(Run::next).transpose()?.flatten();
            if let Some(item) = next {
                heap.push(Reverse((item, at)));
            }
        }
        Ok(())
    }
}

/// An item that was read back.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Read {
    key: Vec<u8>,
    value: Vec<u8>,
    /// So much of the value is its own.
    own: usize,
}

/// One sorted piece of the file.
struct Run<'f> {
    file: &'f RefCell<File>,
    at: u64,
    end: u64,
    held: Vec<u8>,
    read: usize,
}

impl<'f> Run<'f> {
    fn new(file: &'f RefCell<File>, (at, end): (u64, u64)) -> Self {
        Self {
            file,
            at,
            end,
            held: Vec::new(),
            read: 0,
        }
    }

    fn next(&mut self) -> anyhow::Result<Option<Read>> {
        if self.at == self.end && self.read == self.held.len() {
            return Ok(None);
        }
        let [key, own, common] = [self.length()?, self.length()?, self.length()?];
        Ok(Some(Read {
            key: self.take(key)?.to_vec(),
            value: self.take(own.saturating_add(common))?.to_vec(),
            own,
        }))
    }

    fn length(&mut self) -> anyhow::Result<usize> {
        let bytes: [u8; 8] = self.take(8)?.try_into().unwrap_or_default();
        Ok(usize::try_from(u64::from_le_bytes(bytes))?)
    }

    fn take(&mut self, count: usize) -> anyhow::Result<&[u8]> {
        while self.held.len() - self.read < count {
            self.fill(count)?;
        }
        let begin = self.read;
        self.read += count;
        Ok(self.held.get(begin..self.read).unwrap_or_default())
    }

    fn fill(&mut self, wanted: usize) -> anyhow::Result<()> {
        let failed = "the temporary file cannot be read back";
        self.held.drain(..self.read);
        self.read = 0;
        let left = self.end - self.at;
        anyhow::ensure!(left > 0, "{failed}: it is shorter than it was");
        let count = left.min(wanted.max(AHEAD) as u64);
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(self.at)).context(failed)?;
        let mut piece = (&mut *file).take(count);
        let read = piece.read_to_end(&mut self.held).context(failed)?;
        anyhow::ensure!(read > 0, "{failed}: it is shorter than it was");
        self.at += read as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(mut sorter: Sorter, spill_each: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut number = 7_u32;
        for at in 0..1_000_u32 {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let key = (number % 300).to_be_bytes();
            sorter.push(&key, &at.to_le_bytes()).unwrap();
            if spill_each > 0 && (at as usize).is_multiple_of(spill_each) {
                sorter.spill().unwrap();
            }
        }
        let mut all = Vec::new();
        sorter
            .finish()
            .unwrap()
            .each(&mut |key, value| {
                all.push((key.to_vec(), value.concat()));
                Ok(())
            })
            .unwrap();
        all
    }

    #[test]
    fn keys_are_sorted_as_slices_are() {
        // Few letters and many lengths: keys that begin alike, that are the beginning of another, and equal ones.
        let mut number = 5_u64;
        let mut next = |below: u64| {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (number >> 33) % below
        };
        for round in 0..40_u64 {
            let letters = 1 + round % 3;
            let common = vec![9; next(30) as usize];
            let mut expected: Vec<(Vec<u8>, Vec<u8>)> = (0..next(400))
                .map(|_| {
                    let mut key = match next(4) {
                        0 => Vec::new(),
                        _ => common.clone(),
                    };
                    key.extend((0..next(20)).map(|_| next(letters) as u8));
                    (key, vec![next(3) as u8; next(3) as usize])
                })
                .collect();
            let mut sorter = Sorter::default();
            for (key, value) in &expected {
                sorter.push(key, value).unwrap();
            }
            expected.sort();
            let mut found = Vec::new();
            let keep = &mut |key: &[u8], value: [&[u8]; 2]| {
                found.push((key.to_vec(), value.concat()));
                Ok(())
            };
            sorter.finish().unwrap().each(keep).unwrap();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn many_at_once_or_one_by_one_the_order_is_the_same() {
        // What belongs to each ends alike.
        let rows = [
            ("b", "1!"),
            ("a", "2!"),
            ("b", "0!"),
            ("", "!"),
            ("a", "1?!"),
            ("a", "1!"),
        ];
        let each = |sorter: Sorter| {
            let mut all = Vec::new();
            let keep = &mut |key: &[u8], value: [&[u8]; 2]| {
                all.push((key.to_vec(), value.concat()));
                Ok(())
            };
            sorter.finish().unwrap().each(keep).unwrap();
            all
        };
        let mut expected: Vec<(Vec<u8>, Vec<u8>)> =
            rows.map(|(key, value)| (key.into(), value.into())).into();
        expected.sort();
        // So many of them come one by one, and those behind them in twos; all in memory, or each in a file.
        for (single, most) in (0..=rows.len()).flat_map(|it| [(it, 1), (it, HELD)]) {
            let mut sorter = Sorter::holding(most);
            let (first, then) = rows.split_at(single);
            for (key, value) in first {
                sorter.push(key.as_bytes(), value.as_bytes()).unwrap();
            }
            for chunk in then.chunks(2) {
                let mut bytes = b"what no row has".to_vec();
                let places: Vec<_> = chunk
                    .iter()
                    .map(|(key, value)| {
                        let start = bytes.len();
                        bytes.extend_from_slice(key.as_bytes());
                        let row = bytes.len();
                        bytes.extend_from_slice(value.trim_end_matches('!').as_bytes());
                        (start, row, bytes.len())
                    })
                    .collect();
                let common = bytes.len();
                bytes.push(b'!');
                let many = Many {
                    bytes,
                    common,
                    places: places.into_iter(),
                };
                sorter.push_many(many).unwrap();
            }
            assert_eq!(each(sorter), expected);
        }
    }

    #[test]
    fn what_is_left_out_is_not_there() {
        let mut sorter = Sorter::default();
        for key in [3_u8, 1, 2, 0] {
            sorter.push(&[key], &[]).unwrap();
        }
        assert_eq!(sorter.in_memory(), Some(4));
        sorter.leave_out(&[0, 2]);
        assert_eq!(sorter.in_memory(), Some(2));
        let mut left = Vec::new();
        let keep = &mut |key: &[u8], _: [&[u8]; 2]| {
            left.extend_from_slice(key);
            Ok(())
        };
        sorter.finish().unwrap().each(keep).unwrap();
        assert_eq!(left, [0, 1]);
        let mut full = Sorter::holding(1);
        full.push(&[1], &[]).unwrap();
        assert_eq!(full.in_memory(), None);
    }

    #[test]
    fn spilled_or_not_the_order_is_the_same() {
        let held = sorted(Sorter::default(), 0);
        assert_eq!(held.len(), 1_000);
        assert!(held.is_sorted());
        for each in [1, 3, 500] {
            assert_eq!(sorted(Sorter::default(), each), held);
        }
    }
}
