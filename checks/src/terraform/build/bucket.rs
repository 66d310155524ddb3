//! `aws_s3_bucket`, and the resources that each set one thing of it.

use std::collections::BTreeSet;

use super::bucket_parts as parts;
use super::{Builder, Joined, KEYS};
use crate::calls::{self, ApiCall};
use crate::fact::{Fact, Known, Unknown};
use crate::ids::Arn;
use crate::inventory::bucket::{AclGrant, DefaultEncryption, Notifications};
use crate::inventory::change::DraftOf;
use crate::inventory::{Bucket, PublicAccessBlock, Versioning};
use crate::terraform::plan::Resource;
use crate::terraform::value::{Attr, Unsettled, View, as_bool};

/// What the resources of one kind say of buckets.
pub(super) const PARTS: [&str; 14] = [
    "aws_s3_bucket_policy",
    "aws_s3_bucket_acl",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_versioning",
    "aws_s3_bucket_object_lock_configuration",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_logging",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_replication_configuration",
    "aws_s3_bucket_notification",
    "aws_s3_bucket_website_configuration",
    "aws_s3_access_point",
    "aws_s3control_bucket_policy",
];

/// Who says something of one thing of a bucket.
enum Says<'a> {
    /// This resource, or a block of the bucket itself.
    Part(&'a Resource, View<'a>),
    /// One that is deleted by the plan: nothing is set any more.
    Removed,
    /// One of which it is not known whether it belongs to this bucket, or several.
    Unclear(&'a Resource),
    /// Nobody.
    Nobody,
}

/// A bucket to be built: the resource where there is one, and what belongs to it.
struct Subject<'a> {
    arn: Arn,
    at: Option<usize>,
    resource: Option<&'a Resource>,
    /// In whose place gaps are.
    voice: &'a Resource,
}

impl<'a> Builder<'a> {
    pub(super) fn buckets(&mut self) {
        let by_name = |name: &str, place: &super::Place| match name.starts_with("arn:") {
            true => Arn::from(name),
            false => Arn::bucket(&place.partition, name),
        };
        let joined: Vec<(&str, Joined)> = PARTS
            .into_iter()
            .map(|kind| {
                (
                    kind,
                    self.joined(kind, "bucket", &["aws_s3_bucket"], &by_name),
                )
            })
            .collect();
        let mut subjects: Vec<Subject<'a>> = Vec::new();
        for (at, resource) in self.plan.of_kind("aws_s3_bucket") {
            let gone = resource.is_removed() && !resource.is_on(self.side);
            if resource.is_on(self.side) || gone {
                subjects.push(Subject {
                    arn: self.arn(at),
                    at: Some(at),
                    resource: Some(resource),
                    voice: resource,
                });
            }
        }
        let mut known: BTreeSet<Arn> = subjects.iter().map(|it| it.arn.clone()).collect();
        // Buckets that this plan does not hold, and of which it sets something.
        for (_, joined) in &joined {
            for (arn, resources) in joined.owners() {
                let first = resources
                    .first()
                    .and_then(|at| self.plan.resources.get(*at));
                if let (true, Some(voice)) = (known.insert(arn.clone()), first) {
                    subjects.push(Subject {
                        arn: arn.clone(),
                        at: None,
                        resource: None,
                        voice,
                    });
                }
            }
        }
        for subject in subjects {
            let bucket = self.bucket(&subject, &joined);
            let parts = joined
                .iter()
                .flat_map(|(_, it)| it.of(&subject.arn))
                .copied();
            let all: Vec<usize> = subject.at.into_iter().chain(parts).collect();
            self.origin(subject.arn.as_str(), all);
            self.built.buckets.insert(subject.arn.clone(), bucket);
        }
    }

    fn bucket(&self, subject: &Subject<'a>, joined: &[(&'static str, Joined)]) -> Bucket {
        let voice = subject.voice;
        let name = subject.arn.resource().to_owned();
        let mut bucket = Bucket::unread(subject.arn.clone(), &name, &|call| {
            self.not_in_plan(voice, call)
        });
        if let Some(resource) = subject.resource {
            if !resource.is_on(self.side) {
                bucket.exists = Known(false);
                bucket.policy = Known(None);
                bucket.object_lock = Known(false);
                return bucket;
            }
            self.own(resource, &mut bucket);
        }
        let says = |kind: &'static str| self.says(subject, kind, joined);
        let created = subject.resource.is_some_and(|it| self.is_created(it));
        let part = Part {
            builder: self,
            voice,
            created,
            named: !name.starts_with("plan:") && self.place(voice).account.is_some(),
        };
        bucket.policy = part.policy(&says("aws_s3_bucket_policy"), &subject.arn);
        if bucket.policy == Known(None) {
            bucket.policy_is_public = Known(None);
        } else if created || bucket.policy.ok().is_none() {
            bucket.policy_is_public =
                Unknown(self.after_apply(voice, "", calls::GET_BUCKET_POLICY_STATUS));
        }
        bucket.public_access_block = part.of(
            &says("aws_s3_bucket_public_access_block"),
            calls::GET_BUCKET_PUBLIC_ACCESS_BLOCK,
            "block_public_acls",
            // "all new buckets have Block Public Access enabled", since April 2023 (Amazon S3 User Guide, "Default
            // settings for new S3 buckets FAQ").
            Some(PublicAccessBlock::ALL),
            None,
            |view| parts::public_access_block(view).map(Some),
        );
        bucket.ownership = part.of(
            &says("aws_s3_bucket_ownership_controls"),
            calls::GET_BUCKET_OWNERSHIP,
            "rule",
            // "S3 disables ACLs on new buckets by default", likewise.
            Some("BucketOwnerEnforced".to_owned()),
            None,
            parts::ownership,
        );
        bucket.acl = part.of(
            &says("aws_s3_bucket_acl"),
            calls::GET_BUCKET_ACL,
            "acl",
            parts::owner_alone(),
            parts::owner_alone(),
            parts::acl,
        );
        self.versioning(&part, &says("aws_s3_bucket_versioning"), &mut bucket);
        self.lock(
            &part,
            subject,
            &says("aws_s3_bucket_object_lock_configuration"),
            &mut bucket,
        );
        // "Amazon S3 now applies server-side encryption with Amazon S3 managed keys (SSE-S3) as the base level of
        // encryption for every bucket" (Amazon S3 User Guide).
        let base = || {
            Some(DefaultEncryption {
                algorithm: "AES256".to_owned(),
                kms_key: None,
                bucket_key: false,
            })
        };
        let encryption = says("aws_s3_bucket_server_side_encryption_configuration");
        bucket.encryption = part.of(
            &encryption,
            calls::GET_BUCKET_ENCRYPTION,
            "rule",
            base(),
            base(),
            |view| {
                let known = |key: &str| self.key_arn(key, &self.place(voice)).to_string();
                parts::encryption(view, &known, &|| self.encryption_key(&encryption))
            },
        );
        bucket.lifecycle = part.of(
            &says("aws_s3_bucket_lifecycle_configuration"),
            calls::GET_BUCKET_LIFECYCLE,
            "rule",
            None,
            None,
            |view| parts::lifecycle(view).map(Some),
        );
        bucket.access_logging = part.of(
            &says("aws_s3_bucket_logging"),
            calls::GET_BUCKET_LOGGING,
            "target_bucket",
            None,
            None,
            parts::access_logging,
        );
        bucket.notifications = part.of(
            &says("aws_s3_bucket_notification"),
            calls::GET_BUCKET_NOTIFICATION,
            "topic",
            Notifications::default(),
            Notifications::default(),
            parts::notifications,
        );
        bucket.website = part.of(
            &says("aws_s3_bucket_website_configuration"),
            calls::GET_BUCKET_WEBSITE,
            "website",
            false,
            false,
            |_| Ok(true),
        );
        bucket.replication = part.of(
            &says("aws_s3_bucket_replication_configuration"),
            calls::GET_BUCKET_REPLICATION,
            "rule",
            None,
            None,
            // A rule has more parts than are read from a plan: some of them may narrow it.
            |_| Err(Unsettled),
        );
        bucket.access_points = part.of(
            &says("aws_s3_access_point"),
            calls::LIST_ACCESS_POINTS,
            "policy",
            Vec::new(),
            Vec::new(),
            |_| Err(Unsettled),
        );
        bucket
    }

    /// The key that a bucket encrypts with, where its ARN is known only after apply.
    fn encryption_key(&self, says: &Says<'a>) -> Option<String> {
        let Says::Part(it, _) = says else { return None };
        let at = self.plan.place_of(it)?;
        let key = self
            .plan
            .inner_target(at, "kms_master_key_id", &KEYS, self.side)?;
        Some(self.arn(self.key_behind(key)).to_string())
    }

    /// What the bucket's own resource says.
    fn own(&self, it: &'a Resource, bucket: &mut Bucket) {
        let place = self.place(it);
        bucket.exists = Known(true);
        bucket.owner = match place.account {
            Some(account) if self.is_created(it) => Known(Some(account)),
            Some(_) | None => Unknown(self.not_in_plan(it, calls::LIST_BUCKETS)),
        };
        bucket.region = match place.region {
            Some(region) => Known(region),
            None => Unknown(self.after_apply(it, "region", calls::GET_BUCKET_LOCATION)),
        };
        bucket.tags = self.tags(it, calls::GET_BUCKET_TAGGING);
        bucket.prefixes = self.in_time(it, calls::LIST_OBJECTS);
    }

    fn says(
        &self,
        subject: &Subject<'a>,
        kind: &'static str,
        joined: &[(&'static str, Joined)],
    ) -> Says<'a> {
        let Some((_, joined)) = joined.iter().find(|(name, _)| *name == kind) else {
            return Says::Nobody;
        };
        let resource = |at: usize| self.plan.resources.get(at);
        let all: Vec<&Resource> = joined
            .of(&subject.arn)
            .iter()
            .filter_map(|at| resource(*at))
            .collect();
        let here: Vec<&Resource> = all
            .iter()
            .copied()
            .filter(|it| it.is_on(self.side))
            .collect();
        if let Some(open) = joined.open(subject.at).and_then(resource)
            && open.is_on(self.side)
        {
            return Says::Unclear(open);
        }
        match here.as_slice() {
            [one] => Says::Part(one, self.view(one)),
            [first, ..] => Says::Unclear(first),
            [] => match all.iter().find(|it| it.is_removed()) {
                // No bucket is without one: it stays as it was.
                Some(last) if kind == "aws_s3_bucket_acl" => Says::Part(last, self.view(last)),
                Some(_) => Says::Removed,
                None => self.inline(subject, kind),
            },
        }
    }

    /// What provider 3 wrote as blocks of the bucket. Later ones read them back: there an empty list says nothing.
    fn inline(&self, subject: &Subject<'a>, kind: &str) -> Says<'a> {
        let Some(resource) = subject.resource else {
            return Says::Nobody;
        };
        let view = self.view(resource);
        let block = match kind {
            "aws_s3_bucket_versioning" => "versioning",
            "aws_s3_bucket_server_side_encryption_configuration" => {
                "server_side_encryption_configuration"
            }
            "aws_s3_bucket_lifecycle_configuration" => "lifecycle_rule",
            "aws_s3_bucket_logging" => "logging",
            "aws_s3_bucket_object_lock_configuration" => "object_lock_configuration",
            "aws_s3_bucket_replication_configuration" => "replication_configuration",
            "aws_s3_bucket_website_configuration" => "website",
            "aws_s3_bucket_policy" | "aws_s3_bucket_acl" => {
                let name = kind.trim_start_matches("aws_s3_bucket_");
                return match view.attr(name) {
                    attr if attr.text().is_some() => Says::Part(resource, view),
                    Attr::Unknown if self.is_configured(resource, name) => Says::Unclear(resource),
                    Attr::Known(_) | Attr::Unset | Attr::Unknown => Says::Nobody,
                };
            }
            _ => return Says::Nobody,
        };
        match view.blocks(block) {
            None if self.is_configured(resource, block) => Says::Unclear(resource),
            None => Says::Nobody,
            Some(blocks) => match blocks.first() {
                None => Says::Nobody,
                // Rules stand in the bucket itself, without a block around them.
                Some(_) if block == "lifecycle_rule" => Says::Part(resource, view),
                Some(first) => Says::Part(resource, *first),
            },
        }
    }

    fn versioning(&self, part: &Part<'_, 'a>, says: &Says<'a>, bucket: &mut Bucket) {
        let call = calls::GET_BUCKET_VERSIONING;
        let off = parts::Versions::default();
        // Versioning cannot be taken back: the provider suspends it.
        let removed = parts::Versions {
            suspended: true,
            ..off.clone()
        };
        let all = part.of(
            says,
            call,
            "versioning_configuration",
            off,
            removed,
            parts::versioning,
        );
        bucket.versioning = Versioning {
            enabled: all.clone().map(|it| it.enabled),
            suspended: all.clone().map(|it| it.suspended),
            mfa_delete: all.map(|it| it.mfa_delete),
        };
    }

    fn lock(
        &self,
        part: &Part<'_, 'a>,
        subject: &Subject<'a>,
        says: &Says<'a>,
        bucket: &mut Bucket,
    ) {
        let call = calls::GET_OBJECT_LOCK;
        let retention = part.of(says, call, "rule", None, None, parts::retention);
        let own = subject.resource.map(|resource| {
            self.fact(resource, "object_lock_enabled", call, |value| {
                value.map_or(Some(false), as_bool)
            })
        });
        bucket.object_lock = match (says, own) {
            (Says::Part(..), _) => Known(true),
            (Says::Unclear(it), _) => Unknown(self.after_apply(it, "bucket", call)),
            // What was locked once stays so.
            (Says::Removed, _) => Known(true),
            (Says::Nobody, Some(Known(true))) => Known(true),
            (Says::Nobody, Some(own)) if part.created => own,
            (Says::Nobody, Some(_) | None) => Unknown(self.not_in_plan(part.voice, call)),
        };
        bucket.default_retention = retention;
    }
}

/// What a bucket's parts have in common.
struct Part<'b, 'a> {
    builder: &'b Builder<'a>,
    voice: &'a Resource,
    created: bool,
    /// The bucket's name and its account are known: without them, nobody can tell whom a policy is about.
    named: bool,
}

impl<'a> Part<'_, 'a> {
    fn of<T>(
        &self,
        says: &Says<'a>,
        call: ApiCall,
        attribute: &str,
        of_new: T,
        removed: T,
        read: impl FnOnce(View<'a>) -> Result<T, Unsettled>,
    ) -> Fact<T> {
        match says {
            Says::Part(it, view) => self.builder.settled(it, attribute, call, read(*view)),
            Says::Removed => Known(removed),
            Says::Unclear(it) => Unknown(self.builder.after_apply(it, "bucket", call)),
            Says::Nobody if self.created => Known(of_new),
            Says::Nobody => Unknown(self.builder.not_in_plan(self.voice, call)),
        }
    }

    fn policy(&self, says: &Says<'a>, arn: &Arn) -> Fact<Option<String>> {
        let call = calls::GET_BUCKET_POLICY;
        if self.builder.place(self.voice).account.is_none() {
            let known = self.of(says, call, "policy", None, None, |view| view.text("policy"));
            return match known {
                Known(Some(_)) => Unknown(self.builder.after_apply(self.voice, "bucket", call)),
                other @ (Known(_) | Unknown(_)) => other,
            };
        }
        match says {
            Says::Part(it, view) => {
                let of = DraftOf::Bucket(arn.clone());
                self.builder.policy(it, *view, call, self.named, of)
            }
            other @ (Says::Removed | Says::Unclear(_) | Says::Nobody) => {
                self.of(other, call, "policy", None, None, |view| {
                    view.text("policy")
                })
            }
        }
    }
}

/// A grant to the owner alone.
pub(super) fn owner() -> AclGrant {
    AclGrant {
        grantee: "owner".to_owned(),
        kind: "CanonicalUser".to_owned(),
        permission: "FULL_CONTROL".to_owned(),
        of_owner: Some(true),
    }
}
