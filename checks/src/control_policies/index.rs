//! What an organization's control policies say and where they are attached, read once for all that ask.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::gap;
use crate::bound::Left;
use crate::calls;
use crate::fact::{Fact, Gap, Reason};
use crate::inventory::organization::Unit;
use crate::inventory::{Account, ControlPolicy, ControlPolicyKind, Organization};
use crate::policy::{Document, Level, Policy, Principal, ResourcePattern, Test};

/// See above.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(super) service: Option<Policies>,
    pub(super) resource: Option<Policies>,
    /// The units above each unit, by its id; of several with one id the first counts.
    units: BTreeMap<String, Option<String>>,
    /// What is left of permissions in accounts that are under the same policies.
    left: Mutex<BTreeMap<String, Left>>,
}

impl Index {
    pub(crate) fn of(organization: &Organization) -> Self {
        Self {
            service: Policies::of(organization, ControlPolicyKind::ServiceControlPolicy),
            resource: Policies::of(organization, ControlPolicyKind::ResourceControlPolicy),
            ..Self::tree(organization)
        }
    }

    /// The units alone.
    pub(super) fn tree(organization: &Organization) -> Self {
        let mut units = BTreeMap::new();
        let all: &[Unit] = organization.units.ok().map_or(&[], Vec::as_slice);
        for unit in all {
            let above = units.entry(unit.id.clone());
            above.or_insert_with(|| unit.parent.clone());
        }
        Self {
            units,
            ..Self::default()
        }
    }

    /// The answer to a question that was asked about another account.
    pub(super) fn left(&self, question: &str) -> Option<Left> {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.get(question).cloned()
    }

    pub(super) fn keep(&self, question: String, answer: Left) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.insert(question, answer);
    }

    /// The policies that are attached to the account itself, by their places in the lists.
    pub(super) fn attached(&self, account: &str) -> [Option<&Vec<usize>>; 2] {
        [&self.service, &self.resource].map(|it| it.as_ref()?.attached.get(account))
    }

    /// The ids from the root to the account, the account itself last; none where the tree does not say.
    pub(super) fn path(
        &self,
        organization: &Organization,
        account: &Account,
    ) -> Option<Vec<String>> {
        let units = organization.units.ok()?;
        let mut path = vec![account.id.to_string()];
        let mut above = account.parent.ok()?.clone();
        // As many steps as there are units: a tree has no cycle, a file might.
        for _ in units {
            let Some(id) = above.take() else { break };
            above.clone_from(self.units.get(&id)?);
            path.push(id);
        }
        // A path that does not end at a root is not the path.
        if above.is_some() || path.len() < 2 {
            return None;
        }
        path.reverse();
        Some(path)
    }

    /// The units from the root to the account, as `aws:PrincipalOrgPaths` writes them.
    pub(crate) fn org_path(
        &self,
        organization: &Organization,
        account: &Account,
    ) -> Option<String> {
        let mut path = self.path(organization, account)?;
        path.pop();
        Some(format!("{}/{}/", organization.id, path.join("/")))
    }
}

/// The policies of one kind.
#[derive(Debug, Default)]
pub(super) struct Policies {
    all: Vec<Read>,
    /// By the places where they are attached, in the order of the list.
    attached: BTreeMap<String, Vec<usize>>,
    /// Why it is not known where they are attached.
    unattached: Vec<Gap>,
}

/// A policy with its document, or why that cannot be read.
#[derive(Debug)]
struct Read {
    name: String,
    aws_managed: bool,
    document: Result<Document, Gap>,
}

impl Policies {
    fn of(organization: &Organization, kind: ControlPolicyKind) -> Option<Self> {
        let policies = organization.policies.ok()?.iter();
        let mut read = Self::default();
        for (place, policy) in policies.filter(|it| it.kind == kind).enumerate() {
            read.all.push(Read {
                name: policy.name.clone(),
                aws_managed: policy.aws_managed,
                document: document(organization, policy),
            });
            match &policy.targets {
                Fact::Known(targets) => {
                    for id in targets {
                        let own = read.attached.entry(id.clone()).or_default();
                        // A target that is listed twice has the policy once.
                        if own.last() != Some(&place) {
                            own.push(place);
                        }
                    }
                }
                Fact::Unknown(gap) => read.unattached.push(gap.clone()),
            }
        }
        Some(read)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Some of them are not AWS's own.
    pub(super) fn has_own(&self) -> bool {
        self.all.iter().any(|it| !it.aws_managed)
    }

    /// Every document that could be read.
    pub(super) fn documents(&self) -> impl Iterator<Item = &Document> {
        self.all.iter().filter_map(|it| it.document.as_ref().ok())
    }

    /// The policies at each step of a path, or why it is not known where they are attached.
    pub(super) fn levels(&self, path: &[String]) -> Result<Vec<Level<'_, Gap>>, Vec<Gap>> {
        if !self.unattached.is_empty() {
            return Err(self.unattached.clone());
        }
        let level = |id: &String| {
            let places = self.attached.get(id).into_iter().flatten();
            let attached = places.filter_map(|place| self.all.get(*place));
            let attached = attached.map(|policy| match &policy.document {
                Ok(document) => Policy::new(&policy.name, document),
                Err(gap) => Policy::missing(&policy.name, gap.clone()),
            });
            Level {
                target: id.clone(),
                policies: attached.collect(),
            }
        };
        Ok(path.iter().map(level).collect())
    }
}

fn document(organization: &Organization, policy: &ControlPolicy) -> Result<Document, Gap> {
    match &policy.document {
        Fact::Known(text) => Document::fits(text)
            .and_then(|()| Document::parse(text))
            .map_err(|error| {
                let reason = match error.is_size() {
                    true => Reason::TooComplex,
                    false => Reason::Malformed,
                };
                let call = calls::DESCRIBE_POLICY;
                gap(organization, call, reason, error.to_string())
            }),
        Fact::Unknown(gap) => Err(gap.clone()),
    }
}

/// Some text of the document may match the number of one account and not that of another.
///
/// A number is all of a field of an ARN, or all of a value. So only digits count that nothing but a colon, a wildcard or
/// an end of the text stands beside, on both sides: those of `role/sec-1` match no part of a number.
pub(super) fn tells_accounts_apart(document: &Document) -> bool {
    // A variable puts the number where it is compared with anything.
    let filled = document.statements.iter().any(|statement| {
        let resources = statement.resources.iter().flat_map(|it| &it.patterns);
        let mut resources = resources.flat_map(ResourcePattern::keys);
        let mut conditions = statement.conditions.iter();
        resources.next().is_some() || conditions.any(|it| it.keys().nth(1).is_some())
    });
    document.statements.iter().any(|statement| {
        let resources = statement.resources.iter().flat_map(|it| &it.patterns);
        let compared =
            statement
                .conditions
                .iter()
                .filter(|condition| match condition.operator.test {
                    Test::Numeric(_)
                    | Test::Date(_)
                    | Test::IpAddress
                    | Test::Bool
                    | Test::Null => false,
                    Test::StringEquals
                    | Test::StringEqualsIgnoreCase
                    | Test::StringLike
                    | Test::Arn
                    | Test::BinaryEquals
                    | Test::Unknown(_) => true,
                });
        let compared = compared.filter(|it| filled || is_of_accounts(&it.key));
        let values = compared.flat_map(|it| &it.values);
        let mut members = statement.principals.iter().flat_map(|it| &it.members);
        let named = |principal: &Principal| match principal {
            Principal::Everyone | Principal::Service(_) => false,
            Principal::Account(_)
            | Principal::Aws(_)
            | Principal::Federated(_)
            | Principal::CanonicalUser(_) => true,
        };
        members.any(named)
            || resources
                .map(|it| &it.text)
                .chain(values)
                .any(|it| may_hold_a_number(it))
    })
}

/// The value of the key, in lower case, has the number of the account in it.
fn is_of_accounts(key: &str) -> bool {
    let others = ["aws:principaltag/", "aws:principalorg"];
    (key.starts_with("aws:principal") && !others.iter().any(|it| key.starts_with(it)))
        || ["aws:userid", "aws:username", "kms:calleraccount"].contains(&key)
        || (key.starts_with("aws:resource") && !key.starts_with("aws:resourcetag/"))
        || key.starts_with("aws:source")
}

fn may_hold_a_number(text: &str) -> bool {
    let edge = |it: char| matches!(it, ':' | '*' | '?' | '}' | '$');
    let mut parts = text.split(edge);
    parts.any(|part| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_that_tell_accounts_apart() {
        for (condition, apart) in [
            (r#""StringEquals":{"aws:PrincipalTag/q":"1"}"#, false),
            (
                r#""StringEquals":{"aws:PrincipalTag/q":"222222222222"}"#,
                false,
            ),
            (
                r#""StringEquals":{"aws:PrincipalAccount":"222222222222"}"#,
                true,
            ),
            (
                r#""StringLike":{"aws:PrincipalArn":"*:222222222222:*"}"#,
                true,
            ),
            (
                r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x1"}"#,
                false,
            ),
            (
                r#""StringEquals":{"aws:ResourceAccount":"222222222222"}"#,
                true,
            ),
            (
                r#""StringEquals":{"aws:PrincipalTag/q":["222222222222","${aws:PrincipalAccount}"]}"#,
                true,
            ),
        ] {
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{{condition}}}}}}}"#
            );
            let document = Document::parse(&text).unwrap();
            assert_eq!(tells_accounts_apart(&document), apart, "{condition}");
        }
    }

    /// Every account number against every text, by the pattern itself: what is called equal must be.
    #[test]
    fn texts_that_tell_no_account_from_another() {
        for (text, apart) in [
            ("arn:aws:iam::*:role/sec-1", false),
            ("arn:aws:iam::*:role/prot1-*", false),
            ("arn:aws:s3:::*-audit-3*", false),
            ("arn:aws:iam::????????????:role/x", false),
            ("*", false),
            ("arn:aws:iam::222222222222:role/x", true),
            ("arn:aws:iam::2*:role/x", true),
            ("arn:aws:iam::2???????????:role/x", true),
            ("*2", true),
            ("222222222222", true),
            ("arn:aws:iam::*2*:role/*", true),
            ("arn:aws:iam::*1", true),
        ] {
            assert_eq!(may_hold_a_number(text), apart, "{text}");
            let glob = crate::text::Glob::wild(text, false);
            let mut said = std::collections::BTreeSet::new();
            for number in 0..40_u64 {
                let account = format!("{:012}", number * 27_182_818_284 % 1_000_000_000_000);
                let arn = format!("arn:aws:iam::{account}:role/sec-1");
                said.insert((glob.matches(&account), glob.matches(&arn)));
            }
            assert!(apart || said.len() == 1, "{text}");
        }
    }
}
