//! Every parser of bytes that somebody else wrote, fed with good input that was spoiled: no panic, and no input that
//! takes its time.
//!
//! The same inputs on every run, for a moment. `TRAILAUDIT_FUZZ_SECONDS=600` gives each parser so long.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::snapshot::{Source, load};
use trailaudit_checks::audit::{Rules, judge};
use trailaudit_checks::selection::{Choice, Selection};
use trailaudit_checks::settings::Settings;

/// Without the variable each parser gets so many inputs.
const ROUNDS: u64 = 300;
/// No single input takes longer: far more than any of these sizes needs, even on a busy machine without optimisation.
const LONGEST: Duration = Duration::from_secs(20);

/// What spoiled input is made of: the marks of all formats, and numbers on the edge.
const PIECES: [&str; 30] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    ",",
    ":",
    "\n",
    "\0",
    "\u{1b}[2J",
    "\u{202e}",
    "null",
    "-1",
    "1e999",
    "18446744073709551616",
    "[[",
    "]]",
    "=",
    "'''",
    "..",
    "/",
    "../../",
    "%",
    "*",
    "9999-12-31",
    "-----BEGIN PUBLIC KEY-----",
    "\u{feff}",
    "{\"a\":",
    "0x",
];

/// SplitMix64: small, and the same everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn roll(&mut self, sides: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(sides.max(1)).unwrap()).unwrap()
    }

    /// The input with one to four faults in it.
    fn spoil(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.roll(4) {
            let at = self.roll(bytes.len() + 1);
            let end = (at + self.roll(64)).min(bytes.len());
            match self.roll(7) {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let piece = PIECES[self.roll(PIECES.len())].repeat(1 + self.roll(3));
                    drop(bytes.splice(at..at, piece.bytes()));
                }
                3 => {
                    let again = bytes[at..end].repeat(1 + self.roll(8));
                    drop(bytes.splice(at..at, again));
                }
                4 => {
                    // Depth: what recursion would fall over.
                    let deep = PIECES[self.roll(2) * 28].repeat(self.roll(400));
                    drop(bytes.splice(at..at, deep.bytes()));
                }
                5 => {
                    let piece = PIECES[self.roll(PIECES.len())];
                    drop(bytes.splice(at..end, piece.bytes()));
                }
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << self.roll(8);
                    }
                }
            }
        }
        bytes
    }
}

/// Feeds a parser. It may say no; it must say something, and soon.
pub(crate) fn feed(seeds: &[&[u8]], mut parse: impl FnMut(&[u8])) {
    let mut dice = Dice(1);
    rounds(ROUNDS, |_| {
        let seed = seeds[dice.roll(seeds.len())];
        let bytes = dice.spoil(seed);
        let before = Instant::now();
        parse(&bytes);
        let took = before.elapsed();
        assert!(
            took < LONGEST,
            "{took:?} for {:?}",
            String::from_utf8_lossy(&bytes)
        );
    });
}

/// The same, for what is read from a file.
pub(crate) fn feed_file(seeds: &[&[u8]], mut parse: impl FnMut(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in");
    feed(seeds, |bytes| {
        std::fs::write(&path, bytes).unwrap();
        parse(&path);
    });
}

/// A record of each kind, and no trailer: the run was cut off.
fn inventory() -> Vec<u8> {
    let mut kinds = std::collections::BTreeMap::new();
    let lines = include_bytes!("demo.jsonl").split(|byte| *byte == b'\n');
    let mut out = Vec::new();
    for line in lines {
        let kind: Vec<u8> = line.iter().take(20).copied().collect();
        let count: &mut u32 = kinds.entry(kind).or_default();
        *count += 1;
        if !line.is_empty()
            && *count <= 2
            && line.len() < 20_000
            && !line.starts_with(b"{\"record\":\"trailer\"")
        {
            out.extend_from_slice(line);
            out.push(b'\n');
        }
    }
    out
}

#[test]
fn inventories() {
    let plain = inventory();
    let packed = zstd::encode_all(plain.as_slice(), 1).unwrap();
    feed_file(&[&plain, &packed], |path| {
        if let Ok(snapshot) = load(&Source::File(path.to_owned())) {
            let _ = snapshot.each_iam(|_| {});
        }
    });
}

#[test]
fn audits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in");
    std::fs::write(&path, inventory()).unwrap();
    let snapshot = load(&Source::File(path)).unwrap();
    let choice = Choice {
        check: vec!["trail-*".to_owned()],
        ..Choice::default()
    };
    let settings = Settings::default();
    let rules = Rules {
        selection: Selection::of(&choice, &settings).unwrap(),
        now: snapshot.inventory.header.taken_at,
        ..all_rules(&settings)
    };
    let mut audit = judge(&snapshot.inventory, &snapshot, &rules).unwrap();
    audit.findings.truncate(5);
    audit.checks.truncate(5);
    let audit = serde_json::to_vec(&audit).unwrap();
    feed_file(&[&audit], |path| {
        let _ = crate::audit_file::load(path);
    });
}

impl Dice {
    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.roll(all.len())]
    }

    fn texts(&mut self, most: usize, mut one: impl FnMut(&mut Self) -> String) -> Value {
        let count = 1 + self.roll(most);
        (0..count).map(|_| Value::from(one(self))).collect()
    }

    /// What wildcards make hard: many of them, and characters that differ.
    fn glob(&mut self) -> String {
        let pieces = 1 + self.roll(30);
        let piece = |dice: &mut Self| match dice.roll(4) {
            0 => "*".to_owned(),
            1 => "?".repeat(1 + dice.roll(20)),
            2 => char::from_u32(0x4e00 + u32::try_from(dice.roll(4_000)).unwrap())
                .unwrap()
                .to_string(),
            _ => dice.pick(&["a", "b", "trail", ":", "/", "*a?"]).to_owned(),
        };
        (0..pieces).map(|_| piece(self)).collect()
    }

    fn condition(&mut self) -> Value {
        let operator = self.pick(&[
            "StringLike",
            "StringNotLike",
            "ArnNotLike",
            "StringNotEqualsIfExists",
            "ForAllValues:StringLike",
            "ForAnyValue:StringNotLike",
            "IpAddress",
            "NotIpAddress",
            "NumericLessThan",
            "DateGreaterThan",
            "Null",
        ]);
        let key = match self.roll(5) {
            0 => format!("aws:PrincipalTag/{}", self.roll(40)),
            1 => "aws:PrincipalArn".to_owned(),
            2 => "aws:PrincipalOrgPaths".to_owned(),
            3 => format!("aws:RequestTag/{}", self.roll(40)),
            _ => "aws:SourceIp".to_owned(),
        };
        let values = self.texts(400, |dice| match operator {
            "IpAddress" | "NotIpAddress" => {
                format!(
                    "10.{}.{}.0/{}",
                    dice.roll(256),
                    dice.roll(256),
                    dice.roll(33)
                )
            }
            "NumericLessThan" => dice.roll(1_000).to_string(),
            "DateGreaterThan" => format!("20{:02}-01-01T00:00:00Z", dice.roll(100)),
            "Null" => dice.pick(&["true", "false"]).to_owned(),
            _ => dice.glob(),
        });
        json!({ operator: { key: values } })
    }

    /// A policy of up to some hundred kilobytes, of all that policies are made of.
    fn policy(&mut self) -> String {
        let count = 1 + self.roll(60);
        let statements = (0..count).map(|_| {
            let mut all = json!({"Effect": self.pick(&["Allow", "Deny"])});
            all["Action"] = match self.roll(3) {
                0 => json!("*"),
                1 => json!(["s3:*", "cloudtrail:*", "kms:*", "sts:*", "logs:*"]),
                _ => self.texts(100, |dice| {
                    format!("{}:{}", dice.pick(&["s3", "cloudtrail", "*"]), dice.glob())
                }),
            };
            all["Resource"] = match self.roll(2) {
                0 => json!("*"),
                _ => self.texts(100, |dice| format!("arn:aws:s3:::{}", dice.glob())),
            };
            all["Principal"] = match self.roll(3) {
                0 => json!("*"),
                1 => json!({"AWS": self.texts(500, |dice| format!("{:012}", dice.roll(100_000)))}),
                _ => json!({"AWS": self.texts(500, |dice| {
                    format!("arn:aws:iam::{:012}:role/{}", dice.roll(10), dice.roll(1_000))
                })}),
            };
            if self.roll(2) == 0 {
                all["Condition"] = self.condition();
            }
            all
        });
        let statements: Vec<Value> = statements.collect();
        json!({"Version": "2012-10-17", "Statement": statements}).to_string()
    }

    /// The same without principals, as identity policies and SCPs are.
    fn policy_of_identity(&mut self) -> String {
        let mut document: Value = serde_json::from_str(&self.policy()).unwrap();
        for statement in document["Statement"].as_array_mut().unwrap() {
            statement.as_object_mut().unwrap().remove("Principal");
        }
        document.to_string()
    }

    fn filter(&mut self) -> String {
        let count = 1 + self.roll(30);
        let tests = (0..count).map(|_| {
            let field = self.pick(&["eventName", "errorCode", "userIdentity.arn", "a.b[0].c"]);
            let value = match self.roll(3) {
                0 => format!(
                    "%{}%",
                    self.pick(&["[^a]{128}", "a{0}{128}{128}", "(a|b)*.{60}"])
                        .repeat(1 + self.roll(30))
                ),
                1 => format!("\"{}\"", self.glob()),
                _ => self.roll(1_000).to_string(),
            };
            let operator = self.pick(&["=", "!="]);
            format!("($.{field} {operator} {value})")
        });
        let tests: Vec<String> = tests.collect();
        format!("{{ {} }}", tests.join(self.pick(&[" || ", " && "])))
    }

    fn selectors(&mut self) -> Value {
        let count = 1 + self.roll(12);
        let one = |dice: &mut Self| {
            let mut fields = vec![
                json!({"field": "eventCategory", "equals": [dice.pick(&["Management", "Data"])]}),
            ];
            for field in [
                "eventName",
                "eventSource",
                "resources.ARN",
                "userIdentity.arn",
                "eventType",
            ] {
                if dice.roll(2) == 0 {
                    let list = dice.pick(&[
                        "not_starts_with",
                        "not_ends_with",
                        "not_equals",
                        "starts_with",
                    ]);
                    let more = dice.pick(&["not_starts_with", "not_ends_with", "ends_with"]);
                    fields.push(json!({"field": field, list: dice.texts(60, Self::glob), more: dice.texts(60, Self::glob)}));
                }
            }
            json!({"name": "x", "fields": fields})
        };
        let all: Vec<Value> = (0..count).map(|_| one(self)).collect();
        json!({"known": {"advanced": all}})
    }
}

/// One document that somebody wrote to keep us busy, in an inventory that is otherwise small: it is judged, soon.
#[test]
fn single_documents() {
    let lines = inventory();
    let lines = lines
        .split(|byte| *byte == b'\n')
        .filter(|it| !it.is_empty());
    let lines: Vec<Value> = lines
        .map(|it| serde_json::from_slice(it).unwrap())
        .collect();
    let settings = Settings::default();
    let mut dice = Dice(7);
    rounds(ROUNDS / 20, |round| {
        let known = |text: String| json!({ "known": text });
        let (record, place, value) = match round % 7 {
            0 => ("bucket", "/value/policy", known(dice.policy())),
            1 => ("key", "/value/policy", known(dice.policy())),
            2 => (
                "iam",
                "/value/details/roles/known/0/trust",
                dice.policy().into(),
            ),
            3 => (
                "iam",
                "/value/details/roles/known/0/inline",
                json!([{"name": "x", "document": dice.policy_of_identity()}]),
            ),
            4 => (
                "organization",
                "/value/known/policies/known/0/document",
                known(dice.policy_of_identity()),
            ),
            5 => (
                "log_group",
                "/value/metric_filters/known/0/pattern",
                dice.filter().into(),
            ),
            _ => ("trail", "/value/selectors", dice.selectors()),
        };
        let mut lines = lines.clone();
        let mut places = lines.iter_mut().filter(|it| it["record"] == record);
        let slot = places.find_map(|it| it.pointer_mut(place));
        let slot = slot.unwrap_or_else(|| panic!("{record}{place}"));
        *slot = value;
        let text: String = lines.iter().map(|it| format!("{it}\n")).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in");
        std::fs::write(&path, &text).unwrap();
        let snapshot = load(&Source::File(path)).unwrap();
        let before = Instant::now();
        judge(&snapshot.inventory, &snapshot, &all_rules(&settings)).unwrap();
        let took = before.elapsed();
        assert!(took < LONGEST, "{took:?} for {record}{place} in {text}");
    });
}

/// Calls so many times, or for as long as is asked for.
fn rounds(count: u64, mut f: impl FnMut(u64)) {
    let seconds = std::env::var("TRAILAUDIT_FUZZ_SECONDS").ok();
    let seconds = seconds.map(|it| Duration::from_secs(it.parse().unwrap()));
    let began = Instant::now();
    for round in 0.. {
        let over = match seconds {
            Some(seconds) => began.elapsed() >= seconds,
            None => round >= count,
        };
        if over {
            break;
        }
        f(round);
    }
}

fn all_rules(settings: &Settings) -> Rules {
    Rules {
        tool: crate::program::tool(),
        selection: Selection::of(&Choice::default(), settings).unwrap(),
        settings: settings.clone(),
        waivers: Default::default(),
        baseline: None,
        now: "2026-11-16T06:00:00Z".parse().unwrap(),
        fail_on: trailaudit_checks::finding::Severity::Low,
        allow_incomplete: false,
        exit_zero: false,
    }
}

#[test]
fn settings_and_waivers() {
    let settings = include_bytes!("../docs/trailaudit.example.toml");
    let settings: String = String::from_utf8_lossy(settings)
        .lines()
        .map(|line| format!("{}\n", line.trim_start_matches('#')))
        .filter(|line| line.contains('=') || line.starts_with('['))
        .collect();
    feed_file(&[settings.as_bytes()], |path| {
        let _ = crate::config::load(Some(path));
    });
    let waivers = "[[waiver]]\ncheck = \"trail-*\"\nsubject = \"arn:*\"\naccount = \"1*\"\nreason = \"r\"\n\
                   approver = \"a\"\nexpires = 2027-01-31\nticket = \"T\"\n\
                   [[accepted_gap]]\ncall = \"s3:*\"\nreason = \"r\"\napprover = \"a\"\nexpires = \"2027-01-31\"\n";
    feed_file(&[waivers.as_bytes()], |path| {
        let _ = crate::config::load_waivers(Some(path));
    });
}

#[test]
fn maps_and_anchors() {
    let map = br#"{"arn:aws:cloudtrail:us-east-1:111111111111:trail/a": "infra/trail.tf:12", "arn:aws:s3:::a*": "b.tf"}"#;
    feed(&[map], |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let _ = text.parse::<trailaudit_reports::AnchorMap>();
        let _ = text.parse::<trailaudit_reports::Anchor>();
    });
}

#[test]
fn kept_answers() {
    let line = br#"{"account":"111111111111","region":"us-east-1","call":"sts:AssumeRole","request_id":"x","status":200,"sha256":"00","redacted":1,"body":"<a/>"}
"#;
    let plain = line.repeat(3);
    let packed = zstd::encode_all(plain.as_slice(), 1).unwrap();
    feed(&[&plain, &packed], |bytes| {
        let _ = crate::recordings::each(std::io::Cursor::new(bytes.to_vec()), |_| Ok(()));
    });
}

#[test]
fn public_keys() {
    let keys = br#"{"us-east-1": {"PublicKeyList": [{"Value": "MIIBCgKCAQEAn11L2YZ9h7onug2ILi1MWyHiMRsTQjfWE+pHVRLk1QjfW==", "ValidityStartTime": 1476462094.0, "ValidityEndTime": "2026-01-01T00:00:00Z", "Fingerprint": "1234567890abcdef1234567890abcdef"}]}}"#;
    feed(&[keys], |bytes| {
        let _ = trailaudit_checks::digest::KeyRing::from_json(bytes);
    });
}

#[test]
fn state_files() {
    let state = br#"{"schema": 1, "chains": {"111111111111/us-east-1/us-east-1/t@b/": {"at": {"bucket": "b", "key": "AWSLogs/111111111111/CloudTrail-Digest/us-east-1/2026/11/16/111111111111_CloudTrail-Digest_us-east-1_t_us-east-1_20261116T040000Z.json.gz"}}}}"#;
    feed_file(&[state], |path| {
        let _ = crate::verify::State::open(path, None);
    });
}
