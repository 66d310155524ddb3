//! Which regions an account has, and which of them are switched on.

use aws_sdk_account::types::{Region as Listed, RegionOptStatus};
use trailaudit_checks::calls::LIST_REGIONS;
use trailaudit_checks::fact::{Fact, Known, Unknown};
use trailaudit_checks::ids::{Region, home_region};
use trailaudit_checks::inventory::RegionSwitch;

use super::ask::{Ask, Read, Target, pages};

/// Regions that every account of the partition has switched on from the start: used, and marked as
/// assumed, where ListRegions is not answered. Opt-in regions cannot be guessed.
fn built_in(partition: &str) -> &'static [&'static str] {
    match partition {
        "aws-cn" => &["cn-north-1", "cn-northwest-1"],
        "aws-us-gov" => &["us-gov-east-1", "us-gov-west-1"],
        "aws-eusc" => &["eusc-de-east-1"],
        "aws-iso" => &["us-iso-east-1", "us-iso-west-1"],
        "aws-iso-b" => &["us-isob-east-1"],
        "aws-iso-e" => &["eu-isoe-west-1"],
        "aws-iso-f" => &["us-isof-east-1", "us-isof-south-1"],
        _ => &[
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
        ],
    }
}

/// Where a partition's global services are asked.
pub(crate) fn home(partition: &str) -> Region {
    home_region(partition)
}

/// The account's regions, and whether they had to be assumed.
pub(crate) async fn regions(
    ask: &Ask,
    target: &Target,
    partition: &str,
    wanted: &[String],
) -> (Vec<RegionSwitch>, bool) {
    let pages = pages!(
        ask,
        target,
        LIST_REGIONS,
        "",
        &[],
        aws_sdk_account,
        |token| ask
            .clients
            .account
            .list_regions()
            .max_results(50)
            .set_next_token(token.clone()),
        |out| (out.regions, out.next_token)
    );
    let listed: Fact<Vec<(String, bool)>> =
        pages.read((target, LIST_REGIONS), |regions: Vec<Listed>| {
            // An account without any region is no answer.
            let switches = regions
                .into_iter()
                .map(|it| Some((it.region_name?, on(it.region_opt_status?))));
            switches
                .collect::<Option<Vec<_>>>()
                .filter(|switches| !switches.is_empty())
        });
    let (mut switches, assumed) = match listed {
        Known(switches) => (switches, false),
        Unknown(_) => {
            let names = built_in(partition).iter();
            (names.map(|name| ((*name).to_owned(), true)).collect(), true)
        }
    };
    switches.sort();
    let switches = switches.into_iter().map(|(name, enabled)| {
        let excluded = !wanted.is_empty() && !wanted.contains(&name);
        RegionSwitch {
            name: Region::from(name),
            enabled,
            excluded,
        }
    });
    (switches.collect(), assumed)
}

/// A region that is being switched on may hold trails already; one that is being switched off still may.
fn on(status: RegionOptStatus) -> bool {
    !matches!(status, RegionOptStatus::Disabled)
}
