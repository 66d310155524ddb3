//! SARIF 2.1.0, one run: what GitHub takes without showing a wrong alert, or all of it.
//!
//! GitHub ignores `kind` and does not honour `suppressions`: a pass or a waived failure in an uploaded file
//! becomes an open alert. So its profile has open failures, and unknowns as notes; the rest is counted.

mod anchor;
mod model;
mod notifications;
mod results;
mod rules;

use std::io::{self, BufWriter, Write};

use serde::{Serialize, Serializer};
use serde_json::json;
use sha2::{Digest, Sha256};
use trailaudit_checks::audit::Audit;
use trailaudit_checks::coverage::{AccountStatus, RegionStatus};
use trailaudit_checks::finding::{Severity, Status};
use trailaudit_checks::hex;

pub use anchor::{Anchor, AnchorMap, BadAnchor, BadMap};
use model::{AutomationDetails, Bag, Driver, Invocation, Taxonomy, Tool};
use results::Results;
use rules::Frameworks;

use crate::identity::{self, HOME};
use crate::wording::{self, Names};
use crate::{Format, Options, sanitize};

pub(crate) const FORMAT: Format = Format {
    name: "sarif",
    extension: "sarif",
    about: "SARIF 2.1.0 for code scanning: open failures as results, unknowns as notes",
    write,
};

/// For whom a SARIF file is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// GitHub and what works like it: open failures, unknowns as notes, within its limits.
    #[default]
    Github,
    /// Every finding, waivers as suppressions, frameworks as taxonomies; without a limit.
    Full,
}

/// The longest name, and the longest description, that GitHub and GitLab take.
const NAME: usize = 255;
const DESCRIPTION: usize = 1_024;
/// AWS knows no longer ARN.
const IDENTIFIER: usize = 2_048;
/// GitHub refuses a file with more than 25,000 results and keeps 5,000, which ones it chooses by itself.
const RESULTS: usize = 5_000;
/// GitHub refuses more than 10 MB after compression. Before it, the file is larger, so this is safe.
const BYTES: usize = 10_000_000;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

fn write(audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let results = Results {
        audit,
        names: Names::of(audit),
        profile: options.sarif_profile,
        anchor: options.sarif_anchor.as_ref(),
        map: &options.sarif_map,
    };
    let mut log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [run(audit, results)],
    };
    if options.sarif_profile == Profile::Github {
        let [run] = &mut log.runs;
        let used = size(&run)?;
        run.results.keep(BYTES.saturating_sub(used))?;
        let [invocation] = &mut run.invocations;
        invocation
            .tool_execution_notifications
            .extend(notifications::cut(audit, &run.results.kept));
    }
    let mut out = BufWriter::with_capacity(sanitize::BUFFER, out);
    sanitize::compact(&log, &mut out)?;
    out.write_all(b"\n")?;
    out.flush()
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    automation_details: AutomationDetails,
    column_kind: &'static str,
    invocations: [Invocation; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taxonomies: Vec<Taxonomy>,
    properties: Bag,
    results: Stream<'a>,
}

fn run<'a>(audit: &'a Audit, results: Results<'a>) -> Run<'a> {
    let profile = results.profile;
    let frameworks = Frameworks::of(audit);
    let (components, taxonomies) = match profile {
        Profile::Github => (Vec::new(), Vec::new()),
        Profile::Full => (frameworks.components(), frameworks.taxonomies(audit)),
    };
    Run {
        tool: Tool {
            driver: Driver {
                name: sanitize::short(&audit.tool.name, NAME),
                semantic_version: sanitize::short(&audit.tool.version, NAME),
                information_uri: HOME,
                rules: rules::rules(audit, profile, &frameworks),
                notifications: notifications::kinds(),
                supported_taxonomies: components,
            },
        },
        automation_details: automation(audit),
        column_kind: "utf16CodeUnits",
        invocations: [Invocation {
            // False only when the scan as a whole failed: findings are no failure of the tool.
            execution_successful: audit.run.exit_code != 4 && !audit.run.interrupted,
            exit_code: audit.run.exit_code,
            exit_code_description: wording::exit(audit),
            start_time_utc: audit.started_at.to_string(),
            end_time_utc: audit.finished_at.map(|it| it.to_string()),
            tool_execution_notifications: notifications::gaps(audit),
        }],
        taxonomies,
        properties: Bag::from([
            ("summary", json!(audit.summary)),
            ("judgedAt", json!(audit.now.to_string())),
            ("complete", json!(audit.run.complete)),
            ("accounts", json!(wording::accounts(audit))),
            ("regions", json!(wording::regions(audit))),
        ]),
        results: Stream {
            results,
            // The other profile chooses later, by how much room is left.
            kept: vec![profile == Profile::Full; audit.findings.len()],
        },
    }
}

/// The results, made one by one while they are written.
struct Stream<'a> {
    results: Results<'a>,
    /// For each finding whether it is told.
    kept: Vec<bool>,
}

impl Stream<'_> {
    /// Keeps the worst: failures by severity, then unknowns by severity, until a limit is reached.
    fn keep(&mut self, bytes: usize) -> io::Result<()> {
        let findings = &self.results.audit.findings;
        let mut bytes = bytes;
        let mut count = 0;
        for status in [Status::Fail, Status::Unknown] {
            for severity in Severity::ALL {
                for (finding, kept) in findings.iter().zip(&mut self.kept) {
                    if count == RESULTS {
                        return Ok(());
                    }
                    if finding.status != status || finding.severity != severity {
                        continue;
                    }
                    let Some(result) = self.results.of(finding) else {
                        continue;
                    };
                    // One more for the comma.
                    let needed = size(&result)? + 1;
                    if needed <= bytes {
                        bytes -= needed;
                        count += 1;
                        *kept = true;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Serialize for Stream<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let findings = self.results.audit.findings.iter().zip(&self.kept);
        let kept = findings.filter_map(|(finding, kept)| kept.then_some(finding));
        serializer.collect_seq(kept.filter_map(|finding| self.results.of(finding)))
    }
}

/// How many bytes it takes.
fn size(value: &impl Serialize) -> io::Result<usize> {
    struct Counter(usize);
    impl Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    sanitize::compact(value, &mut counter)?;
    Ok(counter.0)
}

/// The identity of the run. A platform compares runs of one category (all but the last segment): a run that
/// looks at less must be of another one, or it would close the alerts of the rest.
fn automation(audit: &Audit) -> AutomationDetails {
    let scope = &audit.scope;
    let accounts = audit.coverage.accounts.iter();
    let accounts = accounts
        .filter(|it| it.status == AccountStatus::Excluded)
        .map(|it| it.id.as_str());
    let regions = audit.coverage.regions.iter();
    let mut regions: Vec<&str> = regions
        .filter(|it| it.status == RegionStatus::Excluded)
        .map(|it| it.region.as_str())
        .collect();
    regions.sort_unstable();
    regions.dedup();
    let selection = scope.selection.iter().map(String::as_str);
    let narrowed: Vec<&str> = accounts.chain(regions).chain(selection).collect();
    let hash = Sha256::digest(narrowed.join("\n"));
    let hash: String = hex::encode(&hash).chars().take(12).collect();
    let id = format!(
        "trailaudit/{}/{hash}/{}",
        sanitize::segment(identity::whose(audit)),
        audit.now
    );
    let guid = identity::uuid(&id);
    AutomationDetails { id, guid }
}
