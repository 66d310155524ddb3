//! Names that must not be confused: accounts, regions and ARNs.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::shared;

/// Reads a name from a file, no longer than AWS makes them: so many bytes. Names are repeated in every finding; a
/// megabyte in one would be gigabytes in a report.
struct Bounded(usize);

impl Visitor<'_> for Bounded {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Arc<str>, E> {
        let (length, longest) = (text.len(), self.0);
        match length > longest {
            true => Err(E::custom(format!(
                "a name of {length} bytes, {longest} are the most"
            ))),
            false => Ok(shared::lately(text)),
        }
    }
}

/// The beginning of a name, and how much is missing: no longer than a file may have it.
fn cut(text: &str, longest: usize) -> String {
    // As long as the words behind it can be.
    const WORDS: usize = "... (18446744073709551615 bytes more)".len();
    if text.len() <= longest {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(longest.saturating_sub(WORDS));
    let (kept, rest) = text.split_at(end);
    format!("{kept}... ({} bytes more)", rest.len())
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $longest:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Bounded($longest)).map(Self)
            }
        }

        impl $name {
            /// A name that anybody may have written, cut to the length that is read again.
            #[must_use]
            pub fn cut(text: &str) -> Self {
                Self::from(cut(text, $longest))
            }

            /// The same text as [`Self::cut`] keeps, without a copy where nothing is cut.
            #[must_use]
            pub fn cut_text(text: Cow<'_, str>) -> Cow<'_, str> {
                match text.len() <= $longest {
                    true => text,
                    false => Cow::Owned(cut(&text, $longest)),
                }
            }

            /// The name as AWS writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(Arc::from(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Arc::from(text))
            }
        }
    };
}

name_type! {
    /// The 12 digits of an account.
    AccountId, 64
}
name_type! {
    /// A region's code, such as `eu-central-1`.
    Region, 64
}
name_type! {
    /// An Amazon Resource Name, as AWS gave it.
    Arn, 4096
}

/// Where each partition's global services are, such as IAM and Organizations.
const HOMES: [(&str, &str); 8] = [
    ("aws", "us-east-1"),
    ("aws-cn", "cn-north-1"),
    ("aws-eusc", "eusc-de-east-1"),
    ("aws-iso", "us-iso-east-1"),
    ("aws-iso-b", "us-isob-east-1"),
    ("aws-iso-e", "eu-isoe-west-1"),
    ("aws-iso-f", "us-isof-south-1"),
    ("aws-us-gov", "us-gov-west-1"),
];

/// Where the global services of a partition are; none for a partition that is not known.
#[must_use]
pub fn home(partition: &str) -> Option<&'static str> {
    let home = HOMES.iter().find(|(name, _)| *name == partition);
    home.map(|(_, region)| *region)
}

impl Arn {
    /// The ARN of a bucket: without account and region, as S3 has it.
    #[must_use]
    pub fn bucket(partition: &str, name: &str) -> Self {
        Self::from(format!("arn:{partition}:s3:::{name}"))
    }

    /// `aws`, `aws-cn`, `aws-us-gov`; empty when this is no ARN.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.field(1)
    }

    /// The service's name space, such as `cloudtrail`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.field(2)
    }

    /// The region; empty where the resource has none.
    #[must_use]
    pub fn region(&self) -> Region {
        Region::from(self.field(3))
    }

    /// The owning account; empty where the ARN does not say (S3).
    #[must_use]
    pub fn account(&self) -> AccountId {
        AccountId::from(self.field(4))
    }

    /// What follows the account, colons and slashes included.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.field(5)
    }

    fn field(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }
}

/// Where the global services of a partition are asked: the region of gaps that have none of their own.
///
/// Where the endpoints of IAM are ("AWS Identity and Access Management endpoints and quotas", AWS General Reference, and
/// the endpoint data of the AWS SDKs).
#[must_use]
pub fn home_region(partition: &str) -> Region {
    Region::from(home(partition).unwrap_or("us-east-1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes() {
        assert_eq!(home_region("aws"), Region::from("us-east-1"));
        assert_eq!(home_region("aws-us-gov"), Region::from("us-gov-west-1"));
        assert_eq!(home_region("?"), Region::from("us-east-1"));
        assert_eq!(home("?"), None);
        assert!(HOMES.is_sorted());
    }

    /// What is cut can be read again, whatever it was.
    #[test]
    fn names_that_are_too_long() {
        for text in [
            "",
            "eu-west-1",
            &"x".repeat(64),
            &"x".repeat(65),
            &"\u{1f980}".repeat(300_000),
        ] {
            let cut = Region::cut(text);
            let again: Region = serde_json::from_value(serde_json::json!(cut)).unwrap();
            assert_eq!(again, cut);
            assert_eq!(cut.as_str() == text, text.len() <= 64);
        }
        assert_eq!(
            AccountId::cut(&"1".repeat(100)).as_str(),
            format!("{}... (73 bytes more)", "1".repeat(27))
        );
    }

    #[test]
    fn fields() {
        let arn = Arn::from("arn:aws:logs:eu-west-1:111111111111:log-group:a:b");
        assert_eq!(arn.partition(), "aws");
        assert_eq!(arn.service(), "logs");
        assert_eq!(arn.region(), Region::from("eu-west-1"));
        assert_eq!(arn.account(), AccountId::from("111111111111"));
        assert_eq!(arn.resource(), "log-group:a:b");
        assert_eq!(Arn::from("nonsense").account(), AccountId::from(""));
        assert_eq!(Arn::bucket("aws-cn", "b").resource(), "b");
    }
}
