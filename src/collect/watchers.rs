//! The services that watch: one bit each, by signed requests of our own instead of five SDK crates.

use serde_json::Value;
use trailaudit_checks::calls::{
    ApiCall, DESCRIBE_CONFIG_RECORDER_STATUS, DESCRIBE_CONFIG_RECORDERS, DESCRIBE_HUB,
    GET_DETECTOR, GET_ENABLED_STANDARDS, GET_MACIE_SESSION, LIST_ANALYZERS, LIST_DETECTORS,
};
use trailaudit_checks::fact::{Fact, Known, Unknown};
use trailaudit_checks::ids::Arn;
use trailaudit_checks::inventory::region::{AccessAnalyzer, ConfigRecorder, SecurityStandard};

use super::ask::{Ask, Read, Target};
use super::signed::{Small, encoded};

/// No region has so many of them.
const DETECTORS: usize = 100;

/// A GuardDuty detector is enabled.
pub(crate) async fn guardduty(ask: &Ask, target: &Target) -> Fact<bool> {
    let small = Small::get(LIST_DETECTORS, "guardduty", "/detector");
    let listed = small.ask(ask, target, "", &[]).await;
    let ids: Fact<Vec<String>> = listed.read((target, LIST_DETECTORS), |out| {
        // A region has one of its own: a list of many is none that AWS gives.
        strings(out.json()?.get("detectorIds")?).filter(|ids| ids.len() <= DETECTORS)
    });
    let ids = match ids {
        Known(ids) => ids,
        Unknown(gap) => return Unknown(gap),
    };
    for id in ids {
        // The id comes from an answer: it must not name another path.
        let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let path = format!("/detector/{}", if plain { id.as_str() } else { "" });
        let small = Small::get(GET_DETECTOR, "guardduty", path);
        let answer = small.ask(ask, target, &id, &[]).await;
        let on = answer.read((target, GET_DETECTOR), |out| {
            Some(out.json()?.get("status")?.as_str()? == "ENABLED")
        });
        match on {
            Known(true) => return Known(true),
            Known(false) => {}
            Unknown(gap) => return Unknown(gap),
        }
    }
    Known(false)
}

/// "Account is not subscribed to AWS Security Hub."
const NO_HUB: &[&str] = &["InvalidAccessException", "ResourceNotFoundException"];

/// Whether Security Hub is enabled, and which standards are enabled in it.
pub(crate) async fn security_hub(
    ask: &Ask,
    target: &Target,
) -> (Fact<bool>, Fact<Vec<SecurityStandard>>) {
    let small = Small::get(DESCRIBE_HUB, "securityhub", "/accounts");
    let on = match small.ask(ask, target, "", NO_HUB).await {
        Known(None) => Known(false),
        some => some.read((target, DESCRIBE_HUB), |out| {
            Some(out.json()?.get("HubArn")?.is_string())
        }),
    };
    let standards = match &on {
        Known(true) => standards(ask, target).await,
        Known(false) => Known(Vec::new()),
        Unknown(gap) => Unknown(gap.clone()),
    };
    (on, standards)
}

async fn standards(ask: &Ask, target: &Target) -> Fact<Vec<SecurityStandard>> {
    const CALL: ApiCall = GET_ENABLED_STANDARDS;
    let small = Small {
        method: "POST",
        headers: vec![("content-type", "application/json".to_owned())],
        body: r#"{"MaxResults":100}"#,
        ..Small::get(CALL, "securityhub", "/standards/get")
    };
    match small.ask(ask, target, "", NO_HUB).await {
        Known(None) => Known(Vec::new()),
        some => some.read((target, CALL), |out| {
            let json = out.json()?;
            // There are fewer standards than fit on a page: a second page would be more than are known.
            if json.get("NextToken").is_some_and(|it| !it.is_null()) {
                return None;
            }
            let all = json.get("StandardsSubscriptions")?.as_array()?.iter();
            all.map(|it| {
                Some(SecurityStandard {
                    arn: Arn::from(it.get("StandardsArn")?.as_str()?),
                    status: it.get("StandardsStatus")?.as_str()?.to_owned(),
                })
            })
            .collect()
        }),
    }
}

/// Macie is enabled.
pub(crate) async fn macie(ask: &Ask, target: &Target) -> Fact<bool> {
    let small = Small::get(GET_MACIE_SESSION, "macie2", "/macie");
    match small.ask(ask, target, "", &[]).await {
        // Macie says so by the name of a denial, and by these words alone.
        Unknown(gap) if gap.detail.contains("Macie is not enabled") => Known(false),
        answer => answer.read((target, GET_MACIE_SESSION), |out| {
            Some(out.json()?.get("status")?.as_str()? == "ENABLED")
        }),
    }
}

/// IAM Access Analyzer's analyzers.
pub(crate) async fn access_analyzers(ask: &Ask, target: &Target) -> Fact<Vec<AccessAnalyzer>> {
    const CALL: ApiCall = LIST_ANALYZERS;
    let mut analyzers = Vec::new();
    let mut path = "/analyzer".to_owned();
    // A region holds a handful; a listing that never ends is no listing.
    for _ in 0..100 {
        let small = Small::get(CALL, "access-analyzer", path);
        let page = small
            .ask(ask, target, "", &[])
            .await
            .read((target, CALL), |out| {
                let json = out.json()?;
                let page: Option<Vec<AccessAnalyzer>> = json
                    .get("analyzers")?
                    .as_array()?
                    .iter()
                    .map(analyzer)
                    .collect();
                Some((
                    page?,
                    json.get("nextToken").and_then(Value::as_str).map(encoded),
                ))
            });
        match page {
            Known((page, next)) => {
                analyzers.extend(page);
                match next {
                    Some(token) => path = format!("/analyzer?nextToken={token}"),
                    None => return Known(analyzers),
                }
            }
            Unknown(gap) => return Unknown(gap),
        }
    }
    Unknown(super::ask::malformed(
        target,
        CALL,
        "the listing does not end",
    ))
}

fn analyzer(it: &Value) -> Option<AccessAnalyzer> {
    let text = |name: &str| Some(it.get(name)?.as_str()?.to_owned());
    Some(AccessAnalyzer {
        arn: Arn::from(text("arn")?),
        kind: text("type")?,
        status: text("status")?,
    })
}

/// AWS Config's recorder, and whether it records.
pub(crate) async fn config_recorder(
    ask: &Ask,
    target: &Target,
) -> Fact<Option<Box<ConfigRecorder>>> {
    let recorder = config(ask, target, DESCRIBE_CONFIG_RECORDERS).await;
    let recorder = recorder.read((target, DESCRIBE_CONFIG_RECORDERS), |out| {
        let json = out.json()?;
        let recorders = json.get("ConfigurationRecorders")?.as_array()?;
        // A region has one of its own at the most; those of other services do not count.
        match recorders
            .iter()
            .find(|it| it.get("servicePrincipal").is_none())
        {
            None => Some(None),
            Some(it) => Some(Some(Box::new(recorder_of(it)?))),
        }
    });
    let mut recorder = match recorder {
        Known(Some(recorder)) => recorder,
        other => return other,
    };
    let status = config(ask, target, DESCRIBE_CONFIG_RECORDER_STATUS).await;
    let recording = status.read((target, DESCRIBE_CONFIG_RECORDER_STATUS), |out| {
        let json = out.json()?;
        let all = json.get("ConfigurationRecordersStatus")?.as_array()?;
        let own = all
            .iter()
            .find(|it| it.get("name").and_then(Value::as_str) == Some(&recorder.name));
        own.map_or(Some(false), |it| it.get("recording")?.as_bool())
    });
    recording.map(|recording| {
        recorder.recording = recording;
        Some(recorder)
    })
}

async fn config(ask: &Ask, target: &Target, call: ApiCall) -> Fact<Option<super::signed::Answer>> {
    let small = Small {
        method: "POST",
        headers: vec![
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            (
                "x-amz-target",
                format!("StarlingDoveService.{}", call.operation),
            ),
        ],
        body: "{}",
        ..Small::get(call, "config", "/")
    };
    small.ask(ask, target, "", &[]).await
}

fn recorder_of(it: &Value) -> Option<ConfigRecorder> {
    let group = it.get("recordingGroup");
    let list = |value: Option<&Value>| value.map_or(Some(Vec::new()), strings);
    let excluded = group.and_then(|group| group.get("exclusionByResourceTypes"));
    // Without a group, AWS Config records every supported type.
    let all = group.map_or(Some(true), |group| {
        group
            .get("allSupported")
            .map_or(Some(false), Value::as_bool)
    })?;
    Some(ConfigRecorder {
        name: it.get("name")?.as_str()?.to_owned(),
        recording: false,
        all_supported: all,
        resource_types: list(group.and_then(|group| group.get("resourceTypes")))?,
        excluded_types: list(excluded.and_then(|it| it.get("resourceTypes")))?,
    })
}

fn strings(value: &Value) -> Option<Vec<String>> {
    value
        .as_array()?
        .iter()
        .map(|it| Some(it.as_str()?.to_owned()))
        .collect()
}
