//! How fast logs are checked, compared with inflating and hashing alone, on the same files in one run.
//!
//! `digest-throughput FOLDER [ROUNDS]`: every `.json.gz` below the folder is held in memory, then the two take turns.

use std::error::Error;
use std::hint::black_box;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use trailaudit_checks::digest::{Limits, LogEntry, LogOutcome, LogReader, ObjectRef};

#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program, not the crate"
)]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .ok_or("usage: digest-throughput FOLDER [ROUNDS]")?;
    let rounds: usize = arguments.next().map_or(Ok(7), |text| text.parse())?;
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files)?;
    files.sort();
    let mut logs = Vec::new();
    for file in &files {
        let bytes = std::fs::read(file)?;
        let mut raw = Vec::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut raw)?;
        let hash = ring::digest::digest(&ring::digest::SHA256, &raw);
        logs.push((bytes, <[u8; 32]>::try_from(hash.as_ref())?, raw.len()));
    }
    let raw: usize = logs.iter().map(|(_, _, raw)| raw).sum();
    println!(
        "{} files, {:.1} MB raw, {:.1}:1",
        logs.len(),
        raw as f64 / 1e6,
        raw as f64 / logs.iter().map(|(bytes, ..)| bytes.len()).sum::<usize>() as f64
    );

    let (mut alone, mut alone_sha2, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    let mut piece = vec![0; 64 * 1024];
    for _ in 0..rounds {
        let begin = Instant::now();
        let mut right = 0;
        for (bytes, expected, _) in &logs {
            let mut decoder = flate2::read::GzDecoder::new(bytes.as_slice());
            let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
            loop {
                let count = decoder.read(&mut piece)?;
                if count == 0 {
                    break;
                }
                hash.update(piece.get(..count).unwrap_or_default());
            }
            right += usize::from(hash.finish().as_ref() == expected);
        }
        alone.push((begin.elapsed(), black_box(right)));

        let begin = Instant::now();
        let mut right = 0;
        for (bytes, expected, _) in &logs {
            use sha2::Digest as _;
            let mut decoder = flate2::read::GzDecoder::new(bytes.as_slice());
            let mut hash = sha2::Sha256::new();
            loop {
                let count = decoder.read(&mut piece)?;
                if count == 0 {
                    break;
                }
                hash.update(piece.get(..count).unwrap_or_default());
            }
            right += usize::from(hash.finalize().as_slice() == expected);
        }
        alone_sha2.push((begin.elapsed(), black_box(right)));

        let begin = Instant::now();
        let mut reader = LogReader::new(Limits::default().log);
        let mut right = 0;
        for (bytes, expected, _) in &logs {
            let entry = LogEntry {
                at: ObjectRef::new("", ""),
                sha256: *expected,
                range: None,
            };
            reader.push(bytes);
            right += usize::from(reader.end(&entry).0 == LogOutcome::Valid);
        }
        ours.push((begin.elapsed(), black_box(right)));
    }
    let rate = |(time, _): (Duration, usize)| raw as f64 / 1e6 / time.as_secs_f64();
    let (alone, alone_sha2, ours) = (median(alone), median(alone_sha2), median(ours));
    println!(
        "inflate + SHA-256 alone (ring): {:.0} MB/s, {} right",
        rate(alone),
        alone.1
    );
    println!(
        "inflate + SHA-256 alone (sha2): {:.0} MB/s, {} right",
        rate(alone_sha2),
        alone_sha2.1
    );
    println!(
        "LogReader:                      {:.0} MB/s, {} right, {:.0} % of the faster",
        rate(ours),
        ours.1,
        100.0 * rate(ours) / rate(alone).max(rate(alone_sha2))
    );
    Ok(())
}

fn median(mut times: Vec<(Duration, usize)>) -> (Duration, usize) {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "gz") {
            files.push(path);
        }
    }
    Ok(())
}
