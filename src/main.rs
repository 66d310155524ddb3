//! Parse, run, exit code.

use std::process::ExitCode;

/// What is published is linked with musl, whose own allocator takes one lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    trailaudit::commands::run(std::env::args_os().collect()).into()
}
