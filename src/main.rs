//! Parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    trailaudit::run::run(std::env::args_os().collect()).into()
}
