"""Plug-ins: one for each library that is recorded, imported only after the library itself."""
