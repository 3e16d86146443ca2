#!/usr/bin/env bash
# Makes .venv/bin/xray-local: `tools/launcher.sh`. A script rather than an installed package, because an installed one would
# put layer/ on sys.path of everything that runs in .venv, and the guest is to be found through the wrapper only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

launcher=.venv/bin/xray-local
# Put in its place in one step: somebody may be starting it. Unexpanded on purpose: the launcher expands it.
# -P: the current folder may hold a function's packages (pip install -t), made for another Python than this one.
# shellcheck disable=SC2016
printf '#!/bin/sh\nPYTHONPATH="%s/local${PYTHONPATH:+:$PYTHONPATH}" exec "%s/.venv/bin/python" -P -m xray_local.cli "$@"\n' "$PWD" "$PWD" >"$launcher.new"
chmod +x "$launcher.new"
mv -f "$launcher.new" "$launcher"
