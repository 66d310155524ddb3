//! What a plan does to the logging that no resource shows afterwards: what is deleted, interrupted, or let go.

use std::collections::{BTreeMap, BTreeSet};

use super::build::Built;
use super::plan::{Plan, Resource, Side};
use super::value::as_bool;
use crate::ids::Arn;
use crate::inventory::Inventory;
use crate::inventory::plan::{ChangeAction, Effect, EffectKind};

/// Kinds of resources that may touch the logs and are not read: a change of one is told as such.
const NOT_READ: [&str; 17] = [
    "aws_cloudformation_stack",
    "aws_cloudformation_stack_set",
    "aws_cloudformation_stack_set_instance",
    "aws_cloudcontrolapi_resource",
    "aws_s3_bucket_replication_configuration",
    "aws_s3_access_point",
    "aws_s3control_bucket_policy",
    "aws_s3control_access_point_policy",
    "aws_s3_directory_bucket",
    "aws_kms_ciphertext",
    "aws_kms_custom_key_store",
    "aws_cloudwatch_composite_alarm",
    "aws_cloudwatch_log_resource_policy",
    "aws_cloudwatch_log_account_policy",
    "aws_cloudwatch_log_transformer",
    "aws_controltower_landing_zone",
    "aws_controltower_control",
];

/// Kinds that an inventory holds and that are not carried over into it: after a change of one, what the inventory says
/// of it is out of date.
const NOT_CARRIED: [&str; 12] = [
    "aws_accessanalyzer_",
    "aws_cloudtrail_organization_delegated_admin_account",
    "aws_cloudwatch_event_",
    "aws_config_",
    "aws_iam_organizations_features",
    "aws_organizations_account",
    "aws_organizations_organizational_unit",
    "aws_resourcegroupstaggingapi_",
    "aws_securityhub_standards_",
    "aws_sns_topic_subscription",
    "aws_ssoadmin_",
    "aws_iam_service_linked_role",
];

/// Likewise, only where they are about CloudTrail by their kind.
const CLOUD_CONTROL: [&str; 5] = [
    "awscc_cloudtrail_",
    "awscc_s3_bucket",
    "awscc_kms_",
    "awscc_organizations_",
    "awscc_logs_",
];

/// What the logs depend on before the plan is applied.
struct Record {
    buckets: BTreeSet<Arn>,
    keys: BTreeSet<Arn>,
    groups: BTreeSet<Arn>,
}

impl Record {
    fn of(before: &Built, live: Option<&Inventory>) -> Self {
        let mut all = Self {
            buckets: BTreeSet::new(),
            keys: BTreeSet::new(),
            groups: BTreeSet::new(),
        };
        let live_trails = live.map(|it| it.trails.values()).into_iter().flatten();
        for trail in before.trails.values().chain(live_trails) {
            let set = &trail.configuration;
            let partition = trail.arn.partition();
            let bucket = set.bucket.ok().map(|name| Arn::bucket(partition, name));
            all.buckets.extend(bucket);
            all.keys.extend(set.kms_key.ok().cloned().flatten());
            let group = set.log_group.ok().and_then(Option::as_ref);
            all.groups.extend(group.map(crate::context::log_group_arn));
        }
        // A policy that lets CloudTrail write says what the bucket is for, also where the trail is another plan's.
        for bucket in before.buckets.values() {
            let policy = bucket.policy.ok().and_then(Option::as_ref);
            if policy.is_some_and(|it| it.contains("cloudtrail.amazonaws.com")) {
                all.buckets.insert(bucket.arn.clone());
            }
        }
        let live_buckets = live.map(|it| it.buckets.values()).into_iter().flatten();
        for bucket in before.buckets.values().chain(live_buckets) {
            let encryption = bucket.encryption.ok().and_then(Option::as_ref);
            if let (true, Some(key)) = (
                all.buckets.contains(&bucket.arn),
                encryption.and_then(|it| it.kms_key.clone()),
            ) {
                all.keys.insert(Arn::from(key));
            }
        }
        let live_stores = live
            .map(|it| it.event_data_stores.values())
            .into_iter()
            .flatten();
        for store in before.stores.values().chain(live_stores) {
            all.keys
                .extend(store.configuration.kms_key.ok().cloned().flatten());
        }
        all
    }
}

/// Looks at one plan.
pub(super) struct Look<'a> {
    plan: &'a Plan,
    /// The record that each resource belongs to.
    subjects: BTreeMap<usize, &'a str>,
    record: Record,
    /// The plan is applied to an inventory.
    onto: bool,
    found: Vec<Effect>,
}

/// What a plan does to the logging.
pub(super) fn effects<'a>(
    plan: &'a Plan,
    before: &'a Built,
    live: Option<&Inventory>,
) -> Vec<Effect> {
    let mut look = Look {
        plan,
        subjects: before
            .origins
            .iter()
            .flat_map(|(subject, all)| all.iter().map(move |at| (*at, subject.as_str())))
            .collect(),
        record: Record::of(before, live),
        onto: live.is_some(),
        found: Vec::new(),
    };
    for (at, resource) in plan.resources.iter().enumerate() {
        if resource.data || !(resource.is_changed() || resource.deposed) {
            continue;
        }
        look.deletes(at, resource);
        look.interrupts(at, resource);
        look.releases(at, resource);
        look.unreviewable(resource);
    }
    look.commands();
    look.found
}

impl<'a> Look<'a> {
    fn add(
        &mut self,
        kind: EffectKind,
        at: Option<usize>,
        it: &Resource,
        meaning: impl Into<String>,
        attribute: &str,
    ) {
        let resource = at.and_then(|at| self.subject(at, it));
        self.found.push(Effect {
            kind,
            address: it.address.clone(),
            resource,
            action: it.action,
            meaning: meaning.into(),
            attribute: attribute.to_owned(),
        });
    }

    /// The ARN of the record that a resource belongs to.
    fn subject(&self, at: usize, it: &Resource) -> Option<String> {
        let own = it.view(Side::Before, false).attr("arn").text();
        if let Some(arn) = own.filter(|it| it.starts_with("arn:")) {
            return Some(arn.strip_suffix(":*").unwrap_or(arn).to_owned());
        }
        self.subjects.get(&at).map(|it| (*it).to_owned())
    }

    fn is_in(&self, at: usize, it: &Resource, of: &BTreeSet<Arn>) -> bool {
        let subject = self.subject(at, it);
        subject.is_some_and(|it| of.contains(&Arn::from(it)))
    }

    fn text(it: &'a Resource, side: Side, name: &str) -> Option<&'a str> {
        it.view(side, true).attr(name).text()
    }

    fn deletes(&mut self, at: usize, it: &'a Resource) {
        if !it.is_removed() && !it.deposed {
            return;
        }
        let again = it.action == ChangeAction::Replace;
        let done = match again {
            true => "is deleted and created again",
            false => "is deleted",
        };
        let kind = EffectKind::Deletes;
        match it.kind.as_str() {
            "aws_cloudtrail" => {
                let then = match again {
                    true => "events between the two are not delivered",
                    false => "what it records is not recorded any more",
                };
                self.add(kind, Some(at), it, format!("the trail {done}: {then}"), "");
            }
            "aws_cloudtrail_event_data_store" => self.add(
                kind,
                Some(at),
                it,
                format!("the event data store {done}: its events are lost, and none are recorded in it any more"),
                "",
            ),
            "aws_s3_bucket" if self.is_in(at, it, &self.record.buckets) => {
                let forced = it.view(Side::Before, true).attr("force_destroy");
                let forced = matches!(forced, super::value::Attr::Known(value) if as_bool(value) == Some(true));
                let objects = match forced {
                    true => "force_destroy is set, so its log files are deleted with it",
                    false => "the plan fails while it holds log files, and nothing can be delivered to it afterwards",
                };
                self.add(kind, Some(at), it, format!("the log bucket {done}: {objects}"), "");
            }
            "aws_kms_key" | "aws_kms_external_key" | "aws_kms_replica_key"
                if self.is_in(at, it, &self.record.keys) =>
            {
                self.add(
                    kind,
                    Some(at),
                    it,
                    format!(
                        "the key that encrypts logs {done}: log files that are encrypted with it cannot be read any \
                         more, and none can be delivered with it"
                    ),
                    "",
                );
            }
            _ => {}
        }
    }

    fn interrupts(&mut self, at: usize, it: &'a Resource) {
        let kind = EffectKind::Interrupts;
        let switched_off = |name: &str| {
            let of = |side| match it.view(side, false).attr(name) {
                super::value::Attr::Known(value) => as_bool(value),
                super::value::Attr::Unset | super::value::Attr::Unknown => None,
            };
            of(Side::Before) != Some(false) && of(Side::After) == Some(false)
        };
        match (it.kind.as_str(), it.action) {
            ("aws_cloudtrail", ChangeAction::Replace) => self.add(
                kind,
                Some(at),
                it,
                "the trail is replaced: events may go unrecorded between its deletion and its creation",
                "",
            ),
            ("aws_cloudtrail", ChangeAction::Update) => {
                if switched_off("enable_logging") {
                    let words = "logging of the trail is switched off";
                    self.add(kind, Some(at), it, words, "enable_logging");
                }
                for (name, what) in [
                    ("s3_bucket_name", "the trail delivers to another bucket"),
                    ("kms_key_id", "the trail encrypts with another key"),
                ] {
                    let (old, new) = (
                        it.view(Side::Before, false).attr(name),
                        it.view(Side::After, false).attr(name),
                    );
                    if old.text() != new.text() && new != super::value::Attr::Unset {
                        let words = format!(
                            "{what}: events may go undelivered until its policy lets CloudTrail use it"
                        );
                        self.add(kind, Some(at), it, words, name);
                    }
                }
            }
            ("aws_cloudtrail_event_data_store", ChangeAction::Update) => {
                let of = |side| Self::text(it, side, "suspend").is_some_and(|it| it == "true")
                    || matches!(it.view(side, false).attr("suspend"), super::value::Attr::Known(value) if as_bool(value) == Some(true));
                if !of(Side::Before) && of(Side::After) {
                    let words = "ingestion of the event data store is stopped";
                    self.add(kind, Some(at), it, words, "suspend");
                }
            }
            ("aws_s3_bucket_policy", ChangeAction::Delete | ChangeAction::Replace)
                if self.is_in(at, it, &self.record.buckets) =>
            {
                let words = "the policy of the log bucket is deleted: CloudTrail may not deliver to it without one";
                self.add(kind, Some(at), it, words, "policy");
            }
            ("aws_kms_key", ChangeAction::Update)
                if switched_off("is_enabled") && self.is_in(at, it, &self.record.keys) =>
            {
                let words = "the key that encrypts logs is disabled: nothing can be delivered with it";
                self.add(kind, Some(at), it, words, "is_enabled");
            }
            ("aws_kms_key_policy", ChangeAction::Delete)
                if self.is_in(at, it, &self.record.keys) =>
            {
                let words = "the policy of the key that encrypts logs is reset: CloudTrail may lose its access to it";
                self.add(kind, Some(at), it, words, "policy");
            }
            _ => {}
        }
    }

    fn releases(&mut self, at: usize, it: &'a Resource) {
        if it.action != ChangeAction::Forget {
            return;
        }
        let guards = match it.kind.as_str() {
            "aws_cloudtrail" | "aws_cloudtrail_event_data_store" => true,
            kind if kind.starts_with("aws_s3_bucket") => self.is_in(at, it, &self.record.buckets),
            kind if kind.starts_with("aws_kms_") => self.is_in(at, it, &self.record.keys),
            kind if kind.starts_with("aws_cloudwatch_log_") => {
                self.is_in(at, it, &self.record.groups)
            }
            kind => {
                kind.starts_with("aws_organizations_policy")
                    || kind == "aws_s3_account_public_access_block"
            }
        };
        if guards {
            let words = "Terraform no longer manages it: it stays as it is, and later changes to it are neither planned \
                         nor reverted";
            self.add(EffectKind::Releases, Some(at), it, words, "");
        }
    }

    fn unreviewable(&mut self, it: &'a Resource) {
        let listed = NOT_READ.contains(&it.kind.as_str());
        let other = CLOUD_CONTROL.iter().any(|start| it.kind.starts_with(start));
        let not_carried = NOT_CARRIED.iter().any(|start| it.kind.starts_with(start));
        if listed || other || (self.onto && not_carried) {
            let words = format!(
                "changes of resources of the type {} are not evaluated: findings that depend on it may be out of date",
                crate::finding::short(&it.kind, 100)
            );
            self.add(EffectKind::Unreviewable, None, it, words, "");
        }
    }

    /// Commands that run where Terraform runs may do anything.
    fn commands(&mut self) {
        for (path, label, declared) in self.plan.config.all() {
            if !declared.local_exec {
                continue;
            }
            let found = self.plan.resources.iter().find(|resource| {
                resource.is_changed()
                    && resource.action != ChangeAction::Forget
                    && resource.label() == label
                    && super::address::path(&resource.modules) == path
            });
            if let Some(it) = found {
                let words = "a local-exec provisioner runs a command: what it does is not known";
                self.add(EffectKind::Unreviewable, None, it, words, "provisioner");
            }
        }
    }
}
