//! What followed an event: the rest of its session, and the sessions that this one issued, hop by hop.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use trailaudit_checks::events::filter::{Expression, Subject};
use trailaudit_checks::events::questions::quoted;
use trailaudit_checks::events::{ISSUES, Issued, Proof, Record, of_session};

use super::super::hear::{Room, Span};
use super::super::reading::{Consumer, Origin};
use super::super::search::parse;
use crate::cli::Input;
use crate::exit::Stop;

/// So many sessions one behind the other are followed.
const HOPS: usize = 8;
/// So many sessions are followed in all: what finds them is matched with every record.
const SESSIONS: usize = 200;

/// What followed.
#[derive(Debug, Default)]
pub(super) struct After {
    /// What finds the calls.
    pub(super) expression: String,
    /// The sessions that were issued, by the time of the call.
    pub(super) sessions: Vec<Issued>,
    /// There are more, which were not followed.
    pub(super) more: bool,
}

/// What finds the calls of a session, and whether all records that lead to it are proved.
struct Thread {
    expression: String,
    proven: bool,
}

/// What the session of an event did from then on, and what the sessions did that it issued.
pub(super) fn after(room: &Room<'_>, span: Span, input: &Input, id: &str) -> Result<After, Stop> {
    let own = seek(
        room,
        span,
        input,
        &format!("eventID == {}", quoted(id)),
        |record, _| of_session(record),
    )?;
    let Some((weak, own)) = own.into_iter().min() else {
        return Err(Stop::usage(format!(
            "no record with eventID {id} and a time was found in the logs that were read; give --since and --until that \
             include it"
        )));
    };
    let mut after = After {
        expression: own.clone(),
        ..After::default()
    };
    let mut next = vec![Thread {
        expression: own,
        proven: !weak,
    }];
    let mut all: BTreeMap<_, Issued> = BTreeMap::new();
    for hop in 0..=HOPS {
        let mut fresh = Vec::new();
        for (key, it) in issued_by(room, span, input, &next)? {
            if all.contains_key(&key) {
                continue;
            }
            if hop == HOPS || all.len() == SESSIONS {
                after.more = true;
                break;
            }
            fresh.push(Thread {
                expression: it.expression(),
                proven: it.proven,
            });
            all.insert(key, it);
        }
        if fresh.is_empty() {
            break;
        }
        next = fresh;
    }
    after.sessions = all.into_values().collect();
    for it in &after.sessions {
        after
            .expression
            .push_str(&format!(" or {}", it.expression()));
    }
    Ok(after)
}

/// What makes two of them the same session.
type Key = (jiff::Timestamp, String, Option<String>, Option<String>);

/// The sessions that these issued, each by its best proof.
fn issued_by(
    room: &Room<'_>,
    span: Span,
    input: &Input,
    threads: &[Thread],
) -> Result<BTreeMap<Key, Issued>, Stop> {
    let mut all: BTreeMap<Key, Issued> = BTreeMap::new();
    for proven in [true, false] {
        let own = threads.iter().filter(|it| it.proven == proven);
        let own: Vec<&str> = own.map(|it| it.expression.as_str()).collect();
        if own.is_empty() {
            continue;
        }
        let expression = format!("{ISSUES} and ({})", own.join(" or "));
        let mut found = seek(room, span, input, &expression, Issued::of)?;
        found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        for (_, it) in found {
            // A join is as good as its weakest record.
            let it = if proven { it } else { it.unproven() };
            let key = (
                it.time,
                it.event.clone(),
                it.key.clone(),
                it.principal.clone(),
            );
            all.entry(key).or_insert(it);
        }
    }
    Ok(all)
}

/// What matching records give, and whether it is not proved.
fn seek<T: Send>(
    room: &Room<'_>,
    span: Span,
    input: &Input,
    expression: &str,
    look: fn(&Record<'_>, Proof) -> Option<T>,
) -> Result<Vec<(bool, T)>, Stop> {
    let seeker = Seeker {
        expression: parse(expression)?,
        look,
        found: Mutex::default(),
    };
    room.read(span, input, &seeker)?;
    let found = seeker.found.into_inner();
    Ok(found.unwrap_or_else(PoisonError::into_inner))
}

struct Seeker<T> {
    expression: Expression,
    look: fn(&Record<'_>, Proof) -> Option<T>,
    found: Mutex<Vec<(bool, T)>>,
}

impl<T: Send> Consumer for Seeker<T> {
    type Local = ();

    fn may_match(&self, log: &[u8]) -> bool {
        self.expression.may_match(log)
    }

    fn record(&self, (): &mut (), from: &Origin<'_>, record: &Record<'_>) -> anyhow::Result<bool> {
        let subject = Subject {
            record,
            proof: from.proof,
        };
        // What was planted or altered leads nowhere.
        let void = matches!(from.proof, Proof::Altered | Proof::Unlisted);
        if void || !self.expression.matches(&subject) {
            return Ok(false);
        }
        let Some(found) = (self.look)(record, from.proof) else {
            return Ok(false);
        };
        let mut all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((!from.proof.is_proven(), found));
        Ok(true)
    }

    fn end(&self, (): ()) -> anyhow::Result<()> {
        Ok(())
    }
}
