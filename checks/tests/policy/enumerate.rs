//! The judge of symbolic verdicts: every world as a concrete request of its own.

use trailaudit_checks::policy::{
    Context, Key, Layers, Outcome, Request, Target, Value, Verdict, decide,
};

/// Allowed in all worlds, in none, or in some. Keys with [`Key::OneOf`] and lists of resources make the worlds.
pub(crate) fn verdict(request: &Request, layers: &Layers<'_>) -> Verdict {
    let resources = match &request.target {
        Target::One(arn) => vec![arn.clone()],
        Target::OneOf(arns) => arns.clone(),
        Target::Matching(set) => panic!("{set}: a set has no end of members"),
    };
    let (mut some, mut none) = (false, false);
    for context in contexts(&request.context) {
        for arn in &resources {
            let world = Request {
                target: Target::One(arn.clone()),
                context: context.clone(),
                ..request.clone()
            };
            match decide(&world, layers).outcome {
                Some(Outcome::Allowed) => some = true,
                Some(Outcome::ImplicitDeny | Outcome::ExplicitDeny) => none = true,
                None => panic!("a concrete request was left open: {world:?}"),
            }
        }
    }
    match (some, none) {
        (true, false) => Verdict::Allowed,
        (true, true) => Verdict::Conditional,
        (false, _) => Verdict::Denied,
    }
}

fn contexts(context: &Context) -> Vec<Context> {
    let mut worlds = vec![context.clone()];
    for (name, key) in context.keys() {
        let Key::OneOf(states) = key else {
            continue;
        };
        let with = |world: &Context, state: &Option<Value>| {
            let mut world = world.clone();
            world.set(name, state.clone().map_or(Key::Absent, Key::Known));
            world
        };
        worlds = worlds
            .iter()
            .flat_map(|world| {
                states
                    .iter()
                    .map(|state| with(world, state))
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    worlds
}
