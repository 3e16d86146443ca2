#!/usr/bin/env bash
# Makes .venv with everything for tests, lint and the demo: `tools/setup.sh`. Nothing outside this folder changes.
# Called before every make target that needs it, so the way through when all is there is one hash (some 10 ms).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

stamp=.venv/.complete
# The folder is part of it: a virtual environment's scripts name the place where it was made.
wanted=$({ cat requirements/dev.txt tools/setup.sh; pwd; } | sha256sum)
[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || [ ! -x .venv/bin/python ] || exit 0

usable='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11) or sys.implementation.name != "cpython")'
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
    # Asked, not just found: a version manager's shim is on PATH also for versions that are not selected.
    if "$candidate" -c "$usable" 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "${python:-}" ]; then
    echo "setup: no CPython 3.11 or newer with venv on PATH (Debian and Ubuntu: apt-get install python3 python3-venv)" >&2
    exit 1
fi

echo "setup: .venv with $("$python" -c 'import platform; print(platform.python_version())')" >&2
rm -rf .venv
"$python" -m venv .venv
# --no-deps: every package is named with its version, and resolving them anew takes minutes. -qq: errors only.
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --only-binary=:all: -r requirements/dev.txt
.venv/bin/python -m pip check --quiet --disable-pip-version-check
printf '%s\n' "$wanted" >"$stamp"
