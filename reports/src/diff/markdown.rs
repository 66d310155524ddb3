//! For a comment on a pull request: short, and within GitHub's limit of 65,536 characters.

use std::io::{self, Write};

use trailaudit_checks::audit::compare::{Change, Comparison};

use super::{PARTS, coverage, message, side, step, verdict, warnings};
use crate::markdown::sections::Section;
use crate::markdown::words::{code, text};
use crate::wording::{self, number};
use crate::{Format, Options};

pub(crate) const FORMAT: Format<Comparison> = Format {
    name: "markdown",
    extension: "md",
    about: "For a pull request comment: short, what got worse in the open, the rest folded",
    write,
};

/// Marks the comment, for whoever replaces an earlier one by a later one.
const MARK: &str = "<!-- trailaudit diff -->";
/// The longest name, and the longest sentence.
const NAME: usize = 200;
const SENTENCE: usize = 300;
/// How many bytes what got worse may take, and each of the other parts: all of them fit into one comment.
const WORSE: usize = 24_000;
const OTHER: usize = 6_000;

fn write(it: &Comparison, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    let (_, word, sentence) = verdict(it);
    let mut page = format!(
        "{MARK}\n## CloudTrail: {}\n\n{sentence}.\n\n{}.\n\n- Before: {}\n- After: {}\n",
        capital(word),
        wording::changes(&it.counts),
        text(&side(&it.before), NAME),
        text(&side(&it.after), NAME),
    );
    for words in warnings(it) {
        page.push_str(&format!("- Note: {words}\n"));
    }
    for (title, belongs) in PARTS {
        let all: Vec<&Change> = it.changes.iter().filter(|it| belongs(it)).collect();
        let title_of = format!("{title}: {}", number(all.len() as u64));
        let mut section = match title {
            "Worse" => Section::new(&title_of, "change", WORSE),
            _ => Section::folded(&title_of, "change", OTHER),
        };
        for change in &all {
            section.add(&line(change), 1);
        }
        page.push_str(section.end(all.is_empty()).as_str());
    }
    let mut section = Section::folded("Coverage", "place", OTHER);
    let (worse, other): (Vec<_>, Vec<_>) = it.coverage.iter().partition(|it| it.worse);
    for change in worse.iter().chain(&other) {
        section.add(&format!("- {}\n", text(&coverage(change), NAME)), 1);
    }
    page.push_str(section.end(it.coverage.is_empty()).as_str());
    out.write_all(page.as_bytes())?;
    out.flush()
}

fn line(change: &Change) -> String {
    format!(
        "- **{}** {} {} {}: {}\n",
        change.severity().as_str().to_uppercase(),
        code(&change.check, NAME),
        text(&step(change), NAME),
        code(&change.subject.id, NAME),
        text(message(change), SENTENCE)
    )
}

/// `NOT WORSE` as a title has it.
fn capital(word: &str) -> String {
    let lower = word.to_lowercase();
    let mut chars = lower.chars();
    let first = chars.next().map(|it| it.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}
