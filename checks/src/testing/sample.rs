//! A larger inventory with something of everything, for tests of the whole catalogue.

use super::never_versioned;
use super::world::{
    ACCOUNT, BUCKET_ARN, BUCKET_POLICY, HOME, TRAIL_ARN, add_region, add_trail, bucket, iam, key,
    log_group, member, not_asked, unseen_bucket, user, world,
};
use crate::calls;
use crate::digest::{Kind, Verdict};
use crate::fact::Fact::Known;
use crate::fact::Reason;
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::bucket::AclGrant;
use crate::inventory::{Bucket, Iam, Inventory, Key, RegionView, Rotation};

/// A second account and region, trails of all sorts, and someone with too many rights.
#[must_use]
pub fn sample() -> (Inventory, Vec<Iam>) {
    const MEMBER: &str = "222222222222";
    let mut inventory = world();
    add_region(&mut inventory, ACCOUNT, "eu-west-1");
    member(&mut inventory, MEMBER, &[HOME, "eu-west-1"]);
    add_trail(&mut inventory, MEMBER, "eu-west-1", "weak", |trail| {
        let set = super::configuration(trail);
        (set.multi_region, set.organization) = (Known(false), Known(false));
        set.log_file_validation = Known(false);
        (set.kms_key, set.log_group) = (Known(None), Known(None));
        set.bucket = Known("weak".to_owned());
    });
    let weak = weak_bucket(MEMBER);
    inventory.buckets.insert(weak.arn.clone(), weak);
    unrecorded(&mut inventory);
    let owner = inventory.accounts.get_mut(&AccountId::from(MEMBER));
    owner.expect("it was just added").public_access_block = Known(None);
    // One more that delivers to the good bucket, whose policy names it; and one whose bucket and key are gone.
    add_trail(&mut inventory, MEMBER, HOME, "second", |trail| {
        let set = super::configuration(trail);
        (set.multi_region, set.organization) = (Known(false), Known(false));
        set.kms_key = Known(Some(Arn::from(WEAK_KEY_ARN)));
    });
    let second = format!(r#"["{TRAIL_ARN}","arn:aws:cloudtrail:{HOME}:{MEMBER}:trail/second"]"#);
    let logs = inventory.buckets.get_mut(&Arn::from(BUCKET_ARN));
    logs.expect("the world has it").policy = Known(Some(
        BUCKET_POLICY.replace(&format!(r#""{TRAIL_ARN}""#), &second),
    ));
    add_trail(&mut inventory, MEMBER, HOME, "lost", |trail| {
        let set = super::configuration(trail);
        (set.multi_region, set.organization) = (Known(false), Known(false));
        set.bucket = Known("gone".to_owned());
        set.kms_key = Known(Some(Arn::from(GONE_KEY_ARN)));
    });
    let mut gone = unseen_bucket("gone");
    gone.exists = Known(false);
    inventory.buckets.insert(gone.arn.clone(), gone);
    for key in [weak_key(MEMBER), gone_key(MEMBER)] {
        inventory.keys.insert(key.arn.clone(), key);
    }
    super::flaws::add(&mut inventory);
    let good = super::verified_chain();
    let mut bad = good.clone();
    "second".clone_into(&mut bad.chain.id.trail);
    bad.problems = [
        Kind::LogMissing,
        Kind::DigestMoved,
        Kind::ChainGap,
        Kind::LogUnlisted,
    ]
    .map(|kind| super::chain_problem(kind, Some(Verdict::Invalid)))
    .to_vec();
    inventory.chains = [good, bad].map(|it| (it.id(), it)).into();
    let mut open = iam();
    open.account = AccountId::from(MEMBER);
    for role in super::details(&mut open).roles {
        role.arn = Arn::from(role.arn.as_str().replace(ACCOUNT, MEMBER));
    }
    let mut eve = user("eve");
    eve.arn = Arn::from(eve.arn.as_str().replace(ACCOUNT, MEMBER));
    eve.inline.push(super::inline(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ));
    super::details(&mut open).users.push(eve);
    (inventory, vec![iam(), open])
}

/// A region that a service control policy closes to a member, a stopped trail with classic selectors and a
/// log group that is gone, a trail for objects of one bucket, and an account that only a store collects from.
fn unrecorded(inventory: &mut Inventory) {
    let closed = "ap-south-1";
    add_region(inventory, ACCOUNT, closed);
    add_region(inventory, "222222222222", closed);
    let key = (AccountId::from("222222222222"), Region::from(closed));
    if let Some(view) = inventory.regions.get_mut(&key) {
        view.trails = super::gap(calls::DESCRIBE_TRAILS, Reason::DeniedByScp);
    }
    add_trail(inventory, "222222222222", HOME, "stopped", |trail| {
        super::configuration(trail).organization = Known(false);
        super::configuration(trail).multi_region = Known(false);
        let group = "arn:aws:logs:us-east-1:222222222222:log-group:gone:*";
        super::configuration(trail).log_group = Known(Some(Arn::from(group)));
        super::status(trail).logging = Known(false);
        trail.selectors = Known(super::classic_selectors(
            "All",
            true,
            &["kms.amazonaws.com"],
        ));
    });
    let mut gone = log_group();
    gone.arn = Arn::from("arn:aws:logs:us-east-1:222222222222:log-group:gone");
    gone.account = AccountId::from("222222222222");
    gone.configuration = Known(None);
    inventory.log_groups.insert(gone.arn.clone(), gone);
    add_trail(inventory, ACCOUNT, "eu-west-1", "objects", |trail| {
        super::configuration(trail).organization = Known(false);
        trail.selectors = Known(super::selectors(&[&[
            "eventCategory = Data",
            "resources.type = AWS::S3::Object",
            "resources.ARN ^ arn:aws:s3:::one/",
            "userIdentity.arn != arn:aws:iam::111111111111:user/eve",
        ]]));
    });
    member(inventory, "333333333333", &[HOME]);
    let key = (AccountId::from("333333333333"), Region::from(HOME));
    if let Some(view) = inventory.regions.get_mut(&key) {
        view.trails = Known(Vec::new());
    }
    super::add_store(inventory, ACCOUNT, HOME, |_| {});
    for (account, region) in [
        (ACCOUNT, "eu-west-1"),
        ("222222222222", "eu-west-1"),
        (ACCOUNT, closed),
        ("222222222222", closed),
        ("333333333333", HOME),
    ] {
        let key = (AccountId::from(account), Region::from(region));
        if let Some(view) = inventory.regions.get_mut(&key) {
            leave_out_who_watches(view);
        }
    }
}

/// No fact but on recording: each more is forgotten with every other, which takes its time.
fn leave_out_who_watches(view: &mut RegionView) {
    view.channels = not_asked(calls::LIST_CHANNELS);
    view.alarms = not_asked(calls::DESCRIBE_ALARMS);
    view.rules = not_asked(calls::LIST_RULES);
    view.log_resource_policies = not_asked(calls::DESCRIBE_LOG_RESOURCE_POLICIES);
    view.config_recorder = not_asked(calls::DESCRIBE_CONFIG_RECORDERS);
    view.guardduty = not_asked(calls::LIST_DETECTORS);
    view.security_hub = not_asked(calls::DESCRIBE_HUB);
    view.security_standards = not_asked(calls::GET_ENABLED_STANDARDS);
    view.macie = not_asked(calls::GET_MACIE_SESSION);
    view.access_analyzers = not_asked(calls::LIST_ANALYZERS);
    view.tampering = not_asked(calls::LOOKUP_EVENTS);
}

const WEAK_KEY_ARN: &str =
    "arn:aws:kms:us-east-1:222222222222:key/22222222-2222-2222-2222-222222222222";
const GONE_KEY_ARN: &str =
    "arn:aws:kms:us-east-1:222222222222:key/33333333-3333-3333-3333-333333333333";

/// Open by every door, and nothing in it is kept.
fn weak_bucket(owner: &str) -> Bucket {
    let everyone = AclGrant {
        grantee: "http://acs.amazonaws.com/groups/global/AllUsers".to_owned(),
        kind: "Group".to_owned(),
        permission: "READ".to_owned(),
        of_owner: None,
    };
    Bucket {
        owner: Known(Some(AccountId::from(owner))),
        acl: Known(vec![everyone]),
        ownership: Known(None),
        public_access_block: Known(None),
        policy: Known(Some(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}"#
                .to_owned(),
        )),
        policy_is_public: Known(Some(true)),
        versioning: never_versioned(),
        object_lock: Known(false),
        default_retention: Known(None),
        encryption: Known(None),
        access_logging: Known(None),
        ..bucket("weak")
    }
}

/// Not enabled, not rotated, and open to everybody's trails.
fn weak_key(account: &str) -> Key {
    let mut metadata = key().metadata;
    if let Some(metadata) = super::known(&mut metadata) {
        metadata.state = Known("PendingDeletion".to_owned());
    }
    Key {
        arn: Arn::from(WEAK_KEY_ARN),
        account: AccountId::from(account),
        metadata,
        policy: Known(Some(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:*","Resource":"*"}}"#
                .to_owned(),
        )),
        rotation: Known(Some(Rotation {
            enabled: Known(false),
            period_days: Known(None),
        })),
        ..key()
    }
}

fn gone_key(account: &str) -> Key {
    Key {
        arn: Arn::from(GONE_KEY_ARN),
        account: AccountId::from(account),
        metadata: Known(None),
        policy: not_asked(calls::GET_KEY_POLICY),
        rotation: not_asked(calls::GET_KEY_ROTATION_STATUS),
        grants: not_asked(calls::LIST_GRANTS),
        ..key()
    }
}
