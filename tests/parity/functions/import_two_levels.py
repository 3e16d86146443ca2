"""Imports a module that fails."""

import import_one_level  # noqa: F401
