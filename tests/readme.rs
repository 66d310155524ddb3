//! The README shows what the binary prints: its picture is the head of the sample's report, as it is today.

use crate::binary::Place;

/// How many lines the picture has.
const PICTURE: usize = 46;
/// Where the picture begins and ends in the README.
const FENCE: &str = "```\n";
const LEAD: &str = "of the report on the sample:\n\n```\n";

#[test]
fn the_readme_shows_what_the_sample_prints() {
    let place = Place::new();
    let printed = place.run(&["scan", "--demo"]).stdout;
    let lines = printed.lines().count();
    assert!(lines < 120, "two screens have less than {lines} lines");
    let head: String = printed.split_inclusive('\n').take(PICTURE).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once(LEAD).unwrap();
    let (shown, after) = rest.split_once(FENCE).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        let renewed = [before, LEAD, &head, FENCE, after].concat();
        std::fs::write(path, renewed).unwrap();
        return;
    }
    assert_eq!(
        shown, head,
        "renew it with `UPDATE=1 cargo test --test main the_readme_shows`"
    );
}

/// The commands that a newcomer needs stand where a newcomer looks.
#[test]
fn the_two_commands_come_early() {
    let readme = include_str!("../README.md");
    let early: Vec<&str> = readme.lines().take(60).collect();
    for command in ["cargo run --release -- scan --demo", "tests/run.sh"] {
        assert!(early.iter().any(|it| it.starts_with(command)), "{command}");
    }
}
