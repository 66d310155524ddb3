//! Checks a bundle: its bytes, its signature, and whether its verdicts follow from its facts.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Serialize;
use trailaudit_checks::audit::Audit;
use trailaudit_checks::inventory::CallRecord;

use super::create::Parts;
use super::folder::Folder;
use super::manifest::{Manifest, SCHEMA};
use super::open::Opened;
use super::seal::{self, Public};
use super::sums::{self, Sums, sha256, sha256_of};
use super::{again, create, names, readme};
use crate::files;
use crate::snapshot::{Source, load};

/// How large a list of hashes or a statement may be.
const LIST: u64 = 16 << 20;
/// No inventory unpacks to so many times its size, and more than this.
const RATIO: u64 = 500;
const SMALL: u64 = 64 << 20;

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Found {
    /// What is as it should be.
    pub ok: Vec<String>,
    /// What is not.
    pub wrong: Vec<String>,
    /// What could not be told.
    pub open: Vec<String>,
    /// What follows.
    pub proves: Vec<String>,
    /// What does not.
    pub proves_not: Vec<String>,
}

/// Checks all of it. What nobody has proved to be whole is not read any further.
#[must_use]
pub fn verify(bundle: &Opened, key: Option<&Path>, previous: Option<&Opened>) -> Found {
    let mut found = Found::default();
    let sums = match whole(bundle, &mut found) {
        Ok(sums) => sums,
        Err(error) => {
            found.wrong.push(format!("{error:#}"));
            return found;
        }
    };
    found.settle(signed(bundle, &sums, key));
    if !found.wrong.is_empty() {
        return found;
    }
    let manifest = match manifest(bundle, &sums) {
        Ok(manifest) => manifest,
        Err(error) => {
            found.wrong.push(format!("{error:#}"));
            return found;
        }
    };
    found.settle(linked(&manifest, previous));
    let follows = follows(bundle, &manifest);
    let judged_again = matches!(follows, Ok(Said::Ok(_)));
    found.settle(follows);
    if found.wrong.is_empty() {
        found.proves = readme::proves(&manifest, judged_again);
        found.proves_not = readme::proves_not(&manifest);
    }
    found
}

/// One answer.
enum Said {
    Ok(String),
    Open(String),
    Nothing,
}

impl Found {
    fn settle(&mut self, said: anyhow::Result<Said>) {
        match said {
            Ok(Said::Ok(words)) => self.ok.push(words),
            Ok(Said::Open(words)) => self.open.push(words),
            Ok(Said::Nothing) => {}
            Err(error) => self.wrong.push(format!("{error:#}")),
        }
    }
}

/// The files are those that `SHA256SUMS` lists, and have the hashes it gives.
fn whole(bundle: &Opened, found: &mut Found) -> anyhow::Result<Sums> {
    let text = bundle.read(names::SUMS, LIST)?;
    let text = String::from_utf8(text).with_context(|| format!("{} is no text", names::SUMS))?;
    let sums =
        sums::parse(&text).with_context(|| format!("{} is not as it was written", names::SUMS))?;
    let mut expected: BTreeSet<&str> = sums.keys().map(String::as_str).collect();
    expected.insert(names::SUMS);
    expected.extend(names::COMPANIONS.iter().filter(|it| bundle.has(it)));
    let there: BTreeSet<&str> = bundle.files.keys().map(String::as_str).collect();
    for path in there.difference(&expected) {
        found.wrong.push(format!(
            "{path} is in the bundle, and {} does not list it",
            names::SUMS
        ));
    }
    for path in expected.difference(&there) {
        found.wrong.push(format!("{path} is missing"));
    }
    for (path, sum) in sums.iter().filter(|(path, _)| bundle.has(path)) {
        let (seen, _) = sha256_of(BufReader::new(bundle.stream(path)?))?;
        if seen != *sum {
            found.wrong.push(format!(
                "{path} was changed: its SHA-256 is {seen}, {sum} is listed"
            ));
        }
    }
    if found.wrong.is_empty() {
        found.ok.push(format!(
            "{} files are those that {} lists, byte for byte",
            sums.len(),
            names::SUMS
        ));
    }
    Ok(sums)
}

/// The statement covers all files, and is signed by the key.
fn signed(bundle: &Opened, sums: &Sums, expected: Option<&Path>) -> anyhow::Result<Said> {
    let there = names::COMPANIONS.iter().filter(|it| bundle.has(it)).count();
    if there == 0 && !bundle.has(names::KEY) {
        if expected.is_some() {
            bail!("it is not signed, by that key or any other");
        }
        return Ok(Said::Open(
            "it is not signed: whoever changes a file can change its hash".to_owned(),
        ));
    }
    if there != names::COMPANIONS.len() || !bundle.has(names::KEY) {
        bail!("only a part of its statement, signature and key is there");
    }
    let pem = bundle.read(names::KEY, LIST)?;
    let public = Public::parse(&String::from_utf8_lossy(&pem)).context(names::KEY)?;
    let bytes = bundle.read(names::ENVELOPE, LIST)?;
    let (payload, signature) = seal::open(&bytes).context(names::ENVELOPE)?;
    if !public.signed(&payload, &signature) {
        bail!(
            "{}: the signature is not that of {}",
            names::ENVELOPE,
            names::KEY
        );
    }
    // The same statement in other bytes would be one that nobody has signed in this form.
    if seal::envelope(&payload, &public, &signature)? != bytes {
        bail!("{} is not as it was written", names::ENVELOPE);
    }
    if bundle.read(names::PAE, LIST)? != seal::pae(&payload) {
        bail!("{} is not what was signed", names::PAE);
    }
    if bundle.read(names::SIGNATURE, LIST)? != signature {
        bail!(
            "{} is not the signature of {}",
            names::SIGNATURE,
            names::ENVELOPE
        );
    }
    let mut files = sums.clone();
    files.insert(
        names::SUMS.to_owned(),
        sha256(sums::render(sums).as_bytes()),
    );
    if seal::subjects(&payload)? != files {
        bail!(
            "what was signed is another list of files than {}",
            names::SUMS
        );
    }
    let id = public.id();
    match expected {
        Some(path) => {
            let text = files::read_text(path)?;
            let expected = Public::parse(&text).with_context(|| format!("{}", path.display()))?;
            if expected != public {
                bail!(
                    "it is signed by key {id}, and {} is key {}",
                    path.display(),
                    expected.id()
                );
            }
            Ok(Said::Ok(format!(
                "all of them are signed by the key you gave, {id}"
            )))
        }
        None => Ok(Said::Ok(format!(
            "all of them are signed by key {id}, which is in the bundle itself: is it theirs? (--public-key)"
        ))),
    }
}

/// The manifest says of each file what is so.
fn manifest(bundle: &Opened, sums: &Sums) -> anyhow::Result<Manifest> {
    let manifest: Manifest = bundle.json(names::MANIFEST)?;
    if manifest.schema > SCHEMA {
        bail!(
            "its form is {}, newer than what this program reads (up to {SCHEMA}). Update trailaudit",
            manifest.schema
        );
    }
    let listed: Sums = manifest
        .files
        .iter()
        .map(|it| (it.path.clone(), it.sha256.clone()))
        .collect();
    let mut expected = sums.clone();
    expected.remove(names::MANIFEST);
    if listed != expected || listed.len() != manifest.files.len() {
        bail!("{} lists other files than {}", names::MANIFEST, names::SUMS);
    }
    if let Some(file) = manifest
        .files
        .iter()
        .find(|it| bundle.files.get(&it.path) != Some(&it.size))
    {
        bail!(
            "{} has not the size that {} gives",
            file.path,
            names::MANIFEST
        );
    }
    let key = bundle.has(names::KEY);
    if manifest.key.is_some() != key {
        bail!("{} says of its key what is not so", names::MANIFEST);
    }
    Ok(manifest)
}

/// The bundle before it is the one that it names.
fn linked(manifest: &Manifest, previous: Option<&Opened>) -> anyhow::Result<Said> {
    match (&manifest.previous, previous) {
        (None, None) => Ok(Said::Nothing),
        (None, Some(_)) => bail!("it names no bundle before it"),
        (Some(link), None) => Ok(Said::Open(format!(
            "it names a bundle before it (facts of {}), which was not looked at: --previous",
            link.started_at
        ))),
        (Some(link), Some(previous)) => {
            let seen = sha256(&previous.read(names::SUMS, LIST)?);
            if seen != link.sha256sums {
                bail!(
                    "the bundle before it has a {} of hash {seen}, it names {}",
                    names::SUMS,
                    link.sha256sums
                );
            }
            Ok(Said::Ok(
                "the bundle before it is the one that it names".to_owned(),
            ))
        }
    }
}

/// The calls in the ledger.
pub fn ledger(bundle: &Opened) -> anyhow::Result<Vec<CallRecord>> {
    let mut ledger = Vec::new();
    for line in BufReader::new(bundle.stream(names::LEDGER)?).lines() {
        ledger.push(serde_json::from_str(&line?).context(names::LEDGER)?);
    }
    Ok(ledger)
}

/// The audit is what the inventory gives, and every other file is what these two give.
fn follows(bundle: &Opened, manifest: &Manifest) -> anyhow::Result<Said> {
    unpacks(bundle)?;
    let snapshot = load(&Source::File(bundle.at(names::INVENTORY)))?;
    if ledger(bundle)? != snapshot.inventory.ledger {
        bail!(
            "{} is not the ledger of {}",
            names::LEDGER,
            names::INVENTORY
        );
    }
    let ours = crate::run::tool();
    if manifest.tool != ours {
        return Ok(Said::Open(format!(
            "whether the verdicts follow from the facts was not tried: {} {} made it, this is {}",
            manifest.tool.name, manifest.tool.version, ours.version
        )));
    }
    let audit: Audit = bundle.json(names::AUDIT)?;
    let rules = again::rules(
        &snapshot,
        &audit,
        bundle.json(names::SETTINGS)?,
        bundle.json(names::WAIVERS)?,
    )
    .map_err(|stop| anyhow::anyhow!("its rules cannot be used: {:#}", stop.error()))?;
    if let Some(words) = again::differs(&snapshot, &rules, &audit)? {
        bail!("{} is not what the inventory gives: {words}", names::AUDIT);
    }
    let optional = |path: &str| bundle.has(path).then(|| bundle.at(path));
    let (answers, digest) = (optional(names::ANSWERS), optional(names::DIGEST));
    let parts = Parts {
        snapshot: &snapshot,
        rules: &rules,
        audit: &audit,
        answers: answers.as_deref(),
        digest: digest.as_deref(),
        previous: manifest.previous.clone(),
        key: None,
    };
    let mut again = Folder::nowhere();
    let (answers, not_before) = create::fill(&parts, &mut again)?;
    let again = again.files();
    let whole = create::manifest(&parts, answers, not_before);
    let same = Manifest {
        program_sha256: manifest.program_sha256.clone(),
        key: manifest.key.clone(),
        files: manifest.files.clone(),
        ..whole
    };
    if same != *manifest {
        bail!("{} tells of another run than the files do", names::MANIFEST);
    }
    let given = [names::README, names::KEY];
    let mut listed = manifest.files.clone();
    listed.retain(|it| !given.contains(&it.path.as_str()));
    if let Some((was, is)) = listed.iter().zip(&again).find(|(was, is)| was != is) {
        bail!(
            "{} is not what the inventory and the audit give (it would be {} of hash {})",
            was.path,
            is.path,
            is.sha256
        );
    }
    if listed.len() != again.len() {
        bail!(
            "there are {} files, and {} would follow",
            listed.len(),
            again.len()
        );
    }
    Ok(Said::Ok(format!(
        "{} findings in {} accounts and {} regions, judged again from the inventory, are the same, and so is every \
         report: {} files, byte for byte",
        audit.findings.len(),
        audit.coverage.accounts.len(),
        audit.coverage.regions.len(),
        again.len()
    )))
}

/// No inventory is a bomb.
fn unpacks(bundle: &Opened) -> anyhow::Result<()> {
    let packed = bundle
        .files
        .get(names::INVENTORY)
        .copied()
        .unwrap_or_default();
    let most = packed.saturating_mul(RATIO).saturating_add(SMALL);
    let mut unpacked = std::io::Read::take(
        zstd::Decoder::new(bundle.stream(names::INVENTORY)?)?,
        most + 1,
    );
    if std::io::copy(&mut unpacked, &mut std::io::sink())? > most {
        bail!(
            "{} unpacks to more than {RATIO} times its size",
            names::INVENTORY
        );
    }
    Ok(())
}
