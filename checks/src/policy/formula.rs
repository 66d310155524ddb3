//! A decision as a formula over what is not known: atoms that hold in some worlds and not in others.

use std::collections::BTreeSet;

use super::context::Tri;

/// A formula. The constructors simplify, so what is decided never hides in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Formula {
    Yes,
    No,
    /// A document that could not be read: it may say anything.
    Missing,
    /// By its number in the list of atoms.
    Atom(usize),
    Not(Box<Formula>),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

impl Formula {
    pub(super) fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Not(inner) => *inner,
            // Also what is missing: whether it would allow or deny must not get lost.
            other @ (Self::Missing | Self::Atom(_) | Self::All(_) | Self::Any(_)) => {
                Self::Not(Box::new(other))
            }
        }
    }

    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            if part == Self::No {
                return part;
            }
            if part != Self::Yes {
                push(&mut kept, part);
            }
        }
        match kept.len() {
            0 => Self::Yes,
            1 => kept.pop().unwrap_or(Self::Yes),
            _ => Self::All(kept),
        }
    }

    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            if part == Self::Yes {
                return part;
            }
            if part != Self::No {
                push(&mut kept, part);
            }
        }
        match kept.len() {
            0 => Self::No,
            1 => kept.pop().unwrap_or(Self::No),
            _ => Self::Any(kept),
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self::all([self, other])
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self::any([self, other])
    }

    /// Its value, given that of each atom. What is missing stays undecided.
    pub(super) fn value(&self, atoms: &dyn Fn(usize) -> Tri) -> Tri {
        match self {
            Self::Yes => Tri::Yes,
            Self::No => Tri::No,
            Self::Missing => Tri::Undecided,
            Self::Atom(id) => atoms(*id),
            Self::Not(inner) => inner.value(atoms).not(),
            Self::All(parts) => fold(parts, Tri::Yes, Tri::No, Tri::and, atoms),
            Self::Any(parts) => fold(parts, Tri::No, Tri::Yes, Tri::or, atoms),
        }
    }

    /// Its value if no atom is known.
    pub(super) fn kleene(&self) -> Tri {
        self.value(&|_| Tri::Undecided)
    }

    /// Documents that are missing: read as if they said nothing.
    pub(super) fn without_missing(&self) -> Self {
        match self {
            Self::Missing => Self::No,
            Self::Not(inner) if **inner == Self::Missing => Self::Yes,
            Self::Not(inner) => inner.without_missing().not(),
            Self::All(parts) => Self::all(parts.iter().map(Self::without_missing)),
            Self::Any(parts) => Self::any(parts.iter().map(Self::without_missing)),
            Self::Yes | Self::No | Self::Atom(_) => self.clone(),
        }
    }

    pub(super) fn atoms(&self, into: &mut BTreeSet<usize>) {
        match self {
            Self::Yes | Self::No | Self::Missing => {}
            Self::Atom(id) => {
                into.insert(*id);
            }
            Self::Not(inner) => inner.atoms(into),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|p| p.atoms(into)),
        }
    }

    /// As alternatives, each a set of atoms that must (`true`) or must not (`false`) hold. Nothing if there are more
    /// than `limit` of them on the way.
    pub(super) fn alternatives(&self, limit: usize) -> Option<Alternatives> {
        self.expand(true, limit)
    }

    fn expand(&self, positive: bool, limit: usize) -> Option<Alternatives> {
        let yes = || Alternatives::from([BTreeSet::new()]);
        match (self, positive) {
            (Self::Yes, true) | (Self::No, false) => Some(yes()),
            (Self::Yes, false) | (Self::No, true) | (Self::Missing, _) => Some(BTreeSet::new()),
            (Self::Atom(id), _) => Some(BTreeSet::from([BTreeSet::from([(*id, positive)])])),
            (Self::Not(inner), _) => inner.expand(!positive, limit),
            (Self::All(parts), false) | (Self::Any(parts), true) => {
                let mut sum = Alternatives::new();
                for part in parts {
                    sum.extend(part.expand(positive, limit)?);
                    sum = absorbed(sum);
                    if sum.len() > limit {
                        return None;
                    }
                }
                Some(sum)
            }
            (Self::All(parts), true) | (Self::Any(parts), false) => {
                let mut product = yes();
                for part in parts {
                    let factor = part.expand(positive, limit)?;
                    // Absorption is quadratic: stop before it, not after.
                    if product.len() * factor.len() > 16 * limit {
                        return None;
                    }
                    let joined = product
                        .iter()
                        .flat_map(|left| factor.iter().map(move |right| left | right));
                    product = absorbed(joined.filter(consistent).collect());
                    if product.len() > limit {
                        return None;
                    }
                }
                Some(product)
            }
        }
    }
}

/// A disjunction of conjunctions of literals.
pub(super) type Alternatives = BTreeSet<BTreeSet<(usize, bool)>>;

fn push(kept: &mut Vec<Formula>, part: Formula) {
    if !kept.contains(&part) {
        kept.push(part);
    }
}

fn fold(
    parts: &[Formula],
    start: Tri,
    end: Tri,
    join: fn(Tri, Tri) -> Tri,
    atoms: &dyn Fn(usize) -> Tri,
) -> Tri {
    let mut sum = start;
    for part in parts {
        sum = join(sum, part.value(atoms));
        if sum == end {
            break;
        }
    }
    sum
}

fn consistent(term: &BTreeSet<(usize, bool)>) -> bool {
    !term
        .iter()
        .any(|(id, holds)| *holds && term.contains(&(*id, false)))
}

/// Without the terms that a shorter one contains.
pub(super) fn absorbed(terms: Alternatives) -> Alternatives {
    terms
        .iter()
        .filter(|term| {
            !terms
                .iter()
                .any(|other| other != *term && other.is_subset(term))
        })
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atom(id: usize) -> Formula {
        Formula::Atom(id)
    }

    #[test]
    fn constructors_simplify() {
        assert_eq!(Formula::all([Formula::Yes, atom(1), atom(1)]), atom(1));
        assert_eq!(
            Formula::any([Formula::No, atom(1), Formula::Yes]),
            Formula::Yes
        );
        assert_eq!(atom(1).not().not(), atom(1));
    }

    #[test]
    fn missing_is_never_decided() {
        let formula = atom(1).or(Formula::Missing);
        assert_eq!(formula.value(&|_| Tri::No), Tri::Undecided);
        assert_eq!(formula.value(&|_| Tri::Yes), Tri::Yes);
        assert_eq!(
            Formula::Missing.not().and(atom(1)).without_missing(),
            atom(1)
        );
    }

    #[test]
    fn alternatives_are_absorbed() {
        // (a or (a and b)) and not (c and a)
        let formula = atom(1)
            .or(atom(1).and(atom(2)))
            .and(atom(3).and(atom(1)).not());
        assert_eq!(
            formula.alternatives(10),
            Some(Alternatives::from([BTreeSet::from([
                (1, true),
                (3, false)
            ])]))
        );
        let wide = Formula::all((0..10).map(|id| atom(2 * id).or(atom(2 * id + 1))));
        assert_eq!(wide.alternatives(64), None);
    }
}
