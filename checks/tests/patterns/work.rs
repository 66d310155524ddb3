//! Work as a property: whatever the pattern, a comparison ends within its budget, and ordinary ones need little of it.
//! What is asserted is the counter, never the clock.

use std::path::Path;

use serde_json::Value;
use trailaudit_checks::patterns::{
    Comparison, Expr, PatternError, covers_within, parse_event_pattern, parse_filter,
};
use trailaudit_checks::text::Work;

use crate::fuzz::Dice;

const BUDGET: u64 = 1_000_000;
/// The last step may be larger than what was left.
const SLACK: u64 = 300_000;

fn spent(required: &Expr, pattern: &Expr) -> (Comparison, u64) {
    let mut work = Work::new(BUDGET);
    let found = covers_within(required, pattern, &mut work);
    (found, work.spent())
}

fn required() -> Expr {
    let names = ["StopLogging", "DeleteTrail", "aab", "abc"];
    Expr::All(vec![
        Expr::one_of("eventName", names),
        parse_filter("{ $.userIdentity.type = * && $.errorCode = \"Access*\" }").unwrap(),
    ])
}

#[test]
fn attacks_end_within_their_budget() {
    let required = required();
    let repeated = |piece: &str, times: usize| piece.repeat(times);
    let attacks = [
        "{ $.eventName = %a{0}{128}{128}{128}{128}{128}{128}..% }".to_owned(),
        "{ $.eventName = %a{0}{128}{128}..% }".to_owned(),
        format!("{{ $.eventName = %{}% }}", repeated("[^a]{128}", 60)),
        format!("{{ $.eventName = %{}% }}", repeated("a*", 500)),
        format!("{{ $.eventName = %{}b% }}", repeated("a?", 500)),
        "{ $.eventName = %a.{60}% || $.eventName = %b.{60}% }".to_owned(),
        format!("{{ $.eventName = \"*a{}\" }}", repeated("*b", 500)),
        format!(
            "{{ {} }}",
            (0..30)
                .map(|n| format!("($.eventName = \"*{}*{}*\")", char::from(b'a' + n % 26), n))
                .collect::<Vec<_>>()
                .join(" || ")
        ),
        format!(
            "{{ {} }}",
            (0..100)
                .map(|n| format!("($.a{n} != x || $.b{n} NOT EXISTS || $.eventName = n{n})"))
                .collect::<Vec<_>>()
                .join(" && ")
        ),
        format!("{{ $.eventName = \"{}\" }}", repeated("x*y?", 4_000)),
    ];
    for attack in attacks {
        match parse_filter(&attack) {
            Ok(filter) => {
                let (found, work) = spent(&required, &filter);
                assert!(work <= BUDGET + SLACK, "{work}: {attack:.80}");
                if work > BUDGET {
                    assert!(matches!(found, Comparison::TooComplex(_)), "{attack:.80}");
                }
            }
            Err(error) => assert!(
                matches!(
                    error,
                    PatternError::TooComplex | PatternError::Syntax { .. }
                ),
                "{error}: {attack:.80}"
            ),
        }
    }
}

#[test]
fn a_spent_budget_is_never_a_pass() {
    let filter = parse_filter("{ $.eventName = \"*a*b*\" || $.eventName != \"*a*b*\" }").unwrap();
    let required = required();
    let (found, needed) = spent(&required, &filter);
    assert_eq!(found, Comparison::Covers);
    for budget in 0..needed {
        let mut work = Work::new(budget);
        let found = covers_within(&required, &filter, &mut work);
        assert!(
            matches!(found, Comparison::TooComplex(_)),
            "{budget}: {found:?}"
        );
    }
}

/// Filters and event patterns of any make.
#[test]
fn no_pattern_takes_more_than_its_budget() {
    let mut dice = Dice::new(13);
    let required = required();
    let pieces = [
        "a", "b", ".", "[^a]", "[a-f]", "a?", "b*", ".+", ".{9}", "[^b]{40}", "a{0}", "{3}", "|",
        "^", "$", "\\d",
    ];
    let (mut read, mut most) = (0, 0);
    for _ in 0..300 {
        let mut tests = Vec::new();
        for _ in 0..1 + dice.roll(6) {
            let field = dice.pick(&[
                "eventName",
                "errorCode",
                "x",
                "userIdentity.type",
                "userIdentity",
            ]);
            let text: String = (0..1 + dice.roll(8)).map(|_| dice.pick(&pieces)).collect();
            tests.push(match dice.roll(4) {
                0 => format!("($.{field} = %{text}%)"),
                1 => format!("($.{field} != %{text}%)"),
                2 => format!("($.{field} = \"*{}*\")", text.replace(['"', '\\'], "")),
                _ => format!("($.{field} NOT EXISTS)"),
            });
        }
        let join = dice.pick(&[" && ", " || "]);
        let Ok(filter) = parse_filter(&format!("{{ {} }}", tests.join(join))) else {
            continue;
        };
        let (_, work) = spent(&required, &filter);
        assert!(work <= BUDGET + SLACK, "{work}: {}", tests.join(join));
        read += 1;
        most = most.max(work);
    }
    assert!(read > 50, "{read} were read");
    assert!(most > 1_000, "{most}");
}

/// Every published filter, in every spelling, next to all others.
#[test]
fn published_filters_need_a_hundredth_of_the_budget() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/patterns/monitoring/written.json");
    let text = std::fs::read_to_string(file).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let parsed = cases
        .iter()
        .filter_map(|case| match (&case["filter"], &case["rule"]) {
            (Value::String(filter), _) => parse_filter(filter).ok(),
            (_, Value::Null) => None,
            (_, rule) => parse_event_pattern(&rule.to_string()).ok(),
        });
    let parsed: Vec<Expr> = parsed.collect();
    assert!(parsed.len() > 50, "{}", parsed.len());
    let required = required();
    for pattern in &parsed {
        let (found, work) = spent(&required, pattern);
        assert!(!matches!(found, Comparison::TooComplex(_)));
        assert!(work < BUDGET / 100, "{work}");
    }
    let (found, work) = spent(&required, &Expr::Any(parsed));
    assert!(!matches!(found, Comparison::TooComplex(_)), "{found:?}");
    assert!(work < BUDGET / 2, "{work}");
}
