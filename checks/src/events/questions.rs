//! Built-in questions: each is an expression, so that it can be printed, changed and searched for.

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Its name.
    pub name: &'static str,
    /// What has to be given, if anything.
    pub argument: &'static str,
    /// What it finds.
    pub about: &'static str,
    /// `{}` stands for the argument, quoted; `{bucket}` and `{key}` for its parts.
    expression: &'static str,
    /// Where no record of one of these is seen, calls like those that are looked for may not be recorded at all.
    needs: &'static [Need],
    /// Only records of bursts are an answer: many different ones of an actor within minutes.
    pub bursts: bool,
}

/// Events that a trail may leave out as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// Which.
    pub events: &'static str,
    /// What finds them; `{bucket}`, `{arn}` and `{below}` stand for the argument.
    expression: &'static str,
}

const READS: Need = Need {
    events: "management events that read",
    expression: "readOnly = true and category = Management",
};
const WRITES: Need = Need {
    events: "management events that change something",
    expression: "readOnly = false and category = Management",
};
/// Any call.
const BOTH: &[Need] = &[READS, WRITES];

/// What a question about any call needs, and what finds it.
#[must_use]
pub fn any_call() -> Vec<(&'static str, String)> {
    kinds(BOTH, str::to_owned)
}

fn kinds(needs: &[Need], fill: impl Fn(&str) -> String) -> Vec<(&'static str, String)> {
    let needs = needs.iter();
    needs.map(|it| (it.events, fill(it.expression))).collect()
}

/// All of them.
pub const QUESTIONS: &[Question] = &[
    of(
        "who-started",
        "INSTANCE",
        "calls that created or started an instance",
        &[WRITES],
        "name in (RunInstances, StartInstances, CreateFleet, RequestSpotInstances, RequestSpotFleet) and resource == {}",
    ),
    Question {
        name: "who-read",
        argument: "BUCKET[/KEY]",
        about: "reads and listings of a bucket or an object, also as the source of a copy",
        expression: "",
        needs: &[Need {
            events: "data events for reads of the bucket",
            expression: "source = s3.amazonaws.com and category = Data and not readOnly = false and (requestParameters.bucketName == \
                         {bucket} or resource == {arn} or resource startswith {below})",
        }],
        bursts: false,
    },
    of(
        "who-changed",
        "ARN|NAME|ID",
        "every write that names a resource, with refused ones",
        &[WRITES],
        "not readOnly = true and (resource == {} or resource endswith {slash} or resource endswith {colon})",
    ),
    of(
        "who-used",
        "KEY",
        "calls with an access key",
        BOTH,
        "userIdentity.accessKeyId == {}",
    ),
    of(
        "what-did",
        "ACTOR",
        "calls of a user, role, session or access key",
        BOTH,
        "actor == {} or session == {} or userIdentity.arn == {} or userIdentity.userName == {} or userIdentity.accessKeyId == {} or \
         userIdentity.sessionContext.sessionIssuer.userName == {} or userIdentity.sessionContext.sessionIssuer.arn == {}",
    ),
    of(
        "denied",
        "",
        "calls that were denied for lack of a permission",
        BOTH,
        "denied",
    ),
    of(
        "logins",
        "",
        "console sign-ins, with MFA as far as AWS records it",
        &[WRITES],
        "name in (ConsoleLogin, SwitchRole, CheckMfa, GetSigninToken, UserAuthentication, CredentialVerification, CredentialChallenge)",
    ),
    Question {
        name: "enumeration",
        argument: "",
        about: "bursts of 10 or more different reads and denied calls of an actor within 10 minutes",
        expression: "(denied or readOnly = true and sessionCredentialFromConsole != true and name in (List*, Get*, Describe*, Head*, \
                     BatchGet*, Lookup*, Search*)) and userIdentity.type != AWSService and not service",
        needs: &[READS],
        bursts: true,
    },
    of("root", "", "calls of the root user", BOTH, "root"),
    of(
        "cross-account",
        "",
        "roles that were assumed by other accounts",
        BOTH,
        "name in (AssumeRole, AssumeRoot) and userIdentity.type = AWSAccount",
    ),
    of(
        "federated",
        "",
        "sessions of identity providers",
        BOTH,
        "name in (AssumeRoleWithSAML, AssumeRoleWithWebIdentity, GetFederationToken, CreateTokenWithIAM) or userIdentity.type in \
         (SAMLUser, WebIdentityUser, FederatedUser, IdentityCenterUser)",
    ),
    of(
        "public",
        "",
        "policies, ACLs and permissions that can open something to everyone",
        &[WRITES],
        "not failed and (name in (PutBucketAcl, PutObjectAcl) and (AllUsers or AuthenticatedUsers or requestParameters.x-amz-acl = \
         public-*) or name in (PutBucketPolicy, PutAccessPointPolicy, AddPermission, PutResourcePolicy, SetQueueAttributes, \
         SetTopicAttributes, PutKeyPolicy, SetRepositoryPolicy) and (requestParameters.principal == \"\\*\" or requestParameters ~ \
         /Principal[\"\\\\]*:[ ]*([\"\\\\]*\\*|.[\"\\\\]*AWS[\"\\\\]*:[ ]*\\[?[\"\\\\]*\\*)/) or name in (ModifyImageAttribute, \
         ModifySnapshotAttribute, ModifyDBSnapshotAttribute, ModifyDBClusterSnapshotAttribute) and all or name in \
         (DeleteBucketPublicAccessBlock, DeleteAccountPublicAccessBlock) or name = CreateFunctionUrlConfig and \
         requestParameters.authType = NONE)",
    ),
    of(
        "shared",
        "",
        "images, snapshots, functions and resources that were shared with other accounts",
        &[WRITES],
        "name in (ModifyImageAttribute, ModifySnapshotAttribute, ModifyDBSnapshotAttribute, ModifyDBClusterSnapshotAttribute, \
         AddPermission, AddLayerVersionPermission, CreateResourceShare, AssociateResourceShare, CreateGrant)",
    ),
    of(
        "insights",
        "",
        "unusual rates that CloudTrail itself found",
        &[Need {
            events: "Insights events",
            expression: "eventType = AwsCloudTrailInsight",
        }],
        "eventType = AwsCloudTrailInsight",
    ),
    of(
        "network-denied",
        "",
        "calls that a VPC endpoint policy denied",
        &[Need {
            events: "network activity events",
            expression: "category = NetworkActivity",
        }],
        "error = VpceAccessDenied or category = NetworkActivity and denied",
    ),
    of(
        "old-tls",
        "",
        "calls over TLS 1.0 and 1.1",
        BOTH,
        "tlsDetails.tlsVersion in (TLSv1, TLSv1.0, TLSv1.1)",
    ),
    of(
        "regions",
        "",
        "regions that were enabled or disabled",
        &[WRITES],
        "name in (EnableRegion, DisableRegion)",
    ),
    of(
        "tamper",
        "",
        "calls that stop, delete, narrow or hide logs",
        &[WRITES],
        "name in (StopLogging, DeleteTrail, UpdateTrail, PutEventSelectors, PutInsightSelectors, PutEventConfiguration, \
         DeleteEventDataStore, StopEventDataStoreIngestion, UpdateEventDataStore, LeaveOrganization, RemoveAccountFromOrganization, \
         DeregisterOrganizationDelegatedAdmin, RegisterOrganizationDelegatedAdmin, DisableKey, ScheduleKeyDeletion) or source = \
         s3.amazonaws.com and name in (PutBucketPolicy, DeleteBucketPolicy, PutBucketLifecycle, PutBucketLifecycleConfiguration, \
         PutBucketVersioning, DeleteBucket, DeleteObject, DeleteObjects) and resource contains cloudtrail",
    ),
];

const fn of(
    name: &'static str,
    argument: &'static str,
    about: &'static str,
    needs: &'static [Need],
    expression: &'static str,
) -> Question {
    Question {
        name,
        argument,
        about,
        expression,
        needs,
        bursts: false,
    }
}

/// A question with its argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What finds the records.
    pub expression: String,
    /// What is recorded if they would be, and what finds it.
    pub needs: Vec<(&'static str, String)>,
}

impl Question {
    /// The question of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        QUESTIONS.iter().find(|it| it.name == name)
    }

    /// The expression for this argument.
    #[must_use]
    pub fn with(&self, argument: &str) -> Asked {
        if self.name == "who-read" {
            return self.of_bucket(argument);
        }
        let filled = self
            .expression
            .replace("{slash}", &quoted(&format!("/{argument}")));
        let filled = filled.replace("{colon}", &quoted(&format!(":{argument}")));
        Asked {
            expression: filled.replace("{}", &quoted(argument)),
            needs: kinds(self.needs, str::to_owned),
        }
    }

    fn of_bucket(&self, argument: &str) -> Asked {
        let place = argument
            .strip_prefix("s3://")
            .or_else(|| argument.rsplit_once(":::").map(|(_, it)| it))
            .unwrap_or(argument);
        let (bucket, key) = match place.split_once('/') {
            Some((bucket, key)) if !key.is_empty() => (bucket, Some(key)),
            Some((bucket, _)) => (bucket, None),
            None => (place, None),
        };
        let reads = "name in (GetObject, HeadObject, SelectObjectContent, GetObjectTorrent, RestoreObject, ListObjects, ListObjectsV2, \
                     ListObjectVersions)";
        let b = quoted(bucket);
        let arn = quoted(&format!("arn:aws:s3:::{bucket}"));
        let below = quoted(&format!("arn:aws:s3:::{bucket}/"));
        let expression = match key {
            None => format!(
                "{reads} and (requestParameters.bucketName == {b} or resource == {arn} or resource startswith {below}) or name in \
                 (CopyObject, UploadPartCopy) and (requestParameters.x-amz-copy-source startswith {} or \
                 requestParameters.x-amz-copy-source startswith {})",
                quoted(&format!("{bucket}/")),
                quoted(&format!("/{bucket}/")),
            ),
            Some(key) => format!(
                "{reads} and (requestParameters.bucketName == {b} and requestParameters.key == {} or resource == {}) or name in \
                 (CopyObject, UploadPartCopy) and requestParameters.x-amz-copy-source in ({}, {})",
                quoted(key),
                quoted(&format!("arn:aws:s3:::{bucket}/{key}")),
                quoted(&format!("{bucket}/{key}")),
                quoted(&format!("/{bucket}/{key}")),
            ),
        };
        let needs = kinds(self.needs, |it| {
            it.replace("{bucket}", &b)
                .replace("{arn}", &arn)
                .replace("{below}", &below)
        });
        Asked { expression, needs }
    }
}

/// A text as a value of an expression.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if matches!(c, '*' | '?' | '\\' | '"') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::filter::{Subject, parse};
    use crate::events::{Proof, Record};

    #[test]
    fn each_is_an_expression_whatever_the_argument() {
        for question in QUESTIONS {
            for argument in ["x", "b/k", "a\"b", "*", "\\", "a'b", "i-1) or (root", ""] {
                let asked = question.with(argument);
                assert!(!asked.needs.is_empty(), "{}", question.name);
                let needs = asked.needs.into_iter().map(|it| it.1);
                for text in needs.chain([asked.expression]) {
                    if let Err(error) = parse(&text) {
                        panic!("{} {argument:?}: {error}\n{text}", question.name);
                    }
                }
            }
        }
    }

    #[test]
    fn what_matches() {
        let user = r#""userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::1:user/al*","userName":"al*","accountId":"1","accessKeyId":"AKIAIOSFODNN7EXAMPLE"}"#;
        for (name, argument, record, expected) in [
            (
                "who-started",
                "i-1",
                r#"{"eventName":"RunInstances","responseElements":{"instancesSet":{"items":[{"instanceId":"i-1"}]}}}"#,
                true,
            ),
            (
                "who-started",
                "i-2",
                r#"{"eventName":"RunInstances","responseElements":{"instancesSet":{"items":[{"instanceId":"i-1"}]}}}"#,
                false,
            ),
            (
                "who-read",
                "b",
                r#"{"eventName":"GetObject","requestParameters":{"bucketName":"b","key":"k"}}"#,
                true,
            ),
            (
                "who-read",
                "b",
                r#"{"eventName":"PutObject","requestParameters":{"bucketName":"b","key":"k"}}"#,
                false,
            ),
            (
                "who-read",
                "s3://b/k",
                r#"{"eventName":"GetObject","requestParameters":{"bucketName":"b","key":"k"}}"#,
                true,
            ),
            (
                "who-read",
                "b/k",
                r#"{"eventName":"GetObject","requestParameters":{"bucketName":"b","key":"k2"}}"#,
                false,
            ),
            (
                "who-read",
                "b/k",
                r#"{"eventName":"CopyObject","requestParameters":{"bucketName":"c","x-amz-copy-source":"b/k"}}"#,
                true,
            ),
            (
                "who-changed",
                "main",
                r#"{"eventName":"StopLogging","readOnly":false,"requestParameters":{"name":"arn:aws:cloudtrail:x:1:trail/main"}}"#,
                true,
            ),
            (
                "who-changed",
                "main",
                r#"{"eventName":"GetTrail","readOnly":true,"requestParameters":{"name":"main"}}"#,
                false,
            ),
            (
                "who-changed",
                "ain",
                r#"{"eventName":"StopLogging","requestParameters":{"name":"main"}}"#,
                false,
            ),
            (
                "public",
                "",
                r#"{"eventName":"PutBucketPolicy","requestParameters":{"bucketPolicy":{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"}}]}}}"#,
                true,
            ),
            (
                "public",
                "",
                r#"{"eventName":"PutBucketPolicy","requestParameters":{"bucketPolicy":{"Statement":[{"Effect":"Allow","Principal":{"AWS":"1"}}]}}}"#,
                false,
            ),
            (
                "public",
                "",
                r#"{"eventName":"AddPermission20150331v2","requestParameters":{"principal":"*"}}"#,
                true,
            ),
            (
                "public",
                "",
                r#"{"eventName":"AddPermission20150331v2","requestParameters":{"principal":"sns.amazonaws.com"}}"#,
                false,
            ),
            (
                "old-tls",
                "",
                r#"{"eventName":"X","tlsDetails":{"tlsVersion":"TLSv1.1"}}"#,
                true,
            ),
            (
                "old-tls",
                "",
                r#"{"eventName":"X","tlsDetails":{"tlsVersion":"TLSv1.2"}}"#,
                false,
            ),
            ("tamper", "", r#"{"eventName":"StopLogging"}"#, true),
            (
                "enumeration",
                "",
                r#"{"eventName":"ListRoles","readOnly":true,"userIdentity":{"type":"IAMUser"}}"#,
                true,
            ),
            (
                "enumeration",
                "",
                r#"{"eventName":"CreateUser","readOnly":false,"errorCode":"AccessDenied"}"#,
                true,
            ),
            (
                "enumeration",
                "",
                r#"{"eventName":"CreateUser","readOnly":false,"userIdentity":{"type":"IAMUser"}}"#,
                false,
            ),
            (
                "enumeration",
                "",
                r#"{"eventName":"AssumeRole","readOnly":true,"userIdentity":{"type":"IAMUser"}}"#,
                false,
            ),
            // What the console reads to show a page, and what services read.
            (
                "enumeration",
                "",
                r#"{"eventName":"ListRoles","readOnly":true,"sessionCredentialFromConsole":"true","userIdentity":{"type":"IAMUser"}}"#,
                false,
            ),
            (
                "enumeration",
                "",
                r#"{"eventName":"ListRoles","readOnly":true,"errorCode":"AccessDenied","sessionCredentialFromConsole":"true"}"#,
                true,
            ),
            (
                "enumeration",
                "",
                r#"{"eventName":"ListRoles","readOnly":true,"userIdentity":{"type":"IAMUser","invokedBy":"cloudformation.amazonaws.com"}}"#,
                false,
            ),
            (
                "enumeration",
                "",
                r#"{"eventName":"ListRoles","readOnly":true,"userIdentity":{"type":"AWSService","invokedBy":"config.amazonaws.com"}}"#,
                false,
            ),
        ] {
            let text = question(name, argument);
            let record = Record::read(record.as_bytes()).unwrap();
            let subject = Subject {
                record: &record,
                proof: Proof::Verified,
            };
            assert_eq!(
                parse(&text).unwrap().matches(&subject),
                expected,
                "{name} {argument}\n{text}"
            );
        }
        let record = format!(r#"{{"eventName":"X",{user}}}"#);
        let record = Record::read(record.as_bytes()).unwrap();
        let subject = Subject {
            record: &record,
            proof: Proof::Verified,
        };
        for (argument, expected) in [
            ("al*", true),
            ("alice", false),
            ("a*", false),
            ("AKIAIOSFODNN7EXAMPLE", true),
        ] {
            let text = question("what-did", argument);
            assert_eq!(
                parse(&text).unwrap().matches(&subject),
                expected,
                "{argument}"
            );
        }
    }

    fn question(name: &str, argument: &str) -> String {
        Question::named(name).unwrap().with(argument).expression
    }
}
