//! AWS Config keeps the history of the trails.

use super::off;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-config-recorder",
    title: "AWS Config should record this region, including trails",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "CloudTrail logs that a trail was changed. AWS Config records its configuration before and after, and \
          evaluates rules. A recorder that is stopped or excludes trails has no history of them.",
    fix: "Record all supported resource types, or at least AWS::CloudTrail::Trail (PutConfigurationRecorder). Then \
          start the recorder: `aws configservice start-configuration-recorder --configuration-recorder-name NAME \
          --region REGION`.",
    judged: "A configuration recorder must exist, be recording, and include trails.",
    alike: &["A recorder that is stopped fails; so does one that excludes AWS::CloudTrail::Trail."],
    references: &["https://docs.aws.amazon.com/config/latest/developerguide/select-resources.html"],
    reads: &[
        calls::LIST_REGIONS,
        calls::DESCRIBE_CONFIG_RECORDERS,
        calls::DESCRIBE_CONFIG_RECORDER_STATUS,
    ],
    run: Run::Region(run),
};

const TRAIL: &str = "AWS::CloudTrail::Trail";

fn run(region: &RegionOf<'_>, _: &Context<'_>) -> Outcome {
    let view = match off::view(region, calls::DESCRIBE_CONFIG_RECORDERS)? {
        Ok(view) => view,
        Err(disabled) => return Ok(disabled),
    };
    let Some(recorder) = view.config_recorder.known()? else {
        return Ok(Verdict::fail("there is no configuration recorder"));
    };
    let named = |types: &[String]| types.iter().any(|it| it == TRAIL);
    let trails = !named(&recorder.excluded_types)
        && (recorder.all_supported
            || !recorder.excluded_types.is_empty()
            || named(&recorder.resource_types));
    let verdict = if !recorder.recording {
        Verdict::fail("the configuration recorder is stopped")
    } else if !trails {
        Verdict::fail("the configuration recorder does not record AWS::CloudTrail::Trail")
    } else {
        Verdict::pass("AWS Config records trails")
    };
    Ok(verdict.saw("ConfigurationRecorder", recorder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::region::ConfigRecorder;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let recorder = |change: fn(&mut ConfigRecorder)| {
            region(|it| change(known(&mut it.config_recorder).as_mut().unwrap()))
        };
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, recorder(|it| it.recording = false)),
                (Fail, recorder(|it| it.all_supported = false)),
                (
                    Pass,
                    recorder(|it| {
                        it.all_supported = false;
                        it.resource_types = vec![TRAIL.to_owned()];
                    }),
                ),
                (
                    Fail,
                    recorder(|it| it.excluded_types = vec![TRAIL.to_owned()]),
                ),
                (
                    Pass,
                    recorder(|it| {
                        it.all_supported = false;
                        it.excluded_types = vec!["AWS::S3::Bucket".to_owned()];
                    }),
                ),
                (Fail, region(|it| it.config_recorder = Known(None))),
                (
                    Unknown,
                    region(|it| it.config_recorder = denied(calls::DESCRIBE_CONFIG_RECORDERS)),
                ),
                (
                    NotApplicable,
                    account(|it| known(&mut it.regions)[0].enabled = false),
                ),
            ],
        );
    }
}
