//! Equal questions about large selectors are answered once: the checks ask the same of a trail in every account and
//! region of an organization.

use std::cell::RefCell;
use std::collections::HashMap;

use super::{Answer, Condition, Events};
use crate::text::TooComplex;

/// Fewer values than these cost less than to look the answer up.
const WORTHWHILE: usize = 40;
/// So many answers are kept.
const KEPT: usize = 128;

/// What was asked, and the sets that were compared.
type Question = Vec<Vec<Condition>>;
type Found = Result<Answer, TooComplex>;

thread_local! {
    static ANSWERS: RefCell<HashMap<Question, Found>> = RefCell::default();
}

/// The answer to a question, found by `compare` unless it is known.
pub(super) fn answer(asked: &Events, sets: &[&Events], compare: impl FnOnce() -> Found) -> Found {
    let all = || std::iter::once(&asked).chain(sets);
    let values = |it: &Condition| it.any_of.len() + it.none_of.len();
    let size = all()
        .flat_map(|it| &it.conditions)
        .map(values)
        .sum::<usize>();
    // A doubt names its account and region.
    if size < WORTHWHILE || all().any(|it| it.doubt.is_some()) {
        return compare();
    }
    let question: Question = all().map(|it| it.conditions.clone()).collect();
    let known = ANSWERS.with_borrow(|it| it.get(&question).cloned());
    known.unwrap_or_else(|| {
        let found = compare();
        ANSWERS.with_borrow_mut(|it| {
            if it.len() >= KEPT {
                it.clear();
            }
            it.insert(question, found.clone());
        });
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selectors::{Field, Pattern};

    #[test]
    fn a_question_is_answered_once_and_another_is_another() {
        let names = |last: &str| {
            let names = (0..60).map(|it| it.to_string()).chain([last.to_owned()]);
            Events::management().except(Field::EventName, names.map(Pattern::equals))
        };
        let asked = Events::management();
        let mut count = 0;
        let mut ask = |asked: &Events, set: &Events| {
            answer(asked, &[set], || {
                count += 1;
                Ok(Answer::Covers)
            })
            .unwrap();
            count
        };
        assert_eq!(ask(&asked, &names("a")), 1);
        assert_eq!(ask(&asked, &names("a")), 1);
        assert_eq!(ask(&asked, &names("b")), 2);
        assert_eq!(ask(&asked.clone().reading(true), &names("a")), 3);
        assert_eq!(ask(&asked, &names("a")), 3);
    }
}
