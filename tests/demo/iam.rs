//! Who may do what: an administrator too many, and a policy that lets its holder stop the record.

use std::collections::BTreeMap;

use trailaudit::snapshot::Spool;
use trailaudit_checks::calls;
use trailaudit_checks::fact::Unknown;
use trailaudit_checks::ids::{AccountId, Arn};
use trailaudit_checks::inventory::Iam;
use trailaudit_checks::inventory::facts::Facts as _;
use trailaudit_checks::inventory::iam::{
    AuthorizationDetails, AuthorizationFacts, Group, InlinePolicy, ManagedPolicy, Role, User,
};

use super::{HOME, LOG_ARCHIVE, MANAGEMENT, PAYMENTS, SANDBOX, SECURITY};
use crate::ask::{Ask, At};

const FULL_ACCESS_ARN: &str = "arn:aws:iam::aws:policy/AWSCloudTrail_FullAccess";
const FULL_ACCESS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sns:AddPermission","sns:CreateTopic","sns:SetTopicAttributes","sns:GetTopicAttributes"],"Resource":["arn:aws:sns:*:*:aws-cloudtrail-logs*"]},{"Effect":"Allow","Action":["s3:CreateBucket","s3:PutBucketPolicy","s3:PutBucketPublicAccessBlock"],"Resource":["arn:aws:s3:::aws-cloudtrail-logs*"]},{"Effect":"Allow","Action":"cloudtrail:*","Resource":"*"}]}"#;
const READ_ONLY_ARN: &str = "arn:aws:iam::aws:policy/SecurityAudit";
const READ_ONLY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudtrail:Describe*","cloudtrail:Get*","cloudtrail:List*","cloudtrail:LookupEvents","iam:Get*","iam:List*","kms:Describe*","kms:GetKeyPolicy","s3:GetBucket*","s3:ListAllMyBuckets"],"Resource":"*"}]}"#;
const CLOUDTRAIL_ALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudtrail:*","s3:GetObject"],"Resource":"*"}]}"#;
const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const REPAIR: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudtrail:UpdateTrail","cloudtrail:StopLogging","cloudtrail:StartLogging"],"Resource":"arn:aws:cloudtrail:eu-central-1:444444444444:trail/payments-audit"}]}"#;
const FUNCTIONS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["lambda:CreateFunction","lambda:InvokeFunction"],"Resource":"arn:aws:lambda:*:444444444444:function:*"},{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::444444444444:role/*","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}]}"#;
const TO_LOGS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:us-east-1:111111111111:log-group:organization-trail:log-stream:*"}]}"#;
const OPERATE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudtrail:DescribeTrails","cloudtrail:GetEventSelectors","cloudtrail:GetTrailStatus","iam:ListRoles"],"Resource":"*"},{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111111111111:role/platform-operator"}]}"#;
const INTO_THE_ARCHIVE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::222222222222:role/log-maintenance"}]}"#;
const LOG_MAINTENANCE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:ListBucket","s3:GetObject","s3:DeleteObject"],"Resource":["arn:aws:s3:::example-organization-trail-222222222222","arn:aws:s3:::example-organization-trail-222222222222/*"]}]}"#;
const TRUSTS_IDENTITY_CENTER: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111111111111:saml-provider/AWSSSO_example_DO_NOT_DELETE"},"Action":["sts:AssumeRoleWithSAML","sts:TagSession"],"Condition":{"StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}}}]}"#;

pub(crate) fn add(spool: &mut Spool, ask: &mut Ask) {
    for (account, details) in [
        (MANAGEMENT, Some(management())),
        (LOG_ARCHIVE, Some(log_archive())),
        (SECURITY, None),
        (PAYMENTS, Some(payments())),
        (SANDBOX, Some(sandbox())),
    ] {
        let call = calls::GET_ACCOUNT_AUTHORIZATION_DETAILS;
        let at = At(account, HOME, "");
        let iam = Iam {
            account: AccountId::from(account),
            details: match details {
                Some(details) => ask.told(call, at, details.into()),
                None => {
                    let Unknown(gap) = ask.denied::<()>(call, at) else {
                        unreachable!()
                    };
                    AuthorizationFacts::default().settled(&|_| gap.clone())
                }
            },
        };
        spool.append(&iam).unwrap();
    }
}

fn only_the_auditor(account: &str) -> AuthorizationDetails {
    let mut auditor = role(
        account,
        "trailaudit",
        "arn:aws:iam::111111111111:role/auditor",
    );
    auditor.attached = vec![Arn::from(READ_ONLY_ARN)];
    AuthorizationDetails {
        roles: vec![auditor],
        policies: vec![managed(READ_ONLY_ARN, READ_ONLY)],
        ..AuthorizationDetails::default()
    }
}

fn management() -> AuthorizationDetails {
    let mut details = only_the_auditor(MANAGEMENT);
    let mut to_logs = role(MANAGEMENT, "cloudtrail-to-logs", "");
    to_logs.trust = trust(r#"{"Service":"cloudtrail.amazonaws.com"}"#);
    to_logs.inline = vec![inline("logs", TO_LOGS)];
    let mut operator = role(
        MANAGEMENT,
        "platform-operator",
        "arn:aws:iam::111111111111:root",
    );
    operator.attached = vec![Arn::from(FULL_ACCESS_ARN)];
    operator.inline = vec![inline("log-archive", INTO_THE_ARCHIVE)];
    // What Identity Center lets Dana be, by which she can be the operator.
    let mut admin = role(MANAGEMENT, super::day::ADMIN, "");
    admin.arn = Arn::from(super::day::role_arn(MANAGEMENT, super::day::ADMIN));
    admin.id = super::day::role_id(super::day::ADMIN);
    admin.trust = TRUSTS_IDENTITY_CENTER.to_owned();
    admin.inline = vec![inline("operate", OPERATE)];
    details.roles.extend([to_logs, operator, admin]);
    details.policies.push(managed(FULL_ACCESS_ARN, FULL_ACCESS));
    details
}

fn log_archive() -> AuthorizationDetails {
    let mut details = only_the_auditor(LOG_ARCHIVE);
    let operator = super::day::role_arn(MANAGEMENT, "platform-operator");
    let mut maintenance = role(LOG_ARCHIVE, "log-maintenance", &operator);
    maintenance.inline = vec![inline("logs", LOG_MAINTENANCE)];
    details.roles.push(maintenance);
    details
}

fn payments() -> AuthorizationDetails {
    let mut details = only_the_auditor(PAYMENTS);
    let mut deploy = user(PAYMENTS, "deploy");
    deploy.inline = vec![inline("pipeline", CLOUDTRAIL_ALL)];
    // A second factor lets the one on call in; whoever releases code runs it as the one that releases.
    let mut on_call = role(PAYMENTS, "on-call", "");
    on_call.trust = trust_with(
        r#"{"AWS":"arn:aws:iam::444444444444:user/erin"}"#,
        r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
    );
    on_call.inline = vec![inline("repair", REPAIR)];
    let mut release = role(PAYMENTS, "release", "");
    release.trust = trust(r#"{"Service":"lambda.amazonaws.com"}"#);
    release.inline = vec![inline("release", REPAIR)];
    let mut builder = user(PAYMENTS, "builder");
    builder.inline = vec![inline("functions", FUNCTIONS)];
    details.roles.extend([on_call, release]);
    details
        .users
        .extend([deploy, user(PAYMENTS, "erin"), builder]);
    details
}

fn sandbox() -> AuthorizationDetails {
    let mut details = only_the_auditor(SANDBOX);
    let own = format!("arn:aws:iam::{SANDBOX}:policy/everything");
    let mut student = user(SANDBOX, "student");
    student.groups = vec!["playground".to_owned()];
    details.users.push(student);
    details.groups.push(Group {
        arn: Arn::from(format!("arn:aws:iam::{SANDBOX}:group/playground")),
        name: "playground".to_owned(),
        inline: Vec::new(),
        attached: vec![Arn::from(own.as_str())],
    });
    details.policies.push(managed(&own, ALL));
    details
}

fn user(account: &str, name: &str) -> User {
    User {
        arn: Arn::from(format!("arn:aws:iam::{account}:user/{name}")),
        name: name.to_owned(),
        id: format!("AIDA{:0>16}", name.to_uppercase()),
        groups: Vec::new(),
        inline: Vec::new(),
        attached: Vec::new(),
        boundary: None,
        tags: BTreeMap::new(),
    }
}

fn role(account: &str, name: &str, trusted: &str) -> Role {
    Role {
        arn: Arn::from(format!("arn:aws:iam::{account}:role/{name}")),
        name: name.to_owned(),
        id: format!("AROA{:0>16.16}", name.replace('-', "").to_uppercase()),
        trust: trust(&format!(r#"{{"AWS":"{trusted}"}}"#)),
        inline: Vec::new(),
        attached: Vec::new(),
        boundary: None,
        tags: BTreeMap::new(),
        instance_profiles: Vec::new(),
    }
}

fn trust(principal: &str) -> String {
    trust_with(principal, "{}")
}

fn trust_with(principal: &str, condition: &str) -> String {
    let condition = match condition {
        "{}" => String::new(),
        _ => format!(r#","Condition":{condition}"#),
    };
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"{condition}}}]}}"#
    )
}

fn inline(name: &str, document: &str) -> InlinePolicy {
    InlinePolicy {
        name: name.to_owned(),
        document: document.to_owned(),
    }
}

fn managed(arn: &str, document: &str) -> ManagedPolicy {
    ManagedPolicy {
        arn: Arn::from(arn),
        name: arn.rsplit('/').next().unwrap_or(arn).to_owned(),
        version: "v1".to_owned(),
        document: document.to_owned(),
    }
}
