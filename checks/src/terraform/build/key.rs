//! `aws_kms_key`, and what belongs to it.

use serde_json::json;

use super::{Builder, KEYS};
use crate::calls;
use crate::fact::{Fact, Known, Unknown};
use crate::ids::Arn;
use crate::inventory::change::DraftOf;
use crate::inventory::{Key, KeyMetadata, Rotation};
use crate::terraform::plan::Resource;
use crate::terraform::value::{as_bool, as_number, as_text};

impl<'a> Builder<'a> {
    pub(super) fn keys(&mut self) {
        let by_id = |id: &str, place: &super::Place| self.key_arn(id, place);
        let policies = self.joined("aws_kms_key_policy", "key_id", &KEYS, &by_id);
        let grants = self.joined("aws_kms_grant", "key_id", &KEYS, &by_id);
        for kind in ["aws_kms_key", "aws_kms_external_key", "aws_kms_replica_key"] {
            for (at, resource) in self.plan.of_kind(kind) {
                let gone = resource.is_removed() && !resource.is_on(self.side);
                if !resource.is_on(self.side) && !gone {
                    continue;
                }
                let arn = self.arn(at);
                let place = self.place(resource);
                let mut key = Key {
                    arn: arn.clone(),
                    account: place.account(),
                    region: place.region(),
                    metadata: Known(Some(self.metadata(at, resource, gone))),
                    policy: self.key_policy(resource, &arn, policies.of(&arn)),
                    rotation: self.rotation(resource),
                    grants: match (grants.of(&arn).first().copied(), grants.open(Some(at))) {
                        (None, None) => self.default(resource, calls::LIST_GRANTS, Vec::new()),
                        (Some(grant), _) | (None, Some(grant)) => {
                            let grant = self.plan.resources.get(grant).unwrap_or(resource);
                            Unknown(self.after_apply(grant, "operations", calls::LIST_GRANTS))
                        }
                    },
                };
                if policies.open(Some(at)).is_some() {
                    key.policy =
                        Unknown(self.after_apply(resource, "policy", calls::GET_KEY_POLICY));
                }
                let all = [policies.of(&arn), grants.of(&arn)].concat();
                self.origin(arn.as_str(), std::iter::once(at).chain(all));
                self.built.keys.insert(arn, key);
            }
        }
    }

    fn metadata(&self, at: usize, it: &'a Resource, gone: bool) -> KeyMetadata {
        let call = calls::DESCRIBE_KEY;
        let multi_region = match it.kind.as_str() {
            "aws_kms_replica_key" => Known(true),
            _ => self.fact(it, "multi_region", call, |value| {
                value.map_or(Some(false), as_bool)
            }),
        };
        let origin = match it.kind.as_str() {
            "aws_kms_key" if self.view(it).attr("custom_key_store_id").text().is_none() => {
                Known("AWS_KMS".to_owned())
            }
            "aws_kms_external_key" => Known("EXTERNAL".to_owned()),
            _ => Unknown(self.not_in_plan(it, call)),
        };
        let on = match it.kind.as_str() {
            "aws_kms_key" => "is_enabled",
            _ => "enabled",
        };
        let state = match gone {
            // Terraform schedules the deletion; the key cannot be used from then on.
            true => Known("PendingDeletion".to_owned()),
            false => self.fact(it, on, call, |value| {
                let on = value.map_or(Some(true), as_bool)?;
                Some(if on { "Enabled" } else { "Disabled" }.to_owned())
            }),
        };
        KeyMetadata {
            arn: Known(self.arn(at)),
            manager: Known("CUSTOMER".to_owned()),
            state,
            origin,
            spec: self.fact(it, "customer_master_key_spec", call, |value| {
                value.map_or_else(|| Some("SYMMETRIC_DEFAULT".to_owned()), as_text)
            }),
            replicas: match multi_region {
                Known(false) => Known(Vec::new()),
                Known(true) | Unknown(_) => Unknown(self.not_in_plan(it, call)),
            },
            multi_region,
            deletion: match gone {
                true => Unknown(self.after_apply(it, "", call)),
                false => Known(None),
            },
            valid_to: match it.kind.as_str() {
                "aws_kms_key" => Known(None),
                _ => Unknown(self.not_in_plan(it, call)),
            },
        }
    }

    fn key_policy(&self, it: &'a Resource, arn: &Arn, others: &[usize]) -> Fact<Option<String>> {
        let call = calls::GET_KEY_POLICY;
        let others: Vec<&Resource> = others
            .iter()
            .filter_map(|at| self.plan.resources.get(*at))
            .filter(|it| it.is_on(self.side))
            .collect();
        let place = self.place(it);
        if place.account.is_none() {
            // Without the account, nobody can tell whom the policy lets in.
            return Unknown(self.after_apply(it, "arn", call));
        }
        match others.as_slice() {
            [] => {}
            [one] => {
                let of = DraftOf::Key(arn.clone());
                return self.policy(one, self.view(one), call, true, of);
            }
            [first, ..] => return Unknown(self.after_apply(first, "policy", call)),
        }
        let own = self.fact(it, "policy", call, super::trail::optional);
        let own = match own {
            Unknown(_) => {
                let of = DraftOf::Key(arn.clone());
                self.policy(it, self.view(it), call, true, of)
            }
            other @ Known(_) => other,
        };
        match own {
            // "If you don't provide a key policy, AWS KMS attaches a default key policy" (API reference, CreateKey).
            Known(None) if self.is_created(it) => {
                let root = place.global("iam", "root");
                let document = json!({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [{
                    "Sid": "Enable IAM User Permissions", "Effect": "Allow",
                    "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}]});
                Known(Some(document.to_string()))
            }
            Known(None) => Unknown(self.not_in_plan(it, call)),
            other @ (Known(_) | Unknown(_)) => other,
        }
    }

    fn rotation(&self, it: &'a Resource) -> Fact<Option<Rotation>> {
        let call = calls::GET_KEY_ROTATION_STATUS;
        if it.kind != "aws_kms_key" {
            return Unknown(self.not_in_plan(it, call));
        }
        let enabled = self.fact(it, "enable_key_rotation", call, |value| {
            value.map_or(Some(false), as_bool)
        });
        let period_days = self.fact(it, "rotation_period_in_days", call, |value| match value {
            None => Some(None),
            Some(value) => {
                let days = as_number(value)?;
                // The provider writes 0 where none is set; AWS rotates once in 365 days then.
                Some(i32::try_from(days).ok().filter(|it| *it != 0))
            }
        });
        let period_days = match (&enabled, period_days) {
            (Known(true), Known(None)) => Known(Some(365)),
            (_, other) => other,
        };
        Known(Some(Rotation {
            enabled,
            period_days,
        }))
    }
}
