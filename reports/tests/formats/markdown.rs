//! Markdown within the limits of what shows it.

use std::sync::Arc;

use trailaudit_checks::finding::{Severity, Status};
use trailaudit_reports::{Listed, Options};

use crate::every_format::large;
use crate::{sample, told};

/// What a comment on a pull request may have, however it is counted.
const COMMENT: usize = 65_536;

#[test]
fn snapshot() {
    insta::assert_snapshot!(told("markdown", &sample::audit(), &Options::default()));
}

#[test]
fn snapshot_from_high() {
    let options = Options {
        listed: Listed {
            min_severity: Severity::High,
            ..Listed::default()
        },
        ..Options::default()
    };
    let page = told("markdown", &sample::audit(), &options);
    assert!(
        page.contains("Not shown because of --min-severity high: 3 fail, 1 unknown, 1 waived.")
    );
    insta::assert_snapshot!(page);
}

#[test]
fn a_pass_is_short() {
    insta::assert_snapshot!(told(
        "markdown",
        &sample::only(Status::Pass),
        &Options::default()
    ));
}

#[test]
fn what_does_not_fit_is_said() {
    let audit = large(20_000);
    let page = told("markdown", &audit, &Options::default());
    assert!(page.len() <= COMMENT, "{}", page.len());
    assert!(page.contains("**This page is cut**"));
    // As many as are listed and as many as are left out are all there are.
    let listed = page.lines().filter(|it| it.starts_with("- `arn:")).count();
    let (_, rest) = page.split_once("Left out: ").unwrap();
    let left_out: usize = rest
        .split(' ')
        .next()
        .unwrap()
        .replace(',', "")
        .parse()
        .unwrap();
    let open = audit
        .findings
        .iter()
        .filter(|it| it.is_open_failure())
        .count();
    assert_eq!(listed + left_out, open);
    assert!(
        page.contains("CRITICAL") && !page.contains("**LOW**"),
        "the worst first"
    );
}

#[test]
fn the_longest_words_fit() {
    let mut audit = large(2_000);
    for finding in &mut audit.findings {
        finding.message = "🦀 ".repeat(1_000).into();
        Arc::make_mut(&mut finding.subject).name = "🦀".repeat(1_000);
    }
    for account in &mut audit.coverage.accounts {
        account.name = Some("<".repeat(1_000));
    }
    audit.waivers.unused = vec!["@".repeat(1_000); 100];
    audit.tool.version = "🦀".repeat(1_000);
    audit.scope.organization = Some("🦀".repeat(1_000));
    let page = told("markdown", &audit, &Options::default());
    assert!(page.len() <= COMMENT, "{}", page.len());
    assert_eq!(
        page.matches("<details>").count(),
        page.matches("</details>").count()
    );
}
