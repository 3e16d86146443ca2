#!/usr/bin/env bash
# Makes the layer: build/xray-instrument-layer.zip, and the same tree unpacked in build/opt.
#   build.sh                        sources, and byte-code for every CPython 3.10-3.14 of this machine
#   build.sh --pythons 3.12,3.13    byte-code for these only
#   build.sh --no-fallback          without the copy of aws_xray_sdk for functions that have none
#   build.sh --slim                 sources only, no fallback: smallest zip, slower cold start
# Needs any Python 3.11 or newer, with pip for the fallback (layer/fallback.txt, fetched once); the work is in tools/pack.py.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

for python in "$repository/.venv/bin/python" ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    # Asked, not just found: a version manager's shim is on PATH also for versions that are not selected.
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        PYTHONPATH="$repository${PYTHONPATH:+:$PYTHONPATH}" exec "$python" -m tools.pack "$@"
    fi
done
echo "build.sh: no Python 3.11 or newer on PATH" >&2
exit 1
