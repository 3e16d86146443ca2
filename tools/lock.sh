#!/usr/bin/env bash
# Writes requirements/dev.txt: the newest versions of dev.in that go together, resolved in a fresh environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The oldest Python that tests and tools run on: what it can install, the newer ones can too.
python3.11 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --only-binary=:all: -r requirements/dev.in
{
    echo "# Made from dev.in by 'make lock'. Every package with its exact version; installed with --no-deps."
    "$work/venv/bin/python" -m pip freeze
} >"$work/dev.txt"
mv "$work/dev.txt" requirements/dev.txt
