//! Whom policies of resources, grants and lists name beside users and roles.

use super::*;
use trailaudit_checks::inventory::bucket::AclGrant;
use trailaudit_checks::inventory::key::KeyGrant;

const BUCKET: &str = "arn:aws:s3:::logs";
const PUT: &str = "s3:PutBucketPolicy";

/// The log bucket grants this to a principal.
fn granting(principal: &str, action: &str) -> Case {
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"{action}","Resource":["{BUCKET}","{BUCKET}/*"]}}}}"#
    );
    bucket(|b| b.policy = Known(Some(policy)))
}

fn session(role: &str, name: &str) -> String {
    format!(r#"{{"AWS":"arn:aws:sts::111111111111:assumed-role/{role}/{name}"}}"#)
}

/// A role without policies that the account may assume.
fn bare(name: &str) -> Role {
    let mut role = role_of(ACCOUNT, name, &allow("s3:ListAllMyBuckets", "*"));
    role.trust = trusts(r#"{"AWS":"arn:aws:iam::111111111111:root"}"#);
    role
}

#[test]
fn a_session_that_a_bucket_policy_names_is_anybody_who_assumes_the_role() {
    let iam = || {
        record(ACCOUNT, |it| {
            let mut bound = bare("team/bound");
            let boundary = "arn:aws:iam::111111111111:policy/boundary";
            bound.boundary = Some(Arn::from(boundary));
            it.policies.push(managed(boundary, &allow("ec2:*", "*")));
            it.roles.extend([bare("free"), bound, bare("freely")]);
        })
    };
    for role in ["free", "bound"] {
        let access = analyse(&granting(&session(role, "alice"), PUT), &[iam()]);
        let held = rows(&access, PUT, BUCKET);
        assert_eq!(names(&held), [(role, Verdict::Allowed, true)]);
    }
    // The role as such is bound by its boundary.
    let by_role = r#"{"AWS":"arn:aws:iam::111111111111:role/team/bound"}"#;
    let access = analyse(&granting(by_role, PUT), &[iam()]);
    assert_eq!(rows(&access, PUT, BUCKET), []);
}

#[test]
fn a_session_that_a_key_policy_names() {
    let principal = session("free", "alice");
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"kms:*","Resource":"*"}}}}"#
    );
    let case = key(|it| it.policy = Known(Some(policy)));
    let iam = record(ACCOUNT, |it| it.roles.extend([bare("free"), bare("other")]));
    let access = analyse(&case, &[iam]);
    let held = rows(&access, "kms:ScheduleKeyDeletion", KEY_ARN);
    assert_eq!(names(&held), [("free", Verdict::Allowed, true)]);
}

#[test]
fn a_federated_user_is_told_where_somebody_can_become_it() {
    let bob = r#"{"AWS":"arn:aws:sts::111111111111:federated-user/bob"}"#;
    let iam = |action: &str, resource: &str| {
        record(ACCOUNT, |it| {
            let mut ana = user_of(ACCOUNT, "ana");
            ana.inline.push(inline(&allow(action, resource)));
            it.users.push(ana);
        })
    };
    let held = |action: &str, resource: &str| {
        let access = analyse(&granting(bob, PUT), &[iam(action, resource)]);
        let held = rows(&access, PUT, BUCKET);
        let told: Vec<(String, Verdict, bool)> = held
            .into_iter()
            .map(|it| (it.principal.id, it.verdict, it.direct))
            .collect();
        told
    };
    let (ana, own) = (
        "arn:aws:iam::111111111111:user/ana",
        "arn:aws:sts::111111111111:federated-user/bob",
    );
    let both = [
        (ana.to_owned(), Verdict::Allowed, false),
        (own.to_owned(), Verdict::Allowed, true),
    ];
    assert_eq!(held("sts:GetFederationToken", "*"), both);
    assert_eq!(held("sts:GetFederationToken", own), both);
    assert_eq!(
        held(
            "sts:GetFederationToken",
            "arn:aws:sts::111111111111:federated-user/eve"
        ),
        []
    );
    assert_eq!(held("s3:ListAllMyBuckets", "*"), []);
}

#[test]
fn whose_a_canonical_user_is_is_not_known() {
    let held = |case: &Case, action: &str, target: &str| {
        let access = analyse(case, &[record(ACCOUNT, |_| {})]);
        let held = rows(&access, action, target);
        held.into_iter()
            .map(|it| (it.principal.id, it.verdict))
            .collect::<Vec<_>>()
    };
    let unknown = [("cafe".to_owned(), Verdict::Unknown)];
    let case = granting(r#"{"CanonicalUser":"cafe"}"#, PUT);
    assert_eq!(held(&case, PUT, BUCKET), unknown);
    let named = |grants: &[(&str, &str)], owner: Option<&str>| {
        bucket(|b| {
            b.ownership = Known(Some("ObjectWriter".to_owned()));
            let grant = |(grantee, permission): &(&str, &str)| AclGrant {
                grantee: (*grantee).to_owned(),
                kind: "CanonicalUser".to_owned(),
                permission: (*permission).to_owned(),
                of_owner: owner.map(|it| it == *grantee),
            };
            b.acl = Known(grants.iter().map(grant).collect());
        })
    };
    let acl = |grants: &[(&str, &str)]| named(grants, None);
    let put = "s3:PutBucketAcl";
    let owner = ("0wner", "FULL_CONTROL");
    assert_eq!(held(&acl(&[owner]), put, BUCKET), []);
    assert_eq!(
        held(&acl(&[owner, ("cafe", "WRITE_ACP")]), put, BUCKET),
        unknown
    );
    assert_eq!(held(&acl(&[owner, ("cafe", "READ")]), put, BUCKET), []);
    // The owner stands last, or has no grant.
    let all = ("cafe", "FULL_CONTROL");
    for grants in [&[all, owner][..], &[all]] {
        assert_eq!(held(&named(grants, Some("0wner")), put, BUCKET), unknown);
    }
}

#[test]
fn the_retiring_principal_of_a_grant_may_retire_it() {
    let case = key(|it| {
        it.grants = Known(vec![KeyGrant {
            id: "g".to_owned(),
            grantee: "arn:aws:iam::111111111111:role/worker".to_owned(),
            retiring: Some("arn:aws:iam::111111111111:role/retirer".to_owned()),
            operations: vec!["Decrypt".to_owned()],
            context_equals: Default::default(),
            context_subset: Default::default(),
        }]);
    });
    let iam = record(ACCOUNT, |it| {
        it.roles.extend([bare("retirer"), bare("worker")])
    });
    let access = analyse(&case, &[iam]);
    let mut held = Vec::new();
    let wanted = Wanted {
        minor: true,
        indirect: false,
    };
    access.each(wanted, |row| {
        if row.action == "kms:RetireGrant" && row.principal.kind == ActorKind::Role {
            held.push(row);
        }
    });
    assert_eq!(names(&held), [("retirer", Verdict::Allowed, true)]);
}

/// In another organization than ours: the key's value is open, and not ours.
#[test]
fn a_grant_to_another_organization() {
    let policy = |organization: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":"*","Action":"{PUT}","Resource":"{BUCKET}","Condition":{{"StringEquals":{{"aws:PrincipalOrgID":"{organization}"}}}}}}}}"#
        )
    };
    let anyone = |organization: &str| {
        let case = bucket(|b| {
            b.policy = Known(Some(policy(organization)));
            b.public_access_block = Known(None);
        });
        let own = known_organization(&case);
        let case = match organization {
            "ours" => bucket(|b| {
                b.policy = Known(Some(policy(&own)));
                b.public_access_block = Known(None);
            }),
            _ => case,
        };
        let access = analyse(&case, &[record(ACCOUNT, |_| {})]);
        let held = rows(&access, PUT, BUCKET);
        held.iter().any(|it| it.principal.id == "*")
    };
    assert!(anyone("o-partner12345"));
    assert!(!anyone("ours"));
}

fn known_organization(case: &Case) -> String {
    let organization = case.inventory.organization.ok().and_then(Option::as_ref);
    organization.map_or_else(|| "o-example".to_owned(), |it| it.id.clone())
}

/// A policy of a store can grant queries, one of a channel writing; neither can grant what would destroy them.
#[test]
fn stores_and_channels_grant_what_their_policies_can() {
    const STORE: &str = "arn:aws:cloudtrail:us-east-1:111111111111:eventdatastore/lake";
    const CHANNEL: &str = "arn:aws:cloudtrail:us-east-1:111111111111:channel/partner";
    let all = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"999999999999"},"Action":["cloudtrail:*","cloudtrail-data:*"],"Resource":"*"}}"#;
    let case = inventory(|it| {
        add_store(it, ACCOUNT, HOME, |store| {
            store.policy = Known(Some(all.to_owned()));
        });
        let view = it.regions.values_mut().next().unwrap();
        view.channels = Known(vec![trailaudit_checks::inventory::store::Channel {
            arn: Arn::from(CHANNEL),
            name: "partner".to_owned(),
            source: Known("Custom".to_owned()),
            policy: Known(Some(all.to_owned())),
        }]);
    });
    let access = analyse(&case, &[record(ACCOUNT, |_| {})]);
    assert_ne!(rows(&access, "cloudtrail-data:PutAuditEvents", CHANNEL), []);
    for action in [
        "cloudtrail:DeleteEventDataStore",
        "cloudtrail:UpdateEventDataStore",
    ] {
        assert_eq!(rows(&access, action, STORE), [], "{action}");
    }
    for action in ["cloudtrail:DeleteChannel", "cloudtrail:UpdateChannel"] {
        assert_eq!(rows(&access, action, CHANNEL), [], "{action}");
    }
}

/// A bucket policy that leaves all to the access points of the account grants nothing where there are none.
#[test]
fn delegation_to_access_points_that_are_not_there() {
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"*"}},"Action":"s3:*","Resource":["{BUCKET}","{BUCKET}/*"],"Condition":{{"StringEquals":{{"s3:DataAccessPointAccount":"{ACCOUNT}"}}}}}}}}"#
    );
    let with = |points: trailaudit_checks::fact::Fact<
        Vec<trailaudit_checks::inventory::bucket::AccessPoint>,
    >| {
        let case = bucket(|b| {
            b.policy = Known(Some(policy.clone()));
            b.access_points = points;
        });
        rows(&analyse(&case, &[record(ACCOUNT, |_| {})]), PUT, BUCKET)
    };
    assert_eq!(with(Known(Vec::new())), []);
    assert_ne!(
        with(denied(trailaudit_checks::calls::LIST_ACCESS_POINTS)),
        []
    );
    let point = trailaudit_checks::inventory::bucket::AccessPoint {
        arn: Arn::from("arn:aws:s3:us-east-1:111111111111:accesspoint/logs"),
        name: "logs".to_owned(),
        network_origin: "Internet".to_owned(),
        policy: Known(None),
        public_access_block: Known(None),
    };
    assert_ne!(with(Known(vec![point])), []);
}

/// A session of a member's role, named in the policy of another account: the role's own policies must allow it as well.
#[test]
fn a_session_of_a_members_role() {
    let session = format!(r#"{{"AWS":"arn:aws:sts::{MEMBER}:assumed-role/free/alice"}}"#);
    let case = granting(&session, PUT).and(|it| member(it, MEMBER, &[HOME]));
    for (action, expected) in [(PUT, true), ("s3:ListAllMyBuckets", false)] {
        let mut role = role_of(MEMBER, "free", &allow(action, "*"));
        role.trust = trusts(&format!(r#"{{"AWS":"arn:aws:iam::{MEMBER}:root"}}"#));
        let of_member = record(MEMBER, |it| it.roles.push(role));
        let access = analyse(&case, &[record(ACCOUNT, |_| {}), of_member]);
        let held = rows(&access, PUT, BUCKET);
        let named = held
            .iter()
            .any(|it| it.principal.id.ends_with(":role/free"));
        assert_eq!(named, expected, "{action}: {held:?}");
    }
}
