//! Sorts what does not fit into memory: pieces are sorted, written to one temporary file, and merged at the end.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};

use anyhow::Context as _;

use crate::files::{temporary_file, while_temporary};

/// What takes a key and what belongs to it.
pub(super) type Each<'f> = dyn FnMut(&[u8], &[u8]) -> anyhow::Result<()> + 'f;

/// So many bytes are held before they are written.
const HELD: usize = 16 << 20;
/// So many bytes of a piece are read at once.
const AHEAD: usize = 64 << 10;

/// Keys with what belongs to each.
#[derive(Debug, Default)]
pub(super) struct Sorter {
    bytes: Vec<u8>,
    items: Vec<Item>,
    file: Option<File>,
    /// Where each written piece begins and ends.
    runs: Vec<(u64, u64)>,
}

#[derive(Debug, Clone, Copy)]
struct Item {
    start: usize,
    key: usize,
    end: usize,
}

impl Sorter {
    /// Takes one more.
    pub(super) fn push(&mut self, key: &[u8], value: &[u8]) -> anyhow::Result<()> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        self.items.push(Item {
            start,
            key: start + key.len(),
            end: self.bytes.len(),
        });
        let held = self.bytes.len() + self.items.len() * size_of::<Item>();
        if held >= HELD {
            self.spill()?;
        }
        Ok(())
    }

    fn sort(&mut self) {
        let bytes = &self.bytes;
        let key = |it: &Item| bytes.get(it.start..it.key).unwrap_or_default();
        let value = |it: &Item| bytes.get(it.key..it.end).unwrap_or_default();
        // Equal keys are told apart by what belongs to them, so that the order never rests on when each was read.
        self.items
            .sort_unstable_by(|a, b| (key(a), value(a)).cmp(&(key(b), value(b))));
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
                let key = (item.key - item.start) as u64;
                let value = (item.end - item.key) as u64;
                out.write_all(&key.to_le_bytes())?;
                out.write_all(&value.to_le_bytes())?;
                out.write_all(self.bytes.get(item.start..item.end).unwrap_or_default())?;
            }
            out.flush()
        };
        write().map_err(while_temporary).context(failed)?;
        drop(out);
        let end = file.seek(SeekFrom::End(0)).context(failed)?;
        self.runs.push((start, end));
        self.bytes.clear();
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
                (self.bytes, self.items) = (Vec::new(), Vec::new());
            }
        }
        Ok(Sorted {
            file: self.file.map(RefCell::new),
            bytes: self.bytes,
            items: self.items,
            runs: self.runs,
        })
    }
}

/// What was sorted.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    bytes: Vec<u8>,
    items: Vec<Item>,
    file: Option<RefCell<File>>,
    runs: Vec<(u64, u64)>,
}

impl Sorted {
    /// Hands out everything in the order of keys.
    pub(super) fn each(&self, f: &mut Each<'_>) -> anyhow::Result<()> {
        for item in &self.items {
            let key = self.bytes.get(item.start..item.key).unwrap_or_default();
            let value = self.bytes.get(item.key..item.end).unwrap_or_default();
            f(key, value)?;
        }
        let Some(file) = &self.file else {
            return Ok(());
        };
        let mut runs: Vec<Run<'_>> = self.runs.iter().map(|it| Run::new(file, *it)).collect();
        let mut heap = BinaryHeap::new();
        for (at, run) in runs.iter_mut().enumerate() {
            if let Some((key, value)) = run.next()? {
                heap.push(Reverse((key, value, at)));
            }
        }
        while let Some(Reverse((key, value, at))) = heap.pop() {
            f(&key, &value)?;
            let next = runs.get_mut(at).map(Run::next).transpose()?.flatten();
            if let Some((key, value)) = next {
                heap.push(Reverse((key, value, at)));
            }
        }
        Ok(())
    }
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

    fn next(&mut self) -> anyhow::Result<Option<(Vec<u8>, Vec<u8>)>> {
        if self.at == self.end && self.read == self.held.len() {
            return Ok(None);
        }
        let key = self.length()?;
        let value = self.length()?;
        Ok(Some((self.take(key)?, self.take(value)?)))
    }

    fn length(&mut self) -> anyhow::Result<usize> {
        let bytes = self.take(8)?;
        let bytes: [u8; 8] = bytes.try_into().unwrap_or_default();
        Ok(usize::try_from(u64::from_le_bytes(bytes))?)
    }

    fn take(&mut self, count: usize) -> anyhow::Result<Vec<u8>> {
        while self.held.len() - self.read < count {
            self.fill(count)?;
        }
        let end = self.read + count;
        let taken = self.held.get(self.read..end).unwrap_or_default().to_vec();
        self.read = end;
        Ok(taken)
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
                all.push((key.to_vec(), value.to_vec()));
                Ok(())
            })
            .unwrap();
        all
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
