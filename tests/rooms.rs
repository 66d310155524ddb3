//! The rooms of each package, which are its files and folders at the top: what one imports does not import it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Imports = BTreeMap<String, BTreeSet<String>>;

/// What each room imports, without its tests.
fn imports(package: &str) -> Imports {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(package);
    let mut all = Imports::new();
    for entry in std::fs::read_dir(&root).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let room = name.trim_end_matches(".rs").to_owned();
        let of_tests = ["lib", "main", "fuzz", "testing", "catalogue_tests"];
        if !of_tests.contains(&room.as_str()) {
            read(&entry.path(), all.entry(room).or_default());
        }
    }
    let rooms: BTreeSet<String> = all.keys().cloned().collect();
    for (room, imported) in &mut all {
        imported.retain(|other| other != room && rooms.contains(other));
    }
    all
}

fn read(path: &Path, imported: &mut BTreeSet<String>) {
    let name = path.file_name().unwrap().to_str().unwrap();
    if path.is_dir() {
        if name != "tests" {
            for entry in std::fs::read_dir(path).unwrap() {
                read(&entry.unwrap().path(), imported);
            }
        }
        return;
    }
    if !name.ends_with(".rs") || ["tests.rs", "fuzz.rs", "stub.rs"].contains(&name) {
        return;
    }
    let text = std::fs::read_to_string(path).unwrap();
    let shipped = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = shipped
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let shipped: String = lines.flat_map(|line| [line, "\n"]).collect();
    for after in shipped.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(list) => imported.extend(of_list(list)),
            None => drop(imported.insert(word(after))),
        }
    }
}

fn word(text: &str) -> String {
    let is_part = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    text.chars().take_while(is_part).collect()
}

/// The first words of `a::b, c::{d, e}}`.
fn of_list(list: &str) -> Vec<String> {
    let (mut depth, mut all, mut at_start) = (0, Vec::new(), true);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_start = true,
            _ if c.is_whitespace() => {}
            _ => {
                if at_start {
                    all.push(word(&list[at..]));
                }
                at_start = false;
            }
        }
    }
    all
}

/// Those that import each other, whichever way round.
fn circles(mut imports: Imports) -> BTreeSet<String> {
    loop {
        let imported: BTreeSet<String> = imports.values().flatten().cloned().collect();
        let before = imports.len();
        imports.retain(|room, others| !others.is_empty() && imported.contains(room));
        let rooms: BTreeSet<String> = imports.keys().cloned().collect();
        for others in imports.values_mut() {
            others.retain(|other| rooms.contains(other));
        }
        if imports.len() == before {
            return rooms;
        }
    }
}

#[test]
fn no_room_imports_one_that_imports_it() {
    for package in ["src", "reports/src"] {
        assert_eq!(circles(imports(package)), BTreeSet::new(), "{package}");
    }
    // An inventory holds what the logs say, and by the inventory it is known which logs there should be.
    let known = ["coverage", "events", "inventory", "selectors"].map(str::to_owned);
    assert_eq!(circles(imports("checks/src")), BTreeSet::from(known));
}

#[test]
fn no_room_imports_commands() {
    for (room, others) in imports("src") {
        assert!(!others.contains("commands"), "{room} imports commands");
    }
}

/// The search finds what it looks for.
#[test]
fn imports_are_found() {
    let all = imports("src");
    assert!(all["commands"].contains("verify") && all["verify"].contains("objects"));
    assert!(all.len() > 20 && imports("checks/src").len() > 20);
    let rooms = |of: &[&str]| {
        of.iter()
            .map(|it| (*it).to_owned())
            .collect::<BTreeSet<_>>()
    };
    let of = |room: &str, others: &[&str]| (room.to_owned(), rooms(others));
    let ring = [
        of("a", &["b"]),
        of("b", &["c"]),
        of("c", &["b"]),
        of("d", &["a"]),
    ];
    assert_eq!(circles(ring.into()), rooms(&["b", "c"]));
    assert_eq!(of_list("a::b, c::{d, e},\n f};"), ["a", "c", "f"]);
}
