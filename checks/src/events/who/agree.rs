//! What cannot change along a chain, and does.

use super::caller::Caller;
use super::told::{Contradiction, Disagreement};

/// Compares a session with the call that issued it and with whoever made that call.
pub(super) fn compare(session: &Caller, call: &Caller) -> Vec<Contradiction> {
    let mut found = Vec::new();
    let mut differ = |on, younger: Option<&String>, older: Option<&String>| {
        let (Some(younger), Some(older)) = (younger, older) else {
            return;
        };
        if younger != older {
            found.push(contradiction(on, younger, older, session, call));
        }
    };
    let issued = call
        .issue
        .as_ref()
        .and_then(|it| it.source_identity.as_ref());
    // What was set when the session was issued; a session that has none where one was set has lost it.
    let none = "none".to_owned();
    let own = session.source_identity.as_ref();
    let in_context = session.session.as_ref().and_then(|it| it.since);
    let without = || in_context.map(|_| &none);
    differ(Disagreement::SourceIdentity, own.or_else(without), issued);
    // What the caller's own session had must be handed on.
    let handed = call.source_identity.as_ref();
    if issued.is_none() {
        differ(Disagreement::SourceIdentity, own.or_else(without), handed);
    } else {
        differ(Disagreement::SourceIdentity, issued, handed);
    }
    let user = |caller: &Caller| {
        caller
            .behalf
            .as_ref()
            .map(|(user, store)| format!("{user} @ {store}"))
    };
    let (younger, older) = (user(session), user(call));
    differ(Disagreement::OnBehalfOf, younger.as_ref(), older.as_ref());
    found
}

pub(super) fn contradiction(
    on: Disagreement,
    found: &str,
    expected: &str,
    session: &Caller,
    call: &Caller,
) -> Contradiction {
    Contradiction {
        on,
        found: found.to_owned(),
        expected: expected.to_owned(),
        event: session.event.id.clone(),
        older: call.event.id.clone(),
    }
}
