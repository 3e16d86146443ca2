"""What the X-Ray SDK keeps of the open entities in Lambda, made one for each thread and asyncio task.

With the SDK alone it is one for each thread, and programs that do one thing after the other rely on that: one task begins a
subsegment, and another one ends it when the first is over; a task goes on when what was open at its start is closed. So
each thread's latest state is kept, too, and a context that is behind it catches up.
"""

import sys
from _thread import _local
from _weakref import ref

from ..context import current, enter, inside, live
from ..guard import guarded
from .xray_sdk_entities import NODES, TRACE, closing, trace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # The attributes of one thread or task: entities, segment; WRITER. Never changed, but replaced.
    State = dict[str, Any]

# In a state: the asyncio task that has made it, if one has. No attribute has this name.
WRITER = ""


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

    __slots__ = ("_latest", "_variable")

    def __init__(self) -> None:
        from _contextvars import ContextVar  # noqa: PLC0415  (not contextvars: half the cost)

        object.__setattr__(self, "_variable", ContextVar("aws_xray_sdk", default=None))
        object.__setattr__(self, "_latest", _local())

    def __getattribute__(self, name: str) -> "Any":
        state = _state(self)
        if state is None or name not in state:
            return object.__getattribute__(self, name)
        value = state[name]
        return _Entities(value, lambda items: setattr(self, name, items)) if name == "entities" else value

    def __setattr__(self, name: str, value: "Any") -> None:
        kept = tuple(value) if name == "entities" else value
        state = object.__getattribute__(self, "_latest").state = {**(_state(self) or {}), name: kept, WRITER: _task()}
        object.__getattribute__(self, "_variable").set(state)
        closing.__dict__.clear()
        if name == "entities" and value:
            try:
                _stands_in(value[-1])
            except RecursionError:  # the SDK's stack of entities must be true also where there is no room to tell us
                return

    @property
    def __dict__(self) -> "Any":  # type: ignore[override]
        """What the SDK clears."""
        return _Clearing(object.__getattribute__(self, "_variable"), object.__getattribute__(self, "_latest"))


def _state(local: ContextLocal) -> "State | None":
    """Return the state of this thread or task, caught up with what has happened in its thread."""
    variable = object.__getattribute__(local, "_variable")
    state: "State | None" = variable.get()
    last: "State | None" = getattr(object.__getattribute__(local, "_latest"), "state", None)
    if state is last:
        return state
    found = _caught_up(state or {}, last or {})
    if found != (state or {}):
        variable.set(found)
        return found
    return state


def _caught_up(state: "State", last: "State") -> "State":
    """Return the state without what others have closed since, and with what a task that is over has left open.

    Args:
        state: of this thread or task.
        last: the latest in this thread.
    """
    entities: "tuple[Any, ...]" = state.get("entities", ())
    kept = entities
    while kept and _is_closed(kept[-1]) and kept[-1] is not getattr(closing, "entity", None):
        kept = kept[:-1]
    if kept is not entities and state[WRITER] == _task():  # else: begun by another task, and this one goes on below it
        _step_out(entities[len(kept) :])
    known = kept if kept and trace_of(kept[-1]) in (None, live.trace) else ()
    left = last.get("entities", ())
    more = left[len(known) :] if left[: len(known)] == known else ()
    if more and not _is_closed(more[-1]) and trace_of(more[-1]) in (None, live.trace) and _is_over(last[WRITER]):
        _stands_in(more[-1])
        return last
    return state if kept is entities else {**state, "entities": kept}


def _is_closed(entity: "Any") -> bool:
    return getattr(entity, "type", "") == "subsegment" and not entity.in_progress


def _task() -> "Any":
    """Return a weak reference to the asyncio task that runs here, if one does."""
    loop = getattr(sys.modules.get("asyncio.events"), "_get_running_loop", lambda: None)()
    task = None if loop is None else sys.modules["asyncio.tasks"].current_task(loop)
    return None if task is None else ref(task)


def _is_over(task: "Any") -> bool:
    """Whether nothing more can come of a task: it is done or gone, or it is the one that asks; what is no task's is always so."""
    found = None if task is None else task()
    return found is None or found.done() or task == _task()


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


@guarded("aws_xray_sdk")
def _step_out(closed: "tuple[Any, ...]") -> None:
    """Follow the SDK out of subsegments that were begun here and have been ended elsewhere."""
    node = before = current()
    while node is not None and getattr(node, "entity", None) in closed:
        node = node.parent
    if node is not before:
        enter(node)


class _Clearing:
    def __init__(self, variable: "Any", latest: "Any") -> None:
        self._variable = variable
        self._latest = latest

    def clear(self) -> None:
        self._variable.set(None)
        self._latest.__dict__.clear()


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
