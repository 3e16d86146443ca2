"""Fetches the page's libraries with npm into local/xray_local/ui/vendor: `python -m tools.vendor`.

There is no build step: the files are the packages' own ES modules. One thing is changed in them: an import by package name
becomes one by file, because the page's content security policy allows no inline import map. versions.json lists
what is there; a test compares the hashes.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "local" / "xray_local" / "ui" / "vendor"
# (package, version, file in the package, name here, licence)
MODULES = (
    ("preact", "11.2.0", "dist/preact.mjs", "preact.mjs", "MIT"),
    ("preact", "11.2.0", "hooks/dist/hooks.mjs", "hooks.mjs", "MIT"),
    ("htm", "3.1.1", "dist/htm.mjs", "htm.mjs", "Apache-2.0"),
    ("@dagrejs/dagre", "3.1.3", "dist/dagre.esm.js", "dagre.mjs", "MIT"),
)
LICENCES = ("LICENSE", "LICENSE.md", "LICENSE.txt")


def package(name: str, version: str, folder: Path) -> Path:
    """The unpacked package."""
    done = subprocess.run(
        ["npm", "pack", f"{name}@{version}", "--silent"],  # noqa: S607 - the developer's own npm
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    unpacked = folder / f"{name.replace('/', '-')}-{version}"
    with tarfile.open(folder / done.stdout.strip().splitlines()[-1]) as archive:
        archive.extractall(unpacked, filter="data")
    return unpacked / "package"


def main() -> None:
    """Fetch every module and its licence."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    listed = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, version, file, target, licence in MODULES:
            unpacked = package(name, version, Path(scratch))
            text = (unpacked / file).read_text(encoding="utf-8").replace('from"preact"', 'from"./preact.mjs"')
            text = "\n".join(line for line in text.splitlines() if not line.startswith("//# sourceMappingURL"))
            (FOLDER / target).write_text(text + "\n", encoding="utf-8")
            terms = next((unpacked / candidate for candidate in LICENCES if (unpacked / candidate).exists()), None)
            if terms is not None:
                (FOLDER / f"LICENSE-{name.rpartition('/')[2]}").write_text(terms.read_text(encoding="utf-8"), encoding="utf-8")
            digest = hashlib.sha256((FOLDER / target).read_bytes()).hexdigest()
            listed.append(
                {"file": target, "package": name, "version": version, "from": file, "licence": licence, "sha256": digest}
            )
    (FOLDER / "versions.json").write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    print(f"{len(listed)} modules in {FOLDER}")


if __name__ == "__main__":
    main()
