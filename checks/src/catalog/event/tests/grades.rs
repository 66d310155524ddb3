//! What makes an event worse or better than usual.

use super::*;

/// What makes an event worse or better than usual, by meaning.
#[test]
fn grades() {
    let policy = |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]});
    let text = |it: Value| Value::String(it.to_string());
    let bucket = |statement: Value| {
        json!({"eventSource": "s3.amazonaws.com", "eventName": "PutBucketPolicy",
        "requestParameters": {"bucketName": "data", "bucketPolicy": policy(statement)}})
    };
    let iam = |name: &str, parameters: Value| json!({"eventSource": "iam.amazonaws.com", "eventName": name, "requestParameters": parameters});
    let put = |statement: Value| {
        let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        iam(
            "PutRolePolicy",
            json!({"roleName": "r", "policyDocument": document}),
        )
    };
    let guard = |source: &str, name: &str, parameters: Value| json!({"eventSource": format!("{source}.amazonaws.com"), "eventName": name, "requestParameters": parameters});
    let s3 = |name: &str, parameters: Value| guard("s3", name, parameters);
    let open = json!({"eventSource": "ec2.amazonaws.com", "eventName": "AuthorizeSecurityGroupIngress",
        "requestParameters": {"groupId": "sg-1", "ipPermissions": {"items": [{"ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]}}]}}});
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    for (id, record, severity) in [
        (
            "event-bucket-policy-changed",
            bucket(json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"})),
            "critical",
        ),
        (
            "event-bucket-policy-changed",
            bucket(
                json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}}),
            ),
            "critical",
        ),
        (
            "event-bucket-policy-changed",
            bucket(
                json!({"Effect": "Allow", "Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}),
            ),
            "high",
        ),
        (
            "event-bucket-policy-changed",
            bucket(json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*"})),
            "medium",
        ),
        (
            "event-bucket-policy-changed",
            bucket(
                json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/app"}}),
            ),
            "medium",
        ),
        (
            "event-permissions-widened",
            iam(
                "PutRolePolicy",
                json!({"roleName": "r", "policyDocument": text(policy(all.clone()))}),
            ),
            "critical",
        ),
        (
            "event-permissions-widened",
            iam(
                "PutRolePolicy",
                json!({"roleName": "r", "policyDocument": text(policy(json!({"Effect": "Deny", "Action": "*", "Resource": "*"})))}),
            ),
            "high",
        ),
        (
            "event-permissions-widened",
            iam(
                "AttachUserPolicy",
                json!({"userName": "u", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
            ),
            "critical",
        ),
        (
            "event-permissions-widened",
            put(
                json!({"Effect": "Allow", "Action": ["dynamodb:GetItem", "s3:Get*"], "Resource": "*"}),
            ),
            "medium",
        ),
        (
            "event-permissions-widened",
            put(
                json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}, {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]),
            ),
            "high",
        ),
        (
            "event-permissions-widened",
            put(
                json!({"Effect": "Allow", "Action": ["s3:GetObject", "iam:PassRole"], "Resource": "*"}),
            ),
            "high",
        ),
        (
            "event-permissions-widened",
            put(json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})),
            "high",
        ),
        (
            "event-permissions-widened",
            put(json!({"Effect": "Allow", "Action": [], "Resource": "*"})),
            "high",
        ),
        (
            "event-permissions-widened",
            iam(
                "AttachRolePolicy",
                json!({"roleName": "r", "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}),
            ),
            "medium",
        ),
        // A policy of the account may have any path, and a user is no role.
        (
            "event-permissions-widened",
            iam(
                "AttachRolePolicy",
                json!({"roleName": "r", "policyArn": "arn:aws:iam::111122223333:policy/service-role/x"}),
            ),
            "high",
        ),
        (
            "event-permissions-widened",
            iam(
                "AttachUserPolicy",
                json!({"userName": "u", "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}),
            ),
            "high",
        ),
        (
            "event-bucket-policy-changed",
            s3("PutBucketCors", json!({"bucketName": "data"})),
            "medium",
        ),
        (
            "event-bucket-policy-changed",
            s3(
                "PutBucketAcl",
                json!({"bucketName": "data", "x-amz-acl": "private"}),
            ),
            "medium",
        ),
        (
            "event-bucket-policy-changed",
            s3(
                "PutBucketAcl",
                json!({"bucketName": "data", "x-amz-acl": "public-read"}),
            ),
            "critical",
        ),
        (
            "event-bucket-policy-changed",
            s3(
                "PutBucketAcl",
                json!({"bucketName": "data", "x-amz-acl": "private", "AccessControlPolicy": {"AccessControlList": {}}}),
            ),
            "high",
        ),
        (
            "event-guardduty-blinded",
            guard("guardduty", "ArchiveFindings", json!({"detectorId": "d"})),
            "medium",
        ),
        (
            "event-securityhub-off",
            guard(
                "securityhub",
                "BatchUpdateFindings",
                json!({"Workflow": {"Status": "RESOLVED"}}),
            ),
            "medium",
        ),
        (
            "event-securityhub-off",
            guard(
                "securityhub",
                "BatchUpdateFindings",
                json!({"Workflow": {"Status": "SUPPRESSED"}}),
            ),
            "high",
        ),
        (
            "event-log-group-deleted",
            guard(
                "logs",
                "PutRetentionPolicy",
                json!({"logGroupName": "g", "retentionInDays": 14}),
            ),
            "medium",
        ),
        (
            "event-log-group-deleted",
            guard(
                "logs",
                "PutRetentionPolicy",
                json!({"logGroupName": "g", "retentionInDays": 1}),
            ),
            "high",
        ),
        (
            "event-secret-deleted",
            json!({"eventSource": "rds.amazonaws.com", "eventName": "DeleteDBSnapshot", "requestParameters": {"dBSnapshotIdentifier": "s"},
                "userIdentity": {"type": "AssumedRole", "invokedBy": "backup.amazonaws.com"}}),
            "medium",
        ),
        (
            "event-secret-deleted",
            guard(
                "rds",
                "DeleteDBSnapshot",
                json!({"dBSnapshotIdentifier": "s"}),
            ),
            "high",
        ),
        (
            "event-role-created-or-trust-changed",
            iam(
                "CreateRole",
                json!({"roleName": "r", "assumeRolePolicyDocument": text(policy(json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})))}),
            ),
            "medium",
        ),
        (
            "event-role-created-or-trust-changed",
            iam(
                "CreateRole",
                json!({"roleName": "r", "assumeRolePolicyDocument": text(policy(json!({"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "sts:AssumeRole"})))}),
            ),
            "high",
        ),
        (
            "event-mfa-removed",
            iam("EnableMFADevice", json!({"userName": "u"})),
            "medium",
        ),
        (
            "event-password-policy-weakened",
            iam("ChangePassword", Value::Null),
            "low",
        ),
        ("event-security-group-opened", open, "high"),
        (
            "event-image-or-snapshot-shared",
            json!({"eventSource": "ec2.amazonaws.com", "eventName": "ModifySnapshotAttribute",
            "requestParameters": {"snapshotId": "s", "createVolumePermission": {"add": {"items": [{"group": "all"}]}}}}),
            "critical",
        ),
        (
            "event-function-changed",
            json!({"eventSource": "lambda.amazonaws.com", "eventName": "AddPermission20150331v2",
            "requestParameters": {"functionName": "f", "principal": "*"}}),
            "high",
        ),
        (
            "event-trail-selectors-changed",
            json!({"eventSource": "cloudtrail.amazonaws.com", "eventName": "PutEventSelectors",
            "requestParameters": {"trailName": "t", "eventSelectors": [{"readWriteType": "All", "includeManagementEvents": true}]}}),
            "medium",
        ),
    ] {
        let all = findings(id, &proven(std::slice::from_ref(&record)), verified());
        assert_eq!(
            (all[0].status, all[0].severity.as_str()),
            (Fail, severity),
            "{id} {record}"
        );
    }
    // Which keys encrypt logs is not known: any may, and counts less.
    let key = call(
        &json!({"eventSource": "kms.amazonaws.com", "eventName": "DisableKey", "requestParameters": {"keyId": "k"}}),
    );
    let all = found(&[(key, Proof::Verified)], Stores::default());
    let of_key = all
        .iter()
        .find(|it| it.check == "event-log-key-closed")
        .unwrap();
    assert_eq!(of_key.step, -1);
}
