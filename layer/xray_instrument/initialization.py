"""The cold start opened up: from process start to the first /next, its imports, and the calls made in it.

Nothing of it can be sent while it happens, because Lambda gives no trace header before the first invocation.
So it is kept, and the first sampled invocation adopts it: a subsegment beside that invocation's root.
"""

import os
from time import CLOCK_BOOTTIME, clock_gettime

from .model import Subsegment, Trace, legal_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .emitter import Emitter
    from .invocation import Invocation
    from .model import Document
    from .recorder import Recorder

# Calls kept while nobody can receive them. A module scope with more is nothing we have seen; what is more is
# counted and said.
KEPT_CALLS = 1_000
# Above this much time between the end of init and the first invocation the environment was made ahead of
# need (proactive initialization; other tools draw the line at 10 s too).
AHEAD = 10.0
# Process age: the kernel counts in ticks, so the start is known to 10 ms. Older than this at the first
# look means that the numbers are not of this process's start (a restored snapshot, a foreign clock).
OLDEST_START = 900.0


def process_start(now: float, at_most: float, reading: "str | None") -> float:
    """Return when the process started, in seconds since the epoch.

    Args:
        now: the clock's reading now.
        at_most: an upper bound: when our own code first ran.
        reading: what bash's EPOCHREALTIME said in the wrapper, if there was one: exact.
    """
    if reading:
        try:
            exact = float(reading.replace(",", "."))
        except ValueError:
            exact = 0.0
        if at_most - OLDEST_START < exact <= at_most:
            return exact
    try:
        stat = os.open("/proc/self/stat", os.O_RDONLY | os.O_CLOEXEC)  # not open(): a third of the cost
        try:
            ticks = int(os.read(stat, 4096).rpartition(b")")[2].split()[19])
        finally:
            os.close(stat)
        age = clock_gettime(CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return at_most
    started = now - age
    return started if at_most - OLDEST_START < started <= at_most else at_most


class Import(Subsegment):
    """The loading of one top-level module below another one, its own submodules folded in."""

    __slots__ = ("_new_id", "_real_id", "above", "nested", "nodes", "since", "total", "used")

    def __init__(self, name: str, start_time: float, trace: Trace, recorder: "Recorder") -> None:
        self._real_id = ""
        self._new_id = recorder.new_id
        self.nodes: "dict[str, Import]" = {}
        self.nested = 0
        self.since = start_time
        self.total = 0.0
        self.used = False
        self.above: "Import | None" = None
        super().__init__(name, "", start_time, trace)

    @property
    def id(self) -> str:
        """16 hex digits, drawn when first asked for: most imports are never shown."""
        if not self._real_id:
            self._real_id = self._new_id()
            node: "Import | None" = self
            while node is not None and not node.used:
                node.used = True
                node = node.above
        return self._real_id

    @id.setter  # noqa: A003
    def id(self, value: str) -> None:
        self._real_id = value


class Initialization(Trace):
    """The recording of one cold start.

    Args:
        name: of the subsegment, the handler setting.
        started: process start, seconds since the epoch.
        threshold: seconds that an import must take to be shown.
    """

    __slots__ = ("_emitter", "_kept", "_recorder", "_threshold", "_top", "_under_way", "ended_at", "modules")

    def __init__(self, name: str, started: float, threshold: float, recorder: "Recorder", emitter: "Emitter") -> None:
        super().__init__(self._keep)
        self._recorder = recorder
        self._emitter = emitter
        self._threshold = threshold
        self._kept: "list[Subsegment]" = []
        self.ended_at = 0.0
        self.modules = 0
        # root moves along: what begins hangs below the import that is under way.
        self.root = self._top = self._under_way = Import(legal_name(name + " init"), started, self, recorder)

    @property
    def started_at(self) -> float:
        """Process start, seconds since the epoch."""
        return self._top.start_time

    def main(self) -> Subsegment:
        """Return the initialization's own subsegment, wherever its code stands."""
        return self._top

    def client_ready(self) -> None:
        """Note the end of the runtime's own start: Python, and the runtime client's import."""
        now = self._recorder.clock()
        runtime = Import("runtime start", self._top.start_time, self, self._recorder)
        runtime.end_time = now
        runtime.total = now - runtime.start_time
        self._top.nodes["runtime start"] = runtime

    def import_began(self, name: str) -> None:
        """A module's loading begins on the main thread."""
        self.modules += 1
        top = name.partition(".")[0]
        above = self._under_way
        if above.name == top:
            above.nested += 1
            return
        now = self._recorder.clock()
        node = above.nodes.get(top)
        if node is None:
            node = above.nodes[top] = Import(top, now, self, self._recorder)
            node.parent = node.above = above
        node.since = now
        self.root = self._under_way = node

    def import_ended(self, name: str) -> None:
        """A module has been loaded, or has failed to."""
        node = self._under_way
        if node.name != name.partition(".")[0]:
            return
        if node.nested:
            node.nested -= 1
            return
        now = self._recorder.clock()
        node.total += now - node.since
        node.end_time = now
        if node.above is not None:
            self.root = self._under_way = node.above

    def end(self) -> None:
        """The runtime asks for its first invocation."""
        self.root = self._top  # nothing is under way any more
        self.ended_at = self.root.end_time = self._recorder.clock()

    def adopt(self, invocation: "Invocation", kind: str, first_invocation: float = 0.0, cause: "Document | None" = None) -> None:
        """Send everything as part of the invocation's trace, beside its root.

        Args:
            invocation: the first sampled one.
            kind: the initialization type, as Lambda names it.
            first_invocation: when the first one came, sampled or not, seconds since the epoch; 0: this one.
            cause: why the initialization failed, if it did.
        """
        root = self._top
        self.trace_id = invocation.trace_id
        root.parent_id = invocation.header.parent
        gap = (first_invocation or invocation.root.start_time) - self.ended_at
        annotations: "Document" = {"initialization_type": kind}
        details: "Document" = {"modules_loaded": self.modules, "import_threshold_ms": self._threshold * 1000}
        if gap > AHEAD or kind == "provisioned-concurrency":
            annotations["initialized_ahead"] = True
            details["seconds_before_invocation"] = round(gap, 3)
        if self.lost:
            details["lost"] = dict(self.lost)
        told = root.fields  # what the function's own code put on "the segment" while it was loaded
        annotations = {**told.get("annotations", {}), **annotations}
        metadata = {**told.get("metadata", {}), "xray_instrument": details}
        root.fields = {**told, "annotations": annotations, "metadata": metadata}
        if cause is not None:
            root.fields.update(fault=True, cause=cause)
        root.children = list(self._shown(root))
        self.deliver = self._send
        self._send(root)
        kept, self._kept = self._kept, []
        for call in kept:
            self._send(call)

    def _shown(self, above: Import) -> "list[Subsegment]":
        """Return the imports below one that are worth showing, with what they took, own and total."""
        shown: "list[Subsegment]" = []
        for node in above.nodes.values():
            if node.total < self._threshold and not node.used:
                continue
            if node.end_time is None:
                node.end_time = self.ended_at
            own = node.total - sum(child.total for child in node.nodes.values())
            took = {"total_ms": round(node.total * 1000, 3), "own_ms": round(own * 1000, 3)}
            node.fields = {"metadata": {"import": took}}
            node.children = self._shown(node)
            shown.append(node)
        return shown

    def _keep(self, subsegment: Subsegment) -> None:
        if len(self._kept) < KEPT_CALLS:
            subsegment.parent_id = subsegment.parent.id if subsegment.parent else ""
            self._kept.append(subsegment)
        else:
            self.lost["too_many_at_init"] = self.lost.get("too_many_at_init", 0) + 1

    def _send(self, subsegment: Subsegment) -> None:
        self._emitter.emit(subsegment)


def drop_own_sitecustomize(modules: "dict[str, Any]", own_folder: str) -> None:
    """Take our sitecustomize out of sys.modules, where without us there would be none."""
    module = modules.get("sitecustomize")
    if module is not None and os.path.dirname(getattr(module, "__file__", None) or "") == own_folder:
        del modules["sitecustomize"]
