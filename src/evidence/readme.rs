//! The bundle's `README.md`: what is in it, how to check it with tools that everybody has, what it proves.

use std::fmt::Write as _;

use trailaudit_checks::audit::Audit;
use trailaudit_reports::sheets;

use super::manifest::{File, Manifest};
use super::names;

/// Its text.
#[must_use]
pub fn of(manifest: &Manifest, audit: &Audit, files: &[File]) -> String {
    let finished = match manifest.finished_at {
        Some(at) => format!("to {at}"),
        None => "to its end, which never came: the run was cut off".to_owned(),
    };
    let mut out = String::new();
    let _ = writeln!(
        out,
        "# Evidence: the CloudTrail record of {}\n",
        plain(&manifest.of)
    );
    let _ = writeln!(out, "{}\n", sheets::verdict(audit));
    let _ = writeln!(
        out,
        "Facts taken from {} {finished}, judged {} by trailaudit {}.",
        manifest.started_at,
        manifest.now,
        plain(&manifest.tool.version)
    );
    let _ = writeln!(
        out,
        "AWS was asked by `{}`.\n",
        plain(manifest.caller_arn.as_str())
    );
    let _ = writeln!(out, "## Check it\n\n```\nsha256sum -c {}", names::SUMS);
    if manifest.key.is_some() {
        let (key, pae, sig, sums) = (names::KEY, names::PAE, names::SIGNATURE, names::SUMS);
        let _ = writeln!(
            out,
            "openssl pkeyutl -verify -pubin -inkey {key} -rawin -in {pae} -sigfile {sig}"
        );
        let _ = writeln!(
            out,
            "grep -q \"$(sha256sum < {sums} | cut -c1-64)\" {pae} && echo 'the signature covers {sums}'"
        );
        let _ = writeln!(
            out,
            "openssl pkey -pubin -in {key} -outform DER | sha256sum   # compare with the signer's own word"
        );
        out.push_str("trailaudit evidence verify . --public-key SIGNER.pem    # all of this, and whether the verdicts follow from the facts\n```\n\n");
    } else {
        out.push_str("trailaudit evidence verify .    # all of this, and whether the verdicts follow from the facts\n```\n\n");
    }
    match &manifest.key {
        Some(key) => {
            let _ = writeln!(out, "Signed by the ed25519 key {key}.\n**The key in this bundle proves nothing**: whoever changes a bundle can sign it anew with a key of their own. Compare\nit with what the signer told you by another way, and give that key to `verify`.\n");
        }
        None => out.push_str("**Not signed.** The hashes show accidents. Whoever changes a file on purpose can change them too.\n\n"),
    }
    out.push_str("## Files\n\n| file | bytes | what |\n| --- | ---: | --- |\n");
    for file in files {
        let _ = writeln!(out, "| `{}` | {} | {} |", file.path, file.size, file.about);
    }
    let _ = writeln!(
        out,
        "| `{}` | | The same list with hashes, the run's parameters, the bundle before this one |",
        names::MANIFEST
    );
    let _ = writeln!(out, "| `{}` | | The hash of every file |", names::SUMS);
    if manifest.key.is_some() {
        let _ = writeln!(
            out,
            "| `{}` | | The signed statement (in-toto, in a DSSE envelope) |",
            names::ENVELOPE
        );
        let _ = writeln!(
            out,
            "| `{}`, `{}` | | The bytes that were signed and the signature, for `openssl` |",
            names::PAE,
            names::SIGNATURE
        );
    }
    out.push_str("\n## What it proves, and what it does not\n\n");
    for line in proves(manifest, true, true)
        .into_iter()
        .chain(proves_not(manifest))
    {
        let _ = writeln!(out, "- {line}");
    }
    out.push_str("\n## Stated by the signer, not verified\n\n");
    for line in stated(manifest) {
        let _ = writeln!(out, "- {line}");
    }
    out
}

/// What only the signer's word stands for, whoever checks the bundle.
#[must_use]
pub fn stated(manifest: &Manifest) -> Vec<String> {
    let mut lines = vec![
        format!(
            "The facts are those that AWS gave to {}, taken from {} on: answers of AWS are not signed.",
            plain(manifest.caller_arn.as_str()),
            manifest.started_at
        ),
        format!(
            "The clock of the evaluation, by which waivers expire: {}.",
            manifest.now
        ),
        format!(
            "The program: {} {}, {}.",
            plain(&manifest.tool.name),
            plain(&manifest.tool.version),
            match &manifest.program_sha256 {
                Some(hash) => format!("of SHA-256 {}", plain(hash)),
                None => "of unknown hash".to_owned(),
            }
        ),
    ];
    if let Some(it) = &manifest.not_before {
        lines.push(format!(
            "The newest digest: that CloudTrail signed {}/{}, which ends at {}, is not verified here; compare its hash {} with the `previousDigestHashValue` of the next digest in the bucket.",
            plain(&it.bucket),
            plain(&it.key),
            it.end,
            plain(&it.sha256)
        ));
    }
    lines
}

/// What a bundle without a flaw proves, if its verdicts were derived again, and if the key is the signer's.
#[must_use]
pub fn proves(manifest: &Manifest, judged_again: bool, trusted: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if judged_again {
        lines.extend([
        "The verdicts and all reports follow from the inventory, the settings and the waivers in here: `trailaudit evidence verify` judges them again.".to_owned(),
        "The population is that of the ledger's own listings; what was not seen is named, and is nowhere counted as a pass.".to_owned(),
        ]);
    }
    match &manifest.key {
        Some(key) if trusted => lines.push(format!(
            "Nothing was changed since the holder of key {} signed it.",
            plain(key)
        )),
        Some(_) | None => {
            lines.push("Nothing was changed by accident since it was made.".to_owned())
        }
    }
    if let Some(it) = &manifest.not_before {
        lines.push(format!("It was not made before {}, if the next digest of that chain names the hash {}: CloudTrail delivered this one after that hour.", it.end, plain(&it.sha256)));
    }
    if manifest.previous.is_some() {
        lines.push("It was made after the bundle that it names as the one before it.".to_owned());
    }
    lines
}

/// What it does not prove, whoever signed it.
#[must_use]
pub fn proves_not(manifest: &Manifest) -> Vec<String> {
    let mut lines = vec![
        "Not that AWS gave these answers: look up request ids of the ledger in the accounts' own CloudTrail, or ask AWS again.".to_owned(),
        "Not who signed: a key says nothing of its holder.".to_owned(),
        "Not when it was signed: have the statement time-stamped (RFC 3161) if that matters.".to_owned(),
        "Not how things were between two runs, unless chains of digests were verified over that time.".to_owned(),
    ];
    if manifest.answers.is_none() {
        lines.push("Not what AWS answered word for word: the raw answers were not kept (`--keep-answers`).".to_owned());
    }
    if manifest.not_before.is_none() {
        lines.push(
            "Not a least age: no digest of CloudTrail was verified (`--verify-digests`), and none was given (`--newest-digest`).".to_owned(),
        );
    }
    lines
}

/// Text from outside for a line of Markdown: what is not plain is left out.
fn plain(text: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || " -._:/@+=,".contains(*c);
    text.chars().filter(plain).take(200).collect()
}
