//! The parts of a bundle that are read before anything of it is believed, spoiled: see `crate::fuzz`.

use std::io::Write as _;

use serde_json::json;

use super::manifest::Manifest;
use super::seal::{self, Public};
use super::{create, open, sums, tar};
use crate::fuzz::{feed, feed_file};

fn list() -> sums::Sums {
    ["README.md", "audit.json", "reports/trailaudit.csv"]
        .map(|it| (it.to_owned(), sums::sha256(it.as_bytes())))
        .into()
}

#[test]
fn lists_of_hashes_and_paths() {
    let text = sums::render(&list());
    feed(&[text.as_bytes()], |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(sums) = sums::parse(&text) {
            // What is accepted is a name within the bundle.
            for path in sums.keys() {
                let out = path.starts_with('/') || path.split('/').any(|it| it == "..");
                assert!(!out, "{path:?}");
            }
        }
    });
}

#[test]
fn envelopes_statements_and_keys() {
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAFgwTRpILxNADtSha9N/n8BMaGtY+kkvzuQ383mujfts=\n-----END PUBLIC KEY-----\n";
    let key = Public::parse(pem).unwrap();
    let statement = seal::statement(&list(), &json!({"of": "o-a"})).unwrap();
    let envelope = seal::envelope(&statement, &key, &[0; 64]).unwrap();
    feed(&[&envelope, &statement, pem.as_bytes()], |bytes| {
        if let Ok((payload, signature)) = seal::open(bytes) {
            assert!(!key.signed(&payload, &signature));
        }
        let _ = seal::subjects(bytes);
        let _ = Public::parse(&String::from_utf8_lossy(bytes));
    });
}

#[test]
fn archives() {
    let mut plain = Vec::new();
    for (path, bytes) in [("a.txt", &b"abc"[..]), ("b/c", b""), ("b/d", &[1; 600])] {
        tar::put(&mut plain, path, bytes.len() as u64, bytes).unwrap();
    }
    tar::end(&mut plain).unwrap();
    feed(&[&plain], |bytes| {
        let _ = tar::each(bytes, |_, _, file| {
            file.read_to_end(&mut Vec::new())?;
            Ok(())
        });
    });
    let packed = zstd::encode_all(plain.as_slice(), 1).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.tar.zst");
    feed(&[&packed], |bytes| {
        std::fs::write(&path, bytes).unwrap();
        let _ = open::open(&path);
    });
    // Nothing was written beside it.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn manifests_and_digests() {
    let manifest = json!({
        "schema": 1, "tool": {"name": "trailaudit", "version": "0.1.0"}, "program_sha256": null, "of": "o-a",
        "caller_arn": "arn:aws:iam::111111111111:root", "started_at": "2026-11-16T06:00:00Z", "finished_at": null,
        "now": "2026-11-16T06:00:00Z", "selection": [], "answers": null, "not_before": null, "previous": null,
        "key": null, "files": [{"path": "a", "size": 1, "sha256": "", "about": ""}],
        "run": {"complete": true, "interrupted": false, "exit_code": 0, "fail_on": "low", "allow_incomplete": false,
                "exit_zero": false},
        "summary": {"pass": 0, "fail": 0, "unknown": 0, "not_applicable": 0, "waived": 0, "by_severity": {}}
    });
    let manifest = manifest.to_string();
    serde_json::from_str::<Manifest>(&manifest).unwrap();
    feed(&[manifest.as_bytes()], |bytes| {
        let _ = serde_json::from_slice::<Manifest>(bytes);
    });
    let digest = r#"{"digestS3Bucket": "b", "digestS3Object": "k", "digestEndTime": "2026-11-16T05:00:00Z"}"#;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(digest.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    create::read_digest(&packed).unwrap();
    feed(&[&packed], |bytes| {
        let _ = create::read_digest(bytes);
    });
    // Whatever a key's file holds.
    feed_file(&[b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINHa2g1Ks/UgF4vYTHE8recbn2/XA7WxFjaS1W3h0J9J\n-----END PRIVATE KEY-----\n"], |path| {
        let _ = seal::Key::read(path);
    });
}
