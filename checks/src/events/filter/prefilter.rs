//! Which logs cannot hold a match, by their bytes alone: a search for the texts that a match must have.
//!
//! A text is searched for only where it must stand in the log as it is spelled in the expression, but for case.
//! JSON can spell every character as an escape. Only some characters are searched for, and a log that spells one of
//! these as an escape is not skipped. Backslashes count among them: JSON within JSON is opened too.

use regex::bytes::{Regex, RegexBuilder};

use super::event::Short;
use super::parse::Node;
use super::path::Path;
use super::pattern::Pattern;
use super::test::{Equal, Member, Test};

/// The shortest text that is worth a search.
const MIN_LENGTH: usize = 3;
/// What a compiled search may need.
const MAX_SIZE: usize = 16 << 20;

/// What a log must hold: one text of each of the groups.
#[derive(Debug, Default)]
pub(super) struct Prefilter {
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    search: Regex,
    slash: bool,
}

/// One of these texts is in every match.
type Texts = Vec<String>;

/// The characters that are searched for. Others are spelled as escapes in real logs (`&`, `<`, `'`), or stand between
/// values, where white space may surround them.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/' | '@' | ' ')
}

impl Prefilter {
    pub(super) fn new(node: &Node, paths: &[Path]) -> Self {
        let groups = needed(node, paths);
        let groups = groups.iter().filter_map(Group::new);
        Self {
            groups: groups.collect(),
        }
    }

    /// Whether it can ever say no.
    pub(super) fn can_skip(&self) -> bool {
        !self.groups.is_empty()
    }

    /// Whether the log may hold a match. No is certain.
    pub(super) fn may_match(&self, log: &[u8]) -> bool {
        self.groups
            .iter()
            .all(|group| group.search.is_match(log) || is_spelled_otherwise(log, group.slash))
    }
}

impl Group {
    fn new(texts: &Texts) -> Option<Self> {
        let alternatives: Vec<String> = texts.iter().map(|it| regex::escape(it)).collect();
        // Without Unicode: case is that of ASCII, as it is for the patterns.
        let search = RegexBuilder::new(&alternatives.join("|"))
            .case_insensitive(true)
            .unicode(false)
            .size_limit(MAX_SIZE)
            .build()
            .ok()?;
        let slash = texts.iter().any(|it| it.contains('/'));
        Some(Self { search, slash })
    }
}

/// Whether a name may be in the log.
pub(super) fn may_hold(log: &[u8], name: &str) -> bool {
    Literals::any([name]).may_be_in(log)
}

/// Texts of which a log that matters holds at least one, in any case and however it is escaped.
#[derive(Debug)]
pub struct Literals(Option<Group>);

impl Literals {
    /// Of these texts. Without any, and where one of them cannot be searched for, every log matters.
    pub fn any<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let runs = texts
            .into_iter()
            .map(|it| longest_run(&[it.to_owned()], &is_plain));
        let runs: Option<Texts> = runs.collect();
        Self(
            runs.filter(|it| !it.is_empty())
                .and_then(|it| Group::new(&it)),
        )
    }

    /// Whether the log may hold one of them. No is certain.
    #[must_use]
    pub fn may_be_in(&self, log: &[u8]) -> bool {
        self.0
            .as_ref()
            .is_none_or(|it| it.search.is_match(log) || is_spelled_otherwise(log, it.slash))
    }
}

/// Whether the log spells a character that is searched for as an escape.
fn is_spelled_otherwise(log: &[u8], slash: bool) -> bool {
    let escaped = memchr::memmem::find_iter(log, b"\\u00").any(|at| {
        let digits = log
            .get(at + 4..at + 6)
            .and_then(|it| std::str::from_utf8(it).ok());
        let code = digits.and_then(|it| u8::from_str_radix(it, 16).ok());
        code.is_some_and(|code| code == b'\\' || is_plain(char::from(code)))
    });
    escaped || (slash && memchr::memmem::find(log, b"\\/").is_some())
}

/// The groups of texts that every match has.
fn needed(node: &Node, paths: &[Path]) -> Vec<Texts> {
    match node {
        Node::Always | Node::Not(_) => Vec::new(),
        Node::And(nodes) => nodes.iter().flat_map(|it| needed(it, paths)).collect(),
        Node::Or(nodes) => {
            // Each branch needs one of its own groups: the one that is hardest to find by chance.
            let branches: Option<Vec<Texts>> =
                nodes.iter().map(|it| best(needed(it, paths))).collect();
            branches.map(|it| it.concat()).into_iter().collect()
        }
        Node::Short(short, test) => of_short(*short, test).into_iter().collect(),
        Node::Path(place, test) => match paths.get(*place) {
            Some(_) => of_test(test, true, &is_plain).into_iter().collect(),
            None => Vec::new(),
        },
        Node::Word(pattern) => longest_run(&pattern.runs(), &is_plain)
            .map(|it| vec![it])
            .into_iter()
            .collect(),
    }
}

fn best(groups: Vec<Texts>) -> Option<Texts> {
    let shortest = |texts: &Texts| texts.iter().map(String::len).min().unwrap_or_default();
    groups.into_iter().max_by_key(shortest)
}

/// Only names whose values stand in the record as they are.
fn of_short(short: Short, test: &Test) -> Option<Texts> {
    match short {
        Short::Name
        | Short::Source
        | Short::Account
        | Short::Region
        | Short::Ip
        | Short::Agent
        | Short::Error
        | Short::Resource
        | Short::Session
        | Short::Service => of_test(test, false, &is_plain),
        Short::Actor => {
            // Some actors are put together of two values, with ` @ ` between them; and two are words of our own.
            let plain = |c| is_plain(c) && c != ' ' && c != '@';
            let texts = of_test(test, false, &plain)?;
            let ours = |text: &String| {
                let text = text.to_ascii_lowercase();
                ["unknown", "anonymous"].iter().any(|it| it.contains(&text))
            };
            (!texts.iter().any(ours)).then_some(texts)
        }
        Short::Time
        | Short::Root
        | Short::Denied
        | Short::Failed
        | Short::Proof
        | Short::Category
        | Short::Mfa => None,
    }
}

/// The texts of which one is in every value of which the test holds. `numbers` says that values may be numbers, which
/// have many spellings.
fn of_test(test: &Test, numbers: bool, plain: &dyn Fn(char) -> bool) -> Option<Texts> {
    match test {
        Test::Equal(equal) => Some(vec![of_equal(equal, numbers, plain)?]),
        Test::Exact(text) => Some(vec![longest_run(std::slice::from_ref(text), plain)?]),
        Test::In(members) => members
            .iter()
            .map(|member| match member {
                Member::Equal(equal) => of_equal(equal, numbers, plain),
                Member::Network(_) => None,
            })
            .collect(),
        Test::Compare(..) | Test::Regex(_) | Test::Exists | Test::Holds => None,
    }
}

fn of_equal(equal: &Equal, numbers: bool, plain: &dyn Fn(char) -> bool) -> Option<String> {
    if equal.time.is_some() || (numbers && equal.number.is_some()) {
        return None;
    }
    longest_run(&runs(&equal.pattern), plain)
}

fn runs(pattern: &Pattern) -> Vec<String> {
    pattern.runs()
}

/// The longest run of plain characters. Not in a text with backslashes or control characters: those are spelled with
/// letters in JSON, and the compact text of an object has such spellings.
fn longest_run(runs: &[String], plain: &dyn Fn(char) -> bool) -> Option<String> {
    let odd = |c: char| c == '\\' || c.is_control();
    let runs = runs.iter().filter(|run| !run.contains(odd));
    runs.flat_map(|run| run.split(|c| !plain(c)))
        // Between a name and its value there may be white space around the colon.
        .map(|run| run.trim_start_matches([':', ' ']))
        .max_by_key(|run| run.len())
        .filter(|run| run.len() >= MIN_LENGTH)
        .map(str::to_owned)
}
