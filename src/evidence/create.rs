//! Makes a bundle of what was seen, what was judged, and by which rules.

use std::io::{BufReader, Read as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trailaudit_checks::audit::{Audit, Rules};
use trailaudit_checks::framework;
use trailaudit_checks::inventory::Inventory;
use trailaudit_checks::selection::ByChoice;
use trailaudit_checks::{catalog, finding::Severity};
use trailaudit_reports::sanitize;
use trailaudit_reports::{Detail, FORMATS, Linked, Options, Profile, sheets};

use super::folder::Folder;
use super::manifest::{File, Manifest, NotBefore, Previous, SCHEMA, whose};
use super::seal::{self, Key};
use super::sums::{self, sha256, sha256_of};
use super::{names, population, readme};
use crate::cli::PermissionsFormat;
use crate::explained;
use crate::permissions;
use crate::snapshot::Snapshot;

/// No digest is larger, unpacked.
const DIGEST: u64 = 256 << 20;
/// What a manifest says of the README.
pub const README_ABOUT: &str = "What is in this bundle, and how to check it";
/// And of the key.
pub const KEY_ABOUT: &str = "The public key by which the statement is signed";

/// What goes into a bundle.
pub struct Parts<'a> {
    /// What was seen.
    pub snapshot: &'a Snapshot,
    /// By which rules it was judged.
    pub rules: &'a Rules,
    /// The verdicts.
    pub audit: &'a Audit,
    /// The raw answers of AWS, as they were kept.
    pub answers: Option<&'a Path>,
    /// A digest file of CloudTrail.
    pub digest: Option<&'a Path>,
    /// The bundle before this one.
    pub previous: Option<Previous>,
    /// Who signs.
    pub key: Option<&'a Key>,
}

/// Writes the bundle.
pub fn create(parts: &Parts<'_>, at: &Path) -> anyhow::Result<()> {
    let mut folder = Folder::new(at)?;
    let (answers, not_before) = fill(parts, &mut folder)?;
    if let Some(key) = parts.key {
        let pem = key.public().pem();
        folder.bytes(names::KEY, KEY_ABOUT, pem.as_bytes())?;
    }
    let mut manifest = manifest(parts, answers, not_before);
    let readme = readme::of(&manifest, parts.audit, &folder.files());
    folder.bytes(names::README, README_ABOUT, readme.as_bytes())?;
    manifest.files = folder.files();
    folder.json(names::MANIFEST, "What this bundle is about", &manifest)?;
    let sums = sums::render(&folder.sums());
    folder.bytes(names::SUMS, "The hash of every file", sums.as_bytes())?;
    if let Some(key) = parts.key {
        seal(&manifest, key, &mut folder)?;
    }
    folder.finish()
}

/// What the bundle is about, but for its files.
pub fn manifest(
    parts: &Parts<'_>,
    answers: Option<u64>,
    not_before: Option<NotBefore>,
) -> Manifest {
    let audit = parts.audit;
    Manifest {
        schema: SCHEMA,
        tool: crate::program::tool(),
        program_sha256: program(),
        of: whose(audit),
        caller_arn: audit.scope.caller_arn.clone(),
        started_at: audit.started_at,
        finished_at: audit.finished_at,
        now: audit.now,
        selection: audit.scope.selection.clone(),
        run: audit.run.clone(),
        summary: audit.summary.clone(),
        answers,
        not_before,
        previous: parts.previous.clone(),
        key: parts.key.map(|it| it.public().id()),
        files: Vec::new(),
    }
}

/// Everything that follows from the parts: how many answers there are, and what the digest says.
pub fn fill(
    parts: &Parts<'_>,
    folder: &mut Folder,
) -> anyhow::Result<(Option<u64>, Option<NotBefore>)> {
    seen(parts, folder)?;
    rules(parts, folder)?;
    let answers = answers(parts, folder)?;
    let not_before = match parts.digest {
        Some(path) => Some(digest(path, folder)?),
        None => newest(&parts.snapshot.inventory),
    };
    told(parts, folder)?;
    Ok((answers, not_before))
}

/// What was seen, asked and answered.
fn seen(parts: &Parts<'_>, folder: &mut Folder) -> anyhow::Result<()> {
    let inventory = &parts.snapshot.inventory;
    folder.put(
        names::INVENTORY,
        "Every fact that was judged (zstd, JSON Lines)",
        |out| {
            let mut packed = zstd::Encoder::new(out, 0)?;
            parts.snapshot.write(&mut packed)?;
            packed.finish()?;
            Ok(())
        },
    )?;
    folder.put(
        names::LEDGER,
        "Every call: whom, where, about what, how it ended, its request id",
        |out| {
            for call in &inventory.ledger {
                sanitize::compact(call, &mut *out)?;
                out.write_all(b"\n")?;
            }
            Ok(())
        },
    )?;
    let population = population::of(inventory, parts.audit);
    folder.json(
        names::POPULATION,
        "Every account and region, and how each ended",
        &population,
    )?;
    folder.put("coverage.csv", "The same as a sheet", |out| {
        Ok(sheets::coverage(parts.audit, out)?)
    })?;
    Ok(())
}

/// By which rules it was judged.
fn rules(parts: &Parts<'_>, folder: &mut Folder) -> anyhow::Result<()> {
    let Parts { rules, audit, .. } = parts;
    folder.json(
        names::SETTINGS,
        "The settings by which it was judged",
        &rules.settings,
    )?;
    folder.json(
        names::WAIVERS,
        "Accepted risks and gaps: reason, approver, until when",
        &rules.waivers,
    )?;
    let words = explained::Words::all()?;
    let mut checks = Vec::new();
    for check in catalog::all() {
        let selected = audit.check(check.id);
        checks.push(Logic {
            check: words.of(check),
            judged_as: selected.map(|it| it.severity),
            selected: selected.is_some(),
        });
    }
    folder.json(
        "checks.json",
        "Every check: when it passes, why it matters, which calls it rests on",
        &checks,
    )?;
    let by_choice = ByChoice {
        verify: rules.selection.verifies(),
        lookup: true,
    };
    let policy = permissions::render(
        &rules.selection,
        by_choice,
        permissions::More::default(),
        PermissionsFormat::Json,
        "trailaudit",
    )?;
    folder.bytes(
        "iam-policy.json",
        "The least permissions that this selection of checks needs",
        policy.as_bytes(),
    )?;
    Ok(())
}

/// A check's logic in words.
#[derive(Serialize)]
struct Logic {
    #[serde(flatten)]
    check: explained::Explanation,
    selected: bool,
    judged_as: Option<Severity>,
}

/// What was judged, in every format, and control by control.
fn told(parts: &Parts<'_>, folder: &mut Folder) -> anyhow::Result<()> {
    let audit = parts.audit;
    let options = options(&folder.files());
    for format in FORMATS {
        folder.put(&names::report(format), format.about, |out| {
            Ok((format.write)(audit, &options, out)?)
        })?;
    }
    if let Some(events) = &parts.snapshot.inventory.events {
        folder.json(
            "events/rests-on.json",
            "The hours, logs and records that the key events rest on, and what is missing",
            &events.rests_on,
        )?;
        folder.put(
            "events/key-events.jsonl",
            "The key events of the period, by check and subject, with their first records",
            |out| {
                for found in &events.found {
                    sanitize::compact(found, &mut *out)?;
                    out.write_all(b"\n")?;
                }
                Ok(())
            },
        )?;
    }
    let ids = parts
        .rules
        .selection
        .checks
        .iter()
        .map(|it| it.id)
        .collect();
    for framework in &parts.rules.selection.all_frameworks {
        let result = framework::result(
            framework,
            &ids,
            &audit.findings,
            parts.rules.settings.retention_days,
        );
        let about = format!(
            "{} {}, control by control",
            framework.name, framework.version
        );
        folder.put(&format!("controls/{}.csv", framework.id), &about, |out| {
            Ok(sheets::controls(audit, &result, out)?)
        })?;
    }
    for (path, about, lines) in [
        (
            "digests/chains.jsonl",
            "What CloudTrail's own signatures prove, hour by hour",
            serde_json::to_value(&audit.chains)?,
        ),
        (
            "digests/problems.jsonl",
            "What is wrong with them",
            serde_json::to_value(&audit.problems)?,
        ),
    ] {
        let lines = lines.as_array().cloned();
        let lines = lines.context("chains and problems are lists")?;
        if !lines.is_empty() {
            folder.put(path, about, |out| {
                for line in &lines {
                    sanitize::compact(line, &mut *out)?;
                    out.write_all(b"\n")?;
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// How the reports of a bundle are written: all there is, and with links to the facts.
fn options(files: &[File]) -> Options {
    let linked = |path: &str, is_ledger| {
        let file = files.iter().find(|it| it.path == path)?;
        Some(Linked {
            href: format!("../{path}"),
            about: file.about.clone(),
            sha256: file.sha256.clone(),
            is_ledger,
        })
    };
    Options {
        sarif_profile: Profile::Full,
        detail: Detail::Everything,
        evidence: [linked(names::INVENTORY, false), linked(names::LEDGER, true)]
            .into_iter()
            .flatten()
            .collect(),
        ..Options::default()
    }
}

/// Copies the answers, and counts them.
fn answers(parts: &Parts<'_>, folder: &mut Folder) -> anyhow::Result<Option<u64>> {
    let Some(path) = parts.answers else {
        return Ok(None);
    };
    let failed = || format!("{} cannot be read", path.display());
    let file = crate::files::open(path)?;
    let mut count = 0;
    folder.put(
        names::ANSWERS,
        "The raw answers of AWS, less secrets and e-mail addresses (zstd, JSON Lines)",
        |out| {
            count = crate::recordings::copy(file, out, &parts.snapshot.inventory.ledger)
                .with_context(failed)?;
            Ok(())
        },
    )?;
    Ok(Some(count))
}

/// Copies a digest file, and notes what it says of time.
fn digest(path: &Path, folder: &mut Folder) -> anyhow::Result<NotBefore> {
    let wrong = || format!("{} is no digest file of CloudTrail", path.display());
    let packed = crate::files::read(path, DIGEST)?;
    let found = read_digest(&packed).with_context(wrong)?;
    folder.bytes(
        names::DIGEST,
        "A digest file of CloudTrail: this bundle is not older",
        &packed,
    )?;
    Ok(found)
}

/// The newest digest of the chains that were verified.
fn newest(inventory: &Inventory) -> Option<NotBefore> {
    let proved = inventory
        .chains
        .values()
        .filter_map(|it| it.newest.as_ref());
    let newest = proved.max_by_key(|it| (it.end, &it.at))?;
    Some(NotBefore {
        file: None,
        bucket: newest.at.bucket.clone(),
        key: newest.at.key.clone(),
        end: newest.end,
        sha256: newest.sha256.clone(),
    })
}

/// What a digest file says of itself. That AWS signed it is for the chain to prove.
pub fn read_digest(packed: &[u8]) -> anyhow::Result<NotBefore> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Digest {
        #[serde(rename = "digestS3Bucket")]
        bucket: String,
        #[serde(rename = "digestS3Object")]
        key: String,
        digest_end_time: Timestamp,
    }
    let mut bytes = Vec::new();
    std::io::Read::take(flate2::read::GzDecoder::new(packed), DIGEST + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > DIGEST {
        bail!("it unpacks to more than {DIGEST} bytes");
    }
    let digest: Digest = serde_json::from_slice(&bytes)?;
    Ok(NotBefore {
        file: Some(names::DIGEST.to_owned()),
        bucket: digest.bucket,
        key: digest.key,
        end: digest.digest_end_time,
        sha256: sha256(&bytes),
    })
}

/// SHA-256 of the program's own file, where it can be read.
fn program() -> Option<String> {
    let file = std::fs::File::open(std::env::current_exe().ok()?).ok()?;
    Some(sha256_of(BufReader::new(file)).ok()?.0)
}

/// What a statement says of the files as a whole.
#[must_use]
pub fn predicate(manifest: &Manifest) -> serde_json::Value {
    serde_json::json!({
        "tool": manifest.tool,
        "of": manifest.of,
        "started_at": manifest.started_at,
        "now": manifest.now,
    })
}

/// The statement over all files, `SHA256SUMS` included, and its signature.
fn seal(manifest: &Manifest, key: &Key, folder: &mut Folder) -> anyhow::Result<()> {
    let payload = seal::statement(&folder.sums(), &predicate(manifest))?;
    let public = key.public();
    let signature = key.sign(&payload);
    if !public.signed(&payload, &signature) {
        bail!("the key's signature does not fit the key");
    }
    let envelope = seal::envelope(&payload, &public, &signature)?;
    folder.bytes(names::ENVELOPE, "", &envelope)?;
    folder.bytes(names::PAE, "", &seal::pae(&payload))?;
    folder.bytes(names::SIGNATURE, "", &signature)?;
    Ok(())
}
