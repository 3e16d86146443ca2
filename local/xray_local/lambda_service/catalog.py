"""The functions that there are right now: given once, or those of a template file that is read again when it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .model import Function
from .template import Template, TemplateError

Load = Callable[[], Template]
Tell = Callable[[str], object]
Stamp = tuple[int, int] | None


class Catalog:
    """Functions by name.

    Args:
        load: reads the template; the first time here, where an error is the caller's.
        tell: gets a sentence for the user when a changed file was read, or could not be.
    """

    def __init__(self, load: Load, tell: Tell = lambda _text: None) -> None:
        self._load, self._tell = load, tell
        self._reading = asyncio.Lock()
        template = load()
        self._path = template.path
        self._stamp = _stamp(template.path)
        self.functions: Mapping[str, Function] = _named(template.functions)
        self.notes = template.notes

    @property
    def changed(self) -> bool:
        """Whether the file is another one than that which was read. Costs one look at the file system."""
        return _stamp(self._path) != self._stamp

    async def refresh(self) -> bool:
        """Read a changed file; whether the functions are new ones. With an error in the file the old ones stay."""
        async with self._reading:
            if not self.changed:
                return False
            self._stamp = _stamp(self._path)
            try:
                template = await asyncio.to_thread(self._load)
            except TemplateError as error:
                self._tell(f"{error}. The functions stay as they were.")
                return False
            self.functions, self.notes = _named(template.functions), template.notes
            self._tell(f"{self._path.name} was read again: {', '.join(self.functions) or 'no functions'}")
            return True


def fixed(functions: Sequence[Function]) -> Template:
    """Functions that come from no file."""
    return Template(Path(), tuple(functions))


def _named(functions: Sequence[Function]) -> dict[str, Function]:
    return {function.name: function for function in functions}


def _stamp(path: Path) -> Stamp:
    """What tells one state of a file from another; None for no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    # A folder's time changes with every file in it; Path() is where there is no template.
    return (found.st_mtime_ns, found.st_size) if path.is_file() else None
