//! `events` on folders, through the binary: what is proved of each record, and what an answer rests on.

mod causes;
mod keys;
mod population;
mod questions;
mod story;
mod truth;

use serde_json::Value;

use crate::binary::{Ended, Place};
use crate::verify::NOW;

/// Asks the folder `tree`.
pub(crate) fn events(place: &Place, command: &str, more: &[&str]) -> Ended {
    let mut args = vec!["events", command, "tree"];
    args.extend(more);
    args.extend(["--public-keys", "keys.json", "--now", NOW]);
    place.run(&args)
}

/// The answer of a search as JSON, and how many records have each proof.
pub(crate) fn proofs(answer: &Value) -> Vec<(String, usize)> {
    let mut proofs: Vec<(String, usize)> = Vec::new();
    for record in answer["records"].as_array().unwrap() {
        let proof = record["proof"].as_str().unwrap().to_owned();
        match proofs.iter_mut().find(|(own, _)| *own == proof) {
            Some((_, count)) => *count += 1,
            None => proofs.push((proof, 1)),
        }
    }
    proofs.sort();
    proofs
}
