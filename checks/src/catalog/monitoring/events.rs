//! The events that an alarm must tell of, each set with its source.
//!
//! The names are those of the CIS AWS Foundations Benchmark, section 4. Where its editions and AWS's own
//! documents differ, the set is what all of them ask for.

use crate::patterns::{Expr, Is, Texts, parse_filter};

/// A set of events.
#[derive(Debug)]
pub(super) struct Required {
    /// The service that records them, such as `cloudtrail`; none: any.
    pub(super) service: Option<&'static str>,
    /// Their names; none: any.
    pub(super) names: &'static [&'static str],
    /// What else is true of them, as a filter pattern.
    pub(super) and: &'static str,
    /// How they come to be.
    pub(super) kind: Kind,
    /// Where the set comes from. Told to readers of this file.
    #[cfg_attr(not(test), expect(dead_code, reason = "a source is for people"))]
    pub(super) source: &'static str,
}

/// How an event comes to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A call that changes something, recorded in the region where it is made.
    Call,
    /// A call that changes something in a service that has one region for the whole partition.
    GlobalCall,
    /// Somebody signs in to the console.
    SignIn,
    /// Any of these, and calls that only read.
    Any,
}

const NOTHING: Required = Required {
    service: None,
    names: &[],
    and: "",
    kind: Kind::Call,
    source: "",
};

/// Later editions leave out what S3's log delivery and HeadBucket cause.
pub(super) const UNAUTHORIZED_API_CALLS: Required = Required {
    and: r#"{ ($.errorCode = "*UnauthorizedOperation" || $.errorCode = "AccessDenied*")
        && $.sourceIPAddress != "delivery.logs.amazonaws.com" && $.eventName != "HeadBucket" }"#,
    kind: Kind::Any,
    source: "CIS 4.1; Security Hub CloudWatch.2",
    ..NOTHING
};

/// Later editions ask for users only, and for those who got in.
pub(super) const SIGNIN_WITHOUT_MFA: Required = Required {
    service: Some("signin"),
    names: &["ConsoleLogin"],
    and: r#"{ $.additionalEventData.MFAUsed = "No" && $.userIdentity.type = "IAMUser"
        && $.responseElements.ConsoleLogin = "Success" && $.errorMessage NOT EXISTS && $.errorCode NOT EXISTS }"#,
    kind: Kind::SignIn,
    source: "CIS 4.2; Security Hub CloudWatch.3",
};

pub(super) const ROOT_USAGE: Required = Required {
    and: r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS
        && $.eventType != "AwsServiceEvent" }"#,
    kind: Kind::Any,
    source: "CIS 4.3; Security Hub CloudWatch.1",
    ..NOTHING
};

pub(super) const IAM_POLICY_CHANGES: Required = Required {
    service: Some("iam"),
    names: &[
        "DeleteGroupPolicy",
        "DeleteRolePolicy",
        "DeleteUserPolicy",
        "PutGroupPolicy",
        "PutRolePolicy",
        "PutUserPolicy",
        "CreatePolicy",
        "DeletePolicy",
        "CreatePolicyVersion",
        "DeletePolicyVersion",
        "AttachRolePolicy",
        "DetachRolePolicy",
        "AttachUserPolicy",
        "DetachUserPolicy",
        "AttachGroupPolicy",
        "DetachGroupPolicy",
    ],
    kind: Kind::GlobalCall,
    source: "CIS 4.4; Security Hub CloudWatch.4",
    ..NOTHING
};

pub(super) const CLOUDTRAIL_CHANGES: Required = Required {
    service: Some("cloudtrail"),
    names: &[
        "CreateTrail",
        "UpdateTrail",
        "DeleteTrail",
        "StartLogging",
        "StopLogging",
        "PutEventSelectors",
    ],
    source: "CIS 4.5; Security Hub CloudWatch.5; ours: PutEventSelectors, which makes a trail record nothing",
    ..NOTHING
};

pub(super) const CONSOLE_AUTH_FAILURES: Required = Required {
    service: Some("signin"),
    names: &["ConsoleLogin"],
    and: r#"{ $.errorMessage = "Failed authentication" && $.responseElements.ConsoleLogin = "Failure" }"#,
    kind: Kind::SignIn,
    source: "CIS 4.6; Security Hub CloudWatch.6",
};

pub(super) const KEY_DISABLE_DELETE: Required = Required {
    service: Some("kms"),
    names: &["DisableKey", "ScheduleKeyDeletion"],
    source: "CIS 4.7; Security Hub CloudWatch.7",
    ..NOTHING
};

pub(super) const S3_POLICY_CHANGES: Required = Required {
    service: Some("s3"),
    names: &[
        "PutBucketAcl",
        "PutBucketPolicy",
        "PutBucketCors",
        "PutBucketLifecycle",
        "PutBucketReplication",
        "DeleteBucketPolicy",
        "DeleteBucketCors",
        "DeleteBucketLifecycle",
        "DeleteBucketReplication",
    ],
    source: "CIS 4.8; Security Hub CloudWatch.8",
    ..NOTHING
};

pub(super) const CONFIG_CHANGES: Required = Required {
    service: Some("config"),
    names: &[
        "StopConfigurationRecorder",
        "DeleteConfigurationRecorder",
        "DeleteDeliveryChannel",
        "PutDeliveryChannel",
        "PutConfigurationRecorder",
    ],
    source: "CIS 4.9; Security Hub CloudWatch.9; ours: DeleteConfigurationRecorder, which stops it for good",
    ..NOTHING
};

pub(super) const SECURITY_GROUP_CHANGES: Required = Required {
    service: Some("ec2"),
    names: &[
        "AuthorizeSecurityGroupIngress",
        "AuthorizeSecurityGroupEgress",
        "RevokeSecurityGroupIngress",
        "RevokeSecurityGroupEgress",
        "CreateSecurityGroup",
        "DeleteSecurityGroup",
    ],
    source: "CIS 4.10; Security Hub CloudWatch.10",
    ..NOTHING
};

pub(super) const NACL_CHANGES: Required = Required {
    service: Some("ec2"),
    names: &[
        "CreateNetworkAcl",
        "CreateNetworkAclEntry",
        "DeleteNetworkAcl",
        "DeleteNetworkAclEntry",
        "ReplaceNetworkAclEntry",
        "ReplaceNetworkAclAssociation",
    ],
    source: "CIS 4.11; Security Hub CloudWatch.11",
    ..NOTHING
};

pub(super) const NETWORK_GATEWAY_CHANGES: Required = Required {
    service: Some("ec2"),
    names: &[
        "CreateCustomerGateway",
        "DeleteCustomerGateway",
        "AttachInternetGateway",
        "CreateInternetGateway",
        "DeleteInternetGateway",
        "DetachInternetGateway",
    ],
    source: "CIS 4.12; Security Hub CloudWatch.12",
    ..NOTHING
};

pub(super) const ROUTE_TABLE_CHANGES: Required = Required {
    service: Some("ec2"),
    names: &[
        "CreateRoute",
        "CreateRouteTable",
        "ReplaceRoute",
        "ReplaceRouteTableAssociation",
        "DeleteRouteTable",
        "DeleteRoute",
        "DisassociateRouteTable",
    ],
    source: "CIS 4.13; Security Hub CloudWatch.13",
    ..NOTHING
};

/// The ClassicLink calls of the lists are not asked for: EC2-Classic is gone, and nobody can make them.
pub(super) const VPC_CHANGES: Required = Required {
    service: Some("ec2"),
    names: &[
        "CreateVpc",
        "DeleteVpc",
        "ModifyVpcAttribute",
        "AcceptVpcPeeringConnection",
        "CreateVpcPeeringConnection",
        "DeleteVpcPeeringConnection",
        "RejectVpcPeeringConnection",
    ],
    source: "CIS 4.14; Security Hub CloudWatch.14",
    ..NOTHING
};

pub(super) const ORGANIZATIONS_CHANGES: Required = Required {
    service: Some("organizations"),
    names: &[
        "AcceptHandshake",
        "AttachPolicy",
        "CreateAccount",
        "CreateOrganizationalUnit",
        "CreatePolicy",
        "DeclineHandshake",
        "DeleteOrganization",
        "DeleteOrganizationalUnit",
        "DeletePolicy",
        "DetachPolicy",
        "DisablePolicyType",
        "EnablePolicyType",
        "InviteAccountToOrganization",
        "LeaveOrganization",
        "MoveAccount",
        "RemoveAccountFromOrganization",
        "UpdatePolicy",
        "UpdateOrganizationalUnit",
    ],
    kind: Kind::GlobalCall,
    source: "CIS 4.15",
    ..NOTHING
};

/// UpdateDetector switches off by `enable: false`.
pub(super) const GUARDDUTY_CHANGES: Required = Required {
    service: Some("guardduty"),
    names: &[
        "DeleteDetector",
        "StopMonitoringMembers",
        "DisassociateMembers",
        "UpdateMemberDetectors",
        "UpdateDetector",
    ],
    and: r#"{ $.eventName != UpdateDetector || $.requestParameters.enable IS FALSE }"#,
    source: "ours: the calls of GuardDuty's API that end its watch, of this account and of members",
    ..NOTHING
};

/// The console switches a block off by writing a weaker one, so the Put calls are asked for as well.
pub(super) const PUBLIC_ACCESS_BLOCK_CHANGES: Required = Required {
    service: Some("s3"),
    names: &[
        "DeleteBucketPublicAccessBlock",
        "PutBucketPublicAccessBlock",
        "DeleteAccountPublicAccessBlock",
        "PutAccountPublicAccessBlock",
    ],
    source: "ours: S3's calls, by the names that CloudTrail records",
    ..NOTHING
};

pub(super) const TAMPERING: Required = Required {
    service: Some("cloudtrail"),
    names: &[
        "StopLogging",
        "DeleteTrail",
        "UpdateTrail",
        "PutEventSelectors",
    ],
    source: "ours: the calls that stop, remove, redirect or narrow a trail",
    ..NOTHING
};

/// Fields that every record has, as texts.
const ALWAYS: [&str; 11] = [
    "eventVersion",
    "eventTime",
    "eventID",
    "eventName",
    "eventSource",
    "eventType",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "recipientAccountId",
    "userIdentity.type",
];

impl Required {
    /// The events, as EventBridge hands them on: the record in `detail`, with what is true of every event.
    pub(super) fn expr(&self) -> Expr {
        let text = |path: &&str| Expr::test(path, Is::Like(Texts::every()));
        let mut record: Vec<Expr> = ALWAYS.iter().map(text).collect();
        record.push(Expr::one_of("eventCategory", ["Management"]));
        record.push(Expr::test("managementEvent", Is::Bool(true)));
        let kinds = |read: &[bool]| {
            Expr::Any(
                read.iter()
                    .map(|it| Expr::test("readOnly", Is::Bool(*it)))
                    .collect(),
            )
        };
        let mut event: Vec<Expr> = ["version", "id", "time", "account", "region"]
            .iter()
            .map(text)
            .collect();
        let (types, detail_type) = match self.kind {
            Kind::Call | Kind::GlobalCall => ("AwsApiCall", "AWS API Call via CloudTrail"),
            Kind::SignIn => ("AwsConsoleSignIn", "AWS Console Sign In via CloudTrail"),
            Kind::Any => ("", ""),
        };
        if self.kind == Kind::Any {
            record.push(kinds(&[true, false]));
            event.extend(["source", "detail-type"].iter().map(text));
        } else {
            record.push(kinds(&[false]));
            record.push(Expr::one_of("eventType", [types]));
            event.push(Expr::one_of("detail-type", [detail_type]));
        }
        if let Some(service) = self.service {
            record.push(Expr::one_of(
                "eventSource",
                [format!("{service}.amazonaws.com").as_str()],
            ));
            event.push(Expr::one_of("source", [format!("aws.{service}").as_str()]));
        }
        if !self.names.is_empty() {
            record.push(Expr::one_of("eventName", self.names.iter().copied()));
        }
        // A test makes sure that it can be read; nothing would be required otherwise, and everything pass.
        record.push(parse_filter(self.and).unwrap_or(Expr::ALWAYS));
        event.push(Expr::All(record).under("detail"));
        Expr::All(event)
    }
}
