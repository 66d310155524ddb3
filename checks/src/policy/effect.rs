//! What comes after authorization: calls that are allowed and still do nothing.
//!
//! A member account's administrator may call `StopLogging`, and the organization's trail runs on. Reporting such rights
//! as a danger is the largest class of false alarms.

/// Facts about the target that policies do not hold. What is not known is left at its default, which hinders nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circumstances<'a> {
    /// The organization's management account.
    pub management_account: Option<&'a str>,
    /// Accounts that administer CloudTrail for the organization.
    pub cloudtrail_administrators: Vec<&'a str>,
    /// The trail belongs to the organization.
    pub organization_trail: bool,
    /// Accounts that the organization's resource policy lets manage policies. It may name a part of the actions only:
    /// whether it grants this one is a question for [`super::decide()`].
    pub policy_administrators: Vec<&'a str>,
    /// The object is under retention.
    pub retention: Option<Retention>,
    /// The retention ends before the time for which the object is required: after that anybody can delete it.
    pub retention_ends_early: bool,
    /// The bucket demands MFA for deleting versions.
    pub mfa_delete: bool,
}

/// Modes of S3 Object Lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Retention {
    /// Whoever may bypass it can delete.
    Governance,
    /// Nobody can delete before its end.
    Compliance,
}

/// What an allowed call comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effectiveness {
    /// It does what it says.
    Full,
    /// Only together with this action.
    Needs(&'static str),
    /// Only for the account's root user with a second factor.
    RootWithMfa,
    /// Nothing, and why.
    None(&'static str),
}

/// What an allowed call of a principal of `account` does to `resource`.
#[must_use]
pub fn effect_of(
    action: &str,
    account: &str,
    resource: &str,
    facts: &Circumstances<'_>,
) -> Effectiveness {
    let action = action.to_ascii_lowercase();
    let Some((service, name)) = action.split_once(':') else {
        return Effectiveness::Full;
    };
    match service {
        "cloudtrail" => on_trail(account, facts),
        "organizations" => on_organization(name, account, facts),
        "s3" => on_object(name, facts),
        "iam" if is_write(name) => on_identity(resource),
        "kms" if is_write(name) && last_field(resource).starts_with("alias/aws/") => {
            Effectiveness::None("aliases of keys that AWS manages belong to AWS")
        }
        _ => Effectiveness::Full,
    }
}

/// Members see an organization trail as a shadow that they cannot change.
fn on_trail(account: &str, facts: &Circumstances<'_>) -> Effectiveness {
    let may = facts
        .management_account
        .is_none_or(|management| management == account)
        || facts.cloudtrail_administrators.contains(&account);
    if facts.organization_trail && !may {
        return Effectiveness::None(
            "only the management account and CloudTrail's delegated administrator change an organization trail",
        );
    }
    Effectiveness::Full
}

/// Actions on policies: what a resource policy of the organization can delegate.
const DELEGABLE: [&str; 9] = [
    "attachpolicy",
    "createpolicy",
    "deletepolicy",
    "detachpolicy",
    "disablepolicytype",
    "enablepolicytype",
    "tagresource",
    "untagresource",
    "updatepolicy",
];

fn on_organization(name: &str, account: &str, facts: &Circumstances<'_>) -> Effectiveness {
    let Some(management) = facts.management_account else {
        return Effectiveness::Full;
    };
    let delegated = DELEGABLE.contains(&name) && facts.policy_administrators.contains(&account);
    match (name, account == management) {
        ("leaveorganization", true) => {
            Effectiveness::None("the management account cannot leave its organization")
        }
        ("leaveorganization", false) => Effectiveness::Full,
        (name, false) if is_write(name) && !delegated => {
            Effectiveness::None("the organization is changed only from its management account")
        }
        _ => Effectiveness::Full,
    }
}

fn on_object(name: &str, facts: &Circumstances<'_>) -> Effectiveness {
    let locked = matches!(name, "deleteobjectversion" | "putobjectretention");
    match facts.retention {
        // Whoever may delete waits until the lock is gone.
        Some(_) if facts.retention_ends_early && name == "deleteobjectversion" => {}
        Some(Retention::Compliance) if locked => {
            return Effectiveness::None(
                "retention in COMPLIANCE mode ends for nobody before its time",
            );
        }
        Some(Retention::Governance) if locked => {
            return Effectiveness::Needs("s3:BypassGovernanceRetention");
        }
        Some(_) | None => {}
    }
    if facts.mfa_delete && matches!(name, "deleteobjectversion" | "putbucketversioning") {
        return Effectiveness::RootWithMfa;
    }
    Effectiveness::Full
}

fn on_identity(resource: &str) -> Effectiveness {
    let name = last_field(resource);
    if resource.split(':').nth(4) == Some("aws") && name.starts_with("policy/") {
        Effectiveness::None("policies managed by AWS are edited by AWS")
    } else if name.starts_with("role/aws-reserved/") {
        Effectiveness::None("roles of IAM Identity Center are edited through its permission sets")
    } else if name.starts_with("role/aws-service-role/") {
        Effectiveness::None("service-linked roles are edited by their service")
    } else {
        Effectiveness::Full
    }
}

fn is_write(name: &str) -> bool {
    let reads = ["get", "list", "describe", "simulate", "generate"];
    !reads.iter().any(|read| name.starts_with(read))
}

fn last_field(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Effectiveness::{Full, Needs, RootWithMfa};
    use super::*;

    const MANAGEMENT: &str = "999900001111";
    const MEMBER: &str = "111122223333";

    fn none(effect: Effectiveness) -> bool {
        matches!(effect, Effectiveness::None(_))
    }

    #[test]
    fn organization_trails() {
        let mut facts = Circumstances {
            management_account: Some(MANAGEMENT),
            organization_trail: true,
            ..Circumstances::default()
        };
        let stop = |account, facts: &_| effect_of("CloudTrail:StopLogging", account, "*", facts);
        assert!(none(stop(MEMBER, &facts)));
        assert_eq!(stop(MANAGEMENT, &facts), Full);
        facts.cloudtrail_administrators = vec![MEMBER];
        assert_eq!(stop(MEMBER, &facts), Full);
        let own = Circumstances {
            organization_trail: false,
            ..facts.clone()
        };
        assert_eq!(stop("444455556666", &own), Full);
        let unknown = Circumstances {
            organization_trail: true,
            ..Circumstances::default()
        };
        assert_eq!(stop(MEMBER, &unknown), Full);
    }

    #[test]
    fn organizations() {
        let mut facts = Circumstances {
            management_account: Some(MANAGEMENT),
            ..Circumstances::default()
        };
        let call = |action, account, facts: &_| effect_of(action, account, "*", facts);
        assert!(none(call("organizations:UpdatePolicy", MEMBER, &facts)));
        assert_eq!(call("organizations:UpdatePolicy", MANAGEMENT, &facts), Full);
        assert_eq!(call("organizations:DescribePolicy", MEMBER, &facts), Full);
        assert_eq!(
            call("organizations:LeaveOrganization", MEMBER, &facts),
            Full
        );
        assert!(none(call(
            "organizations:LeaveOrganization",
            MANAGEMENT,
            &facts
        )));
        facts.policy_administrators = vec![MEMBER];
        assert_eq!(call("organizations:UpdatePolicy", MEMBER, &facts), Full);
        assert!(none(call("organizations:CloseAccount", MEMBER, &facts)));
    }

    #[test]
    fn objects() {
        let locked = |retention| Circumstances {
            retention: Some(retention),
            ..Circumstances::default()
        };
        let call = |action, facts: &_| effect_of(action, MEMBER, "arn:aws:s3:::logs/x", facts);
        assert!(none(call(
            "s3:DeleteObjectVersion",
            &locked(Retention::Compliance)
        )));
        assert_eq!(
            call("s3:DeleteObjectVersion", &locked(Retention::Governance)),
            Needs("s3:BypassGovernanceRetention")
        );
        // A delete marker hides, it does not delete.
        for mode in [Retention::Compliance, Retention::Governance] {
            let short = Circumstances {
                retention_ends_early: true,
                ..locked(mode)
            };
            assert_eq!(call("s3:DeleteObjectVersion", &short), Full);
        }
        let short = Circumstances {
            retention_ends_early: true,
            ..locked(Retention::Governance)
        };
        assert_eq!(
            call("s3:PutObjectRetention", &short),
            Needs("s3:BypassGovernanceRetention")
        );
        assert_eq!(
            call("s3:DeleteObject", &locked(Retention::Compliance)),
            Full
        );
        let mfa = Circumstances {
            mfa_delete: true,
            ..Circumstances::default()
        };
        assert_eq!(call("s3:DeleteObjectVersion", &mfa), RootWithMfa);
        assert_eq!(call("s3:PutBucketVersioning", &mfa), RootWithMfa);
        assert_eq!(call("s3:PutBucketPolicy", &mfa), Full);
    }

    #[test]
    fn what_belongs_to_aws() {
        let facts = Circumstances::default();
        for (action, resource, stopped) in [
            (
                "iam:CreatePolicyVersion",
                "arn:aws:iam::aws:policy/AdministratorAccess",
                true,
            ),
            (
                "iam:CreatePolicyVersion",
                "arn:aws:iam::111122223333:policy/AdministratorAccess",
                false,
            ),
            (
                "iam:PutRolePolicy",
                "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_x",
                true,
            ),
            (
                "iam:UpdateAssumeRolePolicy",
                "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/x",
                true,
            ),
            (
                "iam:GetRole",
                "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/x",
                false,
            ),
            (
                "iam:PutRolePolicy",
                "arn:aws:iam::111122223333:role/ops",
                false,
            ),
            (
                "kms:DeleteAlias",
                "arn:aws:kms:eu-west-1:111122223333:alias/aws/s3",
                true,
            ),
            (
                "kms:DeleteAlias",
                "arn:aws:kms:eu-west-1:111122223333:alias/trail",
                false,
            ),
        ] {
            assert_eq!(
                none(effect_of(action, MEMBER, resource, &facts)),
                stopped,
                "{action} {resource}"
            );
        }
    }
}
