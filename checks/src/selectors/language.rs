//! From CloudTrail's two languages to sets of events.

use super::{Condition, Events, Field, Pattern};
use crate::fact::{Gap, Gaps, Reason};
use crate::ids::{AccountId, Region};
use crate::inventory::trail::{AdvancedSelector, DataResource, EventSelector, FieldSelector};
use crate::inventory::{EventDataStore, Selectors, Trail};

/// What a trail is set to record, whether it runs or not.
pub fn recorded(trail: &Trail) -> Result<Vec<Events>, Gaps> {
    let source = Source {
        account: &trail.account,
        region: &trail.home_region,
    };
    Ok(source.events(trail.selectors.known()?))
}

/// What a CloudTrail Lake store is set to collect.
pub fn collected(store: &EventDataStore) -> Result<Vec<Events>, Gaps> {
    let source = Source {
        account: &store.account,
        region: &store.region,
    };
    Ok(source.events(store.selectors.known()?))
}

/// What selectors would record, whoever has them.
#[must_use]
pub fn sets(selectors: &Selectors, account: &AccountId, region: &Region) -> Vec<Events> {
    Source { account, region }.events(selectors)
}

/// AWS takes 500 values in the selectors of one trail or store, and 250 data resources ("Quotas in AWS CloudTrail").
/// Checks ask about them in every account and region: more than this is not looked at.
const LARGEST: usize = 2_000;

/// Selectors, their parts and values.
fn size(selectors: &Selectors) -> usize {
    let of_test = |selector: &FieldSelector| {
        let lists = [
            &selector.equals,
            &selector.starts_with,
            &selector.ends_with,
            &selector.not_equals,
            &selector.not_starts_with,
            &selector.not_ends_with,
        ];
        1 + lists.into_iter().map(Vec::len).sum::<usize>()
    };
    match selectors {
        Selectors::Classic(list) => {
            let data = list.iter().flat_map(|it| &it.data);
            let excluded = list.iter().map(|it| 1 + it.excluded_sources.len());
            data.map(|it| 1 + it.values.len()).chain(excluded).sum()
        }
        Selectors::Advanced(list) => {
            let tests = list.iter().flat_map(|it| &it.fields);
            list.len() + tests.map(of_test).sum::<usize>()
        }
    }
}

/// Who gave the selectors: named where they say what we do not understand.
struct Source<'a> {
    account: &'a AccountId,
    region: &'a Region,
}

impl Source<'_> {
    fn events(&self, selectors: &Selectors) -> Vec<Events> {
        let sets = self.sets(selectors).into_iter();
        sets.map(|it| it.of(self.account, self.region)).collect()
    }

    fn sets(&self, selectors: &Selectors) -> Vec<Events> {
        let size = size(selectors);
        if size > LARGEST {
            let what = "the event selectors together";
            let gap = Gap::not_modelled(what, self.account, self.region).but(|it| {
                it.reason = Reason::TooComplex;
                it.detail = format!("{size} values are more than a trail or store can have");
            });
            return vec![Events::default().in_doubt(gap.into())];
        }
        match selectors {
            // Never given any: every management event.
            Selectors::Classic(list) if list.is_empty() => vec![Events::management()],
            Selectors::Classic(list) => list.iter().flat_map(|it| self.classic(it)).collect(),
            Selectors::Advanced(list) if list.is_empty() => {
                vec![
                    Events::default().in_doubt(self.strange("an empty list of advanced selectors")),
                ]
            }
            Selectors::Advanced(list) => list.iter().map(|it| self.advanced(it)).collect(),
        }
    }

    fn classic(&self, selector: &EventSelector) -> Vec<Events> {
        let mut all = Vec::new();
        if selector.management {
            let excluded = selector.excluded_sources.iter().map(Pattern::equals);
            all.push(Events::management().except(Field::EventSource, excluded));
        }
        for resource in &selector.data {
            // No values: no resources, which a condition without patterns would turn into all.
            if !resource.values.is_empty() {
                let patterns = resource.values.iter().map(|it| classic_arn(resource, it));
                all.push(Events::data(&resource.kind).with(Field::ResourceArn, patterns));
            }
        }
        let limited = |events: Events| match selector.read_write.as_str() {
            "All" => events,
            "ReadOnly" => events.reading(true),
            "WriteOnly" => events.reading(false),
            other => events.in_doubt(self.strange(&format!("ReadWriteType {other:?}"))),
        };
        all.into_iter().map(limited).collect()
    }

    fn advanced(&self, selector: &AdvancedSelector) -> Events {
        let mut events = Events::default();
        for test in &selector.fields {
            let any_of = patterns(&test.equals, &test.starts_with, &test.ends_with);
            let none_of = patterns(&test.not_equals, &test.not_starts_with, &test.not_ends_with);
            let said = !(any_of.is_empty() && none_of.is_empty());
            let none_of = none_of.into_iter().filter(|it| !excludes_nothing(it));
            let none_of: Vec<Pattern> = none_of.collect();
            match Field::named(&test.field) {
                // Nothing but exclusions of what is not there.
                Some(_) if said && any_of.is_empty() && none_of.is_empty() => {}
                Some(field) if said => {
                    events.conditions.push(Condition {
                        field,
                        any_of,
                        none_of,
                    });
                }
                Some(_) | None => events = events.in_doubt(self.not_understood(test)),
            }
        }
        if events.on(Field::EventCategory).next().is_none() {
            events = events.in_doubt(self.strange("a selector without eventCategory"));
        }
        events
    }

    fn not_understood(&self, test: &FieldSelector) -> Gaps {
        self.strange(&format!("a condition on {:?}", test.field))
    }

    fn strange(&self, what: &str) -> Gaps {
        let gap = Gap::not_modelled("an event selector", self.account, self.region);
        Gaps::from(gap.but(|it| it.detail = format!("{what} is not understood")))
    }
}

/// A selector knows no wildcard: a value with a `*` is compared letter by letter ("AdvancedFieldSelector", AWS CloudTrail
/// API Reference: `Equals` and `NotEquals` match the exact value). No service, action, role or type has a `*` in its
/// name, and of objects only one whose key is a `*`: `NotEquals arn:aws:s3:::bucket/*` leaves no log file out.
fn excludes_nothing(pattern: &Pattern) -> bool {
    matches!(pattern, Pattern::Equals(value) if value.contains('*'))
}

fn patterns(equals: &[String], starts: &[String], ends: &[String]) -> Vec<Pattern> {
    let equals = equals.iter().cloned().map(Pattern::Equals);
    let starts = starts.iter().cloned().map(Pattern::StartsWith);
    let ends = ends.iter().cloned().map(Pattern::EndsWith);
    equals.chain(starts).chain(ends).collect()
}

/// A classic value: for S3 a prefix of the object's ARN. Elsewhere it names one resource, unless it ends
/// with the service, as in `arn:aws:lambda`: then all of its resources.
fn classic_arn(resource: &DataResource, value: &str) -> Pattern {
    let whole_service = value.split(':').skip(3).all(str::is_empty);
    if resource.kind == "AWS::S3::Object" || whole_service {
        Pattern::starts_with(value)
    } else {
        Pattern::equals(value)
    }
}
