//! From parts to nodes: forks are followed until something is read.

use super::super::{TooComplex, Work};
use super::{Chars, MAX_NODES, Part};
use std::collections::HashMap;

/// While it is built: forks read nothing.
pub(super) enum Draft {
    Char(usize, usize),
    Fork(Vec<usize>),
    End,
}

#[derive(Default)]
pub(super) struct Drafts {
    pub(super) nodes: Vec<Draft>,
    pub(super) chars: Vec<Chars>,
    pub(super) by_chars: HashMap<Chars, usize>,
}

impl Drafts {
    pub(super) fn add(&mut self, node: Draft) -> Result<usize, TooComplex> {
        if self.nodes.len() >= MAX_NODES {
            return Err(TooComplex);
        }
        self.nodes.push(node);
        Ok(self.nodes.len() - 1)
    }

    fn kind(&mut self, chars: &Chars) -> usize {
        if let Some(known) = self.by_chars.get(chars) {
            return *known;
        }
        self.chars.push(chars.clone());
        self.by_chars.insert(chars.clone(), self.chars.len() - 1);
        self.chars.len() - 1
    }

    /// Adds nodes that lead through `part` to `next`; gives the first.
    pub(super) fn build(
        &mut self,
        part: &Part,
        next: usize,
        work: &mut Work,
    ) -> Result<usize, TooComplex> {
        work.spend(1)?;
        Ok(match part {
            Part::Chars(chars) => {
                let kind = self.kind(chars);
                self.add(Draft::Char(kind, next))?
            }
            Part::All(parts) => {
                let mut next = next;
                for part in parts.iter().rev() {
                    next = self.build(part, next, work)?;
                }
                next
            }
            Part::Any(parts) => {
                let mut ways = Vec::new();
                for part in parts {
                    ways.push(self.build(part, next, work)?);
                }
                self.add(Draft::Fork(ways))?
            }
            Part::Repeat(part, least, most) => {
                let mut next = next;
                match most {
                    None => {
                        let fork = self.add(Draft::Fork(vec![next]))?;
                        let once = self.build(part, fork, work)?;
                        if let Some(Draft::Fork(ways)) = self.nodes.get_mut(fork) {
                            ways.push(once);
                        }
                        next = fork;
                    }
                    Some(most) => {
                        let end = next;
                        for _ in *least..*most {
                            let once = self.build(part, next, work)?;
                            next = self.add(Draft::Fork(vec![end, once]))?;
                        }
                    }
                }
                for _ in 0..*least {
                    next = self.build(part, next, work)?;
                }
                next
            }
        })
    }

    /// The nodes that read or end, behind all forks.
    pub(super) fn behind(&self, from: usize, work: &mut Work) -> Result<Vec<usize>, TooComplex> {
        let (mut open, mut seen, mut found) = (vec![from], vec![false; self.nodes.len()], vec![]);
        work.spend(self.nodes.len() / 64 + 1)?;
        while let Some(at) = open.pop() {
            match seen.get_mut(at) {
                Some(seen) if !*seen => *seen = true,
                Some(_) | None => continue,
            }
            work.spend(1)?;
            match self.nodes.get(at) {
                Some(Draft::Fork(ways)) => open.extend(ways),
                Some(Draft::Char(..) | Draft::End) => found.push(at),
                None => {}
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}
