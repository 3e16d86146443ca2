"""The schema's history: what users have on their disks does not change any more."""

from __future__ import annotations

import hashlib

from xray_local import database

# Released versions. A change of the schema is the next file, and one more line here once that is released; a database that
# was made by the old text of a file would otherwise never get what the new text adds.
RELEASED = {
    "0001_initial.sql": "ff31eed1a3641a98ad47904c077c93c4d2a491583ad2b46ece1c1f746f033ccd",
}


def test_released_migrations_do_not_change() -> None:
    """Each released file has the bytes it was released with, and their numbers run from 1 without a gap."""
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for _number, path in database.migrations()}
    assert {name: found.get(name) for name in RELEASED} == RELEASED
    assert [number for number, _path in database.migrations()] == list(range(1, len(found) + 1))
