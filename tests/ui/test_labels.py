"""What the page says of a segment in a few words is what the terminal says: the examples of the one, told by the other."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.local.core import lambdas
from tests.local.terminal import test_labels
from tests.ui.test_frame_modules import NODE, node
from xray_local.model import Document
from xray_local.terminal.labels import detail, exception, label, printable
from xray_local.terminal.timeline import _nodes

pytestmark = pytest.mark.skipif(NODE is None, reason="no node on PATH")

TOLD = """
import { detail, exception, label, printable } from "%(ui)s/trace/labels.js";
const does = { detail, exception, label, printable };
console.log(JSON.stringify(JSON.parse(process.argv[1]).map(([what, value]) => does[what](value))));
"""
DOES = {"detail": detail, "exception": exception, "label": label, "printable": printable}


def cases(test: Any) -> list[tuple[Any, str]]:
    """The rows of a parametrized test."""
    (mark,) = test.pytestmark
    return [(node, text) for node, text in mark.args[1]]


def test_the_terminals_examples() -> None:
    """Each label and each exception of the terminal's tests is the same text on the page."""
    labels, exceptions = cases(test_labels.test_label), cases(test_labels.test_exception)
    asked = [*(("label", found) for found, _text in labels), *(("exception", found) for found, _text in exceptions)]
    assert node(TOLD, asked) == [text for _found, text in (*labels, *exceptions)]
    assert len(asked) > 15


def test_what_lambda_sends() -> None:
    """So are label, detail and exception of everything that Lambda sends."""
    made = (lambdas.sync, lambdas.asynchronous, lambdas.throttle, lambdas.init_error, lambdas.timeout)
    found: list[Document] = [part for documents in made for document in documents() for part in _nodes(document)]
    asked = [(what, part) for part in found for what in ("label", "detail", "exception")]
    assert node(TOLD, asked) == [DOES[what](part) for what, part in asked]


PIECES = (
    "a",
    "B",
    "1",
    "/",
    "//",
    ":",
    "@",
    "[",
    "]",
    "?",
    "#",
    ".",
    "%",
    "\n",
    " ",
    "\u202e",
    "\x1b",
    "\u00e9",
    "https://",
    "arn:aws:s3:::",
    "x.com",
)
SEED, NODES = 20, 600
# An argument of a process may be 128 KiB (Linux, MAX_ARG_STRLEN).
AT_ONCE = 120


def anything(random: Random) -> Document:
    """A node of pieces that labels are sensitive to."""

    def text() -> str:
        return "".join(random.choices(PIECES, k=random.randrange(7)))

    aws = {"table_name": text(), "names": [text(), text()], "queue_url": text(), "retries": random.randrange(3)}
    operation = {"operation": text()} if random.random() < 0.5 else {}
    thrown = {"exceptions": [{"type": text(), "message": text(), "stack": [{"path": text(), "line": 3, "label": text()}]}]}
    http = {"request": {"url": text(), "method": text()}, "response": {"status": random.choice((200, 404))}}
    return {
        "name": text(),
        "namespace": random.choice(("aws", "remote")),
        "aws": {**aws, **operation},
        "http": http,
        "cause": thrown,
    }


def test_whatever_a_node_holds() -> None:
    """Both say the same of nodes that nobody thought of."""
    random = Random(SEED)  # noqa: S311
    asked = [(what, part) for part in (anything(random) for _ in range(NODES)) for what in ("label", "exception")]
    told = [text for at in range(0, len(asked), AT_ONCE) for text in node(TOLD, asked[at : at + AT_ONCE])]
    differing = [
        (part, page, DOES[what](part)) for (what, part), page in zip(asked, told, strict=True) if page != DOES[what](part)
    ]
    assert differing == []
