//! How much worse or better than usual an event is, in steps of severity.

use super::Grade;
use super::subject::parameter;
use crate::events::field::Field;
use crate::events::raw::Kind;
use crate::events::{Raw, Record};

/// The steps.
pub(super) fn of(grade: Grade, record: &Record<'_>, account: &str) -> i8 {
    if grade == Grade::Same {
        return 0;
    }
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
            let policy = document(record, "policyDocument");
            match admin || policy.as_ref().is_some_and(allows_all) {
                true => 1,
                false => -i8::from(policy.as_ref().is_some_and(is_narrow) || is_of_service(record)),
            }
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
        Grade::Triage => {
            let suppressed = parameter(record, "workflow.status");
            let suppressed = suppressed.is_some_and(|it| it.eq_ignore_ascii_case("SUPPRESSED"));
            let by_hand = matches!(&*name, "ArchiveFindings" | "BatchUpdateFindings");
            -i8::from(by_hand && !suppressed)
        }
        Grade::Retention => {
            let days = parameter(record, "retentionInDays").and_then(|it| it.parse::<u32>().ok());
            -i8::from(&*name == "PutRetentionPolicy" && days.is_some_and(|it| it >= KEPT_DAYS))
        }
        Grade::Backup => {
            let by = record.identity().invoked_by();
            let by_backup = by.is_some_and(|it| it.as_str() == "backup.amazonaws.com");
            -i8::from(by_backup && &*name == "DeleteDBSnapshot")
        }
    }
}

/// Logs that are kept so long outlast the first look at an incident.
const KEPT_DAYS: u32 = 14;

/// Services whose actions lead to other permissions.
const LEADING: &[&str] = &[
    "iam",
    "sts",
    "organizations",
    "sso",
    "sso-directory",
    "identitystore",
];

/// Every statement that allows something names its actions, none of which leads to other permissions: no `iam:..`, no
/// service as a whole, nothing by what it leaves out.
fn is_narrow(policy: &serde_json::Value) -> bool {
    let statements = each(policy.get("Statement"));
    let narrow = |statement: &&serde_json::Value| {
        let actions = each(statement.get("Action"));
        let named = |it: &&serde_json::Value| {
            let text = it.as_str().unwrap_or("*").to_ascii_lowercase();
            text.split_once(':').is_some_and(|(service, action)| {
                let wild = |it: &str| it.starts_with(['*', '?']);
                !wild(service)
                    && !service.contains(['*', '?'])
                    && !wild(action)
                    && !LEADING.contains(&service)
            })
        };
        statement.get("NotAction").is_none() && !actions.is_empty() && actions.iter().all(named)
    };
    let mut allowing = statements.iter().filter(|it| allows(it)).peekable();
    allowing.peek().is_some() && allowing.all(narrow)
}

/// A role gets a policy that AWS wrote for a service.
fn is_of_service(record: &Record<'_>) -> bool {
    let role = record
        .name()
        .is_some_and(|it| it.as_str() == "AttachRolePolicy");
    role && parameter(record, "policyArn")
        .is_some_and(|it| it.starts_with("arn:") && it.contains(":iam::aws:policy/service-role/"))
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
            let canned = parameter(record, "x-amz-acl").is_some_and(|it| {
                ["private", "bucket-owner-read", "bucket-owner-full-control"].contains(&&*it)
            });
            // Grants of the body would stand beside it.
            let alone = record
                .path(Field::RequestParameters, &["AccessControlPolicy"])
                .is_none();
            match (to_all, canned && alone) {
                (true, _) => 1,
                (false, closed) => -i8::from(closed),
            }
        }
        "PutBucketCors" | "PutBucketWebsite" => -1,
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
