"""Every setting there is, read once from the environment into a frozen value.

docs/configuration.md is made from SETTINGS; a test fails when it is not.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

PREFIX = "XRAY_INSTRUMENT_"
# What can be left out, and what can be captured beyond the default; both documented in docs/configuration.md.
PLUGINS = ("botocore", "threads", "imports", "watcher")
CAPTURES = ("object_keys", "message_urls")


def _flag(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered in ("1", "true", "yes", "on"):
        return True
    if lowered in ("0", "false", "no", "off"):
        return False
    raise ValueError("expected true or false")


def _milliseconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 900_000:
        raise ValueError("expected milliseconds from 0 to 900000")
    return value / 1000


def _names(known: "tuple[str, ...]") -> "Callable[[str], frozenset[str]]":
    def parse(text: str) -> "frozenset[str]":
        names = frozenset(name.strip() for name in text.split(",") if name.strip())
        if not names <= set(known):
            raise ValueError(f"expected names out of {', '.join(known)}; {', '.join(sorted(names - set(known)))} is none")
        return names

    return parse


class Setting:
    """One row of the table: attribute, environment variable, default (as text), parser, sentence for the docs."""

    __slots__ = ("attribute", "default", "meaning", "parse", "variable")

    def __init__(self, attribute: str, default: str, parse: "Callable[[str], Any]", meaning: str) -> None:
        self.attribute = attribute
        self.variable = PREFIX + attribute.upper()
        self.default = default
        self.parse = parse
        self.meaning = meaning


SETTINGS = (
    Setting("enabled", "true", _flag, "The kill switch: `false` starts the runtime as if the layer were not there."),
    Setting(
        "next_wrapper", "", str,
        "Path of another wrapper script, started after ours with the runtime's command (Lambda takes one only).",
    ),
    Setting("disable", "", _names(PLUGINS), f"Parts to leave out, separated by commas: {', '.join(PLUGINS)}."),
    Setting(
        "capture", "", _names(CAPTURES),
        "What to record beyond the default, separated by commas: `object_keys` (S3 keys), "
        "`message_urls` (paths and queries of URLs in exception messages).",
    ),
    Setting(
        "import_threshold_ms", "5", _milliseconds,
        "Milliseconds that a module's import must take to be shown below the initialization.",
    ),
    Setting(
        "slow_call_ms", "1000", _milliseconds,
        "Milliseconds after which a call that is still open is sent as in progress, so that a kill leaves evidence.",
    ),
    Setting(
        "deadline_margin_ms", "100", _milliseconds,
        "Milliseconds before the function's deadline at which everything still open is sent, with the stack that hangs.",
    ),
    Setting("debug", "false", _flag, "One line on stderr for each decision, with its reason."),
)  # fmt: skip


class Settings:
    """The settings of this process. Attributes as in SETTINGS, plus those that Lambda's own variables give."""

    __slots__ = (*(setting.attribute for setting in SETTINGS), "daemon", "handler", "initialization_type", "problems")

    enabled: bool
    next_wrapper: str
    disable: "frozenset[str]"
    capture: "frozenset[str]"
    import_threshold_ms: float
    slow_call_ms: float
    deadline_margin_ms: float
    debug: bool
    daemon: str
    handler: str
    initialization_type: str
    problems: "tuple[str, ...]"

    def __init__(self, environ: "Mapping[str, str]") -> None:
        problems = []
        put = object.__setattr__
        for setting in SETTINGS:
            text = environ.get(setting.variable) or setting.default
            try:
                value = setting.parse(text)
            except ValueError as error:
                value = setting.parse(setting.default)
                problems.append(f"{setting.variable}={text!r}: {error}; {setting.default or 'nothing'!r} is used instead")
            put(self, setting.attribute, value)
        put(self, "daemon", environ.get("AWS_XRAY_DAEMON_ADDRESS", ""))
        put(self, "handler", environ.get("_HANDLER", ""))
        put(self, "initialization_type", _initialization_type(environ))
        put(self, "problems", tuple(problems))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings are read once and stay as they are; {name} was not set to {value!r}")


def _initialization_type(environ: "Mapping[str, str]") -> str:
    """Return on-demand, provisioned-concurrency, snap-start or lambda-managed-instances."""
    if "AWS_LAMBDA_MAX_CONCURRENCY" in environ:
        return "lambda-managed-instances"
    return environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
