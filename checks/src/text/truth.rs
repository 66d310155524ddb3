//! Three-valued truth.

/// Yes, no, or: it depends on what is not known. An error or a missing fact is `Undecided`, never `No`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tri {
    /// In every case.
    Yes,
    /// In no case.
    No,
    /// It depends on what is not known, or not documented.
    Undecided,
}

impl Tri {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            (Self::Undecided, Self::Yes | Self::Undecided) | (Self::Yes, Self::Undecided) => {
                Self::Undecided
            }
        }
    }

    /// At least one.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    /// The opposite.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "reads like `and` and `or`")]
    pub fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Undecided => Self::Undecided,
        }
    }
}

impl From<bool> for Tri {
    fn from(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

/// `decisive` if one is; else undecided if one is; else the other.
pub fn fold(values: impl IntoIterator<Item = Tri>, decisive: Tri) -> Tri {
    let mut result = decisive.not();
    for value in values {
        if value == decisive {
            return decisive;
        }
        if value == Tri::Undecided {
            result = Tri::Undecided;
        }
    }
    result
}
