"""The X-Ray SDK's patches, each when its library is imported: `patch_all()` imports every library that it knows.

A function that makes a Tracer of Powertools, or calls patch_all(), would pay for botocore, requests, SQLAlchemy…, also for
those that it never uses. Here the SDK's own patch function runs, unchanged, as soon as the function imports the
library; one that is there already is patched at once, and one that cannot be found fails as it does without us.
"""

import importlib
import sys

from ..guard import debug, guarded

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

    return util.find_spec(name.partition(".")[0]) is not None


class _Nothing:
    """Stands for a module of aws_xray_sdk.ext whose patch comes later."""

    @staticmethod
    def patch() -> None:
        """Patch nothing yet."""


class _Importlib:
    """importlib as the SDK's patcher sees it: fetching `import_module` shows us which patch is about to be imported.

    No function of ours is called in its place where the real one is to run, so that a library that is missing raises
    with the traceback that it has without us.
    """

    def __init__(self, plain: "ModuleType", waits: "Callable[[str], bool | None]") -> None:
        self._plain = plain
        self._waits = waits

    def __getattr__(self, name: str) -> "Any":
        if name == "import_module":
            asked = sys._getframe(1).f_locals.get("module_to_patch")  # noqa: SLF001
            if isinstance(asked, str) and self._waits(asked):
                return lambda _path: _Nothing
        return getattr(self._plain, name)


def apply(patcher: "ModuleType", imports: "Imports") -> None:
    """Have patches wait for their libraries.

    Args:
        patcher: the module aws_xray_sdk.core.patcher.
        imports: the import watcher.
    """

    def waits(name: str) -> bool:
        library = LIBRARIES.get(name)
        if library is None or library in sys.modules or library in imports.after or not _importable(library):
            return False

        def loaded(_module: "ModuleType") -> None:
            path = f"aws_xray_sdk.ext.{name}"
            try:
                extension = importlib.import_module(path)
                if not hasattr(extension, "patch"):  # it is being imported itself, and has imported the library
                    imports.when_loaded(path, loaded)
                    return
                extension.patch()
            except Exception as error:  # noqa: BLE001  (as patch_all: the library may be of a version that the SDK does not know)
                debug(f"aws_xray_sdk could not patch {name}: {error!r}")

        imports.when_loaded(library, loaded)
        return True

    if getattr(patcher, "importlib", None) is importlib:
        patcher.importlib = _Importlib(importlib, guarded("aws_xray_sdk")(waits))  # type: ignore[attr-defined]
