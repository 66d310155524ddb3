//! Every enabled region is recorded, not only those in use.

use crate::catalog::recording::{self, Recorded};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-regions-covered",
    title: "All management events of a region should be logged",
    severity: Severity::High,
    question: Some(Question::Recorded),
    why: "Events in a region without a trail are lost after 90 days. Unused regions are a common choice of \
          attackers.",
    fix: "Make a trail that is logging a multi-region trail, preferably the organization's: `aws cloudtrail \
          update-trail --name TRAIL --is-multi-region-trail --region HOME_REGION` (Terraform: \
          `is_multi_region_trail = true` of `aws_cloudtrail`). Or disable the region, which makes its resources \
          inaccessible: `aws account disable-region --region-name REGION`.",
    judged: "Read and write management events of this region must be logged by a running trail whose bucket exists, \
             or by a store. Excluding AWS KMS and the RDS Data API is named in the evidence and fails \
             trail-management-events-no-exclusions. A region that is not enabled is not applicable. One that cannot \
             be called is unknown.",
    alike: &[
        "A single-region trail in another region does not cover this one.",
        "An opt-in region is evaluated once it is enabled.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-multi-region-trails.html",
        "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html",
    ],
    reads: &[
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::HEAD_BUCKET,
        calls::GET_EVENT_SELECTORS,
        calls::LIST_EVENT_DATA_STORES,
        calls::GET_EVENT_DATA_STORE,
        calls::LIST_DELEGATED_ADMINISTRATORS,
    ],
    run: Run::Region(run),
};

fn run(region: &RegionOf<'_>, ctx: &Context<'_>) -> Outcome {
    if !region.enabled {
        return Ok(Verdict::not_applicable(
            "the region is not enabled in the account",
        ));
    }
    let verdict = match recording::management_events(region.account, region.name, ctx)? {
        Recorded::By { names, left_out } => {
            let by: Vec<&str> = names.iter().map(String::as_str).collect();
            let verdict = Verdict::pass(format!(
                "management events of the region are logged by {}",
                by.join(" and ")
            ));
            let verdict = verdict.saw("logged by", &names);
            match left_out {
                Some(sources) => verdict.saw("excluded", sources),
                None => verdict,
            }
        }
        Recorded::Not(why) => Verdict::fail(format!("management events of the region are {why}")),
    };
    Ok(verdict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Reason;
    use crate::inventory::organization::DelegatedAdministrator;
    use crate::testing::*;

    const MANAGEMENT: &str = "eventCategory = Management";

    #[test]
    fn verdicts() {
        let advanced = |tests: &[&[&str]]| trail(|it| it.selectors = Known(selectors(tests)));
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, region(|it| it.trails = Known(Vec::new()))),
                (Fail, trail(|it| status(it).logging = Known(false))),
                (Fail, advanced(&[&[MANAGEMENT, "readOnly = true"]])),
                (
                    Fail,
                    advanced(&[&[MANAGEMENT, "eventSource != sts.amazonaws.com"]]),
                ),
                (Fail, advanced(&[&["eventCategory = Data"]])),
                (
                    NotApplicable,
                    account(|it| known(&mut it.regions)[0].enabled = false),
                ),
                (
                    Pass,
                    trail(|it| configuration(it).multi_region = Known(false)),
                ),
                (
                    Unknown,
                    region(|it| it.trails = denied(calls::DESCRIBE_TRAILS)),
                ),
                (Unknown, inventory(|it| it.regions.clear())),
                (Unknown, inventory(|it| it.trails.clear())),
                // Whatever else it is set to, in its own region it records.
                (
                    Pass,
                    trail(|it| it.configuration = denied(calls::DESCRIBE_TRAILS)),
                ),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
                (
                    Unknown,
                    trail(|it| it.selectors = denied(calls::GET_EVENT_SELECTORS)),
                ),
                // A stopped trail records nothing, whatever else is unknown of it.
                (
                    Fail,
                    trail(|trail| {
                        status(trail).logging = Known(false);
                        trail.selectors = denied(calls::GET_EVENT_SELECTORS);
                    }),
                ),
            ],
        );
    }

    #[test]
    fn single_region_trails_record_their_own_region() {
        let case = inventory(|inventory| {
            inventory.trails.clear();
            add_region(inventory, ACCOUNT, "eu-west-1");
            for view in inventory.regions.values_mut() {
                view.trails = Known(Vec::new());
            }
            for region in [HOME, "eu-west-1"] {
                add_trail(inventory, ACCOUNT, region, "own", |trail| {
                    configuration(trail).multi_region = Known(false);
                });
            }
        });
        let all =
            |case: &Case| -> Vec<_> { statuses(&CHECK, case).into_iter().map(|it| it.1).collect() };
        assert_eq!(all(&case), [Pass, Pass]);
        let one = case.clone().and(|inventory| {
            status(inventory.trails.values_mut().next().unwrap()).logging = Known(false);
        });
        assert_eq!(all(&one), [Fail, Pass]);
        // Listed where it does not record.
        let elsewhere = case.and(|inventory| {
            let mut views = inventory.regions.values_mut();
            let (europe, home) = (views.next().unwrap(), views.next().unwrap());
            europe.trails = home.trails.clone();
        });
        assert_eq!(all(&elsewhere), [Fail, Pass]);
    }

    #[test]
    fn a_fail_says_why() {
        let says = |case: Case| case.findings(&[&CHECK])[0].message.to_string();
        let unseen = region(|it| it.trails = Known(Vec::new()));
        assert_eq!(
            says(unseen),
            "management events of the region are not logged: no trail covers the region"
        );
        let stopped = trail(|it| status(it).logging = Known(false));
        assert_eq!(
            says(stopped),
            "management events of the region are not logged: all trails that cover the region are stopped: main"
        );
        let none = trail(|it| it.selectors = Known(selectors(&[&["eventCategory = Data"]])));
        assert_eq!(
            says(none),
            "management events of the region are not logged: no trail that covers the region logs them"
        );
        let iam = selectors(&[&[
            "eventCategory = Management",
            "eventSource != iam.amazonaws.com",
        ]]);
        let excluded = trail(|it| it.selectors = Known(iam));
        assert_eq!(
            says(excluded),
            "management events of the region are not all logged: events from iam.amazonaws.com are not logged"
        );
        let gone = bucket(|b| b.exists = Known(false));
        assert_eq!(
            says(gone),
            "management events of the region are not logged: the bucket of trail main does not exist"
        );
    }

    /// What AWS lets one exclude by source is another check's fail, and evidence here.
    #[test]
    fn kms_and_the_rds_data_api_may_be_left_out() {
        let without = |sources: &[&str]| {
            let list = classic_selectors("All", true, sources);
            trail(|it| it.selectors = Known(list))
        };
        let advanced = |fields: &[&str]| {
            let list = selectors(&[fields]);
            trail(|it| it.selectors = Known(list))
        };
        let both = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];
        table(
            &CHECK,
            [
                (Pass, without(&both)),
                (
                    Pass,
                    advanced(&[
                        "eventCategory = Management",
                        "eventSource != kms.amazonaws.com",
                    ]),
                ),
                (
                    Fail,
                    advanced(&[
                        "eventCategory = Management",
                        "eventSource != sts.amazonaws.com",
                    ]),
                ),
                (
                    Fail,
                    advanced(&["eventCategory = Management", "eventName != Decrypt"]),
                ),
                (
                    Fail,
                    advanced(&[
                        "eventCategory = Management",
                        "eventSource != kms.amazonaws.com",
                        "readOnly = false",
                    ]),
                ),
            ],
        );
        let findings = without(&both).findings(&[&CHECK]);
        let told = findings[0].evidence.iter().find(|it| it.what == "excluded");
        let told = told.unwrap().seen.as_ref().unwrap().to_string();
        assert!(
            told.contains("kms.amazonaws.com") && told.contains("rdsdata.amazonaws.com"),
            "{told}"
        );
    }

    #[test]
    fn two_trails_may_share_the_work() {
        let case = |of_second: &str| {
            trail(|it| it.selectors = Known(classic_selectors("ReadOnly", true, &[]))).and(
                |inventory| {
                    add_trail(inventory, ACCOUNT, HOME, "second", |trail| {
                        trail.selectors = Known(classic_selectors(of_second, true, &[]));
                    });
                },
            )
        };
        table(
            &CHECK,
            [(Pass, case("WriteOnly")), (Fail, case("ReadOnly"))],
        );
    }

    #[test]
    fn a_closed_region_is_judged_from_the_organization_trail() {
        let closed = |of: &mut Inventory| {
            member(of, "222222222222", &["ap-south-1", HOME]);
            let key = (AccountId::from("222222222222"), Region::from("ap-south-1"));
            of.regions.get_mut(&key).unwrap().trails =
                gap(calls::DESCRIBE_TRAILS, Reason::DeniedByScp);
        };
        let too = |of: &mut Inventory| {
            add_region(of, ACCOUNT, "ap-south-1");
            closed(of);
        };
        let of = |case: Case| {
            let found = statuses(&CHECK, &case).into_iter();
            let mut found = found.filter(|(id, _)| id == "222222222222/ap-south-1");
            found.next().unwrap().1
        };
        let view = |of: &mut Inventory, account: &str, region: &str, trails: Fact<Vec<Arn>>| {
            let key = (AccountId::from(account), Region::from(region));
            of.regions.get_mut(&key).unwrap().trails = trails;
        };
        assert_eq!(of(inventory(too)), Pass);
        let changed = |change: fn(&mut Trail)| of(trail(change).and(too));
        assert_eq!(changed(|it| status(it).logging = Known(false)), Fail);
        assert_eq!(
            changed(|it| configuration(it).organization = Known(false)),
            Fail
        );
        assert_eq!(
            changed(|it| configuration(it).multi_region = Known(false)),
            Fail
        );
        assert_eq!(
            changed(|it| it.configuration = denied(calls::DESCRIBE_TRAILS)),
            Unknown
        );
        // The management account does not see it there, was refused, or has the region off.
        let unseen = |trails| of(inventory(too).and(|it| view(it, ACCOUNT, "ap-south-1", trails)));
        assert_eq!(unseen(Known(Vec::new())), Fail);
        assert_eq!(unseen(denied(calls::DESCRIBE_TRAILS)), Unknown);
        assert_eq!(of(inventory(closed)), Unknown);
        // Its own multi-region trail counts too, where another region shows it.
        let own = |multi: bool| {
            trail(|it| configuration(it).organization = Known(false))
                .and(too)
                .and(|inventory| {
                    add_trail(inventory, "222222222222", HOME, "own", |trail| {
                        configuration(trail).organization = Known(false);
                        trail.name = "own".to_owned();
                        configuration(trail).multi_region = Known(false);
                    });
                    configuration(inventory.trails.values_mut().last().unwrap()).multi_region =
                        Known(multi);
                })
        };
        assert_eq!(of(own(true)), Pass);
        assert_eq!(of(own(false)), Fail);
        let hidden = own(true).and(|inventory| {
            view(
                inventory,
                "222222222222",
                HOME,
                denied(calls::DESCRIBE_TRAILS),
            );
        });
        assert_eq!(of(hidden), Unknown);
    }

    #[test]
    fn a_store_that_collects_the_same_is_accepted() {
        let with = |change: fn(&mut EventDataStore)| {
            region(|it| it.trails = Known(Vec::new())).and(|inventory| {
                add_store(inventory, ACCOUNT, HOME, change);
            })
        };
        table(
            &CHECK,
            [
                (Pass, with(|_| {})),
                (
                    Fail,
                    with(|it| it.configuration.status = Known("STOPPED_INGESTION".to_owned())),
                ),
                (
                    Fail,
                    with(|it| it.selectors = Known(selectors(&[&["eventCategory = Data"]]))),
                ),
                (
                    Pass,
                    with(|it| it.configuration.multi_region = Known(false)),
                ),
                (
                    Fail,
                    with(|settings| {
                        settings.region = Region::from("eu-west-1");
                        settings.configuration.multi_region = Known(false);
                    }),
                ),
                (Pass, with(|it| it.region = Region::from("eu-west-1"))),
                (
                    Unknown,
                    with(|it| it.configuration = denied(calls::GET_EVENT_DATA_STORE)),
                ),
                (
                    Unknown,
                    with(|it| it.selectors = denied(calls::GET_EVENT_DATA_STORE)),
                ),
                (
                    Unknown,
                    region(|region| {
                        region.trails = Known(Vec::new());
                        region.event_data_stores = denied(calls::LIST_EVENT_DATA_STORES);
                    }),
                ),
                (
                    Fail,
                    region(|region| {
                        region.trails = Known(Vec::new());
                        region.event_data_stores =
                            gap(calls::LIST_EVENT_DATA_STORES, Reason::NotAsked);
                    }),
                ),
            ],
        );
        let message = &with(|_| {}).findings(&[&CHECK])[0].message;
        assert!(message.contains("event data store"), "{message}");
    }

    #[test]
    fn a_store_of_another_account_counts_for_the_organization() {
        let of = |owner: &str, change: fn(&mut EventDataStore)| {
            let case = inventory(|inventory| {
                member(inventory, "222222222222", &[HOME]);
                member(inventory, "333333333333", &[HOME]);
                for view in inventory.regions.values_mut() {
                    view.trails = Known(Vec::new());
                }
                add_store(inventory, owner, HOME, change);
            });
            statuses(&CHECK, &case)[1].1
        };
        let own = |it: &mut EventDataStore| it.configuration.organization = Known(false);
        assert_eq!(of(ACCOUNT, |_| {}), Pass);
        assert_eq!(of(ACCOUNT, own), Fail);
        assert_eq!(of("222222222222", own), Pass);
        assert_eq!(of("333333333333", |_| {}), Fail);
        // A delegated administrator's store counts as well.
        let delegated = |administrators: Fact<Vec<DelegatedAdministrator>>| {
            let case =
                organization(|it| it.delegated_administrators = administrators).and(|inventory| {
                    member(inventory, "222222222222", &[HOME]);
                    member(inventory, "333333333333", &[HOME]);
                    for view in inventory.regions.values_mut() {
                        view.trails = Known(Vec::new());
                    }
                    add_store(inventory, "333333333333", HOME, |_| {});
                });
            statuses(&CHECK, &case)[1].1
        };
        let administrator = DelegatedAdministrator {
            account: AccountId::from("333333333333"),
            services: Known(vec!["cloudtrail.amazonaws.com".to_owned()]),
        };
        assert_eq!(delegated(Known(vec![administrator])), Pass);
        assert_eq!(
            delegated(denied(calls::LIST_DELEGATED_ADMINISTRATORS)),
            Unknown
        );
    }
}
