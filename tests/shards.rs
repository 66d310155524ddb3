//! `shard` with chains, through the binary: what many processes verify is what one does.

use serde_json::Value;

use crate::binary::Place;
use crate::verify::{END, NOW, lay};

/// Three accounts, of which two share a region.
const ACCOUNTS: &str = r#""accounts": ["111122223333", "222233334444", "333344445555"], "regions": ["eu-west-1", "us-east-1"]"#;

const WINDOW: [&str; 4] = ["--public-keys", "keys.json", "--until", END];

/// What both say of the logs.
fn told(audit: &Value) -> [&Value; 4] {
    ["chains", "problems", "findings", "summary"].map(|it| &audit[it])
}

fn single(place: &Place, more: &[&str]) -> Value {
    let args = ["verify", "tree", "--now", NOW, "-f", "json"];
    place.run(&[&args, &WINDOW[..], more].concat()).json()
}

fn planned(place: &Place, run: &str, shards: usize, more: &[&str]) {
    let shards = shards.to_string();
    let args = ["shard", "plan-verify", "tree", "--run", run, "--shards"];
    let done = place.run(&[&args, &[shards.as_str()][..], &WINDOW, more].concat());
    assert_eq!(done.code(0).stdout.trim(), shards);
}

fn run(place: &Place, run: &str, shard: usize) {
    let shard = shard.to_string();
    place
        .run(&["shard", "run", "--run", run, "--shard", &shard])
        .code(0);
}

fn merged(place: &Place, run: &str, more: &[&str]) -> Value {
    let output = format!("{run}.jsonl");
    let args = ["shard", "merge", "--run", run, "--output", &output];
    place.run(&[&args[..], more].concat()).code(0);
    let args = ["scan", "--inventory", &output, "--now", NOW, "-f", "json"];
    place.run(&args).json()
}

/// Whole, and with every kind of fault.
const FAULTS: [&str; 16] = [
    "",
    r#", "faults": [{"do": "tamper", "log": [1, 0]}]"#,
    r#", "faults": [{"do": "delete", "log": [1, 0]}]"#,
    r#", "faults": [{"do": "append", "log": [1, 0]}]"#,
    r#", "faults": [{"do": "add-log", "minute": 130}]"#,
    r#", "faults": [{"do": "delete", "digest": 2}]"#,
    r#", "faults": [{"do": "tamper", "digest": 2}]"#,
    r#", "faults": [{"do": "forge", "digest": 2}]"#,
    r#", "faults": [{"do": "append", "digest": 2}]"#,
    r#", "faults": [{"do": "truncate", "digest": 2}]"#,
    r#", "faults": [{"do": "strip", "digest": 2}]"#,
    r#", "restarts": [{"before": 3, "off_minutes": 60}]"#,
    r#", "trails": ["a", "b"], "only": [{"trail": "b", "from": 2, "to": 4}]"#,
    r#", "backfills": [{"hour": 1}], "faults": [{"do": "tamper", "backfill": 0}]"#,
    r#", "moves": [{"before": 3, "prefix": "other", "old_logs": 1}]"#,
    r#", "empty": [0, 3, 5], "late": [1, 4]"#,
];

#[test]
fn shards_verify_what_one_process_does() {
    for fault in FAULTS {
        let place = Place::new();
        lay(&place, &format!("{{{ACCOUNTS}{fault}}}"));
        let alone = single(&place, &[]);
        for shards in [1, 2, 3, 7] {
            let name = format!("run-{shards}");
            planned(&place, &name, shards, &[]);
            // Last first.
            (0..shards).rev().for_each(|it| run(&place, &name, it));
            let audit = merged(&place, &name, &[]);
            assert_eq!(told(&audit), told(&alone), "{fault} in {shards} shards");
        }
    }
}

/// Two days and a half: an account with four windows.
const DAYS: &str =
    r#""start": "2026-01-01T13:00:00Z", "hours": 60, "logs_per_hour": 1, "records": 1"#;
const SPAN: [&str; 4] = [
    "--since",
    "2026-01-01T13:00:00Z",
    "--until",
    "2026-01-04T01:00:00Z",
];
const LATER: &str = "2026-01-04T03:10:00Z";

fn days_at_once(place: &Place) -> Value {
    let args = [
        "verify",
        "tree",
        "--now",
        LATER,
        "-f",
        "json",
        "--public-keys",
        "keys.json",
    ];
    place.run(&[&args[..], &SPAN].concat()).json()
}

fn days_planned(place: &Place, run: &str, most: &str) -> usize {
    let args = [
        "shard",
        "plan-verify",
        "tree",
        "--run",
        run,
        "--max-unit",
        most,
    ];
    let more = ["--public-keys", "keys.json"];
    let done = place.run(&[&args[..], &more, &SPAN].concat()).code(0);
    assert!(done.stderr.contains("windows of days"), "{}", done.stderr);
    done.stdout.trim().parse().unwrap()
}

fn days_merged(place: &Place, run: &str, more: &[&str]) -> Value {
    let output = format!("{run}.jsonl");
    let args = ["shard", "merge", "--run", run, "--output", &output];
    place.run(&[&args[..], more].concat()).code(0);
    let args = ["scan", "--inventory", &output, "--now", LATER, "-f", "json"];
    place.run(&args).json()
}

/// Faults on both sides of a midnight, and what spans it.
const DAY_FAULTS: [&str; 6] = [
    "",
    r#", "faults": [{"do": "delete", "digest": 10}, {"do": "tamper", "digest": 34}]"#,
    r#", "faults": [{"do": "strip", "digest": 10}, {"do": "strip", "digest": 34}, {"do": "tamper", "log": [11, 0]}]"#,
    r#", "restarts": [{"before": 11, "off_minutes": 0}]"#,
    r#", "moves": [{"before": 12, "prefix": "other", "old_logs": 1}]"#,
    r#", "faults": [{"do": "add-log", "minute": 658}, {"do": "delete", "log": [35, 0]}]"#,
];

#[test]
fn accounts_cut_into_windows_are_what_one_process_verifies() {
    for fault in DAY_FAULTS {
        let place = Place::new();
        lay(&place, &format!("{{{DAYS}{fault}}}"));
        let alone = days_at_once(&place);
        // A day and its neighbours have some seventy objects.
        for (most, shards) in [("1", 4), ("200", 2)] {
            let name = format!("run-{most}");
            assert_eq!(days_planned(&place, &name, most), shards, "{fault}");
            (0..shards).rev().for_each(|it| run(&place, &name, it));
            let audit = days_merged(&place, &name, &[]);
            assert_eq!(told(&audit), told(&alone), "{fault}, at most {most}");
        }
    }
}

#[test]
fn each_window_that_is_missing_is_named() {
    let place = Place::new();
    lay(&place, &format!("{{{DAYS}}}"));
    let alone = days_at_once(&place);
    assert_eq!(alone["chains"][0]["verdict"], "verified");
    let shards = days_planned(&place, "whole", "1");
    (0..shards).for_each(|it| run(&place, "whole", it));
    for lost in 0..shards {
        let file = format!("whole/shards/{lost:04}.jsonl.zst");
        let aside = place.path("aside");
        std::fs::rename(place.path(&file), &aside).unwrap();
        let merge = ["shard", "merge", "--run", "whole", "--output", "m.jsonl"];
        let refused = place.run(&merge).code(3);
        let plan: Value = serde_json::from_slice(&place.read("whole/plan.json")).unwrap();
        let unit = plan["shards"][lost][0].as_str().unwrap();
        let named = format!("shard {lost} of {shards} has not delivered. Missing: {unit}");
        assert!(refused.stderr.contains(&named), "{}", refused.stderr);
        assert!(!place.path("m.jsonl").exists());
        let audit = days_merged(&place, "whole", &["--allow-missing"]);
        let words = format!("shard {lost} of {shards} did not deliver");
        assert!(audit["problems"].to_string().contains(&words));
        let chains = audit["chains"].as_array().unwrap();
        assert_eq!(chains.len(), 2, "the chain, and what nobody knows");
        assert!(chains.iter().all(|it| it["verdict"] == "unverified"));
        let passes = |audit: &Value| audit["summary"]["pass"].as_u64().unwrap();
        assert!(passes(&audit) < passes(&alone), "{}", audit["summary"]);
        std::fs::rename(&aside, place.path(&file)).unwrap();
    }
}

/// Files of windows, swapped, cut and spoilt: refused, or never better than what was delivered.
#[test]
fn windows_of_others_are_refused() {
    let place = Place::new();
    lay(&place, &format!("{{{DAYS}}}"));
    let shards = days_planned(&place, "one", "1");
    assert_eq!(days_planned(&place, "two", "1"), shards);
    for it in 0..shards {
        run(&place, "one", it);
        run(&place, "two", it);
    }
    let merge = ["shard", "merge", "--run", "one", "--output", "m.jsonl"];
    let file = place.path("one/shards/0001.jsonl.zst");
    for from in ["one/shards/0002.jsonl.zst", "two/shards/0001.jsonl.zst"] {
        std::fs::copy(place.path(from), &file).unwrap();
        place.run(&merge).code(2);
        assert!(!place.path("m.jsonl").exists());
    }
}

#[test]
fn a_shard_that_is_missing_is_named_and_makes_nothing_better() {
    let place = Place::new();
    lay(&place, &format!("{{{ACCOUNTS}}}"));
    let alone = single(&place, &[]);
    planned(&place, "run", 3, &[]);
    run(&place, "run", 0);
    run(&place, "run", 2);
    let args = ["shard", "merge", "--run", "run", "--output", "merged.jsonl"];
    let refused = place.run(&args).code(3);
    assert!(refused.stderr.contains("shard 1 of 3 has not delivered"));
    assert!(refused.stderr.contains("222233334444"));
    assert!(!place.path("merged.jsonl").exists());
    let audit = merged(&place, "run", &["--allow-missing"]);
    let chains = audit["chains"].as_array().unwrap();
    let of = |account: &str| {
        let own = chains.iter().filter(|it| it["account"] == account);
        own.map(|it| it["verdict"].as_str().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("222233334444"), ["unverified"]);
    assert_eq!(of("111122223333"), ["verified", "verified"]);
    // Of each check, no subject passes that did not before.
    let passes = |audit: &Value| audit["summary"]["pass"].as_u64().unwrap();
    assert!(passes(&audit) < passes(&alone), "{}", audit["summary"]);
    let text = audit.to_string();
    assert!(text.contains("shard 1 of 3 did not deliver"), "{text}");
}

#[test]
fn what_another_shard_or_run_verified_is_refused() {
    let place = Place::new();
    lay(&place, &format!("{{{ACCOUNTS}}}"));
    for name in ["run", "other"] {
        planned(&place, name, 2, &[]);
        run(&place, name, 0);
        run(&place, name, 1);
    }
    let file = place.path("run/shards/0001.jsonl.zst");
    let good = std::fs::read(&file).unwrap();
    let merge = ["shard", "merge", "--run", "run", "--output", "merged.jsonl"];
    for (from, words) in [
        ("run/shards/0000.jsonl.zst", "it is what shard 0 delivered"),
        ("other/shards/0001.jsonl.zst", "it belongs to another plan"),
        ("keys.json", "its first line is not that of a shard"),
    ] {
        std::fs::copy(place.path(from), &file).unwrap();
        let refused = place.run(&merge).code(2);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
        assert!(
            refused.stderr.contains("shard 1 of 2"),
            "{}",
            refused.stderr
        );
        assert!(!place.path("merged.jsonl").exists());
    }
    for cut in [0, 1, good.len() / 2, good.len() - 20] {
        std::fs::write(&file, &good[..cut]).unwrap();
        place.run(&merge).code(2);
    }
    std::fs::write(&file, &good).unwrap();
    place.run(&merge).code(0);
}

#[test]
fn accounts_by_name_are_missed() {
    let place = Place::new();
    lay(&place, &format!("{{{ACCOUNTS}}}"));
    let named = ["--accounts", "111122223333", "999988887777"];
    planned(&place, "run", 2, &named);
    run(&place, "run", 0);
    run(&place, "run", 1);
    let audit = merged(&place, "run", &[]);
    let alone = single(&place, &named);
    assert_eq!(told(&audit), told(&alone));
    assert_ne!(alone["summary"]["fail"], 0);
}

fn sha256(bytes: &[u8]) -> String {
    trailaudit_checks::hex::encode(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

/// Each with what it delivered and how often it was tried; nothing of them where one process did all.
#[test]
fn the_evidence_lists_the_shards() {
    let place = Place::new();
    lay(&place, &format!("{{{ACCOUNTS}}}"));
    planned(&place, "run", 3, &[]);
    let failing = ["shard", "run", "--run", "run", "--shard", "1"];
    std::fs::rename(place.path("tree"), place.path("away")).unwrap();
    for _ in 0..2 {
        assert_ne!(place.run(&failing).code, 0);
    }
    std::fs::rename(place.path("away"), place.path("tree")).unwrap();
    [1, 0].iter().for_each(|it| run(&place, "run", *it));
    let merge = ["shard", "merge", "--run", "run", "--output", "m.jsonl"];
    place
        .run(&[&merge[..], &["--allow-missing"]].concat())
        .code(0);
    let evidence = |inventory: &str, to: &str| -> Value {
        let args = ["evidence", "create", "--inventory", inventory, "--now", NOW];
        place.run(&[&args[..], &["--output", to]].concat());
        let population = place.read(&format!("{to}/population.json"));
        serde_json::from_slice(&population).unwrap()
    };
    let population = evidence("m.jsonl", "bundle");
    let shards = population["shards"].as_array().unwrap();
    let attempts: Vec<_> = shards.iter().map(|it| it["attempts"].as_u64()).collect();
    assert_eq!(attempts, [Some(1), Some(3), Some(0)]);
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    for (number, shard) in shards.iter().enumerate().take(2) {
        assert_eq!(shard["shard"], number);
        let delivered = &shard["delivered"];
        let file = place.read(&format!("run/shards/{number:04}.jsonl.zst"));
        assert_eq!(delivered["sha256"], sha256(&file));
        assert_eq!(delivered["host"], host.trim());
        let times = ["started_at", "finished_at"].map(|it| delivered[it].as_str().unwrap());
        assert!(times[0] <= times[1], "{delivered}");
    }
    assert!(shards[2]["delivered"].is_null());
    // It is whole, and nobody signed it.
    let verify = ["evidence", "verify", "bundle"];
    place.run(&verify).code(3);
    // The run holds these shards, until one of them is altered or gone.
    let with_run = [&verify[..], &["--run", "run"]].concat();
    let held = place.run(&with_run).code(3).stdout;
    assert!(held.contains("the run holds the 2 shards"), "{held}");
    let file = place.path("run/shards/0001.jsonl.zst");
    let good = std::fs::read(&file).unwrap();
    for bad in [Some(&good[1..]), None] {
        match bad {
            Some(bad) => std::fs::write(&file, bad).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let wrong = place.run(&with_run).code(1).stdout;
        assert!(
            wrong.contains("shard 1 of the run is not what was merged"),
            "{wrong}"
        );
    }
    place
        .run(&["collect", "--demo", "--output", "alone.jsonl"])
        .code(0);
    assert!(evidence("alone.jsonl", "alone").get("shards").is_none());
    let other = place.run(&["evidence", "verify", "alone", "--run", "run"]);
    assert!(other.code(1).stdout.contains("not merged from shards"));
}

/// The inventory that a run holds is never replaced, and nobody takes an earlier one for what was merged now.
#[test]
fn a_second_merge_is_the_same_or_an_error() {
    let place = Place::new();
    lay(&place, &format!("{{{ACCOUNTS}}}"));
    planned(&place, "run", 2, &[]);
    (0..2).for_each(|it| run(&place, "run", it));
    let merge = ["shard", "merge", "--run", "run"];
    place.run(&merge).code(0).says("wrote inventory.jsonl.zst");
    let first = place.read("run/inventory.jsonl.zst");
    place.run(&merge).code(0).says("with the same content");
    std::fs::remove_file(place.path("run/shards/0001.jsonl.zst")).unwrap();
    let missing = [&merge[..], &["--allow-missing"]].concat();
    place.run(&missing).code(2).says("is not the same");
    assert!(place.read("run/inventory.jsonl.zst") == first);
}
