"""X-Ray's filter expressions: parsed, evaluated against a trace, compiled to SQL, and what to try when nothing matches."""

from .evaluate import matches, selects
from .hints import deeper, hint
from .keywords import KEYWORDS
from .parser import parse, parse_entity
from .sql import prefilter, to_sql
from .syntax import Edge, Entity, Expression, FilterError, Selector, Service
from .view import TraceView

__all__ = [
    "KEYWORDS",
    "Edge",
    "Entity",
    "Expression",
    "FilterError",
    "Selector",
    "Service",
    "TraceView",
    "deeper",
    "hint",
    "matches",
    "parse",
    "parse_entity",
    "prefilter",
    "selects",
    "to_sql",
]
