//! The policies of a principal: its own, and for a user those of its groups.

use std::sync::Arc;

use crate::calls;
use crate::catalog::gap;
use crate::context::{Context, Parsed};
use crate::fact::{Gaps, Reason};
use crate::ids::Arn;
use crate::inventory::iam::InlinePolicy;
use crate::policy::{Document, Effect, Statement};
use crate::prelude::{Identity, Principal};

/// What a principal holds, as far as it can be read.
#[derive(Debug, Default)]
pub(super) struct Held<'a> {
    /// Managed policies, by ARN.
    pub(super) attached: Vec<&'a Arn>,
    inline: Vec<&'a InlinePolicy>,
    /// The inline policies of its groups: others have them too.
    of_groups: Vec<&'a InlinePolicy>,
    /// Groups that the answer does not describe.
    unseen: Vec<&'a str>,
}

/// A document that could be read.
#[derive(Debug)]
pub(super) struct Policy<'a> {
    /// The ARN or, of an inline policy, the name.
    pub(super) name: &'a str,
    read: Arc<Parsed>,
}

impl Policy<'_> {
    /// What it says.
    pub(super) fn statements(&self) -> &[Statement] {
        let read = self.read.as_ref().as_ref();
        read.map_or(&[], |it| it.statements.as_slice())
    }

    /// What it allows.
    pub(super) fn allows(&self) -> impl Iterator<Item = &Statement> {
        let all = self.statements().iter();
        all.filter(|it| it.effect == Effect::Allow)
    }
}

/// Documents that could be read, and what is missing.
#[derive(Debug, Default)]
pub(super) struct Read<'a> {
    pub(super) policies: Vec<Policy<'a>>,
    pub(super) gaps: Vec<Gaps>,
}

impl<'a> Held<'a> {
    /// Own policies, and those of the groups.
    pub(super) fn by(principal: &Principal<'a>) -> Self {
        let (attached, inline, groups) = match principal.identity {
            Identity::User(it) => (&it.attached, &it.inline, it.groups.as_slice()),
            Identity::Role(it) => (&it.attached, &it.inline, &[][..]),
        };
        let mut held = Self {
            attached: attached.iter().collect(),
            inline: inline.iter().collect(),
            of_groups: Vec::new(),
            unseen: Vec::new(),
        };
        for name in groups {
            match principal.details.groups.iter().find(|it| it.name == *name) {
                Some(group) => {
                    held.attached.extend(&group.attached);
                    held.of_groups.extend(&group.inline);
                }
                None => held.unseen.push(name),
            }
        }
        held
    }

    /// The groups that are missing: what they grant is not known.
    pub(super) fn gaps(&self, principal: &Principal<'_>, ctx: &Context<'_>) -> Vec<Gaps> {
        let missing = |name: &&str| {
            missing(
                principal,
                ctx,
                format!("group {name} is not in the response"),
            )
        };
        self.unseen.iter().map(missing).collect()
    }

    /// The inline policies.
    pub(super) fn inline(&self, principal: &Principal<'_>, ctx: &Context<'_>) -> Read<'a> {
        let mut read = Read::default();
        for policy in &self.inline {
            let own = Arc::new(Document::parse(&policy.document));
            read.add(&policy.name, Some(own), principal, ctx);
        }
        for policy in &self.of_groups {
            let shared = ctx.document(principal.account, &policy.document);
            read.add(&policy.name, Some(shared), principal, ctx);
        }
        read
    }

    /// The attached policies that are wanted.
    pub(super) fn managed(
        &self,
        principal: &Principal<'a>,
        ctx: &Context<'_>,
        wanted: impl Fn(&Arn) -> bool,
    ) -> Read<'a> {
        let mut read = Read::default();
        for arn in self.attached.iter().copied().filter(|arn| wanted(arn)) {
            let policy = principal.details.policy(arn);
            let shared = policy.map(|it| ctx.document(principal.account, &it.document));
            read.add(arn.as_str(), shared, principal, ctx);
        }
        read
    }
}

impl<'a> Read<'a> {
    fn add(
        &mut self,
        name: &'a str,
        read: Option<Arc<Parsed>>,
        principal: &Principal<'_>,
        ctx: &Context<'_>,
    ) {
        match read {
            Some(read) => match read.as_ref() {
                Ok(_) => self.policies.push(Policy { name, read }),
                Err(error) => {
                    let detail = format!("policy {name} cannot be parsed: {error}");
                    self.gaps.push(missing(principal, ctx, detail));
                }
            },
            None => {
                let detail =
                    format!("policy {name} is attached, but its document is not in the response");
                self.gaps.push(missing(principal, ctx, detail));
            }
        }
    }

    /// Both together.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.policies.extend(other.policies);
        self.gaps.extend(other.gaps);
        self
    }
}

/// Written by AWS, in no account.
pub(super) fn is_aws_managed(arn: &Arn) -> bool {
    arn.account().as_str() == "aws"
}

fn missing(principal: &Principal<'_>, ctx: &Context<'_>, detail: String) -> Gaps {
    let call = calls::GET_ACCOUNT_AUTHORIZATION_DETAILS;
    gap::gap(
        call,
        principal.account,
        &ctx.home(),
        Reason::Malformed,
        detail,
    )
}
