//! What control policies close, and what cannot be proved of them.

use super::*;
use crate::calls::DESCRIBE_TRAILS;
use crate::fact::Known;
use crate::inventory::organization::Unit;
use crate::inventory::{ControlPolicy, Inventory};
use crate::testing::{self, ACCOUNT, denied, known};

const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"R","Effect":"Deny","NotAction":["iam:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["us-east-1"]}}}]}"#;
const FULL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const MEMBER: &str = "222222222222";

fn policy(name: &str, document: &str, targets: &[&str]) -> ControlPolicy {
    ControlPolicy {
        id: format!("p-{name}"),
        arn: format!("arn:aws:organizations::{ACCOUNT}:policy/o-test/p-{name}").into(),
        name: name.to_owned(),
        kind: ControlPolicyKind::ServiceControlPolicy,
        aws_managed: false,
        document: Known(document.to_owned()),
        targets: Known(targets.iter().map(|it| (*it).to_owned()).collect()),
    }
}

fn organization(deny: &str) -> Inventory {
    let mut inventory = testing::world();
    testing::member(&mut inventory, MEMBER, &["us-east-1", "eu-west-1"]);
    testing::add_region(&mut inventory, ACCOUNT, "eu-west-1");
    let Known(Some(organization)) = &mut inventory.organization else {
        panic!()
    };
    organization.units = Known(vec![Unit {
        id: "r-root".to_owned(),
        arn: "arn:aws:organizations::111111111111:root/o-test/r-root".into(),
        name: "Root".to_owned(),
        parent: None,
        policy_types: Vec::new(),
    }]);
    let everywhere = ["r-root", ACCOUNT, MEMBER];
    organization.policies = Known(vec![
        policy("full", FULL, &everywhere),
        policy("regions", deny, &["r-root"]),
    ]);
    for view in inventory.regions.values_mut() {
        view.trails = denied(DESCRIBE_TRAILS);
        if let Fact::Unknown(gap) = &mut view.trails {
            *gap = gap.clone().but(|it| {
                it.account = view.account.clone();
                it.region = view.region.clone();
            });
        }
    }
    inventory
}

fn reasons(mut inventory: Inventory) -> Vec<(String, Reason)> {
    settle(&mut inventory);
    let reason = |view: &crate::inventory::RegionView| {
        let gap = view.trails.gap().unwrap();
        (format!("{}/{}", view.account, view.region), gap.reason)
    };
    inventory.regions.values().map(reason).collect()
}

#[test]
fn a_region_deny_closes_other_regions_to_members_only() {
    let expected = [
        ("111111111111/eu-west-1", Reason::Denied),
        ("111111111111/us-east-1", Reason::Denied),
        ("222222222222/eu-west-1", Reason::DeniedByScp),
        ("222222222222/us-east-1", Reason::Denied),
    ];
    let expected = expected.map(|(id, reason)| (id.to_owned(), reason));
    assert_eq!(reasons(organization(DENY)), expected);
}

#[test]
fn what_cannot_be_proved_stays_denied() {
    let exempt = DENY.replace(
        "\"aws:RequestedRegion\":[\"us-east-1\"]",
        "\"aws:RequestedRegion\":[\"us-east-1\"],\"aws:PrincipalTag/team\":\"audit\"",
    );
    for inventory in [
        // It may not reach us: the exception may apply.
        organization(&exempt),
        // It cannot be read.
        organization("{"),
        {
            let mut inventory = organization(DENY);
            let account = inventory
                .accounts
                .get_mut(&AccountId::from(MEMBER))
                .unwrap();
            *known(&mut account.parent) = Some("ou-elsewhere".to_owned());
            inventory
        },
    ] {
        for (id, reason) in reasons(inventory) {
            assert_eq!(reason, Reason::Denied, "{id}");
        }
    }
}
