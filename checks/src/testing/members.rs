//! Principals of a small organization, and what an analysis finds of them.

use super::{Case, HOME, add_trail, configuration, inline, taken_at};
use crate::access::{Access, Analysis};
use crate::context::Context;
use crate::fact::Known;
use crate::ids::{AccountId, Arn};
use crate::inventory::Iam;
use crate::inventory::iam::{AuthorizationDetails, Role, User};
use crate::settings::Settings;

/// The account that is no management account.
pub const MEMBER: &str = "222222222222";
/// Its own trail.
pub const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:222222222222:trail/own";

/// A document that allows one action.
pub fn allow(action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}}}"#
    )
}

/// A trust policy for this principal.
pub fn trusts(principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}}}"#
    )
}

/// A role of the account that EC2 may assume.
pub fn role_of(account: &str, name: &str, document: &str) -> Role {
    Role {
        arn: Arn::from(format!("arn:aws:iam::{account}:role/{name}")),
        name: name.to_owned(),
        id: "AROA".to_owned(),
        trust: trusts(r#"{"Service":"ec2.amazonaws.com"}"#),
        inline: vec![inline(document)],
        attached: Vec::new(),
        boundary: None,
        tags: Default::default(),
        instance_profiles: Vec::new(),
    }
}

/// A user of the account without any policy.
pub fn user_of(account: &str, name: &str) -> User {
    User {
        arn: Arn::from(format!("arn:aws:iam::{account}:user/{name}")),
        name: name.to_owned(),
        id: "AIDA".to_owned(),
        groups: Vec::new(),
        inline: Vec::new(),
        attached: Vec::new(),
        boundary: None,
        tags: Default::default(),
    }
}

/// The IAM documents of an account.
pub fn record(account: &str, change: impl FnOnce(&mut AuthorizationDetails)) -> Iam {
    let mut details = AuthorizationDetails::default();
    change(&mut details);
    Iam {
        account: AccountId::from(account),
        details: details.into(),
    }
}

/// Analyses these records.
pub fn analyse(case: &Case, records: &[Iam]) -> Access {
    let settings = Settings::default();
    let ctx = Context::new(&case.inventory, &settings, taken_at());
    let mut analysis = Analysis::new(&ctx);
    for iam in records {
        let details = iam.details.clone().into_known();
        analysis.account(&iam.account, details.as_ref().map_err(Clone::clone));
    }
    analysis.finish()
}

/// The member has a trail of its own beside the organization's.
pub fn with_own_trail(case: Case) -> Case {
    case.and(|inventory| {
        add_trail(inventory, MEMBER, HOME, "own", |trail| {
            configuration(trail).organization = Known(false);
        });
    })
}
