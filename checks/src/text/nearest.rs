//! The known word that an unknown one was probably meant to be.

/// The nearest of the known words, if any is near enough to be worth naming.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = word.chars().count().min(64) / 3 + 1;
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The end of a sentence about an unknown word: `; did you mean ..?`, or a full stop.
#[must_use]
pub fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(word, known) {
        Some(known) => format!("; did you mean `{known}`?"),
        None => ".".to_owned(),
    }
}

/// Levenshtein's: insertions, deletions and replacements. Long words are cut: they are near nothing.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(128).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(128).enumerate() {
        let mut next = vec![i + 1];
        for ((to, above), diagonal) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or_default();
            let replaced = diagonal + usize::from(from != *to);
            next.push((left + 1).min(above + 1).min(replaced));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "ab", 2),
            ("ab", "", 2),
            ("kitten", "sitting", 3),
            ("fail-on", "fail_on", 1),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn only_what_is_near() {
        let known = ["retention_days", "required_tags", "format"];
        assert_eq!(nearest("retention_day", known), Some("retention_days"));
        assert_eq!(nearest("formats", known), Some("format"));
        assert_eq!(nearest("colour", known), None);
    }
}
