"""What the X-Ray SDK keeps of the open entities in Lambda, made one for each thread and asyncio task."""

from ..context import current, enter, inside, live
from ..guard import guarded
from .xray_sdk_entities import NODES, TRACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Entities(list):  # type: ignore[type-arg]
    """The SDK's stack of open entities as it is in this thread or task: a change is made in the context, not in place."""

    def __init__(self, items: "Any", put: "Any") -> None:
        list.__init__(self, items)
        self._put = put

    def append(self, entity: "Any") -> None:
        list.append(self, entity)
        self._put(tuple(self))

    def pop(self, index: "Any" = -1) -> "Any":
        entity = list.pop(self, index)
        self._put(tuple(self))
        return entity


class ContextLocal:
    """What the SDK keeps in a threading.local: one for each thread, and for each asyncio task, which inherits it."""

    __slots__ = ("_variable",)

    def __init__(self) -> None:
        from _contextvars import ContextVar  # noqa: PLC0415  (not contextvars: half the cost)

        object.__setattr__(self, "_variable", ContextVar("aws_xray_sdk", default=None))

    def __getattribute__(self, name: str) -> "Any":
        state = object.__getattribute__(self, "_variable").get()
        if state is None or name not in state:
            return object.__getattribute__(self, name)
        value = state[name]
        return _Entities(value, lambda items: setattr(self, name, items)) if name == "entities" else value

    def __setattr__(self, name: str, value: "Any") -> None:
        variable = object.__getattribute__(self, "_variable")
        variable.set({**(variable.get() or {}), name: tuple(value) if name == "entities" else value})
        if name == "entities" and value:
            try:
                _stands_in(value[-1])
            except RecursionError:  # the SDK's stack of entities must be true also where there is no room to tell us
                return

    @property
    def __dict__(self) -> "Any":  # type: ignore[override]
        """What the SDK clears."""
        return _Clearing(object.__getattribute__(self, "_variable"))


@guarded("aws_xray_sdk")
def _stands_in(entity: "Any") -> None:
    """Follow the SDK where its function is told which entity is open here: set_trace_entity, in threads above all."""
    facade = entity.__dict__.get("parent_segment", entity)
    trace = facade.__dict__.get(TRACE)
    if trace is None or trace is not live.trace:
        return
    node = trace.main() if facade is entity else facade.__dict__[NODES].get(entity.id)
    if node is not None and not inside(current(), node):
        enter(node)


class _Clearing:
    def __init__(self, variable: "Any") -> None:
        self._variable = variable

    def clear(self) -> None:
        self._variable.set(None)


class Local:
    """The attribute `_local` of the SDK's LambdaContext."""

    def __get__(self, context: "Any", owner: "Any" = None) -> "Any":
        if context is None:
            return self
        mine = context.__dict__.get("_local")
        if mine.__class__ is not ContextLocal:
            mine = context.__dict__["_local"] = ContextLocal()
        return mine

    def __set__(self, context: "Any", value: "Any") -> None:
        context.__dict__["_local"] = ContextLocal()
