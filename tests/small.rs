//! An inventory of one account, one region and one trail, to be changed by each case.

use trailaudit::snapshot::{Snapshot, Spool};
use trailaudit_checks::calls;
use trailaudit_checks::coverage::Coverage;
use trailaudit_checks::fact::Known;
use trailaudit_checks::ids::{AccountId, Arn, Region};
use trailaudit_checks::inventory::facts::Facts as _;
use trailaudit_checks::inventory::{
    Account, AccountState, Header, Inventory, RegionSwitch, RegionView, SCHEMA, Scope, Tool, Trail,
    TrailConfiguration, TrailStatus, Trailer,
};

use crate::ask::{Ask, At, not_asked, unasked};
use crate::demo::time;

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/main";
/// What is judged: the cases need no more, and new checks change none of them.
pub(crate) const CHECK: &str = "trail-log-file-validation";

/// The file's bytes.
pub(crate) fn small(change: impl FnOnce(&mut Inventory, &mut Ask)) -> Vec<u8> {
    let mut ask = Ask::default();
    let mut inventory = inventory();
    change(&mut inventory, &mut ask);
    inventory.ledger = ask.ledger;
    let snapshot = Snapshot::live(inventory, Spool::new().unwrap());
    let mut bytes = Vec::new();
    snapshot.write(&mut bytes).unwrap();
    bytes
}

/// Every check of it passes.
pub(crate) fn clean() -> Vec<u8> {
    small(|_, _| {})
}

/// The trail writes no digests.
pub(crate) fn failing() -> Vec<u8> {
    small(|inventory, _| configuration(inventory).log_file_validation = Known(false))
}

/// The trails of the only region cannot be listed.
pub(crate) fn unknown() -> Vec<u8> {
    small(|inventory, ask| {
        inventory.trails.clear();
        let at = At(ACCOUNT, REGION, "");
        let view = inventory.regions.values_mut().next().unwrap();
        view.trails = ask.denied(calls::DESCRIBE_TRAILS, at);
    })
}

/// There is no trail.
pub(crate) fn no_trails() -> Vec<u8> {
    small(|inventory, _| {
        inventory.trails.clear();
        let view = inventory.regions.values_mut().next().unwrap();
        view.trails = Known(Vec::new());
    })
}

pub(crate) fn configuration(inventory: &mut Inventory) -> &mut TrailConfiguration {
    &mut inventory.trails.values_mut().next().unwrap().configuration
}

fn inventory() -> Inventory {
    let header = Header {
        schema: SCHEMA,
        tool: Tool {
            name: "trailaudit".to_owned(),
            version: "0.1.0".to_owned(),
        },
        taken_at: time("2026-03-01T12:00:00Z"),
        scope: Scope {
            organization: None,
            management_account: None,
            caller_arn: Arn::from("arn:aws:sts::123456789012:assumed-role/auditor/run"),
            partition: "aws".to_owned(),
            accounts: vec![AccountId::from(ACCOUNT)],
            endpoints: Vec::new(),
            regions: vec![Region::from(REGION)],
        },
    };
    let mut inventory = Inventory::new(header, Known(None));
    let account = account();
    inventory.accounts.insert(account.id.clone(), account);
    let view = view();
    let key = (view.account.clone(), view.region.clone());
    inventory.regions.insert(key, view);
    let trail = trail();
    inventory.trails.insert(trail.arn.clone(), trail);
    inventory.trailer = Some(Trailer {
        finished_at: time("2026-03-01T12:00:05Z"),
        interrupted: false,
        coverage: Coverage::default(),
        counts: Default::default(),
        shards: Vec::new(),
    });
    inventory
}

fn account() -> Account {
    let at = At(ACCOUNT, REGION, "");
    Account {
        id: AccountId::from(ACCOUNT),
        name: None,
        state: Known(AccountState::Active),
        parent: Known(None),
        management: false,
        excluded: false,
        session: Known(Arn::from(
            "arn:aws:sts::123456789012:assumed-role/auditor/run",
        )),
        regions: Known(vec![RegionSwitch {
            name: Region::from(REGION),
            enabled: true,
            excluded: false,
        }]),
        regions_assumed: false,
        public_access_block: not_asked(calls::GET_ACCOUNT_PUBLIC_ACCESS_BLOCK, at),
        summary: not_asked(calls::GET_ACCOUNT_SUMMARY, at),
    }
}

fn view() -> RegionView {
    let at = At(ACCOUNT, REGION, "");
    RegionView {
        account: AccountId::from(ACCOUNT),
        region: Region::from(REGION),
        trails: Known(vec![Arn::from(TRAIL)]),
        event_data_stores: not_asked(calls::LIST_EVENT_DATA_STORES, at),
        channels: not_asked(calls::LIST_CHANNELS, at),
        alarms: not_asked(calls::DESCRIBE_ALARMS, at),
        rules: not_asked(calls::LIST_RULES, at),
        log_resource_policies: not_asked(calls::DESCRIBE_LOG_RESOURCE_POLICIES, at),
        config_recorder: not_asked(calls::DESCRIBE_CONFIG_RECORDERS, at),
        guardduty: not_asked(calls::LIST_DETECTORS, at),
        security_hub: not_asked(calls::DESCRIBE_HUB, at),
        security_standards: not_asked(calls::GET_ENABLED_STANDARDS, at),
        macie: not_asked(calls::GET_MACIE_SESSION, at),
        access_analyzers: not_asked(calls::LIST_ANALYZERS, at),
        tampering: not_asked(calls::LOOKUP_EVENTS, at),
    }
}

fn trail() -> Trail {
    let at = At(ACCOUNT, REGION, TRAIL);
    Trail {
        arn: Arn::from(TRAIL),
        name: "main".to_owned(),
        account: AccountId::from(ACCOUNT),
        home_region: Region::from(REGION),
        configuration: TrailConfiguration {
            bucket: Known("logs".to_owned()),
            prefix: Known(None),
            sns_topic: Known(None),
            include_global_service_events: Known(true),
            multi_region: Known(true),
            organization: Known(false),
            log_file_validation: Known(true),
            log_group: Known(None),
            log_group_role: Known(None),
            kms_key: Known(None),
        },
        differing: Default::default(),
        status: TrailStatus::default().settled(&unasked(at, "")),
        selectors: not_asked(calls::GET_EVENT_SELECTORS, at),
        insights: not_asked(calls::GET_INSIGHT_SELECTORS, at),
        aggregations: not_asked(calls::GET_EVENT_CONFIGURATION, at),
        regions: Vec::new(),
        tags: not_asked(calls::LIST_TRAIL_TAGS, at),
    }
}
