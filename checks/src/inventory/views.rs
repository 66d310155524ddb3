//! One trail, seen from several accounts and regions: what is kept of these views.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{Inventory, Trail, TrailConfiguration};
use crate::calls::DESCRIBE_TRAILS;
use crate::fact::{Fact, Gap, Known, Reason, Unknown};
use crate::finding::short;
use crate::ids::Arn;

/// So much is said of a value.
const LONGEST: usize = 300;
/// So many values are said.
const SAID: usize = 2;

impl Inventory {
    /// Takes in what one listing shows of a trail. The owner's view, in its home region, is the one that counts. Of
    /// others each fact is joined, in whatever order they come: what one of them knows is known, and where they differ
    /// the trail changed while it was read, and neither value is believed.
    pub fn see(&mut self, trail: Trail, own: bool) {
        let decided = !own && self.owner_sees(&trail.arn);
        match self.trails.get_mut(&trail.arn) {
            Some(_) if decided => {}
            Some(seen) if !own => seen.join(trail),
            Some(_) | None => drop(self.trails.insert(trail.arn.clone(), trail)),
        }
    }

    /// The trail's own account shows it in its home region.
    #[must_use]
    pub fn owner_sees(&self, arn: &Arn) -> bool {
        let Some(trail) = self.trails.get(arn) else {
            return false;
        };
        let home = (trail.account.clone(), trail.home_region.clone());
        let listed = self.regions.get(&home).and_then(|it| it.trails.ok());
        listed.is_some_and(|it| it.contains(arn))
    }
}

impl Trail {
    /// Joins another view of the same trail. What is no part of its configuration was not asked yet: the first by its
    /// text is kept.
    fn join(&mut self, mut other: Trail) {
        let views = [Configured::of(self), Configured::of(&mut other)];
        if text(&other) < text(self) {
            std::mem::swap(self, &mut other);
        }
        let changed = Gap::of_call(
            DESCRIBE_TRAILS,
            &self.account,
            &self.home_region,
            Reason::Changed,
            "",
        );
        let [one, other] = views;
        let mut joined = Joined {
            changed,
            before: [one.differing, other.differing],
            differing: BTreeMap::new(),
        };
        let (one, other) = (one.configuration, other.configuration);
        self.configuration = TrailConfiguration {
            bucket: joined.fact("bucket", one.bucket, other.bucket),
            prefix: joined.fact("prefix", one.prefix, other.prefix),
            sns_topic: joined.fact("sns_topic", one.sns_topic, other.sns_topic),
            include_global_service_events: joined.fact(
                "include_global_service_events",
                one.include_global_service_events,
                other.include_global_service_events,
            ),
            multi_region: joined.fact("multi_region", one.multi_region, other.multi_region),
            organization: joined.fact("organization", one.organization, other.organization),
            log_file_validation: joined.fact(
                "log_file_validation",
                one.log_file_validation,
                other.log_file_validation,
            ),
            log_group: joined.fact("log_group", one.log_group, other.log_group),
            log_group_role: joined.fact("log_group_role", one.log_group_role, other.log_group_role),
            kms_key: joined.fact("kms_key", one.kms_key, other.kms_key),
        };
        self.differing = joined.differing;
    }
}

/// What a view knows of the configuration.
struct Configured {
    configuration: TrailConfiguration,
    differing: BTreeMap<String, Vec<Value>>,
}

impl Configured {
    /// Takes it out of a trail.
    fn of(trail: &mut Trail) -> Self {
        Self {
            configuration: std::mem::take(&mut trail.configuration),
            differing: std::mem::take(&mut trail.differing),
        }
    }
}

/// Two views under way to one.
struct Joined {
    changed: Gap,
    before: [BTreeMap<String, Vec<Value>>; 2],
    differing: BTreeMap<String, Vec<Value>>,
}

impl Joined {
    fn fact<T: Serialize>(&mut self, name: &str, one: Fact<T>, other: Fact<T>) -> Fact<T> {
        let [before, then] = &mut self.before;
        let mut values = before.remove(name).unwrap_or_default();
        values.extend(then.remove(name).unwrap_or_default());
        // A name, a switch or none: it can always be written.
        let known = [&one, &other].into_iter().filter_map(Fact::ok);
        values.extend(known.filter_map(|it| serde_json::to_value(it).ok()));
        values.sort_by_cached_key(Value::to_string);
        values.dedup();
        if values.len() > 1 {
            let gap = self.changed.clone().but(|it| it.detail = said(&values));
            self.differing.insert(name.to_owned(), values);
            return Unknown(gap);
        }
        match (one, other) {
            (Known(value), _) | (_, Known(value)) => Known(value),
            (Unknown(one), Unknown(other)) => Unknown(one.min(other)),
        }
    }
}

/// The values, in order.
fn said(values: &[Value]) -> String {
    let text = |it: &Value| match it.is_null() {
        true => "none".to_owned(),
        false => short(&it.to_string(), LONGEST),
    };
    let told: Vec<String> = values.iter().take(SAID).map(text).collect();
    let told = told.join(" and as ");
    match values.len().saturating_sub(SAID) {
        0 => format!("it was seen as {told}"),
        more => format!("it was seen as {told}, and in {more} more ways"),
    }
}

fn text(trail: &Trail) -> String {
    // A trail can always be written; two that could not would be equal.
    serde_json::to_string(trail).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use crate::check::Check;
    use crate::finding::Status;
    use crate::ids::{AccountId, Region};
    use crate::testing::{self, TRAIL_ARN};

    /// A trail of an account that nobody can enter.
    fn stray() -> Trail {
        let world = testing::inventory(|_| {}).inventory;
        let mut trail = world.trails.get(&Arn::from(TRAIL_ARN)).unwrap().clone();
        trail.account = AccountId::from("999999999999");
        trail
    }

    fn gap(account: &str) -> Gap {
        let (account, region) = (AccountId::from(account), Region::from("us-east-1"));
        Gap::of_call(
            DESCRIBE_TRAILS,
            &account,
            &region,
            Reason::Malformed,
            "no bucket",
        )
    }

    fn view(change: impl FnOnce(&mut TrailConfiguration)) -> Trail {
        let mut trail = stray();
        change(&mut trail.configuration);
        trail
    }

    fn seen(views: &[&Trail]) -> Trail {
        let mut inventory = testing::inventory(|_| {}).inventory;
        inventory.trails.clear();
        for view in views {
            inventory.see((*view).clone(), false);
        }
        let trail = inventory.trails.pop_first();
        assert!(inventory.trails.is_empty());
        trail.unwrap().1
    }

    #[test]
    fn equal_views_are_one() {
        let trail = stray();
        assert_eq!(seen(&[&trail, &trail, &trail]), trail);
    }

    #[test]
    fn what_one_view_knows_is_known() {
        let one = view(|it| it.bucket = Unknown(gap("1")));
        let other = view(|it| it.kms_key = Unknown(gap("2")));
        assert_eq!(seen(&[&one, &other]), stray());
        let neither = seen(&[&one, &view(|it| it.bucket = Unknown(gap("2")))]);
        assert_eq!(neither.configuration.bucket, Unknown(gap("1")));
    }

    #[test]
    fn two_views_that_differ_are_not_known_and_say_both() {
        let one = view(|it| it.bucket = Known("first".to_owned()));
        let other = view(|it| it.bucket = Known("second".to_owned()));
        let unknown = view(|it| it.bucket = Unknown(gap("1")));
        for views in [
            [&one, &other, &unknown],
            [&other, &unknown, &one],
            [&unknown, &one, &other],
        ] {
            let trail = seen(&views);
            let gap = trail.configuration.bucket.gap().unwrap();
            assert_eq!(gap.reason, Reason::Changed);
            assert_eq!(gap.call(), Some(DESCRIBE_TRAILS));
            assert_eq!(gap.account, trail.account);
            assert_eq!(gap.detail, r#"it was seen as "first" and as "second""#);
            // Nothing else is touched.
            let bucket = Known("logs".to_owned());
            let configuration = TrailConfiguration {
                bucket,
                ..trail.configuration
            };
            assert_eq!(configuration, stray().configuration);
        }
        let none = view(|it| it.kms_key = Known(None));
        let gap = seen(&[&none, &stray()]).configuration.kms_key;
        assert!(gap.gap().unwrap().detail.contains("none"), "{gap:?}");
        let long = view(|it| it.bucket = Known("b".repeat(100_000)));
        let gap = seen(&[&long, &one, &other]).configuration.bucket;
        let detail = &gap.gap().unwrap().detail;
        assert!(
            detail.len() < 1_000 && detail.ends_with("in 1 more ways"),
            "{detail}"
        );
    }

    #[test]
    fn the_owner_decides() {
        let mut inventory = testing::inventory(|_| {}).inventory;
        let own = inventory.trails.get(&Arn::from(TRAIL_ARN)).unwrap().clone();
        assert!(inventory.owner_sees(&own.arn));
        let mut other = own.clone();
        other.configuration.bucket = Known("other".to_owned());
        inventory.see(other.clone(), false);
        assert_eq!(inventory.trails.get(&own.arn), Some(&own));
        inventory.trails.insert(own.arn.clone(), other);
        inventory.see(own.clone(), true);
        assert_eq!(inventory.trails.get(&own.arn), Some(&own));
    }

    /// Views of all kinds: of each fact nothing, one value, or another.
    fn views() -> Vec<Trail> {
        let mut views: Vec<Trail> = (0..4_usize)
            .map(|at| {
                let mut it = view(|it| {
                    it.bucket = match at {
                        0 => Unknown(gap("3")),
                        at => Known(format!("bucket-{}", at % 3)),
                    };
                    it.multi_region = match at {
                        3 => Unknown(gap("4")),
                        at => Known(at == 1),
                    };
                    it.kms_key = match at {
                        1 => Unknown(gap("5")),
                        _ => Known(None),
                    };
                });
                it.tags = Unknown(gap(&at.to_string()));
                it
            })
            .collect();
        views.push(stray());
        views
    }

    /// In any order, and in any groups: each group is what one shard delivers.
    #[test]
    fn order_and_groups_make_no_difference() {
        let views = views();
        let all: Vec<&Trail> = views.iter().collect();
        let whole = seen(&all);
        for turn in 0..all.len() {
            for cut in 0..=all.len() {
                let mut turned = all.clone();
                turned.rotate_left(turn);
                if cut % 2 == 1 {
                    turned.reverse();
                }
                assert_eq!(seen(&turned), whole, "{turn}");
                let (left, right) = turned.split_at(cut);
                let parts: Vec<Trail> = [left, right]
                    .into_iter()
                    .filter(|it| !it.is_empty())
                    .map(seen)
                    .collect();
                let parts: Vec<&Trail> = parts.iter().collect();
                assert_eq!(seen(&parts), whole, "{turn} {cut}");
                // What was merged is merged again.
                let twice: Vec<&Trail> = parts.iter().chain(&turned).copied().collect();
                assert_eq!(seen(&twice), whole, "{turn} {cut}");
            }
        }
    }

    /// What both views together pass, each of them passes.
    #[test]
    fn views_that_differ_pass_nothing_that_one_of_them_does_not() {
        type Change = fn(&mut TrailConfiguration);
        let changes: [Change; 10] = [
            |it| it.bucket = Known("other".to_owned()),
            |it| it.prefix = Known(Some("other".to_owned())),
            |it| it.sns_topic = Known(None),
            |it| it.include_global_service_events = Known(false),
            |it| it.multi_region = Known(false),
            |it| it.organization = Known(false),
            |it| it.log_file_validation = Known(false),
            |it| it.log_group = Known(None),
            |it| it.log_group_role = Known(None),
            |it| it.kms_key = Known(None),
        ];
        let checks = catalog::all();
        let own = testing::inventory(|_| {});
        let arn = Arn::from(TRAIL_ARN);
        let first = own.inventory.trails.get(&arn).unwrap().clone();
        for change in changes {
            let mut second = first.clone();
            change(&mut second.configuration);
            let mut both = first.clone();
            both.join(second.clone());
            assert_eq!(both.differing.len(), 1);
            let judged = |trail: Trail| passed(trail, &checks);
            let (one, other, both) = (judged(first.clone()), judged(second), judged(both));
            for finding in both {
                assert!(
                    one.contains(&finding) && other.contains(&finding),
                    "{finding:?}"
                );
            }
        }
    }

    fn passed(trail: Trail, checks: &[&'static Check]) -> Vec<(String, String)> {
        let case = testing::inventory(|it| drop(it.trails.insert(trail.arn.clone(), trail)));
        let findings = case.findings(checks).into_iter();
        let passed = findings.filter(|it| it.status == Status::Pass);
        passed
            .map(|it| (it.check.to_string(), it.subject.id.to_string()))
            .collect()
    }
}
