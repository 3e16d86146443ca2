"""Settings: every one of them read, and every bad value told with what, where and what instead."""

from __future__ import annotations

import pytest

from xray_instrument.settings import PREFIX, SETTINGS, Settings

PARTS = "botocore, aws_xray_sdk, opentelemetry, fallback, threads, imports, watcher"
VALUES = (
    ("enabled", " No ", False),
    ("enabled", "on", True),
    ("debug", "1", True),
    ("debug", "FALSE", False),
    ("next_wrapper", "/opt/other", "/opt/other"),
    ("disable", "botocore, threads,,", frozenset({"botocore", "threads"})),
    ("capture", "object_keys", frozenset({"object_keys"})),
    ("import_threshold_ms", "0", 0.0),
    ("import_threshold_ms", "2.5", 0.0025),
    ("slow_call_ms", "900000", 900.0),
    ("deadline_margin_ms", "50", 0.05),
)
DEFAULTS = {
    "enabled": True,
    "next_wrapper": "",
    "disable": (),
    "capture": (),
    "import_threshold_ms": 0.005,
    "slow_call_ms": 1.0,
    "deadline_margin_ms": 0.1,
    "debug": False,
}
FROM_0_TO = "expected milliseconds from 0 to 900000"
BAD = (
    ("enabled", "maybe", "expected true or false; the default is used instead"),
    ("debug", "2", "expected true or false; the default is used instead"),
    ("disable", "botocore,redis", f"expected names out of {PARTS}; redis is none; the default is used instead"),
    ("capture", "everything", "expected names out of object_keys, message_urls; everything is none; the default is used instead"),
    ("import_threshold_ms", "-1", f"{FROM_0_TO}; the default is used instead"),
    ("import_threshold_ms", "fast", f"{FROM_0_TO}; the default is used instead"),
    ("slow_call_ms", "900001", f"{FROM_0_TO}; the default is used instead"),
    ("slow_call_ms", "nan", f"{FROM_0_TO}; the default is used instead"),
    ("slow_call_ms", "inf", f"{FROM_0_TO}; the default is used instead"),
    ("deadline_margin_ms", "1 s", f"{FROM_0_TO}; the default is used instead"),
)


def values(settings: Settings) -> dict[str, object]:
    return {attribute: getattr(settings, attribute) for attribute, *_ in SETTINGS}


@pytest.mark.parametrize("environ", [{}, {PREFIX + attribute.upper(): "" for attribute, *_ in SETTINGS}], ids=["unset", "empty"])
def test_defaults(environ: dict[str, str]) -> None:
    """Unset and empty both mean the default, and this table has every setting there is."""
    settings = Settings(environ)

    assert (values(settings), settings.problems) == (DEFAULTS, ())
    assert (settings.daemon, settings.handler, settings.initialization_type) == ("", "", "on-demand")


@pytest.mark.parametrize(("attribute", "text", "value"), VALUES)
def test_good_value(attribute: str, text: str, value: object) -> None:
    """A value is read with spaces and in either case, and no other setting changes with it."""
    settings = Settings({f"XRAY_INSTRUMENT_{attribute.upper()}": text})

    assert (values(settings), settings.problems) == ({**DEFAULTS, attribute: value}, ())


@pytest.mark.parametrize(("attribute", "text", "told"), BAD)
def test_bad_value(attribute: str, text: str, told: str) -> None:
    """A bad value is told with the variable, what it was, what was expected and what is used instead: the default."""
    variable = f"XRAY_INSTRUMENT_{attribute.upper()}"
    settings = Settings({variable: text})

    assert (values(settings), settings.problems) == (DEFAULTS, (f"{variable}={text!r}: {told}",))


def test_several_bad_values() -> None:
    """Each bad value is told, and a good one beside them counts."""
    settings = Settings(
        {"XRAY_INSTRUMENT_DEBUG": "x", "XRAY_INSTRUMENT_SLOW_CALL_MS": "y", "XRAY_INSTRUMENT_CAPTURE": "object_keys"}
    )

    assert len(settings.problems) == 2
    assert values(settings) == {**DEFAULTS, "capture": frozenset({"object_keys"})}


TYPES: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "on-demand"),
    ({"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}, "snap-start"),
    ({"AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency"}, "provisioned-concurrency"),
    ({"AWS_LAMBDA_MAX_CONCURRENCY": "4"}, "lambda-managed-instances"),
    ({"AWS_LAMBDA_MAX_CONCURRENCY": "4", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}, "lambda-managed-instances"),
)


@pytest.mark.parametrize(("environ", "kind"), TYPES)
def test_initialization_type(environ: dict[str, str], kind: str) -> None:
    """Lambda's own variables say how the environment was made; a concurrency means managed instances."""
    assert Settings(environ).initialization_type == kind


def test_settings_are_frozen() -> None:
    """Nobody changes a setting at run time."""
    with pytest.raises(AttributeError, match="settings are read once and stay as they are; debug was not set to True"):
        Settings({}).debug = True
