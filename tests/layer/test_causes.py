"""Exceptions as X-Ray causes: chains, cycles, groups, recursion, and exceptions that fail at being text."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.aws.recording import cause
from tests.kit.fakes import Document
from xray_instrument import causes


def caught(call: Callable[[], object]) -> BaseException:
    """What a call raises, with its traceback."""
    try:
        call()
    except BaseException as error:  # noqa: BLE001  (KeyboardInterrupt too)
        return error
    raise AssertionError("it raised nothing")


def explicit() -> None:
    try:
        raise KeyError("first")
    except KeyError as error:
        raise ValueError("second") from error


def implicit() -> None:
    try:
        raise KeyError("first")
    except KeyError:
        raise ValueError("second")  # noqa: B904  (an implicit chain is what this is about)


def suppressed() -> None:
    try:
        raise KeyError("first")
    except KeyError:
        raise ValueError("second") from None


def cycle() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    raise one


def seven() -> None:
    error: Exception | None = None
    for number in range(7):
        link = ValueError(str(number))
        link.__cause__, error = error, link
    assert error is not None
    raise error


def group() -> None:
    raise ExceptionGroup("several", [ValueError("one"), KeyError("two")])


class SilentError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def silent() -> None:
    raise SilentError("x")


def interrupted() -> None:
    raise KeyboardInterrupt


def empty() -> None:
    raise ValueError


def link(kind: str, message: str, innermost: str | None, **more: object) -> Document:
    return {"type": kind, "message": message, "innermost": innermost, **more}


CHAINS = (
    (explicit, [link("ValueError", "second", "explicit", led_to_by=1), link("KeyError", "'first'", "explicit")]),
    (implicit, [link("ValueError", "second", "implicit", led_to_by=1), link("KeyError", "'first'", "implicit")]),
    (suppressed, [link("ValueError", "second", "suppressed")]),
    (cycle, [link("ValueError", "one", "cycle", led_to_by=1), link("ValueError", "other", None)]),
    (seven, [
        link("ValueError", "6", "seven", led_to_by=1), *(link("ValueError", str(5 - n), None, led_to_by=n + 2) for n in range(3)),
        link("ValueError", "2", None),
    ]),
    (group, [link("ExceptionGroup", "several (2 sub-exceptions)", "group")]),
    (silent, [link("SilentError", "<no message: str() of SilentError failed>", "silent")]),
    (interrupted, [link("KeyboardInterrupt", "", "interrupted")]),
    (empty, [link("ValueError", "", "empty")]),
)  # fmt: skip


@pytest.mark.parametrize(("call", "expected"), CHAINS, ids=[call.__name__ for call, _expected in CHAINS])
def test_chain(call: Callable[[], None], expected: list[Document]) -> None:
    """Each exception names the one that led to it, as Python's traceback shows them; five links at most, no cycle."""
    assert cause(causes.from_exception(caught(call))) == expected


def test_stack() -> None:
    """The stack is path, line and label, the outermost frame first, with every path listed once and the folder."""
    line = explicit.__code__.co_firstlineno + 4
    error = caught(explicit)
    document = causes.from_exception(error)

    outer = {"path": __file__, "line": caught.__code__.co_firstlineno + 3, "label": "caught"}
    assert document["exceptions"][0]["stack"] == [outer, {"path": __file__, "line": line, "label": "explicit"}]
    assert (document["paths"], document["working_directory"]) == ([__file__], os.getcwd())  # noqa: PTH109


def test_callers() -> None:
    """An exception still on its way up gets the frames that called its outermost one in front."""
    document = causes.from_exception(caught(empty), callers=sys._getframe())

    labels = [frame["label"] for frame in document["exceptions"][0]["stack"]]
    assert labels[-3:] == ["test_callers", "caught", "empty"]
    assert document["paths"] == list(dict.fromkeys(frame["path"] for frame in document["exceptions"][0]["stack"]))


def test_frames_of_the_runtime_client_are_left_out() -> None:
    """Leading frames of the given path go, as in Lambda's own report; where every frame is such a one, all stay."""
    names = {"empty": empty}
    exec(compile("def run(): empty()", "/var/runtime/bootstrap.py", "exec"), names)  # noqa: S102
    error = caught(names["run"])
    error = error.with_traceback(error.__traceback__.tb_next if error.__traceback__ else None)

    def labels(found: BaseException, skip: str) -> list[str]:
        return [frame["label"] for frame in causes.from_exception(found, skip=skip)["exceptions"][0]["stack"]]

    assert labels(error, "/bootstrap.py") == ["empty"]
    assert labels(error, "") == ["run", "empty"]
    assert labels(error, "e") == ["run", "empty"]


def recurse(depth: int) -> None:
    if not depth:
        raise ValueError("deep")
    recurse(depth - 1)


def test_recursion_of_ten_thousand_frames() -> None:
    """Of a deep recursion both ends are kept, 100 frames each, and how many are missing is said."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        error = caught(lambda: recurse(9_999))
    finally:
        sys.setrecursionlimit(limit)

    (exception,) = causes.from_exception(error)["exceptions"]
    labels = [frame["label"] for frame in exception["stack"]]
    assert labels == ["caught", "<lambda>", *["recurse"] * 198]
    assert exception["truncated"] == 10_002 - 200


def test_recursion_error() -> None:
    """The function's own endless recursion is an exception like any other."""

    def endless() -> None:
        endless()

    (exception,) = causes.from_exception(caught(endless))["exceptions"]
    assert (exception["type"], exception["message"][:32], len(exception["stack"])) == (
        "RecursionError",
        "maximum recursion depth exceeded",
        200,
    )


def test_frames_of_ours_are_left_out() -> None:
    """No frame of the guest's code is shown."""
    code = compile("def ours(): return sys._getframe()", str(Path(causes.__file__).with_name("any.py")), "exec")
    names = {"sys": sys}
    exec(code, names)  # noqa: S102
    frame = names["ours"]()  # type: ignore[operator]

    labels = [each["label"] for each in causes.stack_of(frame)["stack"]]
    assert "ours" not in labels
    assert labels[-1] == "test_frames_of_ours_are_left_out"


def test_working_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function may have removed the folder that it stands in."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert causes.from_report("E", "m")["working_directory"] == ""


def test_report() -> None:
    """A failure known by its report only has type, message and the stack it was given."""
    stack = [{"path": "/var/task/app.py", "line": 1, "label": "f"}]

    assert cause(causes.from_report("E", "see https://a.b/c")) == [{"type": "E", "message": "see https://a.b/…"}]
    assert causes.from_report("E", "m", stack)["exceptions"][0]["stack"] == stack
