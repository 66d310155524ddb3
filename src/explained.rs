//! What is said of a check, for `explain`, `list`, the pages on checks and bundles of evidence.

use serde::Serialize;
use trailaudit_checks::aliases::Aliases;
use trailaudit_checks::audit::CheckInfo;
use trailaudit_checks::check::{Check, Run};
use trailaudit_checks::finding::SubjectKind;
use trailaudit_checks::framework::{self, Framework};

/// What is told of a check.
#[derive(Debug, Serialize)]
pub(crate) struct Explanation {
    #[serde(flatten)]
    pub(crate) check: CheckInfo,
    pub(crate) group: &'static str,
    pub(crate) subject: &'static str,
    /// Its names in other tools.
    pub(crate) also: Vec<String>,
    /// How it judges, in words; and cases that look alike and end differently.
    pub(crate) judged: &'static str,
    pub(crate) alike: &'static [&'static str],
    pub(crate) reads: Vec<Call>,
}

/// A call whose answer it reads.
#[derive(Debug, Serialize)]
pub(crate) struct Call {
    pub(crate) call: String,
    pub(crate) action: &'static str,
}

/// What is said of checks beside the checks themselves.
pub(crate) struct Words {
    pub(crate) frameworks: Vec<Framework>,
    pub(crate) aliases: Aliases,
}

impl Words {
    pub(crate) fn all() -> anyhow::Result<Self> {
        let frameworks = framework::all()?;
        Ok(Self {
            aliases: Aliases::of(&frameworks)?,
            frameworks,
        })
    }

    pub(crate) fn of(&self, check: &Check) -> Explanation {
        let controls = framework::controls_by_check(&self.frameworks);
        let controls = controls.get(check.id).cloned().unwrap_or_default();
        let reads = check.reads.iter().map(|call| Call {
            call: call.to_string(),
            action: call.action,
        });
        Explanation {
            group: check.group(),
            also: self.aliases.names(check.id).map(str::to_owned).collect(),
            subject: subject(check.run).as_str(),
            judged: check.judged,
            alike: check.alike,
            reads: reads.collect(),
            check: CheckInfo::of(check, check.severity, controls),
        }
    }
}

/// What a check is asked of.
pub(crate) fn subject(run: Run) -> SubjectKind {
    match run {
        Run::Organization(_) | Run::Exempt(_) => SubjectKind::Organization,
        Run::Account(_) => SubjectKind::Account,
        Run::Region(_) => SubjectKind::Region,
        Run::Trail(_) => SubjectKind::Trail,
        Run::Bucket(_) | Run::Replicated(_) => SubjectKind::Bucket,
        Run::Key(_) => SubjectKind::Key,
        Run::LogGroup(_) => SubjectKind::LogGroup,
        Run::EventDataStore(_) => SubjectKind::EventDataStore,
        Run::IamPrincipal(_) | Run::EffectiveRights(_) | Run::DeliveryRole(_) => {
            SubjectKind::Principal
        }
        Run::Chain(_) => SubjectKind::Chain,
        Run::Plan(_) | Run::Event(_) => SubjectKind::Resource,
    }
}
