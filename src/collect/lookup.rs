//! CloudTrail's event history: recent calls that stopped, redirected or narrowed a record.

use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use jiff::Timestamp;
use serde_json::Value;
use trailaudit_checks::calls::LOOKUP_EVENTS;
use trailaudit_checks::fact::{Fact, Gap, Known, Reason, Unknown};
use trailaudit_checks::inventory::region::{Lookup, TamperEvent};
use trailaudit_checks::tampering;

use super::ask::{Target, gap, listed, malformed, send};
use super::run::Run;
use super::time::time;

/// How many pages of 50 are read of one kind of call: at two requests a second this is ten seconds.
const PAGES: usize = 20;

/// What a lookup is until it is done.
pub(crate) fn unfinished(target: &Target) -> Gap {
    let detail = "the run ended before this was asked";
    gap(target, LOOKUP_EVENTS, Reason::Interrupted, detail)
}

/// All of them, in order of time. The history can be asked for one name at a time.
pub(crate) async fn tampering(run: &Run, target: &Target) -> Fact<Lookup> {
    let taken_at = run.inventory().header.taken_at;
    let Some(since) = run
        .options
        .lookup
        .and_then(|back| taken_at.checked_sub(back).ok())
    else {
        return Unknown(super::ask::not_asked(target, LOOKUP_EVENTS));
    };
    let calls = {
        let inventory = run.inventory();
        tampering::calls_at(&target.account, &target.region, &inventory)
    };
    let names = tampering::names(&calls);
    let mut events = Vec::new();
    for name in &names {
        match named(run, target, name, since).await {
            Ok(found) => events.extend(found),
            Err(gap) => return Unknown(gap),
        }
    }
    events.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    events.dedup_by(|a, b| a.id == b.id);
    Known(Lookup {
        since,
        events,
        names: Some(names.into_iter().map(str::to_owned).collect()),
    })
}

/// The calls of one name. Where there are more than are read, those that went through may be among the others:
/// then it is not known, unless one is seen.
async fn named(
    run: &Run,
    target: &Target,
    name: &str,
    since: Timestamp,
) -> Result<Vec<TamperEvent>, Gap> {
    let mut events: Vec<TamperEvent> = Vec::new();
    let mut token: Option<String> = None;
    let from = aws_smithy_types::DateTime::from_secs(since.as_second());
    for _ in 0..PAGES {
        let attribute = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::EventName)
            .attribute_value(name)
            .build()
            .map_err(|_| malformed(target, LOOKUP_EVENTS, "the question cannot be put"))?;
        let request = run
            .ask
            .clients
            .cloudtrail
            .lookup_events()
            .lookup_attributes(attribute)
            .start_time(from)
            .max_results(50)
            .set_next_token(token.clone());
        let page = send!(
            run.ask,
            target,
            LOOKUP_EVENTS,
            name,
            &[],
            aws_sdk_cloudtrail,
            request
        );
        let page = match page {
            Known(Some(page)) => page,
            Known(None) => return Err(malformed(target, LOOKUP_EVENTS, "there is no answer")),
            Unknown(gap) => return Err(gap),
        };
        for event in listed(target, LOOKUP_EVENTS, page.events)? {
            let read = event_of(name, event);
            events.push(read.ok_or_else(|| {
                malformed(target, LOOKUP_EVENTS, "an event without an id or a time")
            })?);
        }
        let next = page.next_token.filter(|it| !it.is_empty());
        if next.is_none() {
            return Ok(events);
        }
        if next == token {
            let again = "the listing gives the same page again";
            return Err(malformed(target, LOOKUP_EVENTS, again));
        }
        token = next;
    }
    if events.iter().any(|it| it.error.is_none()) {
        return Ok(events);
    }
    let detail = format!(
        "more than {} calls of {name}, and those that were read were all refused",
        events.len()
    );
    Err(gap(target, LOOKUP_EVENTS, Reason::Failed, &detail))
}

/// Where a call says on what it is.
const NAMED_BY: [&str; 9] = [
    "/requestParameters/trailName",
    "/requestParameters/eventDataStore",
    "/requestParameters/bucketName",
    "/requestParameters/keyId",
    "/requestParameters/logGroupName",
    "/requestParameters/servicePrincipal",
    "/requestParameters/delegatedAdminAccountId",
    "/requestParameters/memberAccountId",
    "/requestParameters/name",
];

fn event_of(name: &str, event: Event) -> Option<TamperEvent> {
    let record: Value = event
        .cloud_trail_event
        .as_deref()
        .and_then(|it| serde_json::from_str(it).ok())
        .unwrap_or_default();
    let text = |pointer: &str| {
        let text = record.pointer(pointer).and_then(Value::as_str);
        text.filter(|it| !it.is_empty()).map(short)
    };
    let identity = text("/userIdentity/arn").or_else(|| text("/userIdentity/invokedBy"));
    // The answer's parameters name the ARN, the question's what the caller typed.
    let resource = text("/responseElements/trailARN").or_else(|| {
        let names = NAMED_BY.iter().map(|it| text(it));
        names.flatten().next()
    });
    let listed = || {
        let names = event.resources.iter().flatten();
        names.filter_map(|it| it.resource_name.as_deref()).min()
    };
    Some(TamperEvent {
        id: event.event_id?,
        name: event.event_name.unwrap_or_else(|| name.to_owned()),
        at: time(&event.event_time?)?,
        principal: identity
            .or_else(|| event.username.as_deref().map(short))
            .unwrap_or_else(|| "an unnamed caller".to_owned()),
        source_ip: text("/sourceIPAddress"),
        resource: resource.or_else(|| listed().map(short)),
        error: text("/errorCode").or_else(|| text("/errorMessage")),
    })
}

/// Names are foreign text: no longer than an ARN may be.
fn short(text: &str) -> String {
    trailaudit_checks::finding::short(text, 2_048)
}
