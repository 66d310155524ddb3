//! Text, as it is read.

use trailaudit_checks::finding::{Severity, Status};
use trailaudit_reports::{Detail, Listed, Options};
use unicode_width::UnicodeWidthStr;

use crate::{detailed, every_format::large, sample, told};

fn plain() -> Options {
    Options::default()
}

#[test]
fn snapshot_of_the_summary() {
    insta::assert_snapshot!(told("text", &sample::audit(), &plain()));
}

#[test]
fn snapshot() {
    insta::assert_snapshot!(told("text", &sample::audit(), &detailed()));
}

#[test]
fn snapshot_verbose_and_wide() {
    let options = Options {
        width: 120,
        detail: Detail::Everything,
        ..detailed()
    };
    insta::assert_snapshot!(told("text", &sample::audit(), &options));
}

#[test]
fn snapshot_of_passes_only() {
    insta::assert_snapshot!(told("text", &sample::only(Status::Pass), &detailed()));
}

#[test]
fn snapshot_of_unknowns_only() {
    insta::assert_snapshot!(told("text", &sample::only(Status::Unknown), &detailed()));
}

#[test]
fn snapshot_from_high() {
    let options = Options {
        listed: Listed {
            min_severity: Severity::High,
            ..Listed::default()
        },
        ..detailed()
    };
    insta::assert_snapshot!(told("text", &sample::audit(), &options));
}

#[test]
fn no_line_is_wider_than_the_page() {
    let pages = [60, 80, 120].map(|width| [plain(), detailed()].map(|it| (width, it)));
    for (width, options) in pages.into_iter().flatten() {
        let report = told("text", &sample::audit(), &Options { width, ..options });
        for line in report.lines() {
            let one_word = !line.trim_start().contains(' ');
            assert!(line.width() <= width || one_word, "{width}: {line}");
            assert_eq!(line, line.trim_end());
        }
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    let colored = told(
        "text",
        &sample::audit(),
        &Options {
            color: true,
            ..detailed()
        },
    );
    let mut bare = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once("\x1b[") {
        bare.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    bare.push_str(rest);
    assert_eq!(bare, told("text", &sample::audit(), &detailed()));
}

#[test]
fn a_long_list_says_how_much_follows() {
    let audit = large(4_000);
    let report = told("text", &audit, &detailed());
    // 100 findings of each of 40 checks, half of them fail, ten are listed.
    assert_eq!(report.matches("40 more failures of this check").count(), 40);
    assert!(report.lines().count() < 2_000);
    let all = told(
        "text",
        &audit,
        &Options {
            detail: Detail::Everything,
            ..detailed()
        },
    );
    let open = audit.findings.iter().filter(|it| it.is_open_failure());
    for finding in open {
        assert!(all.contains(&finding.subject.id));
    }
}

#[test]
fn an_interrupted_run_says_so_first() {
    let mut audit = sample::only(Status::Pass);
    audit.run.interrupted = true;
    audit.run.complete = false;
    audit.run.exit_code = 130;
    let report = told("text", &audit, &detailed());
    let head: Vec<&str> = report.lines().take(3).collect();
    assert!(head.join(" ").contains("INCONCLUSIVE"), "{head:?}");
    assert!(head.join(" ").contains("interrupted"), "{head:?}");
}

#[test]
fn the_summary_of_many_failures_fits_two_screens() {
    let report = told("text", &large(20_000), &plain());
    assert!(report.lines().count() < 120, "{report}");
    assert!(report.contains("FAILING CHECKS"), "{report}");
}
