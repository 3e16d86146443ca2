"""Modules of the page that have to agree with the server: run by node on what the server really says, and the other way round."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from importlib import resources
from typing import Any

import pytest

from tests.local.server import clients
from xray_local import filters
from xray_local.server import Running

UI = resources.files("xray_local") / "ui"
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="no node on PATH")
# As often as it takes to go through each proposal of each place more than once: 170 ms of node.
WALKS = 400

WALK = """
import { complete, inserted } from "%(ui)s/completion.js";
const { seen, walks } = JSON.parse(process.argv[1]);
let state = 1;
const random = (below) => ((state = (state * 48271) %% 2147483647) %% below);
const VALUES = { text: '"x"', number: "1" };
const found = [];
for (let walk = 0; walk < walks; walk += 1) {
  let text = "";
  let caret = 0;
  for (let step = 0; step < 14; step += 1) {
    const completion = complete(text, caret, seen);
    const { items } = completion;
    if (items.length) ({ text, caret } = inserted(text, completion, items[(walk + random(items.length)) %% items.length]));
    else {
      const before = text.slice(0, caret);
      const value = /(responsetime|duration|http.status|index|coverage)\\s*(=|!=|<=?|>=?)\\s*$/.test(before) ? "1 " : /[<>]=?\\s*$/.test(before) ? "1 " : '"x" ';
      if (/(=|[<>]|contains|beginswith|endswith)\\s*$/i.test(before) || /:\\s*$/.test(before)) [text, caret] = [before + value + text.slice(caret), caret + value.length];
      else break;
    }
    found.push(text);
  }
}
console.log(JSON.stringify(found));
"""


def node(script: str, argument: object) -> Any:
    """What a module prints as JSON; its one argument is in process.argv[1]."""
    assert NODE is not None
    command = [NODE, "--input-type=module", "-e", script % {"ui": UI}, json.dumps(argument)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def readable(expression: str) -> bool:
    """Whether the server reads it."""
    try:
        filters.parse(expression)
    except filters.FilterError:
        return False
    return True


def test_what_the_proposals_write_is_what_the_server_reads() -> None:
    """Wherever proposals lead, the expressions that are complete on the way are read by the real parser, each keyword in some."""
    seen = {
        "Keywords": [{"Name": name, "Does": does} for name, does in filters.KEYWORDS.items()],
        "Services": [{"Name": 'or"ders', "Type": "AWS::DynamoDB::Table"}, {"Name": "a.example.com", "Type": "remote"}],
        "Annotations": {"cold_start": [True], "two words": ["x\\y", 'say "a"'], "aws:api_id": [1.5]},
    }
    written = set(node(WALK, {"seen": seen, "walks": WALKS}))
    read = {text for text in written if readable(text)}
    assert {name for name in filters.KEYWORDS if not any(name in text for text in read)} == set()


def test_a_mistake_at_the_end_is_the_only_one_that_proposals_leave() -> None:
    """An expression in the making is read, or the parser stumbles over its end or an open bracket and not over what was proposed."""
    seen = {
        "Keywords": [{"Name": name, "Does": does} for name, does in filters.KEYWORDS.items()],
        "Services": [{"Name": "orders", "Type": "AWS::DynamoDB::Table"}],
        "Annotations": {"cold_start": [True]},
    }
    stumbled = []
    for text in node(WALK, {"seen": seen, "walks": WALKS}):
        try:
            filters.parse(text)
        except filters.FilterError as error:
            rest = text[error.column - 1 :].strip()
            # `annotation.` waits for its key.
            if rest and rest[0] not in ")}]," and not re.match(r"annotation\.(?!\w)", rest):
                stumbled.append((text, str(error)))
    assert stumbled == []


def test_the_notices_tell_what_health_tells(server: Running) -> None:
    """A refused document and a datagram that is none become one notice, with reasons and the documents themselves."""
    script = 'import { warnings } from "%(ui)s/warnings.js"; console.log(JSON.stringify(warnings(JSON.parse(process.argv[1]))));'
    _status, _headers, quiet = clients.http(f"{server.endpoint}/health")
    clients.send(server, b'{"format":"json","version":1}\n{"id":"<b>","trace_id":null}', b"nonsense")
    clients.eventually(lambda: server.store.counts()["rejected"] == 2)
    _status, _headers, told = clients.http(f"{server.endpoint}/health")
    rejected = json.loads(told)["rejected"]
    [notice] = node(script, json.loads(told))
    assert node(script, json.loads(quiet)) == []
    assert (notice["level"], notice["text"], notice["advice"]) == (
        "problem",
        "2 documents were refused. 1 datagram could not be read at all.",
        "The sender has to change.",
    )
    assert [(one["head"].split(" · ", 2)[1:], one["text"]) for one in notice["details"]] == [
        ([one["source"], one["reason"]], one["text"]) for one in rejected
    ]
