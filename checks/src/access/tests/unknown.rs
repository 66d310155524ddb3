//! What is not known travels as it is, and is never taken for absent.

use super::*;
use crate::access::services;
use crate::access::{cross_account, modification, table};
use crate::calls::{self, ApiCall};
use crate::fact::{Fact, Gap};
use crate::finding::Status;
use crate::inventory::RegionView;

/// As the listing shows it: the verdicts on what this role can do to resources of one kind.
fn held(case: &Case, action: &str) -> Vec<(String, Verdict, Vec<String>)> {
    let iam = record(ACCOUNT, |details| {
        details
            .roles
            .push(role_of(ACCOUNT, "somebody", &allow(action, "*")));
    });
    let access = analyse(case, &[iam]);
    let mut all = Vec::new();
    access.each(Wanted::default(), |row| {
        if row.action == action && row.principal.id.ends_with("/somebody") {
            all.push((row.target, row.verdict, row.missing));
        }
    });
    all
}

/// A detective control: its state, whether it is on or off, and who could take it away.
struct Control {
    action: &'static str,
    call: ApiCall,
    off: fn(&mut RegionView),
    unknown: fn(&mut RegionView),
}

const CONTROLS: [Control; 6] = [
    Control {
        action: "guardduty:DeleteDetector",
        call: calls::GET_DETECTOR,
        off: |it| it.guardduty = Known(false),
        unknown: |it| it.guardduty = denied(calls::GET_DETECTOR),
    },
    Control {
        action: "securityhub:DisableSecurityHub",
        call: calls::DESCRIBE_HUB,
        off: |it| it.security_hub = Known(false),
        unknown: |it| it.security_hub = denied(calls::DESCRIBE_HUB),
    },
    Control {
        action: "config:StopConfigurationRecorder",
        call: calls::DESCRIBE_CONFIG_RECORDERS,
        off: |it| it.config_recorder = Known(None),
        unknown: |it| it.config_recorder = denied(calls::DESCRIBE_CONFIG_RECORDERS),
    },
    Control {
        action: "access-analyzer:DeleteAnalyzer",
        call: calls::LIST_ANALYZERS,
        off: |it| it.access_analyzers = Known(Vec::new()),
        unknown: |it| it.access_analyzers = denied(calls::LIST_ANALYZERS),
    },
    Control {
        action: "cloudwatch:DeleteAlarms",
        call: calls::DESCRIBE_ALARMS,
        off: |it| it.alarms = Known(Vec::new()),
        unknown: |it| it.alarms = denied(calls::DESCRIBE_ALARMS),
    },
    Control {
        action: "events:DeleteRule",
        call: calls::LIST_RULES,
        off: |it| it.rules = Known(Vec::new()),
        unknown: |it| it.rules = denied(calls::LIST_RULES),
    },
];

#[test]
fn a_control_of_unknown_state_is_unknown_and_not_absent() {
    for control in CONTROLS {
        let Control { action, call, .. } = control;
        let on = held(&inventory(|_| {}), action);
        let verdicts: Vec<Verdict> = on.iter().map(|(_, verdict, _)| *verdict).collect();
        assert_eq!(verdicts, [Verdict::Allowed], "{action}");
        assert_eq!(held(&region(control.off), action), [], "{action}");
        let unknown = held(&region(control.unknown), action);
        let [(_, Verdict::Unknown, missing)] = unknown.as_slice() else {
            panic!("{action}: {unknown:?}");
        };
        assert!(missing[0].contains(&call.to_string()), "{missing:?}");
    }
}

/// On in one region is enough: what is not known elsewhere takes nothing away.
#[test]
fn a_control_that_is_on_somewhere_is_known() {
    let case = inventory(|inventory| {
        add_region(inventory, ACCOUNT, "eu-west-1");
        let view = inventory.regions.values_mut().next().unwrap();
        view.guardduty = denied(calls::GET_DETECTOR);
    });
    let all = held(&case, "guardduty:DeleteDetector");
    assert!(
        matches!(all.as_slice(), [(_, Verdict::Allowed, _)]),
        "{all:?}"
    );
    let closed = region(|region| {
        region.guardduty = gap(calls::GET_DETECTOR, crate::fact::Reason::DeniedByScp);
    });
    assert_eq!(held(&closed, "guardduty:DeleteDetector"), []);
}

#[test]
fn the_check_says_so_and_names_the_call() {
    let check = crate::catalog::find("access-tamper-requires-mfa").unwrap();
    for control in CONTROLS {
        let action = control.action;
        assert!(check.reads.contains(&control.call), "{action}");
        let mut case = may(action, "*");
        let view = case.inventory.regions.values_mut().next().unwrap();
        (control.unknown)(view);
        let findings = case.findings(&[check]);
        let of = |status: Status| {
            let mut all = findings.iter().filter(|it| it.status == status);
            all.any(|it| it.subject.id == WORKER)
        };
        // Some of these actions are too small for this check: then it has nothing to say of them.
        let grave = table().get(table().find(action).unwrap()).severity;
        let grave = grave >= crate::finding::Severity::High;
        assert_eq!(of(Status::Unknown), grave, "{action}: {findings:#?}");
        assert!(!of(Status::Fail), "{action}");
    }
}

fn lost(id: &str) -> Gap {
    let (account, region) = (AccountId::from(ACCOUNT), crate::ids::Region::from(HOME));
    let reason = crate::fact::Reason::Denied;
    Gap::of_call(calls::GET_KEY_POLICY, &account, &region, reason, "")
        .but(|it| it.request_id = Some(id.to_owned()))
}

/// The gaps of two keys differ in nothing but what AWS said to each request.
#[test]
fn two_keys_denied_in_one_region_keep_both_request_ids() {
    let case = may("kms:ScheduleKeyDeletion", "*").and(|inventory| {
        let mut other = inventory.keys.values().next().unwrap().clone();
        let arn = Arn::from(KEY_ARN.replace("11111111-1111", "22222222-2222"));
        known(&mut other.metadata).as_mut().unwrap().arn = Known(arn.clone());
        other.arn = arn.clone();
        for (key, id) in [
            (inventory.keys.values_mut().next().unwrap(), "request-1"),
            (&mut other, "request-2"),
        ] {
            key.policy = Fact::Unknown(lost(id));
        }
        inventory.keys.insert(arn.clone(), other);
        add_trail(inventory, ACCOUNT, HOME, "second", |trail| {
            configuration(trail).kms_key = Known(Some(arn));
        });
    });
    let check = crate::catalog::find("access-key-destroy").unwrap();
    let findings = case.findings(&[check]);
    let worker = findings.iter().find(|it| it.subject.id == WORKER).unwrap();
    assert_eq!(worker.status, Status::Unknown);
    let mut ids: Vec<&str> = worker
        .evidence
        .iter()
        .filter_map(|it| it.request_id.as_deref())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, ["request-1", "request-2"]);
}

/// A document that cannot be read is told as that document's, by the call that brought it.
#[test]
fn no_gap_is_invented() {
    let case = bucket(|it| it.policy = Known(Some("{".to_owned())));
    let access = analyse(
        &case,
        &[record(ACCOUNT, |details| {
            let may = allow("s3:DeleteBucketPolicy", "*");
            details.roles.push(role_of(ACCOUNT, "somebody", &may));
        })],
    );
    let judged = access
        .judged()
        .find(|it| it.actor().id.ends_with("/somebody"))
        .unwrap();
    let rights = judged.rights(&["s3:DeleteBucketPolicy"]);
    let calls: Vec<ApiCall> = rights
        .iter()
        .flat_map(|it| &it.answer.missing)
        .filter_map(|it| it.gap.call())
        .collect();
    assert_eq!(calls, [calls::GET_BUCKET_POLICY]);
}

/// [`crate::access::Table`] finds each of them; a name that it lacks would stop the program.
#[test]
fn the_code_names_only_actions_of_the_table() {
    let services = services::actions();
    let over_all = cross_account::OVER_ALL;
    for action in modification::CHANGES
        .into_iter()
        .chain(services)
        .chain(over_all)
    {
        assert!(table().find(action).is_some(), "{action}");
    }
}

/// Each of 20,000 principals would be asked about 20,000 names: more than AWS stores is not known, and is no pass.
#[test]
fn a_document_larger_than_any_is_too_complex() {
    let naming = |count: u32| {
        let all: Vec<String> = (0..count).map(|it| format!(r#""{it:012}""#)).collect();
        let statement = format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":[{}]}},"Action":"s3:DeleteBucketPolicy","Resource":"*"}}"#,
            all.join(",")
        );
        bucket(|bucket| {
            let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
            bucket.policy = Known(Some(document));
        })
    };
    let check = crate::catalog::find("access-bucket-reconfigure").unwrap();
    let fails = |case: &Case| {
        let all = case.findings(&[check]);
        all.iter().filter(|it| it.status == Status::Fail).count()
    };
    assert!(fails(&naming(50)) > 0);
    let large = naming(20_000);
    let findings = large.findings(&[check]);
    let unknown: Vec<_> = findings
        .iter()
        .filter(|it| it.status == Status::Unknown)
        .collect();
    assert!(!unknown.is_empty() && fails(&large) == 0, "{findings:#?}");
    let told = unknown.iter().flat_map(|it| it.evidence.iter());
    assert!(
        told.map(|it| format!("{it:?}"))
            .any(|it| it.contains("TooComplex") || it.contains("too complex")),
        "{unknown:#?}"
    );
    // White space does not count: what AWS stores may be printed with as much as one likes.
    let spaced = format!("{{{}", " ".repeat(100_000));
    assert_eq!(crate::policy::Document::fits(&spaced), Ok(()));
}

/// Nobody of the account can, and the policy that may let in others is no JSON: that is no pass.
#[test]
fn a_policy_that_cannot_be_read_may_let_somebody_in() {
    for (check, case) in [
        (
            "access-bucket-reconfigure",
            bucket(|it| it.policy = Known(Some("{".to_owned()))),
        ),
        (
            "access-key-destroy",
            key(|it| it.policy = Known(Some("{".to_owned()))),
        ),
    ] {
        let check = crate::catalog::find(check).unwrap();
        let findings = case.findings(&[check]);
        let unknown = |it: &&crate::finding::Finding| it.status == Status::Unknown;
        assert!(findings.iter().any(|it| unknown(&it)), "{findings:#?}");
    }
}
