//! The organization, its accounts and what each shows in its regions.

use trailaudit_checks::calls::{self, ApiCall};
use trailaudit_checks::fact::{Fact, Known};
use trailaudit_checks::ids::{AccountId, Arn, Region};
use trailaudit_checks::inventory::monitoring::Alarm;
use trailaudit_checks::inventory::organization::{DelegatedAdministrator, Unit};
use trailaudit_checks::inventory::region::{AccessAnalyzer, ConfigRecorder, SecurityStandard};
use trailaudit_checks::inventory::{
    Account, AccountState, ControlPolicy, ControlPolicyKind, Inventory, Organization,
    PublicAccessBlock, RegionSwitch, RegionView,
};

use super::trails::{BUCKET_TRAIL, ORGANIZATION_TRAIL, SANDBOX_TRAIL, WEAK_TRAIL};
use super::{
    HOME, LEGACY, LOG_ARCHIVE, MANAGEMENT, ORGANIZATION, PAYMENTS, REGIONS, SANDBOX, SECURITY,
};
use crate::ask::{Ask, At, not_asked};

/// Id, name and the unit it lies in.
pub(crate) const ALL: [(&str, &str, &str); 6] = [
    (MANAGEMENT, "management", "r-ab12"),
    (LOG_ARCHIVE, "log-archive", "ou-ab12-security"),
    (SECURITY, "security-tooling", "ou-ab12-security"),
    (PAYMENTS, "payments-prod", "ou-ab12-workload"),
    (LEGACY, "legacy-erp", "ou-ab12-workload"),
    (SANDBOX, "sandbox", "ou-ab12-sandboxs"),
];
/// By choice only, and nobody has chosen them.
const NOT_ENABLED: [&str; 3] = ["af-south-1", "eu-south-1", "me-south-1"];
/// What the service control policy leaves open to the sandbox.
const SANDBOX_OPEN: [&str; 3] = ["eu-central-1", "us-east-1", "us-west-2"];

const FULL_ACCESS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const REGION_DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"OnlyOurRegions","Effect":"Deny","NotAction":["iam:*","organizations:*","sts:*","support:*","account:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-central-1","us-east-1","us-west-2"]}}}]}"#;

pub(crate) fn organization(ask: &mut Ask) -> Fact<Option<Organization>> {
    let home = At(MANAGEMENT, HOME, "");
    let _ = ask.known(calls::GET_CALLER_IDENTITY, home, ());
    let unit = |id: &str, name: &str, parent: Option<&str>| Unit {
        id: id.to_owned(),
        arn: Arn::from(match parent {
            None => format!("arn:aws:organizations::{MANAGEMENT}:root/{ORGANIZATION}/{id}"),
            Some(_) => format!("arn:aws:organizations::{MANAGEMENT}:ou/{ORGANIZATION}/{id}"),
        }),
        name: name.to_owned(),
        parent: parent.map(ToOwned::to_owned),
        policy_types: match parent {
            None => vec!["SERVICE_CONTROL_POLICY".to_owned()],
            Some(_) => Vec::new(),
        },
    };
    let root = Some("r-ab12");
    let units = vec![
        unit("r-ab12", "Root", None),
        unit("ou-ab12-security", "Security", root),
        unit("ou-ab12-workload", "Workloads", root),
        unit("ou-ab12-sandboxs", "Sandbox", root),
    ];
    for unit in &units {
        let at = At(MANAGEMENT, HOME, &unit.id);
        let _ = ask.known(calls::LIST_OUS, at, ());
        let _ = ask.known(calls::LIST_ACCOUNTS_FOR_PARENT, at, ());
    }
    let mut policy = |id: &str, name: &str, aws: bool, document: &str, targets: &[&str]| {
        let owner = if aws { "aws" } else { MANAGEMENT };
        let at = At(MANAGEMENT, HOME, id);
        ControlPolicy {
            id: id.to_owned(),
            arn: Arn::from(format!(
                "arn:aws:organizations::{owner}:policy/{ORGANIZATION}/service_control_policy/{id}"
            )),
            name: name.to_owned(),
            kind: ControlPolicyKind::ServiceControlPolicy,
            aws_managed: aws,
            document: ask.known(calls::DESCRIBE_POLICY, at, document.to_owned()),
            targets: ask.known(
                calls::LIST_TARGETS_FOR_POLICY,
                at,
                targets.iter().map(|it| (*it).to_owned()).collect(),
            ),
        }
    };
    let everywhere: Vec<&str> = [
        "r-ab12",
        "ou-ab12-security",
        "ou-ab12-workload",
        "ou-ab12-sandboxs",
    ]
    .into_iter()
    .chain(ALL.map(|(id, ..)| id))
    .collect();
    let policies = vec![
        policy(
            "p-FullAWSAccess",
            "FullAWSAccess",
            true,
            FULL_ACCESS,
            &everywhere,
        ),
        policy(
            "p-7hq2k9xw",
            "sandbox-regions",
            false,
            REGION_DENY,
            &["ou-ab12-sandboxs"],
        ),
    ];
    let organization = Organization {
        id: ORGANIZATION.to_owned(),
        arn: Arn::from(format!(
            "arn:aws:organizations::{MANAGEMENT}:organization/{ORGANIZATION}"
        )),
        management_account: AccountId::from(MANAGEMENT),
        feature_set: "ALL".to_owned(),
        accounts: ask.known(
            calls::LIST_ACCOUNTS,
            home,
            ALL.map(|(id, ..)| AccountId::from(id)).to_vec(),
        ),
        units: ask.known(calls::LIST_ROOTS, home, units),
        policies: ask.known(calls::LIST_POLICIES, home, policies),
        trusted_services: ask.known(
            calls::LIST_SERVICE_ACCESS,
            home,
            vec![
                "cloudtrail.amazonaws.com".to_owned(),
                "sso.amazonaws.com".to_owned(),
            ],
        ),
        root_access: ask.known(
            calls::LIST_ORGANIZATIONS_FEATURES,
            home,
            vec!["RootCredentialsManagement".to_owned()],
        ),
        delegated_administrators: ask.known(
            calls::LIST_DELEGATED_ADMINISTRATORS,
            home,
            Vec::<DelegatedAdministrator>::new(),
        ),
        resource_policy: ask.absent(calls::DESCRIBE_ORGANIZATION_RESOURCE_POLICY, home),
    };
    ask.known(calls::DESCRIBE_ORGANIZATION, home, Some(organization))
}

pub(crate) fn add(inventory: &mut Inventory, ask: &mut Ask) {
    for (id, name, parent) in ALL {
        let account = account(ask, id, name, parent);
        let reached = account.session.ok().is_some();
        inventory.accounts.insert(account.id.clone(), account);
        for region in REGIONS.into_iter().filter(|_| reached) {
            let view = region_view(ask, id, region);
            inventory
                .regions
                .insert((view.account.clone(), view.region.clone()), view);
        }
    }
}

fn account(ask: &mut Ask, id: &str, name: &str, parent: &str) -> Account {
    let at = At(id, HOME, "");
    let session = match id {
        MANAGEMENT => Known(Arn::from(
            "arn:aws:sts::111111111111:assumed-role/auditor/trailaudit",
        )),
        LEGACY => ask.denied(
            calls::ASSUME_ROLE,
            At(id, HOME, "arn:aws:iam::555555555555:role/trailaudit"),
        ),
        _ => {
            let role = format!("arn:aws:iam::{id}:role/trailaudit");
            let session = format!("arn:aws:sts::{id}:assumed-role/trailaudit/trailaudit");
            ask.known(calls::ASSUME_ROLE, At(id, HOME, &role), Arn::from(session))
        }
    };
    let switch = |(name, enabled)| RegionSwitch {
        name: Region::from(name),
        enabled,
        excluded: false,
    };
    let enabled = REGIONS.map(|name| (name, true));
    let mut switches: Vec<RegionSwitch> = enabled
        .into_iter()
        .chain(NOT_ENABLED.map(|name| (name, false)))
        .map(switch)
        .collect();
    switches.sort_by(|a, b| a.name.cmp(&b.name));
    let gap = session.gap().cloned();
    let (regions, public_access_block) = match gap {
        Some(gap) => (Fact::Unknown(gap.clone()), Fact::Unknown(gap)),
        None => {
            let call = calls::GET_ACCOUNT_PUBLIC_ACCESS_BLOCK;
            let block = match id {
                LOG_ARCHIVE => ask.known(call, at, Some(PublicAccessBlock::ALL)),
                _ => ask.absent(call, at),
            };
            (ask.known(calls::LIST_REGIONS, at, switches), block)
        }
    };
    Account {
        id: AccountId::from(id),
        name: Some(name.to_owned()),
        state: Known(AccountState::Active),
        // Seen where the tree was walked.
        parent: Known(Some(parent.to_owned())),
        management: id == MANAGEMENT,
        excluded: false,
        session,
        regions,
        regions_assumed: false,
        public_access_block,
        summary: not_asked(calls::GET_ACCOUNT_SUMMARY, at),
    }
}

fn region_view(ask: &mut Ask, account: &str, region: &str) -> RegionView {
    let at = At(account, region, "");
    let call = calls::DESCRIBE_TRAILS;
    let mut shown = vec![Arn::from(ORGANIZATION_TRAIL)];
    // Every account sees it, and only in its one region.
    if region == HOME {
        shown.insert(0, Arn::from(BUCKET_TRAIL));
    }
    for own in [WEAK_TRAIL, SANDBOX_TRAIL] {
        let own = Arn::from(own);
        if own.account().as_str() == account && own.region().as_str() == region {
            shown.push(own);
        }
    }
    let trails = match (account, region) {
        (SANDBOX, _) if !SANDBOX_OPEN.contains(&region) => ask.closed(call, at),
        _ => ask.known(call, at, shown),
    };
    let logs_here = (account, region) == (MANAGEMENT, HOME);
    let trail_here = [ORGANIZATION_TRAIL, WEAK_TRAIL, SANDBOX_TRAIL]
        .map(Arn::from)
        .iter()
        .any(|it| it.account().as_str() == account && it.region().as_str() == region);
    // Nobody has switched anything on in the sandbox.
    let watched = account != SANDBOX;
    let recorder = watched.then(|| {
        Box::new(ConfigRecorder {
            name: "default".to_owned(),
            recording: account != PAYMENTS,
            all_supported: true,
            resource_types: Vec::new(),
            excluded_types: Vec::new(),
        })
    });
    let analyzers = match (account, region) {
        (MANAGEMENT, HOME) => vec![AccessAnalyzer {
            arn: Arn::from("arn:aws:access-analyzer:us-east-1:111111111111:analyzer/organization"),
            kind: "ORGANIZATION".to_owned(),
            status: "ACTIVE".to_owned(),
        }],
        _ => Vec::new(),
    };
    RegionView {
        account: AccountId::from(account),
        region: Region::from(region),
        trails,
        event_data_stores: listed(ask, calls::LIST_EVENT_DATA_STORES, at, Vec::new()),
        channels: listed(ask, calls::LIST_CHANNELS, at, Vec::new()),
        alarms: match (logs_here, trail_here) {
            (true, _) => ask.known(calls::DESCRIBE_ALARMS, at, vec![root_alarm()]),
            (false, true) => ask.known(calls::DESCRIBE_ALARMS, at, Vec::new()),
            (false, false) => not_asked(calls::DESCRIBE_ALARMS, at),
        },
        rules: match trail_here {
            true => ask.known(calls::LIST_RULES, at, Vec::new()),
            false => not_asked(calls::LIST_RULES, at),
        },
        log_resource_policies: match trail_here {
            true => ask.known(calls::DESCRIBE_LOG_RESOURCE_POLICIES, at, Vec::new()),
            false => not_asked(calls::DESCRIBE_LOG_RESOURCE_POLICIES, at),
        },
        config_recorder: listed(ask, calls::DESCRIBE_CONFIG_RECORDERS, at, recorder),
        guardduty: listed(ask, calls::LIST_DETECTORS, at, watched),
        security_hub: listed(ask, calls::DESCRIBE_HUB, at, watched),
        security_standards: match watched {
            true => listed(
                ask,
                calls::GET_ENABLED_STANDARDS,
                at,
                vec![best_practices(region)],
            ),
            // Nothing more is asked where Security Hub is not enabled.
            false => Known(Vec::new()),
        },
        macie: listed(ask, calls::GET_MACIE_SESSION, at, account == LOG_ARCHIVE),
        access_analyzers: listed(ask, calls::LIST_ANALYZERS, at, analyzers),
        tampering: not_asked(calls::LOOKUP_EVENTS, at),
    }
}

/// Answered, unless a policy closes the region.
fn listed<T>(ask: &mut Ask, call: ApiCall, at: At<'_>, value: T) -> Fact<T> {
    match (at.0, at.1) {
        (SANDBOX, region) if !SANDBOX_OPEN.contains(&region) => ask.closed(call, at),
        _ => ask.known(call, at, value),
    }
}

fn best_practices(region: &str) -> SecurityStandard {
    let name = "standards/aws-foundational-security-best-practices/v/1.0.0";
    SecurityStandard {
        arn: Arn::from(format!("arn:aws:securityhub:{region}::{name}")),
        status: "READY".to_owned(),
    }
}

/// The one alarm: on what root does, to people who have agreed to hear of it.
fn root_alarm() -> Alarm {
    Alarm {
        arn: Arn::from("arn:aws:cloudwatch:us-east-1:111111111111:alarm:root-usage"),
        name: "root-usage".to_owned(),
        namespace: Known(Some("CloudTrailMetrics".to_owned())),
        metric: Known(Some("RootUsage".to_owned())),
        statistic: Known(Some("Sum".to_owned())),
        period: Known(Some(300)),
        evaluation_periods: Known(Some(1)),
        datapoints_to_alarm: Known(None),
        threshold: Known(Some(1.0)),
        comparison: Known(Some("GreaterThanOrEqualToThreshold".to_owned())),
        missing_data: Known(Some("notBreaching".to_owned())),
        actions_enabled: Known(true),
        alarm_actions: Known(vec![Arn::from(ALARM_TOPIC)]),
        expressions: Known(Vec::new()),
        metrics: Known(Vec::new()),
        dimensions: Known(Default::default()),
        unit: Known(None),
        state: Known(Some("OK".to_owned())),
        state_since: Known(None),
    }
}

/// Where the alarm goes.
pub(crate) const ALARM_TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:security-alarms";
