//! Parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    trailaudit::commands::run(std::env::args_os().collect()).into()
}
