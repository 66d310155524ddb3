//! Does a resource policy let the public in?

use super::super::cidr::Cidr;
use super::super::condition::Condition;
use super::super::document::{Document, Effect};
use super::super::operator::Test;
use super::super::principal::Principal;
use super::{Found, found, is_fixed, organization_of, restricts};

/// Statements that grant something to the public, by what they mean.
///
/// Follows what S3 Block Public Access calls public ("The meaning of public", Amazon S3 User Guide): an Allow for
/// everyone, unless a condition pins the caller or the source to fixed values, without wildcard or variable. An
/// `aws:SourceIp` wider than /8 (IPv4) or /32 (IPv6) is public too, private ranges aside. `NotPrincipal` with Allow is
/// everyone else. Beyond that list we also take the newer keys of the same kind as restricting (`aws:PrincipalAccount`,
/// `aws:SourceOrgID`, `kms:CallerAccount`, ..), organization paths whose organization is fixed, and ARNs of principals
/// and sources whose account is fixed ([`account_of`]): no principal of another account has such an ARN.
#[must_use]
pub fn public_grants(policy: &Document) -> Vec<Found<'_>> {
    unless(policy, pins)
}

/// Statements that S3 itself calls public: it goes by the wording, and a wildcard in an ARN is enough for it.
#[must_use]
pub fn public_by_wording(policy: &Document) -> Vec<Found<'_>> {
    unless(policy, |condition| {
        let arn = matches!(condition.key.as_str(), "aws:principalarn" | "aws:sourcearn");
        pins(condition) && (!arn || condition.values.iter().all(|value| is_fixed(value)))
    })
}

fn unless(policy: &Document, kept_out: impl Fn(&Condition) -> bool) -> Vec<Found<'_>> {
    found(policy, Effect::Allow)
        .filter(|Found { statement, .. }| {
            let public = statement
                .principals
                .as_ref()
                .is_some_and(|set| set.negated || set.members.contains(&Principal::Everyone));
            public && !statement.conditions.iter().any(&kept_out)
        })
        .collect()
}

/// The account of every ARN that a value of this condition matches; none where it may be another.
///
/// Under an ARN operator each field is matched by itself. Under a string operator a `*` crosses colons, and the path of
/// a role may hold any text: there, nothing before the account may be a wildcard.
#[must_use]
pub fn account_of<'a>(condition: &Condition, value: &'a str) -> Option<&'a str> {
    let mut fields = value.splitn(6, ':');
    let before: Vec<&str> = fields.by_ref().take(4).collect();
    let account = fields.next()?;
    fields.next()?;
    let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let fixed =
        condition.operator.test == Test::Arn || before.iter().all(|it| !it.contains(['*', '?']));
    (digits && fixed && !before.iter().any(|it| it.contains("${"))).then_some(account)
}

/// Whether a condition keeps the public out.
#[must_use]
pub fn pins(condition: &Condition) -> bool {
    let all = |fixed: fn(&str) -> bool| condition.values.iter().all(|value| fixed(value));
    restricts(condition)
        && match condition.key.as_str() {
            "aws:sourceip" => condition.operator.test == Test::IpAddress && all(is_narrow),
            "aws:principalarn" | "aws:sourcearn" => condition
                .values
                .iter()
                .all(|value| is_fixed(value) || account_of(condition, value).is_some()),
            "aws:principalorgid"
            | "aws:principalaccount"
            | "aws:principalservicename"
            | "aws:sourcevpc"
            | "aws:sourcevpcarn"
            | "aws:sourcevpce"
            | "aws:sourceowner"
            | "aws:sourceaccount"
            | "aws:sourceorgid"
            | "aws:vpceaccount"
            | "aws:vpceorgid"
            | "kms:calleraccount"
            | "s3:dataaccesspointaccount"
            | "s3:x-amz-server-side-encryption-aws-kms-key-id" => all(is_fixed),
            "aws:userid" => all(|value| is_fixed(value) && !value.ends_with(":*")),
            "aws:principalorgpaths" | "aws:sourceorgpaths" | "aws:vpceorgpaths" => {
                all(|value| organization_of(value).is_some())
            }
            // The name of the access point may be a wildcard, its account may not.
            "s3:dataaccesspointarn" => all(|value| value.split(':').nth(4).is_some_and(is_fixed)),
            _ => false,
        }
}

fn is_narrow(value: &str) -> bool {
    let Some(range) = Cidr::parse(value) else {
        return false;
    };
    let private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]
        .iter()
        .filter_map(|text| Cidr::parse(text))
        .any(|private| private.prefix <= range.prefix && private.contains(range.address));
    let enough = if range.address.is_ipv4() { 8 } else { 32 };
    private || range.prefix >= enough
}

#[cfg(test)]
mod tests {
    use super::super::policy_of as policy;
    use super::*;

    fn public(principal: &str, condition: &str) -> bool {
        let policy = policy(&format!(
            r#"{{"Effect":"Allow",{principal},"Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*","Condition":{{{condition}}}}}"#
        ));
        !public_grants(&policy).is_empty()
    }

    #[test]
    fn public_by_principal() {
        for (principal, expected) in [
            (r#""Principal":"*""#, true),
            (r#""Principal":{"AWS":"*"}"#, true),
            (r#""Principal":{"AWS":["111122223333","*"]}"#, true),
            (r#""NotPrincipal":{"AWS":"111122223333"}"#, true),
            (r#""Principal":{"AWS":"111122223333"}"#, false),
            (
                r#""Principal":{"Service":"cloudtrail.amazonaws.com"}"#,
                false,
            ),
        ] {
            assert_eq!(public(principal, ""), expected, "{principal}");
        }
        let deny = policy(r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}"#);
        assert!(public_grants(&deny).is_empty());
    }

    #[test]
    fn public_by_condition() {
        for (condition, expected) in [
            (r#""StringEquals":{"aws:PrincipalOrgID":"o-abc"}"#, false),
            (r#""StringLike":{"aws:PrincipalOrgID":"o-abc"}"#, false),
            (r#""StringLike":{"aws:PrincipalOrgID":"o-*"}"#, true),
            (
                r#""StringEqualsIfExists":{"aws:PrincipalOrgID":"o-abc"}"#,
                true,
            ),
            (r#""StringNotEquals":{"aws:PrincipalOrgID":"o-abc"}"#, true),
            (
                r#""ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-abc"}"#,
                true,
            ),
            (
                r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-abc/*"}"#,
                false,
            ),
            (
                r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"*"}"#,
                true,
            ),
            (
                r#""StringEquals":{"aws:SourceAccount":["111122223333","${aws:x}"]}"#,
                true,
            ),
            (r#""StringEquals":{"aws:SourceVpce":"vpce-1"}"#, false),
            (r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:*"}"#, true),
            (
                r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:eu-west-1:111122223333:t"}"#,
                false,
            ),
            (r#""IpAddress":{"aws:SourceIp":"0.0.0.0/0"}"#, true),
            (r#""IpAddress":{"aws:SourceIp":"0.0.0.0/7"}"#, true),
            (r#""IpAddress":{"aws:SourceIp":"198.0.0.0/8"}"#, false),
            (
                r#""IpAddress":{"aws:SourceIp":["198.51.100.0/24","::/0"]}"#,
                true,
            ),
            (r#""IpAddress":{"aws:SourceIp":"2001:db8::/32"}"#, false),
            (r#""IpAddress":{"aws:SourceIp":"2000::/31"}"#, true),
            (r#""NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}"#, true),
            (r#""StringEquals":{"aws:SourceIp":"198.51.100.7"}"#, true),
            (r#""StringLike":{"aws:userid":"AROAEXAMPLE:*"}"#, true),
            (r#""StringEquals":{"aws:userid":"AIDAEXAMPLE"}"#, false),
            (
                r#""ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:eu-west-1:111122223333:accesspoint/*"}"#,
                false,
            ),
            (
                r#""ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:eu-west-1:*:accesspoint/x"}"#,
                true,
            ),
            (
                r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}"#,
                false,
            ),
            (
                r#""StringLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:*"}"#,
                false,
            ),
            (
                r#""ArnLike":{"aws:PrincipalArn":"arn:*:iam::111122223333:role/*"}"#,
                false,
            ),
            // A role of a stranger with the path /x:iam::111122223333:role/ has such an ARN as text.
            (
                r#""StringLike":{"aws:PrincipalArn":"arn:*:iam::111122223333:role/*"}"#,
                true,
            ),
            (
                r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/admin"}"#,
                true,
            ),
            (
                r#""ArnLike":{"aws:PrincipalArn":["arn:aws:iam::111122223333:role/*","*"]}"#,
                true,
            ),
            (
                r#""ArnLikeIfExists":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}"#,
                true,
            ),
            (r#""Bool":{"aws:SecureTransport":"true"}"#, true),
            (
                r#""StringEquals":{"aws:Referer":"https://example.org"}"#,
                true,
            ),
            (r#""StringIs":{"aws:PrincipalOrgID":"o-abc"}"#, true),
        ] {
            assert_eq!(
                public(r#""Principal":"*""#, condition),
                expected,
                "{condition}"
            );
        }
    }
}
