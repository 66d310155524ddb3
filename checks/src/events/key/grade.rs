//! How much worse or better than usual an event is, in steps of severity.

use super::Grade;
use super::subject::parameter;
use crate::events::field::Field;
use crate::events::raw::Kind;
use crate::events::{Raw, Record};

/// The steps.
pub(super) fn of(grade: Grade, record: &Record<'_>, account: &str) -> i8 {
    let name = record.name().unwrap_or_default();
    match grade {
        Grade::Same => 0,
        Grade::Selectors => -i8::from(keeps_management_events(record)),
        Grade::Trust => match &*name {
            "CreateRole" if trusts_services_alone(record) => -1,
            "CreateInstanceProfile" => -1,
            _ => 0,
        },
        Grade::Permissions => {
            let admin = parameter(record, "policyArn")
                .is_some_and(|it| it.ends_with(":policy/AdministratorAccess"));
            i8::from(admin || document(record, "policyDocument").is_some_and(|it| allows_all(&it)))
        }
        Grade::Mfa => -i8::from(matches!(
            &*name,
            "EnableMFADevice" | "CreateVirtualMFADevice" | "ResyncMFADevice"
        )),
        Grade::Password => -i8::from(&*name == "ChangePassword"),
        Grade::BucketPolicy => bucket(record, account),
        Grade::SecurityGroup => match &*name {
            "AuthorizeSecurityGroupIngress" | "ModifySecurityGroupRules" if is_open(record) => 1,
            "RevokeSecurityGroupIngress"
            | "RevokeSecurityGroupEgress"
            | "DeleteSecurityGroup"
            | "CreateSecurityGroup" => -1,
            _ => 0,
        },
        Grade::Shared => i8::from(is_shared_with_all(record)),
        Grade::Function => {
            let principal = parameter(record, "principal").is_some_and(|it| it == "*");
            let url = parameter(record, "authType").is_some_and(|it| it == "NONE");
            i8::from(principal || url)
        }
    }
}

/// A policy that a parameter holds, as JSON or as text of it.
fn document(record: &Record<'_>, name: &str) -> Option<serde_json::Value> {
    let value = record.path(Field::RequestParameters, &[name])?;
    match value.kind() {
        Kind::String => {
            let text = value.text()?;
            serde_json::from_str(&text).ok()
        }
        Kind::Object => serde_json::from_slice(value.bytes()).ok(),
        Kind::Null | Kind::Bool(_) | Kind::Number | Kind::Array | Kind::Unreadable => None,
    }
}

/// One or many.
fn each(value: Option<&serde_json::Value>) -> Vec<&serde_json::Value> {
    match value {
        Some(serde_json::Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

fn allows(statement: &serde_json::Value) -> bool {
    statement
        .get("Effect")
        .and_then(|it| it.as_str())
        .is_some_and(|it| it.eq_ignore_ascii_case("Allow"))
}

fn allows_all(policy: &serde_json::Value) -> bool {
    let star = |statement: &serde_json::Value, name: &str| {
        let values = each(statement.get(name));
        values
            .iter()
            .any(|it| matches!(it.as_str(), Some("*" | "*:*")))
    };
    each(policy.get("Statement"))
        .into_iter()
        .any(|it| allows(it) && star(it, "Action") && star(it, "Resource"))
}

/// The principals that a policy allows something without a condition.
fn principals(policy: &serde_json::Value, unconditional: bool) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for statement in each(policy.get("Statement")) {
        if !allows(statement) || (unconditional && statement.get("Condition").is_some()) {
            continue;
        }
        match statement.get("Principal") {
            Some(serde_json::Value::Object(kinds)) => {
                for (kind, values) in kinds {
                    for value in each(Some(values)) {
                        all.push((kind.clone(), value.as_str().unwrap_or_default().to_owned()));
                    }
                }
            }
            Some(other) => all.push((
                "AWS".to_owned(),
                other.as_str().unwrap_or_default().to_owned(),
            )),
            // All but some.
            None => all.push(("AWS".to_owned(), "*".to_owned())),
        }
    }
    all
}

fn trusts_services_alone(record: &Record<'_>) -> bool {
    let Some(policy) = document(record, "assumeRolePolicyDocument") else {
        return false;
    };
    let all = principals(&policy, false);
    !all.is_empty() && all.iter().all(|(kind, _)| kind == "Service")
}

/// Worse where it is for everyone or for another account, better where it is seen to be for neither.
fn bucket(record: &Record<'_>, account: &str) -> i8 {
    let name = record.name().unwrap_or_default();
    match &*name {
        "PutBucketPolicy" | "PutAccessPointPolicy" => {
            let policy = document(record, "bucketPolicy").or_else(|| document(record, "policy"));
            let Some(policy) = policy else { return 0 };
            let foreign = |(kind, value): &(String, String)| {
                kind != "Service"
                    && (value == "*" || (!account.is_empty() && !value.contains(account)))
            };
            match (
                principals(&policy, true).iter().any(foreign),
                principals(&policy, false).iter().any(foreign),
            ) {
                (true, _) => 1,
                (false, true) => 0,
                (false, false) => -1,
            }
        }
        "PutBucketAcl" | "PutObjectAcl" => {
            let mut to_all = false;
            if let Some(value) = record.get(Field::RequestParameters) {
                value.strings(&mut |text| {
                    to_all |= text.contains("/groups/global/AllUsers")
                        || text.contains("/groups/global/AuthenticatedUsers")
                        || text.starts_with("public-read");
                });
            }
            i8::from(to_all)
        }
        _ => 0,
    }
}

fn is_open(record: &Record<'_>) -> bool {
    let mut open = false;
    if let Some(value) = record.get(Field::RequestParameters) {
        value.strings(&mut |text| open |= matches!(text.as_str(), "0.0.0.0/0" | "::/0"));
    }
    open
}

fn is_shared_with_all(record: &Record<'_>) -> bool {
    let mut all = false;
    if let Some(value) = record.get(Field::RequestParameters) {
        let added = ["launchPermission", "createVolumePermission"]
            .iter()
            .filter_map(|it| value.path(&[it, "add"]))
            .chain(value.path(&["valuesToAdd"]));
        for value in added {
            value.strings(&mut |text| all |= text.as_str() == "all");
        }
    }
    all
}

/// Management events of both kinds are recorded still, by every selector that is seen.
fn keeps_management_events(record: &Record<'_>) -> bool {
    let classic = record.path(Field::RequestParameters, &["eventSelectors"]);
    let keeps = |it: Raw<'_>| {
        let all = it
            .get("readWriteType")
            .and_then(Raw::text)
            .is_some_and(|it| it.as_str() == "All");
        let management = it.get("includeManagementEvents").and_then(Raw::flag) == Some(true);
        let none_left_out = it
            .get("excludeManagementEventSources")
            .is_none_or(|it| it.is_null() || it.elements().next().is_none());
        all && management && none_left_out
    };
    classic.is_some_and(|it| it.elements().any(keeps))
}
