//! The least that checking logs can cost: reading, inflating and hashing each `.json.gz` below a folder, on all cores.
//!
//! `inflate-hash FOLDER` prints how many files, bytes and milliseconds. What `verify` is measured against.

use std::error::Error;
use std::hint::black_box;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program, not the crate"
)]
fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("usage: inflate-hash FOLDER")?;
    let begin = Instant::now();
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files)?;
    let (next, bytes) = (AtomicUsize::new(0), AtomicU64::new(0));
    let work = || -> std::io::Result<()> {
        let mut piece = vec![0; 64 * 1024];
        while let Some(file) = files.get(next.fetch_add(1, Relaxed)) {
            let packed = std::fs::read(file)?;
            let mut decoder = flate2::read::GzDecoder::new(packed.as_slice());
            let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
            loop {
                let count = decoder.read(&mut piece)?;
                if count == 0 {
                    break;
                }
                bytes.fetch_add(count as u64, Relaxed);
                hash.update(piece.get(..count).unwrap_or_default());
            }
            black_box(hash.finish());
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|it| {
            it.join()
                .map_err(|_| "a thread died".to_owned())?
                .map_err(|it| it.to_string())
        })
    })?;
    let took = begin.elapsed().as_millis();
    println!("{} {} {took}", files.len(), bytes.into_inner());
    Ok(())
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
