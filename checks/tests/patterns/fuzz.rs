//! Inputs from a seed: nothing panics, and what a comparison says is true of every small event.

use serde_json::{Map, Value, json};
use trailaudit_checks::patterns::{
    Comparison, Expr, Tri, Value as Field, Witness, covers, parse_event_pattern, parse_filter,
};

/// SplitMix64: small, and the same everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(sides).unwrap()).unwrap()
    }

    pub(crate) fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.roll(list.len())]
    }
}

const PIECES: [&str; 34] = [
    "{", "}", "(", ")", "$", ".", "$.a", "$.a.b", "[", "]", "[0]", "[*]", "'", "\"", "\\", "%",
    "%a+|[b-%", "=", "!=", "<=", ">", "&&", "||", "NOT", "EXISTS", "IS", "NULL", "TRUE", "1e5",
    "-3", "x*", "é", " ", "\u{0}",
];

#[test]
fn no_text_panics() {
    let mut dice = Dice(1);
    // More can be asked for: TRAILAUDIT_FUZZ_ROUNDS=1000000.
    let rounds = option_env!("TRAILAUDIT_FUZZ_ROUNDS");
    for _ in 0..rounds.map_or(20_000, |it| it.parse().unwrap()) {
        let mut text = String::new();
        for _ in 0..dice.roll(24) {
            text.push_str(dice.pick(&PIECES));
        }
        let _ = parse_filter(&text);
        let _ = parse_filter(&format!("{{ $.a = %{text}% }}"));
        let _ = parse_event_pattern(&text);
    }
}

#[test]
fn hostile_texts_give_errors() {
    let long = format!("{{ $.a = {} }}", "x".repeat(1 << 20));
    let deep = format!("{{ {}$.a = 1{} }}", "(".repeat(5_000), ")".repeat(5_000));
    let many = vec!["$.a = 1"; 1_500].join("||");
    for text in [long, deep, format!("{{{many}}}")] {
        assert!(parse_filter(&text).is_err());
    }
    let repeats = format!("{{ $.a = %{}% }}", "[a-z]{128}".repeat(1_000));
    assert!(parse_filter(&repeats).is_err());
    let deep = format!("{}[1]{}", r#"{"a":"#.repeat(100), "}".repeat(100));
    assert!(parse_event_pattern(&deep).is_err());
    let or = format!(
        "{}{{\"a\":[1]}}{}",
        r#"{"$or":["#.repeat(50),
        "]}".repeat(50)
    );
    let _ = parse_event_pattern(&or);
}

#[test]
fn a_comparison_that_is_too_large_is_not_claimed() {
    let tests: Vec<String> = (0..60)
        .map(|n| format!("($.a{n} = x || $.b{n} = y)"))
        .collect();
    let filter = parse_filter(&format!("{{ $.z = 1 || ({}) }}", tests.join("&&"))).unwrap();
    let required = parse_filter(&format!("{{ {} }}", tests.join("&&"))).unwrap();
    assert!(!matches!(covers(&required, &filter), Comparison::Misses(_)));
}

fn filter(dice: &mut Dice, depth: usize) -> String {
    if depth > 0 && dice.roll(3) > 0 {
        let join = dice.pick(&[" && ", "||"]);
        let parts: Vec<String> = (0..1 + dice.roll(3))
            .map(|_| filter(dice, depth - 1))
            .collect();
        return format!("({})", parts.join(join));
    }
    let path = dice.pick(&["$.a", "$.b", "$.b.c"]);
    let test = dice.pick(&[
        "= x",
        "= y",
        "!= x",
        "= x*",
        "= \"*y\"",
        "= *",
        "!= \"x*y\"",
        "NOT EXISTS",
        "IS NULL",
        "IS TRUE",
        "= 5",
        "> 3",
        "<= 5",
        "= %^x[a-y]?$%",
    ]);
    format!("{path} {test}")
}

fn rule(dice: &mut Dice, depth: usize) -> Value {
    let mut map = Map::new();
    if depth > 0 && dice.roll(3) == 0 {
        map.insert(
            "$or".to_owned(),
            json!([rule(dice, depth - 1), rule(dice, depth - 1)]),
        );
    }
    for key in ["a", "b"] {
        if dice.roll(2) == 0 {
            map.insert(
                key.to_owned(),
                Value::Array((0..1 + dice.roll(2)).map(|_| leaf(dice)).collect()),
            );
        }
    }
    if map.is_empty() {
        map.insert("b".to_owned(), json!({"c": [leaf(dice)]}));
    }
    Value::Object(map)
}

fn leaf(dice: &mut Dice) -> Value {
    let text = dice.pick(&[
        r#""x""#,
        "5",
        "null",
        "true",
        r#"{"prefix":"x"}"#,
        r#"{"suffix":"y"}"#,
        r#"{"anything-but":"x"}"#,
        r#"{"anything-but":["x",5]}"#,
        r#"{"anything-but":{"prefix":["x","y"]}}"#,
        r#"{"exists":true}"#,
        r#"{"exists":false}"#,
        r#"{"numeric":[">",3,"<=",5]}"#,
        r#"{"equals-ignore-case":"X"}"#,
        r#"{"wildcard":"x*y"}"#,
        r#"{"cidr":"10.0.0.0/8"}"#,
    ]);
    serde_json::from_str(text).unwrap()
}

fn events() -> Vec<Value> {
    let values = [
        json!("x"),
        json!("y"),
        json!("xy"),
        json!("xay"),
        json!("z"),
        json!(""),
        json!("X"),
        json!("5"),
        json!("10.1.2.3"),
        json!(5),
        json!(4),
        json!(9),
        Value::Null,
        json!(true),
        json!(false),
        json!({}),
        json!({"c": "x"}),
        json!({"c": 5}),
    ];
    let mut all = vec![json!({})];
    for a in &values {
        all.push(json!({"a": a}));
        for b in &values {
            all.push(json!({"a": a, "b": b}));
        }
    }
    all
}

/// The event that a witness describes.
fn event(witness: &Witness) -> Value {
    let mut event = json!({});
    for (path, value) in &witness.fields {
        let value = match value {
            Field::Absent => continue,
            Field::Null => Value::Null,
            Field::Bool(it) => json!(it),
            Field::Number(it) => json!(it),
            Field::Text(it) => json!(it),
            Field::Nested => json!({}),
        };
        let mut at = &mut event;
        for key in path.to_string().split('.') {
            at = at.as_object_mut().unwrap().entry(key).or_insert(json!({}));
        }
        if !value.is_object() {
            *at = value;
        }
    }
    event
}

fn agree(required: &Expr, pattern: &Expr, events: &[Value], told: &str) -> &'static str {
    match covers(required, pattern) {
        Comparison::Covers => {
            for event in events {
                let bad = required.matches(event) == Tri::Yes && pattern.matches(event) != Tri::Yes;
                assert!(!bad, "{told}: covers, but not {event}");
            }
            "covers"
        }
        Comparison::Misses(witness) => {
            let event = event(&witness);
            assert_eq!(
                required.matches(&event),
                Tri::Yes,
                "{told}: {witness} is not required"
            );
            assert_eq!(
                pattern.matches(&event),
                Tri::No,
                "{told}: {witness} is not missed"
            );
            "misses"
        }
        Comparison::CannotTell(_) | Comparison::TooComplex(_) => "cannot tell",
    }
}

#[test]
fn what_is_said_is_true_of_every_small_event() {
    let events = events();
    let mut dice = Dice(7);
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..1_500 {
        let required = format!("{{ {} }}", filter(&mut dice, 2));
        let expr = parse_filter(&required).unwrap();
        let (told, pattern) = if dice.roll(2) == 0 {
            let text = format!("{{ {} }}", filter(&mut dice, 2));
            let pattern = parse_filter(&text).unwrap();
            (text, pattern)
        } else {
            let text = rule(&mut dice, 1).to_string();
            let pattern = parse_event_pattern(&text).unwrap();
            (text, pattern)
        };
        let answer = agree(&expr, &pattern, &events, &format!("{required} by {told}"));
        *seen.entry(answer).or_insert(0) += 1;
        // Everything covers itself, but for what AWS does not document.
        assert_ne!(
            agree(&expr, &expr, &events, &required),
            "misses",
            "{required}"
        );
    }
    assert!(seen["covers"] > 50 && seen["misses"] > 500, "{seen:?}");
}
