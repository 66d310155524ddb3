//! What plans do to what is set for a whole region or the organization: carried over where it is plain, and unknown where
//! it is not. What is not carried over is never as it was.

use super::build::Builder;
use super::hcl::{Val, has_mark};
use super::iam::forget;
use super::plan::{Resource, Side};
use super::resolve::Target;
use super::value::{Attr, as_text};
use crate::calls;
use crate::fact::{Gap, Known, Unknown};
use crate::ids::{AccountId, Arn};
use crate::inventory::{
    ControlPolicy, ControlPolicyKind, Inventory, Organization, Planned, RegionView,
};

/// Makes something of a record unknown.
type Forget<T> = fn(&mut T, Gap);

/// Kinds whose changes leave something of their region unknown.
const OF_REGIONS: [(&str, Forget<RegionView>); 6] = [
    ("aws_cloudwatch_event_", |it, gap| {
        forget(&mut it.rules, gap)
    }),
    ("aws_cloudwatch_composite_alarm", |it, gap| {
        forget(&mut it.alarms, gap)
    }),
    ("aws_cloudwatch_log_resource_policy", |it, gap| {
        forget(&mut it.log_resource_policies, gap);
    }),
    ("aws_config_", |it, gap| {
        forget(&mut it.config_recorder, gap)
    }),
    ("aws_accessanalyzer_", |it, gap| {
        forget(&mut it.access_analyzers, gap)
    }),
    ("aws_securityhub_standards_", |it, gap| {
        forget(&mut it.security_standards, gap);
    }),
];

/// Likewise of the organization.
const OF_ORGANIZATION: [(&str, Forget<Organization>); 6] = [
    ("aws_organizations_organizational_unit", |it, gap| {
        forget(&mut it.units, gap);
    }),
    ("aws_organizations_account", |it, gap| {
        forget(&mut it.accounts, gap)
    }),
    ("aws_iam_organizations_features", |it, gap| {
        forget(&mut it.root_access, gap);
    }),
    ("aws_organizations_delegated_administrator", |it, gap| {
        forget(&mut it.delegated_administrators, gap);
    }),
    (
        "aws_cloudtrail_organization_delegated_admin_account",
        |it, gap| {
            forget(&mut it.delegated_administrators, gap);
        },
    ),
    ("aws_organizations_aws_service_access", |it, gap| {
        forget(&mut it.trusted_services, gap);
    }),
];

/// Applies what one plan changes.
pub(super) fn apply(live: &mut Inventory, before: &Builder<'_>, after: &Builder<'_>) {
    let plan = after.plan;
    for (at, it) in plan.resources.iter().enumerate() {
        if it.data
            || it.deposed
            || !it.is_changed()
            || it.action == crate::inventory::plan::ChangeAction::Forget
        {
            continue;
        }
        let builder = if it.is_on(Side::After) { after } else { before };
        let place = builder.place(it);
        let gap = |call| after.after_apply(it, "", call);
        for (kind, forget) in OF_REGIONS {
            if !it.kind.starts_with(kind) {
                continue;
            }
            let gap = named(gap(calls::LIST_RULES), &it.kind);
            for ((account, region), view) in &mut live.regions {
                let here = place.account.as_ref().is_none_or(|it| it == account)
                    && place.region.as_ref().is_none_or(|it| it == region);
                if here {
                    forget(view, gap.clone());
                }
            }
        }
        if it.kind == "aws_sns_topic_subscription" {
            let gap = named(gap(calls::LIST_SUBSCRIPTIONS), &it.kind);
            subscription(live, builder, at, &gap);
        }
        if let Known(Some(organization)) = &mut live.organization {
            for (kind, forget) in OF_ORGANIZATION {
                if it.kind == kind {
                    let gap = named(gap(calls::DESCRIBE_ORGANIZATION), &it.kind);
                    forget(organization, gap);
                }
            }
            policies(organization, before, after, at, it);
        }
    }
}

/// The gap names what changes: it is the plan that makes it unknown.
fn named(gap: Gap, kind: &str) -> Gap {
    gap.but(|it| {
        if let crate::fact::Source::Plan { attribute, .. } = &mut it.source {
            attribute.clone_from(&crate::finding::short(kind, 100));
        }
    })
}

/// The topic that a subscription is of; where that cannot be told, any.
fn subscription(live: &mut Inventory, builder: &Builder<'_>, at: usize, gap: &Gap) {
    let topic = match builder.target(at, "topic_arn", &["aws_sns_topic"], builder.side) {
        Target::Text(arn) => Some(Arn::from(arn)),
        Target::Resource(topic) => Some(builder.arn(topic)),
        Target::Nothing | Target::Open(_) => None,
    };
    for it in live.topics.values_mut() {
        if topic.as_ref().is_none_or(|arn| *arn == it.arn) {
            forget(&mut it.subscriptions, gap.clone());
        }
    }
}

/// Policies of the organization, and what they are attached to.
fn policies(
    organization: &mut Organization,
    before: &Builder<'_>,
    after: &Builder<'_>,
    at: usize,
    it: &Resource,
) {
    let gap = |attribute: &str| after.after_apply(it, attribute, calls::DESCRIBE_POLICY);
    let text = |attribute: &str| -> Option<String> {
        let value = it.view(Side::After, after.redact).attr(attribute);
        match value {
            Attr::Known(value) => as_text(value),
            Attr::Unset => None,
            Attr::Unknown => match after.written(at, attribute) {
                Some(Val::Text(text)) if !has_mark(&text) => Some(text),
                _ => None,
            },
        }
    };
    match it.kind.as_str() {
        "aws_organizations_policy" => {
            let id = policy_id(before, at);
            let Known(all) = &mut organization.policies else {
                return;
            };
            if !it.is_on(Side::After) {
                all.retain(|it| it.id != id);
                return;
            }
            let kind = match text("type").as_deref() {
                None | Some("SERVICE_CONTROL_POLICY") => ControlPolicyKind::ServiceControlPolicy,
                Some("RESOURCE_CONTROL_POLICY") => ControlPolicyKind::ResourceControlPolicy,
                Some(_) => return,
            };
            let document = text("content").map_or_else(|| Unknown(gap("content")), Known);
            match all.iter_mut().find(|it| it.id == id) {
                Some(there) => there.document = document,
                None => all.push(ControlPolicy {
                    arn: Arn::from(format!("plan:{}", it.address)),
                    name: text("name").unwrap_or_else(|| id.clone()),
                    id,
                    kind,
                    aws_managed: false,
                    document,
                    targets: Known(Vec::new()),
                }),
            }
        }
        "aws_organizations_policy_attachment" => {
            for (builder, adds) in [(before, false), (after, true)] {
                if it.is_on(builder.side) {
                    attach(organization, builder, at, adds, &gap("policy_id"));
                }
            }
        }
        "aws_organizations_organization" => {
            let view = it.view(Side::After, after.redact);
            organization.trusted_services = match view.texts("aws_service_access_principals") {
                Ok(all) if it.is_on(Side::After) => Known(all),
                _ => Unknown(gap("aws_service_access_principals")),
            };
        }
        "aws_organizations_resource_policy" => {
            organization.resource_policy = match (it.is_on(Side::After), text("content")) {
                (false, _) => Known(None),
                (true, Some(content)) => Known(Some(content)),
                (true, None) => Unknown(gap("content")),
            };
        }
        _ => {}
    }
}

/// The id of a policy, or one in its place.
fn policy_id(builder: &Builder<'_>, at: usize) -> String {
    let Some(it) = builder.plan.resources.get(at) else {
        return String::new();
    };
    let known = it.view(Side::Before, builder.redact).attr("id").text();
    known.map_or_else(|| format!("plan:{}", it.address), str::to_owned)
}

fn attach(
    organization: &mut Organization,
    builder: &Builder<'_>,
    at: usize,
    adds: bool,
    gap: &Gap,
) {
    let Known(all) = &mut organization.policies else {
        return;
    };
    let policy = builder.target(at, "policy_id", &["aws_organizations_policy"], builder.side);
    let id = match policy {
        Target::Text(id) => Some(id),
        Target::Resource(policy) => Some(policy_id(builder, policy)),
        Target::Nothing | Target::Open(_) => None,
    };
    let target = match builder.target(at, "target_id", &[], builder.side) {
        Target::Text(target) => Some(target),
        Target::Nothing | Target::Resource(_) | Target::Open(_) => None,
    };
    for policy in all.iter_mut() {
        if id.as_ref().is_some_and(|id| *id != policy.id) {
            continue;
        }
        match (&mut policy.targets, &id, &target) {
            (Known(targets), Some(_), Some(target)) => {
                targets.retain(|it| it != target);
                targets.extend(adds.then(|| target.clone()));
            }
            (targets @ Known(_), _, _) => *targets = Unknown(gap.clone()),
            (Unknown(_), _, _) => {}
        }
    }
}

/// Accounts in which the plan changes something and that the inventory does not hold.
pub(super) fn missing_accounts(live: &Inventory, after: &Builder<'_>, planned: &mut Planned) {
    let mut missing: Vec<AccountId> = Vec::new();
    for it in after.plan.resources.iter().filter(|it| it.is_changed()) {
        let Some(account) = after.place(it).account else {
            continue;
        };
        if !live.accounts.contains_key(&account) && !missing.contains(&account) {
            missing.push(account);
        }
    }
    for account in missing {
        planned.notes.push(format!(
            "the plan changes account {account}, which the inventory does not hold: only its trails, log buckets and keys \
             are evaluated"
        ));
    }
}
