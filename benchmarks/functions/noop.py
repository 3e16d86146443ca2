"""The smallest function there is; asked for them, it lists the modules that are loaded."""

import sys


def handler(event: dict[str, object], _context: object) -> dict[str, object]:
    """Do nothing, or tell each loaded module's file."""
    if "modules" in event:
        return {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    return {"ok": True}
