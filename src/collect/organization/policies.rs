//! The policies of an organization: those on its tree, and its own resource policy.

use aws_sdk_organizations::types::{self, PolicyType};
use trailaudit_checks::calls::{
    ApiCall, DESCRIBE_ORGANIZATION_RESOURCE_POLICY, DESCRIBE_POLICY, LIST_POLICIES,
    LIST_TARGETS_FOR_POLICY,
};
use trailaudit_checks::fact::{Fact, Known, Unknown};
use trailaudit_checks::ids::Arn;
use trailaudit_checks::inventory::{ControlPolicy, ControlPolicyKind};

use crate::collect::ask::{Ask, Read, Target, malformed, not_asked, pages, send};

pub(super) async fn policies(ask: &Ask, target: &Target) -> Fact<Vec<ControlPolicy>> {
    if !ask.needs(LIST_POLICIES) {
        return Unknown(not_asked(target, LIST_POLICIES));
    }
    let mut all = Vec::new();
    for (filter, kind) in [
        (
            PolicyType::ServiceControlPolicy,
            ControlPolicyKind::ServiceControlPolicy,
        ),
        (
            PolicyType::ResourceControlPolicy,
            ControlPolicyKind::ResourceControlPolicy,
        ),
    ] {
        let pages = pages!(
            ask,
            target,
            LIST_POLICIES,
            filter.as_str(),
            // A kind that is switched off has no policies.
            &["PolicyTypeNotEnabledException"],
            aws_sdk_organizations,
            |token| ask
                .clients
                .organizations
                .list_policies()
                .filter(filter.clone())
                .set_next_token(token.clone()),
            |out| (out.policies, out.next_token)
        );
        let summaries: Vec<types::PolicySummary> = match pages {
            Known(summaries) => summaries.unwrap_or_default(),
            Unknown(gap) => return Unknown(gap),
        };
        for it in summaries {
            let (Some(id), Some(arn)) = (it.id, it.arn) else {
                return Unknown(malformed(target, LIST_POLICIES, "a policy without an id"));
            };
            let (document, targets) =
                futures::join!(document(ask, target, &id), targets(ask, target, &id));
            all.push(ControlPolicy {
                name: it.name.unwrap_or_else(|| id.clone()),
                id,
                arn: Arn::from(arn),
                kind,
                aws_managed: it.aws_managed,
                document,
                targets,
            });
        }
    }
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Known(all)
}

async fn document(ask: &Ask, target: &Target, id: &str) -> Fact<String> {
    let request = ask.clients.organizations.describe_policy().policy_id(id);
    let answer = send!(
        ask,
        target,
        DESCRIBE_POLICY,
        id,
        &[],
        aws_sdk_organizations,
        request
    );
    answer.read((target, DESCRIBE_POLICY), |out| out.policy?.content)
}

async fn targets(ask: &Ask, target: &Target, id: &str) -> Fact<Vec<String>> {
    let pages = pages!(
        ask,
        target,
        LIST_TARGETS_FOR_POLICY,
        id,
        &[],
        aws_sdk_organizations,
        |token| ask
            .clients
            .organizations
            .list_targets_for_policy()
            .policy_id(id)
            .set_next_token(token.clone()),
        |out| (out.targets, out.next_token)
    );
    pages.read(
        (target, LIST_TARGETS_FOR_POLICY),
        |targets: Vec<types::PolicyTargetSummary>| {
            targets.into_iter().map(|it| it.target_id).collect()
        },
    )
}

pub(super) async fn resource_policy(ask: &Ask, target: &Target) -> Fact<Option<String>> {
    const CALL: ApiCall = DESCRIBE_ORGANIZATION_RESOURCE_POLICY;
    let request = ask.clients.organizations.describe_resource_policy();
    let absent = &["ResourcePolicyNotFoundException"];
    let answer = send!(
        ask,
        target,
        CALL,
        "",
        absent,
        aws_sdk_organizations,
        request
    );
    answer.map(|out| out.and_then(|out| out.resource_policy?.content))
}
