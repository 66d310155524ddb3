//! IAM: an account's users, groups, roles and policies in one paged call.

use std::collections::BTreeMap;

use aws_sdk_iam::types;
use trailaudit_checks::calls::{
    GET_ACCOUNT_AUTHORIZATION_DETAILS, GET_ACCOUNT_SUMMARY, LIST_ORGANIZATIONS_FEATURES,
};
use trailaudit_checks::fact::{Fact, Known, Unknown};
use trailaudit_checks::ids::Arn;
use trailaudit_checks::inventory::iam::{
    AuthorizationDetails, Group, InlinePolicy, ManagedPolicy, Role, User,
};

use super::ask::{Ask, Read, Target, malformed, send};
use super::limits::Listing;

/// IAM's counts.
pub(crate) async fn summary(ask: &Ask, target: &Target) -> Fact<BTreeMap<String, i64>> {
    let request = ask.clients.iam.get_account_summary();
    let answer = send!(
        ask,
        target,
        GET_ACCOUNT_SUMMARY,
        "",
        &[],
        aws_sdk_iam,
        request
    );
    answer.read((target, GET_ACCOUNT_SUMMARY), |out| {
        let counts = out.summary_map?.into_iter();
        Some(
            counts
                .map(|(key, count)| (key.as_str().to_owned(), i64::from(count)))
                .collect(),
        )
    })
}

/// The features of centralized root access; none where IAM has no trusted access, or not all features are on.
pub(crate) async fn root_access(ask: &Ask, target: &Target) -> Fact<Vec<String>> {
    let request = ask.clients.iam.list_organizations_features();
    let absent = &[
        "ServiceAccessNotEnabled",
        "ServiceAccessNotEnabledException",
        "OrganizationNotInAllFeaturesMode",
        "OrganizationNotInAllFeaturesModeException",
    ];
    let answer = send!(
        ask,
        target,
        LIST_ORGANIZATIONS_FEATURES,
        "",
        absent,
        aws_sdk_iam,
        request
    );
    match answer {
        Fact::Known(None) => Fact::Known(Vec::new()),
        some => some.read((target, LIST_ORGANIZATIONS_FEATURES), |out| {
            let features = out.enabled_features?;
            Some(features.iter().map(|it| it.as_str().to_owned()).collect())
        }),
    }
}

/// All documents of the account, AWS's own policies included where they are attached.
pub(crate) async fn details(ask: &Ask, target: &Target) -> Fact<AuthorizationDetails> {
    const CALL: trailaudit_checks::calls::ApiCall = GET_ACCOUNT_AUTHORIZATION_DETAILS;
    let mut details = AuthorizationDetails::default();
    let mut marker: Option<String> = None;
    let mut listing = Listing::new(CALL);
    loop {
        let request = ask.clients.iam.get_account_authorization_details();
        let request = request.max_items(1000).set_marker(marker.clone());
        let out = match send!(within &mut listing, ask, target, CALL, "", &[], aws_sdk_iam, request)
        {
            Known(Some(out)) => out,
            Known(None) => return Unknown(malformed(target, CALL, "no answer")),
            Unknown(gap) => return Unknown(gap),
        };
        let whole = (|| {
            // Each of the four lists is an element, empty or not: an answer with none of them is none.
            out.user_detail_list
                .as_ref()
                .map(|_| ())
                .or(out.group_detail_list.as_ref().map(|_| ()))
                .or(out.role_detail_list.as_ref().map(|_| ()))
                .or(out.policies.as_ref().map(|_| ()))?;
            for it in out.user_detail_list.unwrap_or_default() {
                details.users.push(user(it)?);
            }
            for it in out.group_detail_list.unwrap_or_default() {
                details.groups.push(group(it)?);
            }
            for it in out.role_detail_list.unwrap_or_default() {
                details.roles.push(role(it)?);
            }
            for it in out.policies.unwrap_or_default() {
                details.policies.push(managed(it)?);
            }
            Some(())
        })();
        // A document that is left out would be a right that nobody sees.
        if whole.is_none() {
            return Unknown(malformed(
                target,
                CALL,
                "an entry without its name or document",
            ));
        }
        let next = out.marker.filter(|it| out.is_truncated && !it.is_empty());
        if out.is_truncated && next.is_none() {
            return Unknown(malformed(
                target,
                CALL,
                "the listing does not say how it goes on",
            ));
        }
        match listing.next(next) {
            Ok(None) => break,
            Ok(next) => marker = next,
            Err(what) => return Unknown(malformed(target, CALL, &what)),
        }
    }
    details.users.sort_by(|a, b| a.arn.cmp(&b.arn));
    details.groups.sort_by(|a, b| a.arn.cmp(&b.arn));
    details.roles.sort_by(|a, b| a.arn.cmp(&b.arn));
    details.policies.sort_by(|a, b| a.arn.cmp(&b.arn));
    Known(details)
}

fn user(it: types::UserDetail) -> Option<User> {
    Some(User {
        arn: Arn::from(it.arn?),
        name: it.user_name?,
        id: it.user_id.unwrap_or_default(),
        groups: it.group_list.unwrap_or_default(),
        inline: inline(it.user_policy_list)?,
        attached: attached(it.attached_managed_policies)?,
        boundary: boundary(it.permissions_boundary)?,
        tags: tags(it.tags),
    })
}

fn group(it: types::GroupDetail) -> Option<Group> {
    Some(Group {
        arn: Arn::from(it.arn?),
        name: it.group_name?,
        inline: inline(it.group_policy_list)?,
        attached: attached(it.attached_managed_policies)?,
    })
}

fn role(it: types::RoleDetail) -> Option<Role> {
    let profiles = it.instance_profile_list.unwrap_or_default().into_iter();
    Some(Role {
        arn: Arn::from(it.arn?),
        name: it.role_name?,
        id: it.role_id.unwrap_or_default(),
        trust: decoded(&it.assume_role_policy_document?)?,
        inline: inline(it.role_policy_list)?,
        attached: attached(it.attached_managed_policies)?,
        boundary: boundary(it.permissions_boundary)?,
        tags: tags(it.tags),
        instance_profiles: profiles.map(|it| it.instance_profile_name).collect(),
    })
}

fn managed(it: types::ManagedPolicyDetail) -> Option<ManagedPolicy> {
    let version = it.default_version_id?;
    let versions = it.policy_version_list.unwrap_or_default();
    let default = versions
        .into_iter()
        .find(|of| of.is_default_version || of.version_id.as_deref() == Some(version.as_str()))?;
    let arn = Arn::from(it.arn?);
    let last = || {
        arn.as_str()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    Some(ManagedPolicy {
        name: it.policy_name.unwrap_or_else(last),
        version,
        document: decoded(&default.document?)?,
        arn,
    })
}

fn inline(list: Option<Vec<types::PolicyDetail>>) -> Option<Vec<InlinePolicy>> {
    let policies = list.unwrap_or_default().into_iter().map(|policy| {
        Some(InlinePolicy {
            name: policy.policy_name?,
            document: decoded(&policy.policy_document?)?,
        })
    });
    policies.collect()
}

fn attached(list: Option<Vec<types::AttachedPolicy>>) -> Option<Vec<Arn>> {
    list.unwrap_or_default()
        .into_iter()
        .map(|it| it.policy_arn.map(Arn::from))
        .collect()
}

/// None of it, or one with its ARN; a boundary without an ARN is unreadable.
fn boundary(it: Option<types::AttachedPermissionsBoundary>) -> Option<Option<Arn>> {
    match it {
        None => Some(None),
        Some(it) => it.permissions_boundary_arn.map(|arn| Some(Arn::from(arn))),
    }
}

fn tags(list: Option<Vec<types::Tag>>) -> BTreeMap<String, String> {
    list.unwrap_or_default()
        .into_iter()
        .map(|tag| (tag.key, tag.value))
        .collect()
}

/// The raw API gives documents percent-encoded.
fn decoded(document: &str) -> Option<String> {
    if document.trim_start().starts_with('{') {
        return Some(document.to_owned());
    }
    let mut bytes = Vec::with_capacity(document.len());
    let mut rest = document.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn documents_are_decoded_once() {
        assert_eq!(decoded("%7B%22a%22%3A1%7D").as_deref(), Some("{\"a\":1}"));
        assert_eq!(
            decoded("{\"a\":\"%20\"}").as_deref(),
            Some("{\"a\":\"%20\"}")
        );
        assert_eq!(decoded("%7"), None);
        assert_eq!(decoded("%FF"), None);
    }
}
