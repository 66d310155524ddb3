//! Does a bucket policy refuse requests without TLS, or with an old version of it?

use super::super::context::{Context, Key};
use super::super::document::Document;
use super::sure_denies;

/// Where a bucket policy refuses requests without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsDeny {
    /// On the bucket itself.
    pub bucket: bool,
    /// On every object in it.
    pub objects: bool,
}

impl TlsDeny {
    /// On both: only then no request goes without TLS.
    #[must_use]
    pub fn is_complete(self) -> bool {
        self.bucket && self.objects
    }
}

/// Whether a bucket policy denies everything to everyone who comes without TLS.
#[must_use]
pub fn denies_plain_http(policy: &Document, bucket_arn: &str) -> TlsDeny {
    let mut plain = Context::unknown().with("aws:SecureTransport", "false");
    // Plain requests have no TLS version.
    plain.set("s3:TlsVersion", Key::Absent);
    denies_all(policy, bucket_arn, &plain)
}

/// Whether a bucket policy denies everything to everyone who comes with this old TLS version, such as `1.1`.
#[must_use]
pub fn denies_tls_version(policy: &Document, bucket_arn: &str, version: &str) -> TlsDeny {
    let old = Context::unknown()
        .with("aws:SecureTransport", "true")
        .with("s3:TlsVersion", version);
    denies_all(policy, bucket_arn, &old)
}

fn denies_all(policy: &Document, bucket_arn: &str, context: &Context) -> TlsDeny {
    let denied = |arn: &str| !sure_denies(policy, "s3:*", arn, context).is_empty();
    TlsDeny {
        bucket: denied(bucket_arn),
        objects: denied(&format!("{bucket_arn}/*")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::policy_of as policy;
    use super::*;

    const BUCKET: &str = "arn:aws:s3:::logs";

    fn tls(body: &str) -> (bool, bool) {
        let deny = denies_plain_http(&policy(body), BUCKET);
        (deny.bucket, deny.objects)
    }

    #[test]
    fn plain_http() {
        let deny = |principal: &str, action: &str, resource: &str, condition: &str| {
            format!(
                r#"{{"Effect":"Deny",{principal},{action},"Resource":{resource},"Condition":{condition}}}"#
            )
        };
        let (all, s3) = (r#""Principal":"*""#, r#""Action":"s3:*""#);
        let both = r#"["arn:aws:s3:::logs","arn:aws:s3:::logs/*"]"#;
        let off = r#"{"Bool":{"aws:SecureTransport":"false"}}"#;
        for (expected, body) in [
            ((true, true), deny(all, s3, both, off)),
            (
                (true, true),
                deny(
                    r#""Principal":{"AWS":["*"]}"#,
                    r#""Action":"*""#,
                    "\"*\"",
                    off,
                ),
            ),
            (
                (true, true),
                deny(
                    all,
                    r#""NotAction":"iam:*""#,
                    r#""arn:aws:s3:::logs*""#,
                    off,
                ),
            ),
            (
                (true, true),
                deny(
                    all,
                    s3,
                    both,
                    r#"{"BoolIfExists":{"AWS:securetransport":false}}"#,
                ),
            ),
            (
                (true, true),
                deny(
                    all,
                    s3,
                    both,
                    r#"{"StringNotEquals":{"aws:SecureTransport":"true"}}"#,
                ),
            ),
            (
                (true, true),
                format!(
                    "{},{}",
                    deny(all, s3, r#""arn:aws:s3:::logs""#, off),
                    deny(all, s3, r#""arn:aws:s3:::logs/*""#, off)
                ),
            ),
            ((true, false), deny(all, s3, r#""arn:aws:s3:::logs""#, off)),
            (
                (false, true),
                deny(all, s3, r#""arn:aws:s3:::logs/*""#, off),
            ),
            (
                (false, false),
                deny(
                    all,
                    s3,
                    r#"["arn:aws:s3:::log","arn:aws:s3:::logs/AWSLogs/*"]"#,
                    off,
                ),
            ),
            (
                (false, false),
                deny(all, r#""Action":"s3:Get*""#, both, off),
            ),
            (
                (false, false),
                deny(all, r#""NotAction":"s3:PutObject""#, both, off),
            ),
            (
                (false, false),
                deny(r#""Principal":{"AWS":"111122223333"}"#, s3, both, off),
            ),
            (
                (false, false),
                deny(r#""NotPrincipal":{"AWS":"111122223333"}"#, s3, both, off),
            ),
            (
                (false, false),
                deny(all, s3, both, r#"{"Bool":{"aws:SecureTransport":"true"}}"#),
            ),
            (
                (false, false),
                deny(all, s3, both, r#"{"Null":{"aws:SecureTransport":"true"}}"#),
            ),
            (
                (false, false),
                deny(
                    all,
                    s3,
                    both,
                    r#"{"Bool":{"aws:SecureTransport":"false"},"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#,
                ),
            ),
            (
                (false, false),
                deny(all, s3, both, off).replace("Deny", "Allow"),
            ),
        ] {
            assert_eq!(tls(&body), expected, "{body}");
        }
    }

    #[test]
    fn old_tls() {
        let policy = policy(
            r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"],
                "Condition":{"NumericLessThan":{"s3:TlsVersion":1.2}}}"#,
        );
        assert!(denies_tls_version(&policy, BUCKET, "1.1").is_complete());
        assert!(!denies_tls_version(&policy, BUCKET, "1.2").bucket);
        assert!(!denies_plain_http(&policy, BUCKET).bucket);
    }
}
