"""Subsegments of your own in the traces that the xray-instrument layer makes: three names, and nothing without the layer.

    from xray_instrument_helper import annotate, metadata, subsegment

    @subsegment
    def price(order): ...                      # also for coroutines, generators and asynchronous generators

    with subsegment("check stock"):
        annotate("articles", len(order))       # can be searched for: text, numbers, true or false
        metadata("order", order)               # is shown: anything that JSON can say

With the layer this module can be imported without being in your package. Installed, it also imports where the layer is
not, in tests say: then it records nothing and changes nothing. It never raises anything of its own.
"""

from __future__ import annotations

import sys
from functools import partial, wraps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from types import TracebackType
    from typing import Any, TypeVar, overload

    from typing_extensions import Self

    Function = TypeVar("Function", bound=Callable[..., Any])
    Call = Callable[[], Any]

__all__ = ["annotate", "metadata", "subsegment"]
__version__ = "0.1.0"

# inspect.iscoroutinefunction and its like look at these flags of a function's code; importing inspect takes 10 ms.
_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200


def _layer() -> Any:
    """The layer's side, while something is being recorded; else None."""
    live = getattr(sys.modules.get("xray_instrument.context"), "live", None)
    return live.custom() if live is not None and live.trace.recording else None


def annotate(key: str, value: str | float | bool) -> None:
    """Put an annotation on the subsegment that is open here, else on the invocation's own.

    Args:
        key: letters, digits and `_`; other characters become `_`.
        value: text (X-Ray indexes 1,000 characters), a number, or true or false.
    """
    layer = _layer()
    if layer is not None:
        layer.annotate(key, value)


def metadata(key: str, value: object, namespace: str = "default") -> None:
    """Put metadata on the subsegment that is open here, else on the invocation's own.

    Args:
        key: any text.
        value: anything; what JSON lacks is shown as text.
        namespace: groups keys; those that begin with `AWS.` are X-Ray's own.
    """
    layer = _layer()
    if layer is not None:
        layer.metadata(key, value, namespace)


class subsegment:  # noqa: N801 - used like a function
    """One piece of work: `with subsegment("name"):`, `async with`, `@subsegment` or `@subsegment("name")`.

    An exception that passes through is its cause, and passes through. A decorated generator is one subsegment from its first
    to its last value; what happens between two values in the code that takes them is not inside.
    """

    if TYPE_CHECKING:

        @overload
        def __new__(cls, name: Function) -> Function: ...  # type: ignore[misc]

        @overload
        def __new__(cls, name: str | None = None) -> Self: ...

    def __new__(cls, name: Any = None) -> Any:  # noqa: D102 - the class's docstring says it
        made = super().__new__(cls)
        made._name = name if isinstance(name, str) else ""
        made._open = []
        return made(name) if callable(name) else made

    _name: str
    _open: list[Any]

    def __enter__(self) -> Self:
        layer = _layer()
        self._open.append(None if layer is None else (layer, layer.begin(self._name or "subsegment")))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        opened = self._open.pop()
        if opened is not None:
            layer, node = opened
            layer.end(node, error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Function) -> Function:
        """Decorate a function; each call is one subsegment."""
        name = self._name or getattr(function, "__name__", "subsegment")
        flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
        made: Any
        if flags & _COROUTINE:

            @wraps(function)
            async def made(*args: Any, **kwargs: Any) -> Any:
                with subsegment(name):
                    return await function(*args, **kwargs)

        elif flags & _GENERATOR:

            @wraps(function)
            def made(*args: Any, **kwargs: Any) -> Any:
                return _generate(name, function(*args, **kwargs))

        elif flags & _ASYNC_GENERATOR:

            @wraps(function)
            def made(*args: Any, **kwargs: Any) -> Any:
                return _generate_async(name, function(*args, **kwargs))

        else:

            @wraps(function)
            def made(*args: Any, **kwargs: Any) -> Any:
                with subsegment(name):
                    return function(*args, **kwargs)

        return made  # type: ignore[no-any-return]


class _Stretches:
    """A subsegment that is open only while its generator runs, from one value to the next.

    What the generator itself has open when it gives a value is not open outside, and is again when it goes on.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._layer = _layer()
        self._node: Any = None
        self._outside: Any = None
        self._inner: Any = None

    def __enter__(self) -> None:
        if self._layer is not None:
            self._outside = self._layer.stretch(self._node, self._inner)
            self._node = self._node or self._layer.begin(self._name)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._layer is None:
            return
        if error is not None:
            finished = isinstance(error, StopIteration | StopAsyncIteration | GeneratorExit)
            self._layer.end(self._node, None if finished else error)
        self._inner = self._layer.pause(self._outside)


def _generate(name: str, inner: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """PEP 380's `yield from`, with the subsegment open while `inner` runs."""
    stretches = _Stretches(name)
    step: Call = partial(next, inner)
    while True:
        try:
            with stretches:
                value = step()
        except StopIteration as ended:
            return ended.value
        try:
            sent = yield value
            step = partial(inner.send, sent)
        except GeneratorExit:
            with stretches:
                inner.close()
                raise
        except BaseException as thrown:  # noqa: BLE001 - it is handed to the generator, whatever it is
            step = partial(inner.throw, thrown)


async def _generate_async(name: str, inner: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, Any]:
    """The same for an asynchronous generator."""
    stretches = _Stretches(name)
    step: Call = partial(anext, inner)
    while True:
        try:
            with stretches:
                value = await step()
        except StopAsyncIteration:
            return
        try:
            sent = yield value
            step = partial(inner.asend, sent)
        except GeneratorExit:
            with stretches:
                await inner.aclose()
                raise
        except BaseException as thrown:  # noqa: BLE001
            step = partial(inner.athrow, thrown)
