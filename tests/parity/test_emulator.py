"""Law 1 under AWS's own Runtime Interface Emulator: the same answers and the same log, restarts and timeouts included."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.kit import pythons
from tests.kit.emulator import Emulator, binary
from tests.kit.process import Launch, Sandbox
from tests.parity.cases import AWS_SETTINGS, EVERY_CLIENT, Case, steps
from tests.parity.harness import FIXED_HASHES, Scene, script, varying

# Lines of the platform, which the emulator writes beside the function's own without keeping the order of the two.
PLATFORM = re.compile(rb"^(START|END|REPORT) RequestId|\(rapid\)")
EMULATORS_OWN = (
    (re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), b"<uuid>"),
    (re.compile(rb"[\d.]+ ms"), b"<n> ms"),
    (re.compile(rb"127\.0\.0\.1:\d+"), b"<address>"),
    (re.compile(rb"\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d,\d+"), b"<time>"),
)
EVENTS = EVERY_CLIENT[0].rounds
CASES = [
    Case("combined.handler", "a process full", AWS_SETTINGS, rounds=EVENTS),
    # Each of these ends the process, and the emulator starts the next one.
    Case(
        "combined.handler",
        "exits",
        AWS_SETTINGS,
        rounds=steps(*(f"failures.{name}" for name in ("exit_0", "keyboard", "os_exit", "evil_str"))),
    ),
    Case("import_two_levels.handler", "exception at import", rounds=EVENTS[:2]),
    Case("failures.timeout", environment={"AWS_LAMBDA_FUNCTION_TIMEOUT": "1"}, rounds=EVENTS[:1]),
]


def _comparable(data: bytes) -> bytes:
    for pattern, instead in EMULATORS_OWN:
        data = pattern.sub(instead, data)
    return varying(data, "no such address")


def _play(stage: Scene, case: Case, log_format: str, *, layered: bool) -> dict[str, object]:
    """Answers and output of one side."""
    sandbox = stage.furnished(case)
    script(stage.aws)
    environment = {name: value.format_map({"aws": stage.aws.url}) for name, value in case.environment.items()}
    launch = Launch(
        case.handler,
        {"AWS_LAMBDA_LOG_FORMAT": log_format, **FIXED_HASHES, **environment},
        wrapper=sandbox.opt / "xray-instrument",
        ignore_wrapper=not layered,
    )
    with Emulator(sandbox, launch) as emulator:
        answers = [emulator.invoke(invocation.body()) for invocation in case.rounds]
    lines = _comparable(emulator.output()).split(b"\n")
    return {
        "answers": [(status, _comparable(body)) for status, body in answers],
        "function": [line for line in lines if not PLATFORM.search(line)],
        # The emulator prints the fields of its own messages in any order.
        "platform": [sorted(line.split()) for line in lines if PLATFORM.search(line)],
    }


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
@pytest.mark.parametrize("version", pythons.VERSIONS)
def test_the_emulator_sees_no_difference(scene: Callable[..., Scene], version: str, case: Case, log_format: str) -> None:
    """Every answer, the function's output and the platform's lines are the same with and without the layer."""
    try:
        binary()
    except pythons.MissingPythonError as reason:
        pytest.skip(str(reason))
    stage = scene(version)

    assert _play(stage, case, log_format, layered=True) == _play(stage, case, log_format, layered=False)


def test_the_emulator_restarts_what_ended(scene: Callable[..., Scene]) -> None:
    """The layered function is really run and restarted by the emulator: three exits, four starts of the runtime."""
    try:
        binary()
    except pythons.MissingPythonError as reason:
        pytest.skip(str(reason))
    stage = scene(max(pythons.present(), key=pythons.VERSIONS.index, default="3.14"))
    sandbox: Sandbox = stage.furnished(CASES[1])
    sandbox.write("app.py", "import os\nprint('started')\ndef handler(event, context):\n    os._exit(1)\n")

    with Emulator(sandbox, Launch("app.handler", wrapper=sandbox.opt / "xray-instrument")) as emulator:
        answers = [emulator.invoke(b"{}")[0] for _ in range(3)]

    assert (answers, emulator.output().count(b"started\n")) == ([502, 502, 502], 3)
