//! The words that people read: phrases and headings that are not the field's, broken code spans, text for programmers,
//! sentences that nobody reads to their end.

use clap::CommandFactory as _;
use trailaudit::cli::Cli;
use trailaudit_checks::catalog;

use crate::binary::Place;

/// What is not said any more, and what is said instead.
const PHRASES: [(&str, &str); 37] = [
    ("could not be told", "could not be evaluated"),
    ("cannot be told", "cannot be determined"),
    ("let in", "granted access"),
    ("lets in", "grants access to"),
    ("lets no strangers", "should not grant public access"),
    ("lets everyone", "grants public access"),
    ("stranger", "external account or principal"),
    ("outsider", "external account or principal"),
    ("policy from above", "SCP or RCP"),
    ("policies from above", "SCPs or RCPs"),
    ("second factor", "MFA"),
    ("Nobody can", "Only approved principals should be able to"),
    ("nobody can", "no principal can"),
    ("whoever", "the principal that"),
    ("from elsewhere", "from an external account"),
    ("makes anew", "recreates"),
    ("Take cloud", "Remove cloud"),
    ("Take s3:", "Remove s3:"),
    ("Take iam:", "Remove iam:"),
    ("Take kms:", "Remove kms:"),
    ("Take organizations:", "Remove organizations:"),
    ("speed bump", "what it does"),
    ("is seen to fail", "no failures found"),
    ("was not seen", "was not assessed"),
    ("Tell ", "Report "),
    ("without an answer", "failed"),
    ("AWS's answers", "API responses"),
    ("asked of AWS", "requested"),
    ("by a peer", "published by others"),
    ("Rests on", "API calls used"),
    ("Looks alike", "Edge cases"),
    ("How it judges", "How it is evaluated"),
    ("What to do", "Remediation"),
    ("Everywhere", "Global options"),
    ("tamper rights", "permissions to tamper"),
    ("take in ", "include"),
    ("looks configured", "is still configured"),
];

/// What only programmers say.
const DEBUG: [&str; 5] = ["Some(", "None)", "Ok(", "Err(", "::"];

const MOST_WORDS: usize = 35;

/// Each text, with where it is.
fn texts() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for check in catalog::all() {
        let id = check.id;
        for (what, text) in [
            ("title", check.title),
            ("why", check.why),
            ("fix", check.fix),
            ("judged", check.judged),
        ] {
            all.push((format!("{id} {what}"), text.to_owned()));
        }
        let alike = check.alike.iter();
        all.extend(alike.map(|it| (format!("{id} alike"), (*it).to_owned())));
    }
    help(&Cli::command(), "trailaudit", &mut all);
    all
}

fn help(command: &clap::Command, name: &str, all: &mut Vec<(String, String)>) {
    let about = command
        .get_about()
        .into_iter()
        .map(|it| (name.to_owned(), it.to_string()));
    all.extend(about);
    for arg in command.get_arguments() {
        let at = format!("{name} {}", arg.get_id());
        let words = [arg.get_help(), arg.get_long_help()];
        all.extend(
            words
                .into_iter()
                .flatten()
                .map(|it| (at.clone(), it.to_string())),
        );
        let heading = arg.get_help_heading();
        all.extend(heading.map(|it| (format!("{at} heading"), it.to_owned())));
    }
    for inner in command.get_subcommands() {
        help(inner, &format!("{name} {}", inner.get_name()), all);
    }
}

/// Without what stands between backticks: commands and names are not sentences.
fn prose(text: &str) -> String {
    text.split('`').step_by(2).collect::<Vec<_>>().join("CODE")
}

/// `AWS::S3::Object` and the like are AWS's own names.
fn without_types(text: &str) -> String {
    let words = text.split(' ').map(|it| match it.contains("AWS::") {
        true => "TYPE",
        false => it,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What a scan says: messages, labels of facts, answers, remediation, notes.
#[test]
fn a_scan_says_it_in_the_fields_words() {
    fn walk(value: &serde_json::Value, wrong: &mut Vec<String>) {
        match value {
            serde_json::Value::String(text) => {
                let found = PHRASES.iter().filter(|(phrase, _)| text.contains(phrase));
                wrong.extend(
                    found.map(|(phrase, better)| format!("{phrase:?}, say {better:?}: {text}")),
                );
            }
            serde_json::Value::Array(items) => items.iter().for_each(|it| walk(it, wrong)),
            serde_json::Value::Object(fields) => fields.values().for_each(|it| walk(it, wrong)),
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {
            }
        }
    }
    let audit = Place::new().run(&["scan", "--demo", "-f", "json"]).code(1);
    let mut wrong = Vec::new();
    walk(&audit.json(), &mut wrong);
    wrong.sort();
    wrong.dedup();
    assert!(
        wrong.is_empty(),
        "{} texts:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What people read without a finding shows no structure in which a value is kept.
#[test]
fn a_report_dumps_no_structures() {
    let text = Place::new()
        .run(&["scan", "--demo", "--details"])
        .code(1)
        .stdout;
    let lines = text
        .lines()
        .filter(|it| it.trim_start().starts_with("actual"));
    let dumped: Vec<&str> = lines.filter(|it| it.contains(['{', '[', '}'])).collect();
    assert!(text.contains("  actual "), "{text}");
    assert!(dumped.is_empty(), "{}", dumped.join("\n"));
}

#[test]
fn words_are_the_fields() {
    let mut wrong = Vec::new();
    for (at, text) in texts() {
        let prose = without_types(&prose(&text));
        for (phrase, better) in PHRASES {
            if prose.contains(phrase) {
                wrong.push(format!("{at}: {phrase:?}, say {better:?}"));
            }
        }
        for word in DEBUG {
            if prose.contains(word) {
                wrong.push(format!("{at}: {word:?} is for programmers"));
            }
        }
        for sentence in prose.split(['.', ';', ':', '?']) {
            let words = sentence.split_whitespace().count();
            if words > MOST_WORDS {
                wrong.push(format!(
                    "{at}: a sentence of {words} words: {}",
                    sentence.trim()
                ));
            }
        }
        let spans = text.split('`').skip(1).step_by(2);
        for span in spans {
            let broken = span.split(' ').zip(span.split(' ').skip(1));
            let mut broken = broken.filter(|(one, two)| {
                one.len() > 1
                    && one.ends_with('-')
                    && two.starts_with(|c: char| c.is_ascii_lowercase())
            });
            if let Some((one, two)) = broken.next() {
                wrong.push(format!("{at}: a broken word: {one} {two}"));
            }
        }
        if text.matches('`').count() % 2 == 1 {
            wrong.push(format!("{at}: a backtick without its other one"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} texts:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
