//! What Dana did.

use serde_json::{Value, json};

use super::super::trails::ORGANIZATION_TRAIL;
use super::{At, BUCKET, HOME, LOG_ARCHIVE, MANAGEMENT, assumed, record, role_arn, session};

/// Took on the role that may stop the trail; stopped it; deleted the log of the former; started the trail.
pub(crate) const TOOK_ON: u32 = 9;
pub(crate) const STOPPED: u32 = 12;
pub(crate) const DELETED: u32 = 31;
pub(crate) const STARTED: u32 = 34;

pub(crate) const ADMIN: &str = "AWSReservedSSO_PlatformAdmin_1a2b3c4d5e6f7a8b";
const OPERATOR: &str = "platform-operator";
const MAINTENANCE: &str = "log-maintenance";
const DANA: &str = "dana@example.com";

/// Identity Center, in which she is a user.
fn dana() -> Value {
    json!({
        "userId": "9067a1b2c3-d4e5f607-1829-4a3b-8c4d-5e6f70819203",
        "identityStoreArn": "arn:aws:identitystore::111111111111:identitystore/d-9067a1b2c3",
    })
}

/// Her session in the permission set's role. Identity Center hands out another key than AssumeRoleWithSAML shows.
fn admin() -> Value {
    let behalf = json!({"onBehalfOf": dana()});
    session(
        MANAGEMENT,
        ADMIN,
        DANA,
        "ASIAEXAMPLEDANACLI01",
        "12:41:09",
        behalf,
    )
}

fn operator(key: &str, since: &str) -> Value {
    session(MANAGEMENT, OPERATOR, "maintenance", key, since, json!({}))
}

fn maintenance() -> Value {
    session(
        LOG_ARCHIVE,
        MAINTENANCE,
        "maintenance",
        "ASIAEXAMPLEMAINTEN01",
        "12:55:36",
        json!({}),
    )
}

/// What any trail of the account would record.
pub(crate) fn records() -> Vec<Value> {
    let here = |source, identity| At(MANAGEMENT, HOME, source, identity);
    let center = || json!({"type": "IdentityCenterUser", "accountId": MANAGEMENT, "onBehalfOf": dana(), "credentialId": "EXAMPLECREDENTIALDANA01"});
    let saml = json!({
        "type": "SAMLUser", "principalId": "kExAmPlEqUaLiFiEr0000000000=:dana@example.com", "userName": DANA,
        "identityProvider": "kExAmPlEqUaLiFiEr0000000000=",
    });
    let trail = json!({"requestParameters": {"name": ORGANIZATION_TRAIL}});
    let first = "ASIAEXAMPLEOPERATOR1";
    let again = "ASIAEXAMPLEOPERATOR2";
    let operator_arn = role_arn(MANAGEMENT, OPERATOR);
    let takes_on = |key: &str, until: &str| {
        json!({
            "requestParameters": {"roleArn": operator_arn, "roleSessionName": "maintenance"},
            "responseElements": assumed(MANAGEMENT, OPERATOR, "maintenance", key, until),
            "resources": [{"accountId": MANAGEMENT, "type": "AWS::IAM::Role", "ARN": operator_arn}],
        })
    };
    let mut abroad = json!({
        "requestParameters": {"roleArn": role_arn(LOG_ARCHIVE, MAINTENANCE), "roleSessionName": "maintenance"},
        "responseElements": assumed(LOG_ARCHIVE, MAINTENANCE, "maintenance", "ASIAEXAMPLEMAINTEN01", "1:55:36 PM"),
        "resources": [{"accountId": LOG_ARCHIVE, "type": "AWS::IAM::Role", "ARN": role_arn(LOG_ARCHIVE, MAINTENANCE)}],
        "sharedEventID": "77777777-0000-4000-8000-000000000001",
    });
    let caller = record(
        11,
        "12:55:36",
        &here("sts", operator(first, "12:52:40")),
        "AssumeRole",
        abroad.clone(),
    );
    abroad["sourceIPAddress"] = "198.51.100.23".into();
    let unnamed = json!({"type": "AWSAccount", "principalId": format!("{}:maintenance", super::role_id(OPERATOR)), "accountId": MANAGEMENT});
    vec![
        record(
            1,
            "12:38:04",
            &here("signin", center()),
            "UserAuthentication",
            json!({
                "eventType": "AwsServiceEvent", "additionalEventData": {"CredentialType": "PASSWORD"},
                "serviceEventDetails": {"UserAuthentication": "Success"},
            }),
        ),
        record(
            2,
            "12:41:09",
            &here("sso", center()),
            "GetRoleCredentials",
            json!({
                "eventType": "AwsServiceEvent",
                "serviceEventDetails": {"role_name": "PlatformAdmin", "account_id": MANAGEMENT},
            }),
        ),
        record(
            3,
            "12:41:09",
            &here("sts", saml),
            "AssumeRoleWithSAML",
            json!({
                "sourceIPAddress": "198.51.100.23",
                "requestParameters": {
                    "sAMLAssertionID": "_example", "roleSessionName": DANA, "roleArn": role_arn(MANAGEMENT, ADMIN),
                    "principalArn": "arn:aws:iam::111111111111:saml-provider/AWSSSO_example_DO_NOT_DELETE",
                    "durationSeconds": 43200,
                },
                "responseElements": {
                    "credentials": {
                        "accessKeyId": "ASIAEXAMPLEDANASAML1", "sessionToken": "HIDDEN_DUE_TO_SECURITY_REASONS",
                        "expiration": "Nov 16, 2026, 12:41:09 AM",
                    },
                    "assumedRoleUser": {
                        "assumedRoleId": format!("{}:{DANA}", super::role_id(ADMIN)),
                        "arn": format!("arn:aws:sts::{MANAGEMENT}:assumed-role/{ADMIN}/{DANA}"),
                    },
                    "subject": DANA, "subjectType": "persistent", "nameQualifier": "kExAmPlEqUaLiFiEr0000000000=",
                },
            }),
        ),
        record(
            4,
            "12:41:40",
            &here("sts", admin()),
            "GetCallerIdentity",
            json!({}),
        ),
        record(
            5,
            "12:42:15",
            &here("cloudtrail", admin()),
            "DescribeTrails",
            json!({}),
        ),
        record(
            6,
            "12:43:02",
            &here("cloudtrail", admin()),
            "GetTrailStatus",
            trail.clone(),
        ),
        record(
            7,
            "12:44:51",
            &here("cloudtrail", admin()),
            "GetEventSelectors",
            json!({"requestParameters": {"trailName": ORGANIZATION_TRAIL}}),
        ),
        record(8, "12:47:20", &here("iam", admin()), "ListRoles", json!({})),
        record(
            TOOK_ON,
            "12:52:40",
            &here("sts", admin()),
            "AssumeRole",
            takes_on(first, "1:52:40 PM"),
        ),
        record(
            10,
            "12:53:21",
            &here("cloudtrail", operator(first, "12:52:40")),
            "GetTrailStatus",
            trail.clone(),
        ),
        caller,
        record(
            STOPPED,
            "13:04:12",
            &here("cloudtrail", operator(first, "12:52:40")),
            "StopLogging",
            trail.clone(),
        ),
        record(
            13,
            "12:55:36",
            &At(LOG_ARCHIVE, HOME, "sts", unnamed),
            "AssumeRole",
            abroad,
        ),
        record(
            33,
            "15:58:50",
            &here("sts", admin()),
            "AssumeRole",
            takes_on(again, "4:58:50 PM"),
        ),
        record(
            STARTED,
            "15:59:41",
            &here("cloudtrail", operator(again, "15:58:50")),
            "StartLogging",
            trail,
        ),
    ]
}

/// What she did in the log bucket: listed it, read logs of the day, deleted one, and failed to delete it for good.
pub(crate) fn in_the_log_bucket(logs: &[String], taken_on: &str) -> Vec<Value> {
    let at = At(LOG_ARCHIVE, HOME, "s3", maintenance());
    let data = |key: Option<&str>, more: Value| {
        let bucket = format!("arn:aws:s3:::{BUCKET}");
        let mut resources =
            vec![json!({"accountId": LOG_ARCHIVE, "type": "AWS::S3::Bucket", "ARN": bucket})];
        let mut parameters =
            json!({"bucketName": BUCKET, "Host": format!("{BUCKET}.s3.us-east-1.amazonaws.com")});
        if let Some(key) = key {
            parameters["key"] = key.into();
            resources.insert(
                0,
                json!({"type": "AWS::S3::Object", "ARN": format!("{bucket}/{key}")}),
            );
        }
        super::set(&mut parameters, more);
        json!({
            "requestParameters": parameters, "resources": resources, "managementEvent": false,
            "eventCategory": "Data",
        })
    };
    let day = |hour: &str| format!("_{HOME}_20261115T{hour}");
    let of = |key: &&String| key.contains(&format!("/{MANAGEMENT}/CloudTrail/{HOME}/"));
    let recent = logs
        .iter()
        .filter(of)
        .filter(|key| ["12", "1300"].iter().any(|hour| key.contains(&day(hour))));
    let mut records = vec![record(
        14,
        "13:08:30",
        &at,
        "ListObjects",
        data(
            None,
            json!({
                "prefix": format!("AWSLogs/o-a1b2c3d4e5/{MANAGEMENT}/CloudTrail/{HOME}/2026/11/15/"), "list-type": "2",
            }),
        ),
    )];
    for (number, key) in (15..DELETED).zip(recent) {
        let time = format!(
            "13:{:02}:{:02}",
            9 + (number - 15) / 3,
            7 + (number - 15) % 3 * 17
        );
        records.push(record(
            number,
            &time,
            &at,
            "GetObject",
            data(Some(key), json!({})),
        ));
    }
    let mut deleted = data(Some(taken_on), json!({}));
    deleted["responseElements"] =
        json!({"x-amz-delete-marker": "true", "x-amz-version-id": "EXAMPLEMARKER"});
    records.push(record(DELETED, "13:21:47", &at, "DeleteObject", deleted));
    let mut refused = data(Some(taken_on), json!({"versionId": "EXAMPLEVERSION"}));
    super::set(
        &mut refused,
        json!({
            "errorCode": "AccessDenied",
            "errorMessage": "Access Denied because object protected by object lock.",
        }),
    );
    records.push(record(32, "13:23:15", &at, "DeleteObject", refused));
    records
}
