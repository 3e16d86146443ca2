"""What the X-Ray SDK keeps of the open entities in Lambda, made one for each thread and asyncio task.

With the SDK alone it is one for each thread, and programs that do one thing after the other rely on that: one task begins a
subsegment, and another one ends it when the first is over; a task goes on when what was open at its start is closed. So
each thread's latest state is kept, too, and a context that is behind it catches up.
"""

import sys
from _thread import _local, get_ident
from _weakref import ref

from ..context import current, enter, inside, live
from ..guard import guarded
from .xray_sdk_entities import closing, standing, trace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # The attributes of one thread or task: entities, segment; OWNERS. Never changed, but replaced.
    State = dict[str, Any]
    Owner = tuple[int, Any]

# In a state: for each of the entities, in which thread and by which asyncio task it was put there. No attribute has this name.
OWNERS = ""


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


_plain = object.__getattribute__


class ContextLocal:
    """What the SDK keeps in a threading.local: one for each thread, and for each asyncio task, which inherits it."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        from _contextvars import ContextVar  # noqa: PLC0415  (not contextvars: half the cost)

        object.__setattr__(self, "_kept", (ContextVar("aws_xray_sdk", default=None), _local()))

    def __getattribute__(self, name: str) -> "Any":  # some 20 times for each subsegment: so it is written out
        variable, latest = _plain(self, "_kept")
        state = variable.get()
        if state is not getattr(latest, "state", None):
            state = _state(variable, latest)
        if state is None or name not in state:
            return _plain(self, name)
        value = state[name]
        return _Entities(value, lambda items: setattr(self, name, items)) if name == "entities" else value

    def __setattr__(self, name: str, value: "Any") -> None:
        variable, latest = _plain(self, "_kept")
        before = _state(variable, latest) or {}
        state = {**before, name: value}
        if name == "entities":
            state[name], state[OWNERS] = tuple(value), _owners(before, value)
        latest.state = state
        variable.set(state)
        closing.__dict__.clear()
        if name == "entities" and value:
            try:
                _stands_in(value[-1])
            except RecursionError:  # the SDK's stack of entities must be true also where there is no room to tell us
                return

    @property
    def __dict__(self) -> "Any":  # type: ignore[override]
        """What the SDK clears."""
        return _Clearing(*_plain(self, "_kept"))


def _state(variable: "Any", latest: "Any") -> "State | None":
    """Return the state of this thread or task, caught up with what has happened in its thread."""
    state: "State | None" = variable.get()
    last: "State | None" = getattr(latest, "state", None)
    if state is last:
        return state
    found = _caught_up(state or {}, last or {})
    if found != (state or {}):
        variable.set(found)
        return found
    return state


def _caught_up(state: "State", last: "State") -> "State":
    """Return the state without what others have closed since, and with what tasks that are over have left open.

    Args:
        state: of this thread or task.
        last: the latest in this thread.
    """
    entities: "tuple[Any, ...]" = state.get("entities", ())
    kept = entities
    while kept and _is_closed(kept[-1]) and kept[-1] is not getattr(closing, "entity", None):
        kept = kept[:-1]
    if kept is not entities and _is_over(state[OWNERS][-1]):  # else: begun by another task, and this one goes on below it
        _step_out(entities[len(kept) :])
    known = kept if kept and trace_of(kept[-1]) in (None, live.trace) else ()
    left: "tuple[Any, ...]" = last.get("entities", ())
    more: "tuple[Any, ...]" = left[len(known) :] if left[: len(known)] == known else ()
    usable = more and not _is_closed(more[-1]) and trace_of(more[-1]) in (None, live.trace)
    if usable and all(map(_is_over, last[OWNERS][len(known) :])):
        _stands_in(more[-1])
        return last
    return state if kept is entities else {**state, "entities": kept, OWNERS: state[OWNERS][: len(kept)]}


def _is_closed(entity: "Any") -> bool:
    return getattr(entity, "type", "") == "subsegment" and not entity.in_progress


def _owners(before: "State", entities: "Any") -> "tuple[Owner, ...]":
    """Return who has put each of the entities there: those that were there already keep theirs."""
    same = 0
    for known, entity in zip(before.get("entities", ()), entities):  # noqa: B905  (what they have in common)
        if known is not entity:
            break
        same += 1
    new = len(entities) - same
    kept: "tuple[Owner, ...]" = before.get(OWNERS, ())[:same]
    return kept + (_here(),) * new if new else kept


def _here() -> "Owner":
    """Return the thread and, as a weak reference, the asyncio task that runs here, if one does."""
    loop = getattr(sys.modules.get("asyncio.events"), "_get_running_loop", lambda: None)()
    task = None if loop is None else sys.modules["asyncio.tasks"].current_task(loop)
    return get_ident(), None if task is None else ref(task)


def _is_over(owner: "Owner") -> bool:
    """Whether nothing more can come of it: a task that is done or gone, the one that asks; no task, but this thread."""
    thread, reference = owner
    task = None if reference is None else reference()
    return thread == get_ident() and (task is None or task.done() or owner == _here())


@guarded("aws_xray_sdk")
def _stands_in(entity: "Any") -> None:
    """Follow the SDK where its function is told which entity is open here: set_trace_entity, in threads above all."""
    facade = entity.__dict__.get("parent_segment", entity)
    stands_for = standing(facade)
    if stands_for is None or stands_for.trace is None or stands_for.trace is not live.trace:
        return
    node = stands_for.trace.main() if facade is entity else stands_for.nodes.get(entity.id)
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
