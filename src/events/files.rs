//! Records of files: nothing proves them.

use std::path::PathBuf;

use trailaudit_checks::digest::{Limits, ObjectRef, members};
use trailaudit_checks::events::{Input, ObjectNote, Proof, Reason};

use super::reading::{Consumer, Facts, Origin, Reading};
use crate::exit::Stop;
use crate::files;

/// The largest file that is read.
const MOST: u64 = 2 << 30;

/// Reads all of them, in their order.
pub(super) fn read<C: Consumer>(paths: &[PathBuf], reading: &Reading<C>) -> Result<(), Stop> {
    for path in paths {
        let bytes = files::read(path, MOST).map_err(Stop::Usage)?;
        let at = ObjectRef::new("", path.display().to_string());
        reading.add(file(&at, &bytes, reading));
    }
    Ok(())
}

fn file<C: Consumer>(at: &ObjectRef, bytes: &[u8], reading: &Reading<C>) -> Facts {
    let mut facts = Facts::default();
    let inflated = members(bytes, Limits::default().log);
    facts.logs.unverified += 1;
    let note = |why: String| ObjectNote {
        at: at.clone(),
        verdict: "unverified".to_owned(),
        why,
        events: None,
        and_more: 0,
    };
    for (number, text) in inflated.each.iter().enumerate() {
        // A signed log is one member: what follows was added later.
        let (proof, why) = match number {
            0 => (Proof::Unverified(Reason::NotDelivered), ""),
            _ => (Proof::Altered, "log-trailing-data"),
        };
        let origin = Origin {
            account: "",
            region: "",
            at,
            digest: None,
            proof,
            why,
            shared: false,
        };
        let seen = reading.any(&mut facts, &origin, text);
        if number == 0 {
            match seen {
                Some(input) => facts.note("unverified", note(words(input).to_owned())),
                None => facts.note(
                    "unverified",
                    note("no form of records that is known".to_owned()),
                ),
            }
        }
    }
    if let Some(flaw) = inflated.flaw {
        facts.lossy = true;
        facts.note("unverified", note(format!("log-corrupt: {flaw}")));
    }
    facts
}

fn words(input: Input) -> &'static str {
    match input {
        Input::Log => "a copy of a log file, read without its digest",
        Input::Lines => "records in lines",
        Input::LookupEvents => "answers of LookupEvents, which are not signed",
        Input::EventBridge => "events of EventBridge, which are not signed",
        Input::CloudWatchLogs => "an export of CloudWatch Logs, which is not signed",
        Input::ConsoleCsv => "a table of the console, which is not signed",
    }
}
