//! The rest of the day: releases, the person on call, services, the auditor.

use serde_json::{Value, json};

use super::super::trails::{ORGANIZATION_TRAIL, WEAK_TRAIL};
use super::{
    At, BUCKET, FRANKFURT, HOME, LOG_ARCHIVE, MANAGEMENT, PAYMENTS, assumed, record, role_arn,
    session,
};
use crate::tree::events::user;

/// The release whose log somebody altered.
pub(crate) const RELEASED: u32 = 119;
/// The attempt of the person on call.
pub(crate) const REFUSED: u32 = 56;

pub(crate) fn records() -> Vec<Value> {
    let mut records = on_call();
    records.extend(releases());
    records.extend(services());
    records.extend(auditor());
    records
}

/// Erin signs in with MFA, switches to the role of the person on call, and names the wrong trail.
fn on_call() -> Vec<Value> {
    let console = json!({"userAgent": "Mozilla/5.0", "sourceIPAddress": "203.0.113.80", "sessionCredentialFromConsole": "true"});
    let from = |more: Value| {
        let mut all = console.clone();
        super::set(&mut all, more);
        all
    };
    let mut erin = user(PAYMENTS, "erin");
    erin["principalId"] = "AIDA000000000000ERIN".into();
    let mut signs_in = erin.clone();
    signs_in.as_object_mut().unwrap().remove("accessKeyId");
    erin["accessKeyId"] = "ASIAEXAMPLEERINCONS1".into();
    erin["sessionContext"] =
        json!({"attributes": {"creationDate": "2026-11-15T12:02:10Z", "mfaAuthenticated": "true"}});
    let mut forwarded = erin.clone();
    forwarded["invokedBy"] = "AWS Internal".into();
    let mut on_call = session(
        PAYMENTS,
        "on-call",
        "erin",
        "ASIAEXAMPLEONCALLC02",
        "12:05:44",
        json!({}),
    );
    on_call["sessionContext"]["attributes"]["mfaAuthenticated"] = "true".into();
    let mut switched = on_call.clone();
    for gone in ["accessKeyId", "sessionContext"] {
        switched.as_object_mut().unwrap().remove(gone);
    }
    let home = |source, identity: &Value| At(PAYMENTS, HOME, source, identity.clone());
    let here = |source, identity: &Value| At(PAYMENTS, FRANKFURT, source, identity.clone());
    let weak = json!({"requestParameters": {"name": WEAK_TRAIL}});
    vec![
        record(
            50,
            "12:02:10",
            &home("signin", &signs_in),
            "ConsoleLogin",
            from(json!({
                "eventType": "AwsConsoleSignIn", "responseElements": {"ConsoleLogin": "Success"},
                "additionalEventData": {"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": "Yes"},
            })),
        ),
        record(
            51,
            "12:03:01",
            &here("cloudwatch", &erin),
            "DescribeAlarms",
            from(json!({})),
        ),
        record(
            52,
            "12:03:12",
            &here("lambda", &erin),
            "ListFunctions20150331",
            from(json!({})),
        ),
        record(
            53,
            "12:05:44",
            &home("sts", &forwarded),
            "AssumeRole",
            json!({
                "userAgent": "AWS Internal", "sourceIPAddress": "AWS Internal",
                "requestParameters": {"roleArn": role_arn(PAYMENTS, "on-call"), "roleSessionName": "erin"},
                "responseElements": assumed(PAYMENTS, "on-call", "erin", "ASIAEXAMPLEONCALLC01", "1:05:44 PM"),
            }),
        ),
        record(
            54,
            "12:05:44",
            &home("signin", &switched),
            "SwitchRole",
            from(json!({
                "eventType": "AwsConsoleSignIn", "responseElements": {"SwitchRole": "Success"},
                "additionalEventData": {"SwitchFrom": "arn:aws:iam::444444444444:user/erin", "RedirectTo": "https://console.aws.amazon.com/console/home"},
            })),
        ),
        record(
            55,
            "12:09:20",
            &here("cloudtrail", &on_call),
            "GetTrailStatus",
            from(weak.clone()),
        ),
        record(
            REFUSED,
            "12:14:33",
            &home("cloudtrail", &on_call),
            "StopLogging",
            from(json!({
                "requestParameters": {"name": ORGANIZATION_TRAIL},
                "errorCode": "AccessDenied",
                "errorMessage": format!("User: arn:aws:sts::444444444444:assumed-role/on-call/erin is not authorized to perform: cloudtrail:StopLogging on resource: {ORGANIZATION_TRAIL} because no identity-based policy allows the cloudtrail:StopLogging action"),
            })),
        ),
        record(
            57,
            "12:16:02",
            &here("cloudtrail", &on_call),
            "StopLogging",
            from(weak.clone()),
        ),
        record(
            58,
            "12:21:37",
            &here("cloudtrail", &on_call),
            "StartLogging",
            from(weak),
        ),
        record(
            59,
            "12:24:10",
            &here("cloudwatch", &on_call),
            "DescribeAlarms",
            from(json!({})),
        ),
    ]
}

/// A pipeline releases every four hours; what it releases runs as the role that releases.
fn releases() -> Vec<Value> {
    let pipeline =
        json!({"userAgent": "aws-cli/2.31.0 exec-env/pipeline", "sourceIPAddress": "192.0.2.14"});
    let from = |more: Value| {
        let mut all = pipeline.clone();
        super::set(&mut all, more);
        all
    };
    let mut deploy = user(PAYMENTS, "deploy");
    deploy["principalId"] = "AIDA0000000000DEPLOY".into();
    deploy["accessKeyId"] = "AKIAEXAMPLEDEPLOY001".into();
    let here = |source, identity: &Value| At(PAYMENTS, FRANKFURT, source, identity.clone());
    let mut records = Vec::new();
    for (index, hour) in ["05", "09", "17", "21", "01"].into_iter().enumerate() {
        let number = 100 + 8 * u32::try_from(index).unwrap();
        let (hour, key) = (hour.to_owned(), format!("ASIAEXAMPLERELEASE{index:02}"));
        let since = format!("{hour}:20:11");
        let name = "payments-release";
        let function = json!({"requestParameters": {"functionName": name}});
        let service = json!({"type": "AWSService", "invokedBy": "lambda.amazonaws.com"});
        let arn = "arn:aws:lambda:eu-central-1:444444444444:function:payments-release";
        let mut release = session(
            PAYMENTS,
            "release",
            name,
            &key,
            &since,
            json!({
                "inScopeOf": {"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": arn},
            }),
        );
        if hour.as_str() < "04" {
            release["sessionContext"]["attributes"]["creationDate"] =
                format!("2026-11-16T{since}Z").into();
        }
        let mut issued = assumed(PAYMENTS, "release", name, &key, "11:59:59 PM");
        issued["assumedRoleUser"] = Value::Null;
        records.extend([
            record(number, &format!("{hour}:16:02"), &here("sts", &deploy), "GetCallerIdentity", from(json!({}))),
            record(number + 1, &format!("{hour}:16:30"), &here("s3", &deploy), "GetBucketLocation", from(json!({"requestParameters": {"bucketName": "payments-artifacts-444444444444"}}))),
            record(number + 2, &format!("{hour}:17:05"), &here("lambda", &deploy), "GetFunction20150331v2", from(function.clone())),
            record(number + 3, &format!("{hour}:17:41"), &here("lambda", &deploy), "UpdateFunctionCode20150331v2", from(function.clone())),
            record(number + 4, &format!("{hour}:18:20"), &here("lambda", &deploy), "PublishVersion20150331", from(function)),
            record(number + 5, &since, &here("sts", &service), "AssumeRole", json!({
                "userAgent": "lambda.amazonaws.com", "sourceIPAddress": "lambda.amazonaws.com",
                "requestParameters": {"roleArn": role_arn(PAYMENTS, "release"), "roleSessionName": name},
                "responseElements": issued,
            })),
            record(number + 6, &format!("{hour}:20:14"), &here("dynamodb", &release), "DescribeTable", json!({
                "userAgent": "aws-sdk-rust/1.3", "sourceIPAddress": "192.0.2.77", "requestParameters": {"tableName": "payments"},
            })),
            record(number + 7, &format!("{hour}:20:52"), &here("dynamodb", &release), "UpdateTable", json!({
                "userAgent": "aws-sdk-rust/1.3", "sourceIPAddress": "192.0.2.77", "requestParameters": {"tableName": "payments"},
            })),
        ]);
    }
    records
}

/// What AWS does by itself, hour by hour.
fn services() -> Vec<Value> {
    let mut records = Vec::new();
    let service = |name: &str| json!({"type": "AWSService", "invokedBy": name});
    let by = |name: &str| json!({"userAgent": name, "sourceIPAddress": name});
    for hour in 0..24_u32 {
        let clock = (4 + hour) % 24;
        let config = "config.amazonaws.com";
        let mut assumes = by(config);
        super::set(
            &mut assumes,
            json!({
                "requestParameters": {"roleArn": "arn:aws:iam::111111111111:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig", "roleSessionName": "configLambdaExecution"},
            }),
        );
        let at = At(MANAGEMENT, HOME, "sts", service(config));
        records.push(record(
            200 + hour,
            &format!("{clock:02}:31:08"),
            &at,
            "AssumeRole",
            assumes,
        ));
        let trail = "cloudtrail.amazonaws.com";
        let mut asks = by(trail);
        super::set(
            &mut asks,
            json!({"requestParameters": {"bucketName": BUCKET, "acl": ""}}),
        );
        let at = At(LOG_ARCHIVE, HOME, "s3", service(trail));
        records.push(record(
            230 + hour,
            &format!("{clock:02}:02:40"),
            &at,
            "GetBucketAcl",
            asks,
        ));
        if hour % 2 == 0 {
            let health = "health.amazonaws.com";
            let at = At(PAYMENTS, HOME, "health", service(health));
            records.push(record(
                260 + hour,
                &format!("{clock:02}:44:19"),
                &at,
                "DescribeEventAggregates",
                by(health),
            ));
            let at = At(MANAGEMENT, FRANKFURT, "config", service(config));
            records.push(record(
                290 + hour,
                &format!("{clock:02}:12:55"),
                &at,
                "DescribeConfigRules",
                by(config),
            ));
        }
    }
    records
}

/// The auditor's nightly run, from the management account into the others.
fn auditor() -> Vec<Value> {
    let tool = json!({"userAgent": "trailaudit/0.1.0", "sourceIPAddress": "192.0.2.200"});
    let from = |more: Value| {
        let mut all = tool.clone();
        super::set(&mut all, more);
        all
    };
    let auditor = session(
        MANAGEMENT,
        "auditor",
        "trailaudit",
        "ASIAEXAMPLEAUDITOR01",
        "05:59:58",
        json!({}),
    );
    let mut records = Vec::new();
    for (index, region) in [HOME, FRANKFURT].into_iter().enumerate() {
        let number = 320 + 4 * u32::try_from(index).unwrap();
        let at = |source| At(MANAGEMENT, region, source, auditor.clone());
        records.extend([
            record(
                number,
                "06:00:03",
                &at("cloudtrail"),
                "DescribeTrails",
                from(json!({})),
            ),
            record(
                number + 1,
                "06:00:04",
                &at("cloudwatch"),
                "DescribeAlarms",
                from(json!({})),
            ),
            record(
                number + 2,
                "06:00:05",
                &at("guardduty"),
                "ListDetectors",
                from(json!({})),
            ),
        ]);
    }
    for (number, account, key) in [
        (330, LOG_ARCHIVE, "ASIAEXAMPLEAUDITLOG1"),
        (340, PAYMENTS, "ASIAEXAMPLEAUDITPAY1"),
    ] {
        let assumes = json!({
            "requestParameters": {"roleArn": role_arn(account, "trailaudit"), "roleSessionName": "trailaudit"},
            "responseElements": assumed(account, "trailaudit", "trailaudit", key, "7:00:06 AM"),
            "sharedEventID": format!("77777777-0000-4000-8000-000000000{number}"),
        });
        let unnamed = json!({"type": "AWSAccount", "principalId": format!("{}:trailaudit", super::role_id("auditor")), "accountId": MANAGEMENT});
        let inside = session(
            account,
            "trailaudit",
            "trailaudit",
            key,
            "06:00:06",
            json!({}),
        );
        let at = |source| At(account, HOME, source, inside.clone());
        records.extend([
            record(
                number,
                "06:00:06",
                &At(MANAGEMENT, HOME, "sts", auditor.clone()),
                "AssumeRole",
                from(assumes.clone()),
            ),
            record(
                number + 1,
                "06:00:06",
                &At(account, HOME, "sts", unnamed),
                "AssumeRole",
                from(assumes),
            ),
            record(
                number + 2,
                "06:00:08",
                &at("cloudtrail"),
                "DescribeTrails",
                from(json!({})),
            ),
            record(
                number + 3,
                "06:00:09",
                &at("iam"),
                "GetAccountAuthorizationDetails",
                from(json!({})),
            ),
            record(
                number + 4,
                "06:00:11",
                &at("s3"),
                "GetBucketPolicy",
                from(json!({"requestParameters": {"bucketName": BUCKET}})),
            ),
        ]);
    }
    records
}
