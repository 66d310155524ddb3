//! What reading records costs on top of inflating and hashing, on one core: a search for a literal, and a walk over
//! all headers and identities.
//!
//! `events-throughput FOLDER` reads the `.json.gz` below a folder into memory and prints, for each pass, megabytes of
//! inflated logs a second of CPU time, how it compares with the first pass, and what it counted.

use std::error::Error;
use std::hint::black_box;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use trailaudit_checks::events::filter::{self, Expression, Subject};
use trailaudit_checks::events::{Field, Proof, Record, scan};

/// Each pass is run so often; the fastest counts.
const ROUNDS: usize = 5;

type Work<'w> = (&'w str, Box<dyn FnMut(&[u8]) -> u64 + 'w>);

#[expect(clippy::print_stdout, reason = "a program, not the crate")]
fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("usage: events-throughput FOLDER")?;
    let mut logs = Vec::new();
    collect(Path::new(&folder), &mut logs)?;
    let absent = filter::parse("name = NoSuchCallAtAll")?;
    let rare = filter::parse("name = StopLogging")?;
    let common = filter::parse("name = GetObject and requestParameters.bucketName exists")?;
    let word = filter::parse("no-such-word-anywhere")?;
    let mut works: Vec<Work<'_>> = vec![
        ("inflate, hash", Box::new(|_| 0)),
        ("+ absent literal", Box::new(|log| search(&absent, log))),
        ("+ rare literal", Box::new(|log| search(&rare, log))),
        ("+ common literal", Box::new(|log| search(&common, log))),
        ("+ absent word", Box::new(|log| search(&word, log))),
        (
            "+ scan",
            Box::new(|log| {
                scan(log, &mut |it| {
                    black_box(it.index());
                })
                .records
            }),
        ),
        (
            "+ headers, identity",
            Box::new(|log| {
                let mut count = 0;
                let scanned = scan(log, &mut |record| count += headers(record));
                black_box(scanned.records);
                count
            }),
        ),
    ];
    let mut first = Duration::ZERO;
    for (name, work) in &mut works {
        let (mut best, mut bytes, mut count) = (Duration::MAX, 0, 0);
        for _ in 0..ROUNDS {
            let begin = cpu_time();
            (bytes, count) = (0, 0);
            for packed in &logs {
                let log = inflate(packed)?;
                bytes += log.len();
                count += work(&log);
            }
            best = best.min(cpu_time().saturating_sub(begin));
        }
        if first.is_zero() {
            first = best;
        }
        println!(
            "{name:22} {:7.0} MB/s {:5.2} x  {count}",
            bytes as f64 / 1e6 / best.as_secs_f64(),
            best.as_secs_f64() / first.as_secs_f64(),
        );
    }
    Ok(())
}

/// The time that this thread has been on a core, as Linux counts it.
#[expect(clippy::disallowed_methods, reason = "a program, not the crate")]
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text
        .split_whitespace()
        .next()
        .and_then(|it| it.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// As `verify` does it: inflated whole, hashed.
fn inflate(packed: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut log = Vec::with_capacity(packed.len() * 8);
    flate2::read::GzDecoder::new(packed).read_to_end(&mut log)?;
    black_box(ring::digest::digest(&ring::digest::SHA256, &log));
    Ok(log)
}

fn search(expression: &Expression, log: &[u8]) -> u64 {
    let mut count = 0;
    if expression.may_match(log) {
        scan(log, &mut |record| {
            let proof = Proof::Verified;
            count += u64::from(expression.matches(&Subject { record, proof }));
        });
    }
    count
}

/// What statistics ask for.
fn headers(record: &Record<'_>) -> u64 {
    let identity = record.identity();
    let actor = record.actor_of(identity);
    let texts = [
        Field::EventName,
        Field::EventSource,
        Field::AwsRegion,
        Field::SourceIpAddress,
        Field::UserAgent,
        Field::ErrorCode,
        Field::EventId,
        Field::RecipientAccountId,
    ];
    let lengths = texts
        .iter()
        .filter_map(|it| record.text(*it))
        .map(|it| it.len());
    let length: usize = lengths.sum::<usize>() + actor.id.len();
    let time = record.time();
    black_box((length, time));
    u64::from(time.is_some())
}

fn collect(folder: &Path, logs: &mut Vec<Vec<u8>>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, logs)?;
        } else if path.extension().is_some_and(|extension| extension == "gz") {
            #[expect(clippy::disallowed_methods, reason = "a program, not the crate")]
            logs.push(std::fs::read(path)?);
        }
    }
    Ok(())
}
