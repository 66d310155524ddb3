//! What must hold of any policies: more Denies or fewer Allows never allow more, order and case mean nothing.

use trailaudit_checks::policy::{
    Caller, CallerKind, Context, Document, Effect, Key, Layers, Policy, Request, Target, Verdict,
    decide,
};

use crate::generated::{Random, document};

const ROUNDS: usize = 600;

/// Possible at all, and always.
fn may_must(verdict: Verdict) -> (bool, bool) {
    (verdict != Verdict::Denied, verdict == Verdict::Allowed)
}

fn verdict(
    identity: &[Document],
    boundary: Option<&Document>,
    action: &str,
    context: Context,
) -> Verdict {
    let account = "111122223333";
    let request = Request {
        caller: Caller::new(
            CallerKind::Role,
            "arn:aws:iam::111122223333:role/ops",
            account,
        ),
        action: action.to_owned(),
        target: Target::One("arn:aws:s3:::a".to_owned()),
        resource_account: account.to_owned(),
        context,
    };
    let identity = identity
        .iter()
        .map(|it| Policy::<String>::new("identity", it));
    let identity: Vec<_> = identity.collect();
    let boundary = boundary.map(|it| Policy::new("boundary", it));
    let layers = Layers {
        identity: &identity,
        boundary: boundary.as_ref(),
        ..Layers::default()
    };
    decide(&request, &layers).verdict
}

/// Random documents, a boundary at times, and a context in which some keys are open.
fn worlds(seed: u64) -> impl Iterator<Item = (Vec<Document>, Option<Document>, Context, Random)> {
    let mut random = Random::seeded(seed);
    (0..ROUNDS).map(move |_| {
        let identity = (0..=random.below(2))
            .map(|_| document(&mut random, false))
            .collect();
        let boundary = (random.below(4) == 0).then(|| document(&mut random, false));
        let mut context = Context::new();
        for key in ["k1", "k2", "k3"] {
            if random.below(2) == 0 {
                context.set(
                    key,
                    Key::Any {
                        may_be_absent: true,
                    },
                );
            } else if random.below(2) == 0 {
                context = context.with(key, ["a", "10.0.0.1", "true"][random.below(3)]);
            }
        }
        let own = Random::seeded(seed.wrapping_add(random.below(1 << 20) as u64));
        (identity, boundary, context, own)
    })
}

fn no_more(before: Verdict, after: Verdict, what: &str, identity: &[Document]) {
    let ((may, must), (may_now, must_now)) = (may_must(before), may_must(after));
    assert!(
        may || !may_now,
        "{what}: {before:?} became {after:?} in {identity:#?}"
    );
    assert!(
        must || !must_now,
        "{what}: {before:?} became {after:?} in {identity:#?}"
    );
}

#[test]
fn another_deny_never_allows_more() {
    for (mut identity, boundary, context, mut random) in worlds(11) {
        let before = verdict(
            &identity,
            boundary.as_ref(),
            "s3:PutObject",
            context.clone(),
        );
        let mut more = document(&mut random, false);
        more.statements
            .iter_mut()
            .for_each(|it| it.effect = Effect::Deny);
        identity.push(more);
        let after = verdict(&identity, boundary.as_ref(), "s3:PutObject", context);
        no_more(before, after, "a Deny more", &identity);
    }
}

#[test]
fn one_allow_less_never_allows_more() {
    for (mut identity, boundary, context, mut random) in worlds(12) {
        let before = verdict(
            &identity,
            boundary.as_ref(),
            "s3:PutObject",
            context.clone(),
        );
        let at = random.below(identity.len());
        if let Some(gone) = identity[at]
            .statements
            .iter()
            .position(|it| it.effect == Effect::Allow)
        {
            identity[at].statements.remove(gone);
        }
        let after = verdict(&identity, boundary.as_ref(), "s3:PutObject", context);
        no_more(before, after, "an Allow less", &identity);
    }
}

#[test]
fn what_is_not_known_never_denies() {
    for (identity, boundary, _, mut random) in worlds(13) {
        let mut known = Context::new();
        let mut open = Context::new();
        for key in ["k1", "k2", "k3"] {
            if random.below(2) == 0 {
                known = known.with(key, ["a", "10.0.0.1", "true"][random.below(3)]);
            }
            open.set(
                key,
                Key::Any {
                    may_be_absent: true,
                },
            );
        }
        let one = verdict(&identity, boundary.as_ref(), "s3:PutObject", known);
        let any = verdict(&identity, boundary.as_ref(), "s3:PutObject", open);
        let ((may, _), (may_any, must_any)) = (may_must(one), may_must(any));
        assert!(
            !may || may_any,
            "{one:?} in one world, {any:?} in all: {identity:#?}"
        );
        assert!(
            !must_any || may,
            "{any:?} in all worlds, {one:?} in one: {identity:#?}"
        );
    }
}

#[test]
fn order_means_nothing() {
    for (mut identity, boundary, context, _) in worlds(14) {
        let before = verdict(
            &identity,
            boundary.as_ref(),
            "s3:PutObject",
            context.clone(),
        );
        identity.reverse();
        identity.iter_mut().for_each(|it| it.statements.reverse());
        let after = verdict(&identity, boundary.as_ref(), "s3:PutObject", context);
        assert_eq!(before, after, "{identity:#?}");
    }
}

#[test]
fn the_case_of_actions_means_nothing() {
    for (identity, boundary, context, _) in worlds(15) {
        let verdicts = ["s3:PutObject", "S3:PUTOBJECT", "s3:putobject"]
            .map(|action| verdict(&identity, boundary.as_ref(), action, context.clone()));
        assert!(
            verdicts.iter().all(|it| *it == verdicts[0]),
            "{verdicts:?} in {identity:#?}"
        );
    }
}

/// Ten thousand statements, and patterns that would take for ever if they were tried every way.
#[test]
fn hostile_policies_take_no_longer_than_their_size() {
    let many: Vec<String> = (0..10_000)
        .map(|n| {
            format!(r#"{{"Effect":"Allow","Action":"s3:Get{n}","Resource":"arn:aws:s3:::b{n}/*"}}"#)
        })
        .collect();
    let many = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        many.join(",")
    );
    let stars = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{0}b","Resource":"{0}c"}}}}"#,
        "*a".repeat(300)
    );
    for text in [many, stars] {
        let document = Document::parse(&text).unwrap();
        let given = verdict(
            &[document],
            None,
            &format!("s3:{}", "a".repeat(600)),
            Context::new(),
        );
        assert_eq!(given, Verdict::Denied);
    }
}
