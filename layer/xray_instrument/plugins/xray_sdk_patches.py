"""The X-Ray SDK's patches, each when its library is imported: `patch_all()` imports every library that it knows.

A function that makes a Tracer of Powertools, or calls patch_all(), would pay for botocore, requests, SQLAlchemy…, also for
those that it never uses. Here the SDK's own patch function runs, unchanged, as soon as the function imports the
library; one that is there already is patched at once. One that cannot be found fails as it does without us, but where the
SDK tries all that it knows: then nobody hears of it, and that it cannot be found is told without trying.
"""

import importlib
import sys

from ..guard import attempt, guarded
from .xray_sdk_entities import known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from ..imports import Imports

# What the SDK calls a library, and the module after whose import its patch can be applied. The others (httplib) are
# in Python and loaded by the runtime client anyway.
LIBRARIES = {
    "aiobotocore": "aiobotocore.client",
    "botocore": "botocore.client",
    "httpx": "httpx",
    "mysql": "mysql.connector",
    "pg8000": "pg8000",
    "psycopg": "psycopg",
    "psycopg2": "psycopg2",
    "pymongo": "pymongo",
    "pymysql": "pymysql",
    "pynamodb": "pynamodb",
    "requests": "requests",
    "sqlalchemy_core": "sqlalchemy",
    "sqlite3": "sqlite3",
}


def _importable(name: str) -> bool:
    """Whether the library could be imported; the libraries above it are not, either."""
    from importlib import util  # noqa: PLC0415  (the function that patches has it loaded)

    try:
        return util.find_spec(name.partition(".")[0]) is not None
    except ValueError:  # a stand-in of the function's own in sys.modules
        return True


def _absent(path: str) -> "Any":
    """Fail as the import of a patch whose library is missing."""
    library = LIBRARIES[path.rpartition(".")[2]]
    raise ModuleNotFoundError(f"No module named {library!r}", name=library)


class _Nothing:
    """Stands for a module of aws_xray_sdk.ext whose patch comes later."""

    @staticmethod
    def patch() -> None:
        """Patch nothing yet."""


class _Importlib:
    """importlib as the SDK's patcher sees it: fetching `import_module` shows us which patch is about to be imported.

    No function of ours is called in its place where the real one is to run, so that a library that is missing raises
    with the traceback that it has without us.

    Args:
        choose: what to call instead; told the name, and whether a failure is anybody's business.
    """

    def __init__(self, plain: "ModuleType", choose: "Callable[[str, bool], Any]") -> None:
        self._plain = plain
        self._choose = choose

    def __getattr__(self, name: str) -> "Any":
        if name == "import_module":
            frame: "Any" = sys._getframe(1)  # noqa: SLF001
            asked, above = frame.f_locals.get("module_to_patch"), frame.f_back
            if isinstance(asked, str):
                chosen = self._choose(asked, above.f_locals.get("raise_errors") is not False)
                if chosen is not None:
                    return chosen
        return getattr(self._plain, name)


def apply(patcher: "ModuleType", imports: "Imports") -> None:
    """Have patches wait for their libraries.

    Args:
        patcher: the module aws_xray_sdk.core.patcher.
        imports: the import watcher.
    """

    def choose(name: str, matters: bool) -> "Any":
        library = LIBRARIES.get(name)
        if library is None or library in sys.modules or library in imports.after:
            return None
        if not _importable(library):
            return None if matters else _absent

        def patch(path: str) -> None:
            extension = importlib.import_module(path)
            if hasattr(extension, "patch"):
                extension.patch()
            else:  # it is being imported itself, and has imported the library
                imports.when_loaded(path, loaded)

        def loaded(_module: "ModuleType") -> None:
            # As patch_all: the library may be of a version that the SDK does not know.
            attempt(patch, f"aws_xray_sdk.ext.{name}", None, f"aws_xray_sdk could not patch {name}")

        imports.when_loaded(library, loaded)
        return lambda _path: _Nothing

    if known() and getattr(patcher, "importlib", None) is importlib:
        patcher.importlib = _Importlib(importlib, guarded("aws_xray_sdk")(choose))  # type: ignore[attr-defined]
