"""The SQLite file: connections, transactions, versions of the schema, and every SQL statement by name.

One writer at a time, any number of readers beside it (WAL). This module knows nothing of traces.
"""

from __future__ import annotations

import contextlib
import functools
import os
import queue
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

SQL = Path(__file__).with_name("sql")

# A second process (a reader in the terminal) may write for some milliseconds; more than this means it hangs.
BUSY_SECONDS = 10.0
# The log of a WAL file is cut back to this after a checkpoint; a burst of 100,000 documents leaves some 200 MB otherwise.
JOURNAL_BYTES = 32 * 1024 * 1024
PAGE_CACHE_KIB = 32 * 1024
# In every version of the schema; a file with tables and without these is another program's.
OUR_TABLES = {"traces", "documents"}


class StoreError(Exception):
    """The disk, the file or another process keeps the store from working. The text is for the user."""


ELSEWHERE = "choose another place with --db, or start with --memory"
FULL = "the disk is full: free some space, or start with --memory"
UNREACHABLE = f"the file cannot be opened or made: {ELSEWHERE}"
READ_ONLY = f"the file or its folder is read-only: {ELSEWHERE}"
# What SQLite says, and what a user can do about it.
ADVICE = (
    ("disk is full", FULL),
    ("no space left", FULL),
    ("readonly", READ_ONLY),
    ("read-only file system", READ_ONLY),
    ("permission denied", f"you have no right to the file or its folder: {ELSEWHERE}"),
    ("unable to open", UNREACHABLE),
    ("locked", "another process has been writing for too long: end it, or choose another file with --db"),
    ("not a database", "the file is not a database of xray-local: choose another one with --db, or move it away"),
    ("malformed", "the file is damaged: move it away, a new one is made at the next start"),
)


@contextlib.contextmanager
def explained(path: Path | None) -> Iterator[None]:
    """Whatever SQLite or the file system reports comes out as a StoreError that says what to do."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        text = str(error)
        otherwise = UNREACHABLE if isinstance(error, OSError) else "see what SQLite says"
        advice = next((advice for said, advice in ADVICE if said in text.lower()), otherwise)
        raise StoreError(f"the store {path or 'in memory'} failed: {advice} ({text})") from error


@functools.cache
def sql(name: str) -> str:
    """The text of one named statement (a file of the folder sql)."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: `executescript` would commit what is open."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def writable(path: Path) -> bool:
    """Whether this user may write the database: the file, and the folder, in which SQLite keeps its log."""
    return os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK | os.X_OK)


def check(path: Path, *, read_only: bool) -> None:
    """Say what is wrong with a place before SQLite does: it has one sentence for most of this, "unable to open"."""
    if path.is_dir():
        raise StoreError(f"the store {path} is a folder: name a file in it, such as {path / 'traces.db'}")
    if not path.exists() and not os.access(path.absolute().parent, os.W_OK | os.X_OK):
        raise StoreError(
            f"the store {path} cannot be made: the folder{_owner(path.absolute().parent)} may not be written; {ELSEWHERE}"
        )
    if path.exists() and not os.access(path, os.R_OK):
        raise StoreError(f"the store {path} cannot be read: you have no right to it{_owner(path)}; {ELSEWHERE}")
    if path.exists() and not read_only and not writable(path):
        raise StoreError(
            f"the store {path} cannot be written: it or its folder is read-only for you{_owner(path)}; {ELSEWHERE} "
            f"(to look at it: xray-local traces --db {path})"
        )


def _owner(path: Path) -> str:
    """Whose it is, if it is somebody else's and the system can tell."""
    with contextlib.suppress(OSError, NotImplementedError, AttributeError, KeyError):
        return "" if path.stat().st_uid == os.geteuid() else f", it belongs to {path.owner()}"
    return ""


def migrations() -> list[tuple[int, Path]]:
    """Every version of the schema in order, with the file that leads to it."""
    return sorted((int(path.name.partition("_")[0]), path) for path in (SQL / "migrations").glob("*.sql"))


class Database:
    """The file and its connections."""

    def __init__(self, path: Path | None, *, read_only: bool = False) -> None:
        """`read_only`: nothing is written, not even SQLite's log; for a database that this user may not write."""
        self.path, self.read_only = path, read_only
        self._lock = threading.RLock()
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._closed = False
        with explained(path):
            if path is not None:
                if not read_only:
                    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                check(path, read_only=read_only)
                if not read_only:
                    self._make_private(path)
            self._writer = self._connect()
            if not read_only:
                self._migrate()

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: on disk when the block ends, as if it never was when the block fails."""
        if self.read_only:
            raise StoreError(f"the store {self.path} cannot be written: {READ_ONLY}")
        with self._lock, explained(self.path):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                # A full disk may already have rolled back by itself.
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One consistent view for the whole block; a writer does not wait for it, nor it for a writer."""
        if self.path is None:
            # A store in memory is one connection's; its readers take turns with the writer.
            with self._lock, explained(None):
                yield self._writer
            return
        with explained(self.path):
            connection = self._reader()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._give_back(connection)

    def bytes_used(self) -> int:
        """What the rows take, without the pages that are free again."""
        with self.read() as connection:
            pages, free, size = (
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
            )
        return int((pages - free) * size)

    def shrink(self) -> None:
        """Give the pages that are free back to the disk."""
        with self._lock, explained(self.path):
            # One step of this statement frees one page, and `execute` makes one step of what returns no columns.
            self._writer.executescript("PRAGMA incremental_vacuum")
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close every connection; the last one folds the log into the file."""
        with self._lock:
            self._closed = True
            while not self._readers.empty():
                self._readers.get_nowait().close()
            self._writer.close()

    @staticmethod
    def _make_private(path: Path) -> None:
        # Traces may hold names and addresses of users: nobody else on the machine reads them. SQLite gives its log files
        # the mode of the main file.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._address(),
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            uri=self.read_only,
        )
        # Before the first setting, which writes into the file already.
        self._identify(connection)
        if self.read_only:
            connection.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KIB}")
            return connection
        # auto_vacuum counts only before the first table. NORMAL: a commit survives the death of the process (kill -9),
        # not a power cut within the last moments; FULL would cost an fsync per batch for traces of a developer's day.
        for setting in (
            "auto_vacuum = INCREMENTAL",
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            "temp_store = MEMORY",
            f"journal_size_limit = {JOURNAL_BYTES}",
            f"cache_size = -{PAGE_CACHE_KIB}",
        ):
            connection.execute(f"PRAGMA {setting}")
        return connection

    def _address(self) -> str | Path:
        if not self.read_only or self.path is None:
            return self.path or ":memory:"
        # While a server has the file open there is a log beside it, which must be read too. Without one the file is all there
        # is; "immutable" keeps SQLite from making a log, which it may not, or which the owner could not write.
        log = Path(f"{self.path}-wal")
        return f"{self.path.absolute().as_uri()}?{'mode=ro' if log.exists() else 'immutable=1'}"

    def _identify(self, connection: sqlite3.Connection) -> None:
        """Refuse a database of another program, and one of an xray-local that is newer than this one."""
        known = migrations()[-1][0]
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and not tables >= OUR_TABLES:
            raise StoreError(
                f"the store {self.path} is a database of another program: choose another one with --db, or move it away"
            )
        if version > known:
            raise StoreError(
                f"the store {self.path} has version {version} of the schema, this xray-local knows {known}: "
                "update xray-local, or choose another file with --db"
            )
        if self.read_only and version < known:
            raise StoreError(
                f"the store {self.path} has version {version} of the schema, this xray-local needs {known}, and the file may not "
                "be written: start `xray-local up` once as its owner, or copy the file"
            )

    def _reader(self) -> sqlite3.Connection:
        try:
            return self._readers.get_nowait()
        except queue.Empty:
            connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
            return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._closed:
            connection.close()
        else:
            self._readers.put(connection)

    def _migrate(self) -> None:
        known = migrations()
        with self.write() as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            for number, path in known:
                if number > version:
                    for statement in statements(path.read_text(encoding="utf-8")):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {number}")
