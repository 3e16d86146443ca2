"""Every setting there is, read once from the environment into a frozen value.

docs/configuration.md is made from SETTINGS; a test fails when it is not.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PREFIX = "XRAY_INSTRUMENT_"
# What can be left out, and what can be captured beyond the default; both documented in docs/configuration.md.
PLUGINS = ("botocore", "aws_xray_sdk", "opentelemetry", "fallback", "threads", "imports", "watcher")
CAPTURES = ("object_keys", "message_urls")


# (attribute, default, kind, sentence for the docs). The variable is PREFIX + the attribute in capitals; the default is
# the parsed value. Plain constants, because reading them is part of every cold start.
SETTINGS: "tuple[tuple[str, Any, str, str], ...]" = (
    ("enabled", True, "flag", "The kill switch: `false` starts the runtime as if the layer were not there."),
    (
        "next_wrapper", "", "text",
        "Path of another wrapper script, started after ours with the runtime's command (Lambda takes one only).",
    ),
    (
        "disable", (), "parts",
        "Parts to leave out, separated by commas: botocore, aws_xray_sdk, opentelemetry, fallback, threads, imports, watcher.",
    ),
    (
        "capture", (), "captures",
        "What to record beyond the default, separated by commas: `object_keys` (S3 keys), `message_urls` (URLs in messages).",
    ),
    (
        "import_threshold_ms", 0.005, "milliseconds",
        "Milliseconds that a module's import must take to be shown below the initialization.",
    ),
    (
        "slow_call_ms", 1.0, "milliseconds",
        "Milliseconds after which a call that is still open is sent as in progress, so that a kill leaves evidence.",
    ),
    (
        "deadline_margin_ms", 0.1, "milliseconds",
        "Milliseconds before the function's deadline at which everything still open is sent, with the stack that hangs.",
    ),
    ("debug", False, "flag", "One line on stderr for each decision, with its reason."),
)  # fmt: skip


def parsed(kind: str, text: str) -> "Any":
    """Return the value of a setting's text; milliseconds as seconds.

    Raises:
        ValueError: the text is none of its kind; says what was expected.
    """
    if kind == "flag":
        lowered = text.strip().lower()
        if lowered not in ("1", "true", "yes", "on", "0", "false", "no", "off"):
            raise ValueError("expected true or false")
        return lowered in ("1", "true", "yes", "on")
    if kind == "milliseconds":
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= 900_000:
            raise ValueError("expected milliseconds from 0 to 900000")
        return value / 1000
    if kind == "text":
        return text
    known = PLUGINS if kind == "parts" else CAPTURES
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    if not names <= set(known):
        raise ValueError(f"expected names out of {', '.join(known)}; {', '.join(sorted(names - set(known)))} is none")
    return names


class Settings:
    """The settings of this process. Attributes as in SETTINGS, plus those that Lambda's own variables give."""

    enabled: bool
    next_wrapper: str
    disable: "frozenset[str] | tuple[()]"
    capture: "frozenset[str] | tuple[()]"
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
        put = self.__dict__.__setitem__
        for attribute, default, kind, _ in SETTINGS:
            value = default
            text = environ.get(PREFIX + attribute.upper())
            if text:
                try:
                    value = parsed(kind, text)
                except ValueError as error:
                    problems.append(f"{PREFIX}{attribute.upper()}={text!r}: {error}; the default is used instead")
            put(attribute, value)
        put("daemon", environ.get("AWS_XRAY_DAEMON_ADDRESS", ""))
        put("handler", environ.get("_HANDLER", ""))
        put("initialization_type", _initialization_type(environ))
        put("problems", tuple(problems))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings are read once and stay as they are; {name} was not set to {value!r}")


def _initialization_type(environ: "Mapping[str, str]") -> str:
    """Return on-demand, provisioned-concurrency, snap-start or lambda-managed-instances."""
    if "AWS_LAMBDA_MAX_CONCURRENCY" in environ:
        return "lambda-managed-instances"
    return environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
