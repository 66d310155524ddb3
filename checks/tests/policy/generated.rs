//! Random small policies: the symbolic verdict against all worlds, run one by one. Seeded, so that a failure repeats.

use trailaudit_checks::policy::{
    AtomTest, Caller, CallerKind, Condition, Context, Decision, Document, Effect, Key, Level,
    Outcome, Policy, Request, Residual, ResourcePattern, Target, Tri, Value, Verdict, decide,
};

use crate::case::Kept;
use crate::enumerate;

/// A small generator (xorshift): the same numbers on every machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

const ACCOUNT: &str = "111122223333";
const ROLE: &str = "arn:aws:iam::111122223333:role/ops";
const ARNS: [&str; 6] = [
    "arn:aws:s3:::logs/a",
    "arn:aws:s3:::logs/ab",
    "arn:aws:s3:::logs/b/a",
    "arn:aws:s3:::logs/b",
    "arn:aws:s3:::logs/",
    "arn:aws:s3:::logs/b/b/c",
];
const PATTERNS: [&str; 10] = [
    "*",
    "arn:aws:s3:::logs/*",
    "arn:aws:s3:::logs/a*",
    "arn:aws:s3:::logs/?",
    "arn:aws:s3:::logs/*a",
    "arn:aws:s3:::logs/b/*",
    "arn:aws:s3:::logs/${k1}*",
    "arn:aws:s3:::logs/a",
    "arn:aws:s3:::other/*",
    "arn:aws:s3",
];
const KEYS: [&str; 3] = ["k1", "k2", "K3"];
/// What keys can be, and what they are compared with: letters, numbers, addresses, dates, truth.
const TEXTS: [&str; 12] = [
    "a",
    "ab",
    "A",
    "b",
    "5",
    "10",
    "10.0.0.1",
    "10.1.0.0",
    "true",
    "false",
    "2026-01-01T00:00:00Z",
    "arn:aws:s3:::a",
];
const OPERATORS: [&str; 24] = [
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringEqualsIfExists",
    "StringNotEqualsIfExists",
    "ArnLike",
    "ArnNotEquals",
    "NumericLessThan",
    "NumericNotEquals",
    "NumericGreaterThanEquals",
    "DateLessThan",
    "DateGreaterThanEquals",
    "Bool",
    "BoolIfExists",
    "IpAddress",
    "NotIpAddress",
    "Null",
    "ForAnyValue:StringEquals",
    "ForAllValues:StringLike",
    "ForAnyValue:StringNotEquals",
    "ForAllValues:StringNotLike",
    "ForAnyValue:StringLikeIfExists",
];

fn condition(random: &mut Random) -> String {
    let operator = random.pick(&OPERATORS);
    let key = random.pick(&KEYS);
    let values: &[&str] = if operator.contains("Like") {
        &[
            "a*",
            "?",
            "*b",
            "A?",
            "*",
            "${k2}",
            "${k1, 'a'}",
            "arn:aws:s3:::*",
        ]
    } else if operator.contains("String") {
        &["a", "ab", "b", "5", "${K2}", "${k3}*", "true"]
    } else if operator.contains("Arn") {
        &["arn:aws:s3:::a", "arn:aws:s3:::*", "*"]
    } else if operator.contains("Numeric") {
        &["5", "7.5", "10", "ten"]
    } else if operator.contains("Date") {
        &["2026-01-01T00:00:00Z", "2026-01-01", "1767225601", "soon"]
    } else if operator.contains("Ip") {
        &[
            "10.0.0.0/8",
            "10.0.0.0/16",
            "10.1.0.0/16",
            "10.0.0.1",
            "::/0",
        ]
    } else {
        &["true", "false", "FALSE"]
    };
    let list: Vec<String> = (0..=random.below(2))
        .map(|_| format!("\"{}\"", random.pick(values)))
        .collect();
    format!(r#""{operator}":{{"{key}":[{}]}}"#, list.join(","))
}

fn statement(random: &mut Random, principals: bool) -> String {
    let effect = if random.chance(40) { "Deny" } else { "Allow" };
    let action = random.pick(&[
        r#""Action":"s3:*""#,
        r#""Action":"*""#,
        r#""NotAction":"iam:*""#,
        r#""Action":"s3:Put*""#,
    ]);
    let resource = if random.chance(25) {
        "NotResource"
    } else {
        "Resource"
    };
    let patterns: Vec<String> = (0..=random.below(2))
        .map(|_| format!("\"{}\"", random.pick(&PATTERNS)))
        .collect();
    let mut seen = Vec::new();
    let mut conditions = Vec::new();
    for _ in 0..random.below(3) {
        let one = condition(random);
        let operator = one.split("\":{").next().unwrap().to_owned();
        if !seen.contains(&operator) {
            seen.push(operator);
            conditions.push(one);
        }
    }
    let principal = if principals {
        let principal = random.pick(&[
            r#""Principal":"*""#,
            r#""Principal":{"AWS":"111122223333"}"#,
            r#""Principal":{"AWS":"arn:aws:iam::111122223333:role/ops"}"#,
            r#""NotPrincipal":{"AWS":"arn:aws:iam::999922223333:role/x"}"#,
        ]);
        format!("{principal},")
    } else {
        String::new()
    };
    format!(
        r#"{{"Effect":"{effect}",{principal}{action},"{resource}":[{}],"Condition":{{{}}}}}"#,
        patterns.join(","),
        conditions.join(",")
    )
}

pub(crate) fn document(random: &mut Random, principals: bool) -> Document {
    let version = if random.chance(90) {
        "2012-10-17"
    } else {
        "2008-10-17"
    };
    let statements: Vec<String> = (0..=random.below(3))
        .map(|_| statement(random, principals))
        .collect();
    let text = format!(
        r#"{{"Version":"{version}","Statement":[{}]}}"#,
        statements.join(",")
    );
    Document::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

struct World {
    identity: Vec<Document>,
    boundary: Option<Document>,
    session: Option<Document>,
    scp: Option<Document>,
    resource: Option<Document>,
    foreign: bool,
}

impl World {
    fn new(random: &mut Random) -> Self {
        let mut maybe =
            |percent, principals| random.chance(percent).then(|| document(random, principals));
        let (boundary, session, scp, resource) = (
            maybe(25, false),
            maybe(20, false),
            maybe(25, false),
            maybe(50, true),
        );
        Self {
            identity: (0..=random.below(2))
                .map(|_| document(random, false))
                .collect(),
            boundary,
            session,
            scp,
            resource,
            foreign: random.chance(25),
        }
    }

    fn layers(&self) -> Kept<'_> {
        fn one<'a>(name: &str, document: Option<&'a Document>) -> Option<Policy<'a>> {
            document.map(|document| Policy::new(name, document))
        }
        Kept {
            identity: self
                .identity
                .iter()
                .map(|document| Policy::new("identity", document))
                .collect(),
            boundary: one("boundary", self.boundary.as_ref()),
            session: one("session", self.session.as_ref()),
            scps: self.scp.as_ref().map(|document| {
                vec![Level {
                    target: "r-root".to_owned(),
                    policies: vec![Policy::new("scp", document)],
                }]
            }),
            resource: one("resource", self.resource.as_ref()),
            ..Kept::default()
        }
    }

    fn request(&self, context: Context, target: Target) -> Request {
        Request {
            caller: Caller::new(CallerKind::Role, ROLE, ACCOUNT),
            action: "s3:PutObject".to_owned(),
            target,
            resource_account: if self.foreign {
                "999922223333"
            } else {
                ACCOUNT
            }
            .to_owned(),
            context,
        }
    }
}

fn state(random: &mut Random) -> Option<Value> {
    match random.below(10) {
        0 | 1 => None,
        2 => Some(Value::Many(
            (0..random.below(3))
                .map(|_| random.pick(&TEXTS).to_owned())
                .collect(),
        )),
        _ => Some(Value::One(random.pick(&TEXTS).to_owned())),
    }
}

fn arns(random: &mut Random) -> Vec<String> {
    (0..=random.below(3))
        .map(|_| random.pick(&ARNS).to_owned())
        .collect()
}

#[test]
fn finite_worlds_are_decided_exactly() {
    let mut random = Random::seeded(11);
    let mut counts = [0_usize; 3];
    for round in 0..1_200 {
        let world = World::new(&mut random);
        let mut context = Context::new();
        for key in KEYS {
            let states = (0..=random.below(4)).map(|_| state(&mut random)).collect();
            context.set(key, Key::OneOf(states));
        }
        let request = world.request(context, Target::OneOf(arns(&mut random)));
        let kept = world.layers();
        let layers = kept.view();
        let decision = decide(&request, &layers);
        let expected = enumerate::verdict(&request, &layers);
        assert_eq!(decision.verdict, expected, "round {round}");
        assert!(!decision.approximate, "round {round}");
        match expected {
            Verdict::Allowed => counts[0] += 1,
            Verdict::Conditional => counts[1] += 1,
            Verdict::Denied | Verdict::Unknown => counts[2] += 1,
        }
    }
    assert!(
        counts.iter().all(|count| *count > 60),
        "too one-sided: {counts:?}"
    );
}

/// Keys of which nothing is known, whole sets of resources: what is claimed must hold in every world that we can think of.
#[test]
fn open_worlds_are_never_claimed_wrongly() {
    let mut random = Random::seeded(13);
    let mut decided = 0_usize;
    for round in 0..600 {
        let world = World::new(&mut random);
        let kept = world.layers();
        let layers = kept.view();
        let set = Target::Matching(random.pick(&PATTERNS[1..6]).to_owned());
        let whole = match &set {
            Target::Matching(pattern) => ResourcePattern::new(pattern, false).glob().unwrap(),
            Target::One(_) | Target::OneOf(_) => unreachable!(),
        };
        let decision = decide(&world.request(Context::unknown(), set), &layers);
        if decision.verdict == Verdict::Conditional {
            continue;
        }
        decided += 1;
        for _ in 0..40 {
            let mut context = Context::new();
            for key in KEYS {
                if let Some(value) = state(&mut random) {
                    context.set(key, Key::Known(value));
                }
            }
            let arn = random.pick(&ARNS);
            if !whole.matches(arn) {
                continue;
            }
            let concrete = decide(
                &world.request(context, Target::One(arn.to_owned())),
                &layers,
            );
            let allowed = concrete.outcome == Some(Outcome::Allowed);
            assert_eq!(
                allowed,
                decision.verdict == Verdict::Allowed,
                "round {round}"
            );
        }
    }
    assert!(decided > 100, "{decided}");
}

/// The residual condition holds exactly in the worlds that are allowed.
#[test]
fn residuals_say_when_it_is_allowed() {
    let mut random = Random::seeded(17);
    let mut checked = 0_usize;
    for round in 0..1_500 {
        let world = World::new(&mut random);
        let kept = world.layers();
        let layers = kept.view();
        let mut context = Context::new();
        let mut states = Vec::new();
        for key in KEYS {
            let own: Vec<Option<Value>> =
                (0..=random.below(3)).map(|_| state(&mut random)).collect();
            context.set(key, Key::OneOf(own.clone()));
            states.push((key, own));
        }
        let list = arns(&mut random);
        let decision = decide(
            &world.request(context, Target::OneOf(list.clone())),
            &layers,
        );
        let Some(residual) = &decision.residual else {
            assert_ne!(decision.verdict, Verdict::Conditional, "round {round}");
            continue;
        };
        if residual.truncated || has_open_reading(&decision) {
            continue;
        }
        for _ in 0..20 {
            let mut context = Context::new();
            for (key, own) in &states {
                if let Some(value) = &own[random.below(own.len())] {
                    context.set(key, Key::Known(value.clone()));
                }
            }
            let arn = &list[random.below(list.len())];
            let concrete = decide(
                &world.request(context.clone(), Target::One(arn.clone())),
                &layers,
            );
            let allowed = concrete.outcome == Some(Outcome::Allowed);
            assert_eq!(
                holds(residual, &context, arn),
                allowed,
                "round {round}: {residual}"
            );
            checked += 1;
        }
    }
    assert!(checked > 1_000, "{checked}");
}

/// What is read differently in an Allow and a Deny, or in versions of the language, cannot be told from its text.
fn has_open_reading(decision: &Decision) -> bool {
    let literals = decision
        .residual
        .iter()
        .flat_map(|residual| residual.alternatives.iter().flatten());
    literals.into_iter().any(|literal| match &literal.test {
        AtomTest::Condition {
            operator, values, ..
        } => {
            operator.starts_with("ForAnyValue:") && operator.ends_with("IfExists")
                || values.iter().any(|value| value.contains("${"))
        }
        AtomTest::Resource(pattern) => pattern.contains("${") || pattern == "arn:aws:s3",
    })
}

fn holds(residual: &Residual, context: &Context, arn: &str) -> bool {
    residual.alternatives.iter().any(|term| {
        term.iter().all(|literal| {
            let holds = match &literal.test {
                AtomTest::Condition {
                    operator,
                    key,
                    values,
                } => {
                    Condition::new(operator, key, values.clone(), true)
                        .holds(Effect::Allow, context)
                        == Tri::Yes
                }
                AtomTest::Resource(pattern) => ResourcePattern::new(pattern, true)
                    .glob()
                    .is_some_and(|glob| glob.matches(arn)),
            };
            holds == literal.holds
        })
    })
}
