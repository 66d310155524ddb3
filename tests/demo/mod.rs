//! The sample organization, as a run would have seen it; `src/demo.jsonl` is compared with it.
//!
//! Six accounts and 17 enabled regions. An organization trail that is nearly good and was stopped for three hours, a
//! second one that watches the log bucket, a weak trail of one account, a stopped one without a bucket, a log bucket whose lock is too short, an account whose role cannot be
//! assumed, an account whose regions a service control policy closes, and calls that were denied.

mod accounts;
pub(crate) mod day;
mod iam;
pub(crate) mod trails;

use trailaudit::snapshot::{Snapshot, Spool};
use trailaudit_checks::coverage::Coverage;
use trailaudit_checks::ids::{AccountId, Arn, Region};
use trailaudit_checks::inventory::{Header, Inventory, SCHEMA, Scope, Tool, Trailer};

use crate::ask::Ask;

pub(crate) const MANAGEMENT: &str = "111111111111";
pub(crate) const LOG_ARCHIVE: &str = "222222222222";
pub(crate) const SECURITY: &str = "333333333333";
pub(crate) const PAYMENTS: &str = "444444444444";
pub(crate) const LEGACY: &str = "555555555555";
pub(crate) const SANDBOX: &str = "666666666666";
pub(crate) const HOME: &str = "us-east-1";
pub(crate) const ORGANIZATION: &str = "o-a1b2c3d4e5";

pub(crate) const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The file, and how to make it anew.
#[test]
fn the_sample_is_what_a_run_would_have_written() {
    let mut bytes = Vec::new();
    snapshot().write(&mut bytes).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/demo.jsonl");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &bytes).unwrap();
    }
    assert!(bytes.len() < 1 << 20, "{} bytes", bytes.len());
    assert!(
        bytes == std::fs::read(path).unwrap(),
        "src/demo.jsonl is not what tests/demo makes; renew it with \
         `UPDATE=1 cargo test --test main sample_is_what`"
    );
}

fn snapshot() -> Snapshot {
    let mut ask = Ask::default();
    let header = Header {
        schema: SCHEMA,
        tool: Tool {
            name: "trailaudit".to_owned(),
            version: "0.1.0".to_owned(),
        },
        taken_at: time("2026-11-16T06:00:00Z"),
        scope: Scope {
            organization: Some(ORGANIZATION.to_owned()),
            management_account: Some(AccountId::from(MANAGEMENT)),
            caller_arn: Arn::from("arn:aws:sts::111111111111:assumed-role/auditor/trailaudit"),
            partition: "aws".to_owned(),
            accounts: accounts::ALL.map(|(id, ..)| AccountId::from(id)).to_vec(),
            endpoints: Vec::new(),
            regions: REGIONS.map(Region::from).to_vec(),
        },
    };
    let organization = accounts::organization(&mut ask);
    let mut inventory = Inventory::new(header, organization);
    accounts::add(&mut inventory, &mut ask);
    trails::add(&mut inventory, &mut ask);
    let mut spool = Spool::new().unwrap();
    iam::add(&mut spool, &mut ask);
    let chains = crate::verify::demo::chains().into_iter();
    inventory.chains = chains.map(|it| (it.id(), it)).collect();
    inventory.ledger = ask.ledger;
    inventory.trailer = Some(Trailer {
        finished_at: time("2026-11-16T06:00:09Z"),
        interrupted: false,
        coverage: Coverage::default(),
        counts: Default::default(),
        shards: Vec::new(),
    });
    Snapshot::live(inventory, spool)
}

pub(crate) fn time(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}
