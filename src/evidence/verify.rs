//! Checks a bundle: its bytes, its signature, and whether its verdicts follow from its facts.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trailaudit_checks::audit::Audit;
use trailaudit_checks::inventory::{CallRecord, Tool};

use super::create::Parts;
use super::folder::Folder;
use super::manifest::{File, Manifest, SCHEMA};
use super::open::Opened;
use super::seal::{self, Public};
use super::sums::{self, Sums, sha256, sha256_of};
use super::{again, create, names, readme, shards};
use crate::files;
use crate::shard::Run;
use crate::snapshot::{Source, load};

/// How large a list of hashes or a statement may be.
const LIST: u64 = 16 << 20;

/// By what a bundle is checked.
#[derive(Debug, Default)]
pub struct Against<'a> {
    /// The signer's public key, from another source than the bundle.
    pub key: Option<&'a Path>,
    /// The bundle before it.
    pub previous: Option<&'a Opened>,
    /// Whose it must be.
    pub organization: Option<&'a str>,
    /// How old its facts may be, and by which clock.
    pub max_age: Option<(SignedDuration, Timestamp)>,
    /// The run in shards that its facts were merged from.
    pub run: Option<&'a Run>,
}

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Found {
    /// What the bundle is about, in its own words; none when it does not say.
    pub about: Option<About>,
    /// What is as it should be.
    pub ok: Vec<String>,
    /// What is not.
    pub wrong: Vec<String>,
    /// What could not be told.
    pub open: Vec<String>,
    /// What the signer states, and nothing here verifies.
    pub stated: Vec<String>,
    /// What follows.
    pub proves: Vec<String>,
    /// What does not.
    pub proves_not: Vec<String>,
}

/// Whose facts, of when, by which version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct About {
    /// The organization's id, or the account's.
    pub organization: String,
    /// When the facts began to be taken.
    pub started_at: Timestamp,
    /// When they were all taken; null when the run was cut off.
    pub finished_at: Option<Timestamp>,
    /// The clock by which they were evaluated.
    pub now: Timestamp,
    /// The program that made it.
    pub tool: Tool,
    /// The key by which it says to be signed.
    pub key: Option<String>,
}

impl About {
    fn of(manifest: &Manifest) -> Self {
        Self {
            organization: manifest.of.clone(),
            started_at: manifest.started_at,
            finished_at: manifest.finished_at,
            now: manifest.now,
            tool: manifest.tool.clone(),
            key: manifest.key.clone(),
        }
    }
}

/// Checks all of it. What nobody has proved to be whole is not read any further.
#[must_use]
pub fn verify(bundle: &Opened, against: &Against<'_>) -> Found {
    let mut found = Found {
        about: read_manifest(bundle).ok().as_ref().map(About::of),
        ..Found::default()
    };
    let sums = match whole(bundle, &mut found) {
        Ok(sums) => sums,
        Err(error) => {
            found.wrong.push(format!("{error:#}"));
            return found;
        }
    };
    let seal = signed(bundle, &sums, against.key);
    let trusted = matches!(seal, Ok((Said::Ok(_), _)));
    let payload = found.take(seal).flatten();
    if !found.wrong.is_empty() {
        return found;
    }
    let manifest = match manifest(bundle, &sums, payload.as_deref()) {
        Ok(manifest) => manifest,
        Err(error) => {
            found.wrong.push(format!("{error:#}"));
            return found;
        }
    };
    found.settle(linked(&manifest, against.previous));
    found.settle(theirs(&manifest, against.organization));
    found.settle(fresh(&manifest, against.max_age));
    if let Some(run) = against.run {
        let held = shards::compare(bundle, run).map(|count| {
            Said::Ok(format!(
                "the run holds the {count} shards that its facts were merged from"
            ))
        });
        found.settle(held);
    }
    let follows = follows(bundle, &manifest);
    let derived = matches!(follows, Ok(Said::Ok(_)));
    found.settle(follows);
    if found.wrong.is_empty() {
        found.stated = readme::stated(&manifest);
        found.proves = readme::proves(&manifest, derived, trusted);
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

    /// The same, of an answer that comes with something.
    fn take<T>(&mut self, said: anyhow::Result<(Said, T)>) -> Option<T> {
        match said {
            Ok((said, with)) => {
                self.settle(Ok(said));
                Some(with)
            }
            Err(error) => {
                self.settle(Err(error));
                None
            }
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

/// The statement covers all files, and is signed by the key. With it, what was signed.
fn signed(
    bundle: &Opened,
    sums: &Sums,
    expected: Option<&Path>,
) -> anyhow::Result<(Said, Option<Vec<u8>>)> {
    let there = names::COMPANIONS.iter().filter(|it| bundle.has(it)).count();
    if there == 0 && !bundle.has(names::KEY) {
        if expected.is_some() {
            bail!("it is not signed, by that key or any other");
        }
        let words = "it is not signed: whoever changes a file can change its hash";
        return Ok((Said::Open(words.to_owned()), None));
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
            let text = files::read_text(path, files::SMALL)?;
            let expected = Public::parse(&text).with_context(|| format!("{}", path.display()))?;
            if expected != public {
                bail!(
                    "it is signed by key {id}, and {} is key {}",
                    path.display(),
                    expected.id()
                );
            }
            let words = format!("all of them are signed by the key you gave, {id}");
            Ok((Said::Ok(words), Some(payload)))
        }
        // Whoever changes a bundle can put a key of their own into it.
        None => {
            let words = format!(
                "signed by an unknown key {id}; give --public-key FILE, from the signer and not from the bundle"
            );
            Ok((Said::Open(words), Some(payload)))
        }
    }
}

/// The manifest, if it is of a form that this program reads.
fn read_manifest(bundle: &Opened) -> anyhow::Result<Manifest> {
    /// What every version has.
    #[derive(Deserialize)]
    struct Any {
        schema: u32,
    }
    let bytes = bundle.read(names::MANIFEST, LIST)?;
    let any: Any = serde_json::from_slice(&bytes)
        .with_context(|| format!("{} cannot be understood", names::MANIFEST))?;
    if any.schema > SCHEMA {
        bail!(
            "its form is {}, newer than what this program reads (up to {SCHEMA}). Update trailaudit",
            any.schema
        );
    }
    serde_json::from_slice(&bytes)
        .with_context(|| format!("{} cannot be understood", names::MANIFEST))
}

/// The manifest says of each file what is so.
fn manifest(bundle: &Opened, sums: &Sums, payload: Option<&[u8]>) -> anyhow::Result<Manifest> {
    let manifest = read_manifest(bundle)?;
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
    if let Some(payload) = payload {
        let mut files = sums.clone();
        let sums = sha256(sums::render(sums).as_bytes());
        files.insert(names::SUMS.to_owned(), sums);
        if seal::statement(&files, &create::predicate(&manifest))? != payload {
            bail!(
                "what was signed tells of another run than {}",
                names::MANIFEST
            );
        }
        let pem = bundle.read(names::KEY, LIST)?;
        let public = Public::parse(&String::from_utf8_lossy(&pem)).context(names::KEY)?;
        if manifest.key.as_deref() != Some(public.id().as_str()) {
            bail!("{} names another key than {}", names::MANIFEST, names::KEY);
        }
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
            let mut before = Found::default();
            whole(previous, &mut before).context("the bundle before it")?;
            if let Some(wrong) = before.wrong.first() {
                bail!("the bundle before it: {wrong}");
            }
            let earlier = read_manifest(previous).context("the bundle before it")?;
            if earlier.of != manifest.of {
                bail!(
                    "the bundle before it is of {}, this one is of {}",
                    earlier.of,
                    manifest.of
                );
            }
            if earlier.started_at != link.started_at || earlier.started_at >= manifest.started_at {
                bail!(
                    "the bundle before it has facts of {}, this one of {}, and it names one of {}",
                    earlier.started_at,
                    manifest.started_at,
                    link.started_at
                );
            }
            Ok(Said::Ok(format!(
                "the bundle before it is the one that it names, whole, with facts of {}",
                link.started_at
            )))
        }
    }
}

/// It is of the organization that was expected.
fn theirs(manifest: &Manifest, expected: Option<&str>) -> anyhow::Result<Said> {
    match expected {
        None => Ok(Said::Nothing),
        Some(expected) if expected == manifest.of => {
            Ok(Said::Ok(format!("it is of {expected}, as expected")))
        }
        Some(expected) => bail!("it is of {}, not of {expected}", manifest.of),
    }
}

/// Its facts are not older than they may be, and not of a time that has not come.
fn fresh(
    manifest: &Manifest,
    max_age: Option<(SignedDuration, Timestamp)>,
) -> anyhow::Result<Said> {
    let Some((most, now)) = max_age else {
        return Ok(Said::Nothing);
    };
    let at = manifest.started_at;
    let age = now.duration_since(at);
    if age.is_negative() {
        bail!("its facts are of {at}, which is after {now}");
    }
    let hours = age.as_hours();
    if age > most {
        bail!(
            "its facts are of {at}, {hours} hours before {now}; at most {} hours are allowed",
            most.as_hours()
        );
    }
    Ok(Said::Ok(format!(
        "its facts are {hours} hours old, at most {} hours are allowed",
        most.as_hours()
    )))
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
    let snapshot = load(&Source::File(bundle.at(names::INVENTORY)))?;
    if ledger(bundle)? != snapshot.inventory.ledger {
        bail!(
            "{} is not the ledger of {}",
            names::LEDGER,
            names::INVENTORY
        );
    }
    let ours = crate::program::tool();
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
    // All but these two follow from the facts: the key is compared with the one that was given, and the README is
    // about the other files.
    let mut listed = manifest.files.clone();
    listed.retain(|it| it.path != names::README && it.path != names::KEY);
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
    let mut about = manifest.files.clone();
    about.retain(|it| it.path != names::README);
    let readme = readme::of(manifest, &audit, &about);
    if bundle.read(names::README, LIST)? != readme.as_bytes() {
        bail!(
            "{} is not what the inventory and the audit give",
            names::README
        );
    }
    let other = |file: &File| match file.path.as_str() {
        names::README => file.about != create::README_ABOUT,
        names::KEY => file.about != create::KEY_ABOUT,
        _ => false,
    };
    if let Some(file) = manifest.files.iter().find(|it| other(it)) {
        bail!("{} describes {} in other words", names::MANIFEST, file.path);
    }
    Ok(Said::Ok(format!(
        "{} findings in {} accounts and {} regions, judged again from the inventory, are the same, and so is every \
         report: {} files, byte for byte",
        audit.findings.len(),
        audit.coverage.accounts.len(),
        audit.coverage.regions.len(),
        again.len() + 1
    )))
}
