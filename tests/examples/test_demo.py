"""The demo as a whole: the real functions, runtime client, layer, moto and xray-local, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.kit.pythons import REPOSITORY

# What differs from run to run: ids, own times of imports, how many are long enough to be shown, bars, durations.
VARIES = re.compile(
    r"1-[0-9a-f]{8}-[0-9a-f]{24}|( own [^█▏▎▍▌▋▊▉]*| \d+ shorter imports?\s*|\s+)[▏▎▍▌▋▊▉█][▏▎▍▌▋▊▉█ ]*[0-9.,]+ ms|^ +0\s+[0-9.,]+ ms$|\s+[0-9.,]+ ms"
)
# What the map tells of the four requests but for times; DynamoDB has a call of the initialization, too.
MAP = [
    "the service map",
    "",
    " " * 55 + "calls        mean        95 %",
    "client",
    "└─▶ order_api  AWS::Lambda                                 4 ████████EE 1E",
    "   └─▶ order_api  AWS::Lambda::Function                    4 ████████FF 1F",
    "      ├─▶ orders  AWS::DynamoDB::Table                     4 ████████EE 1E",
    "      ├─▶ invoices  AWS::S3::Bucket                        2 ██████████",
    "      └─▶ shipping  AWS::SQS::Queue                        2 ██████████",
    "",
    "E errors (4xx)  T throttled (429)  F faults (5xx, exceptions)",
]


def test_the_order_api_is_shown_cold_and_warm() -> None:
    """Four invocations of one function: the cold start with its init, a refused write, a clean one, a fault."""
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100", "PYTHONPATH": "local"}
    command = [sys.executable, "-m", "examples.demo", "order_api"]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")
    lines = [VARIES.sub("", line).rstrip().rstrip("─").rstrip() for line in done.stdout.splitlines()]
    tree, call = lines.index("   │  └─ app") + 1, lines.index("   │     └─ DynamoDB GetItem orders")
    # botocore's own imports change with its version; that they hang below the function's two imports does not.
    assert [line for line in lines[tree:call] if line.startswith("   │     ├─")] == ["   │     ├─ urllib", "   │     ├─ boto3"]
    assert lines[:tree] + lines[call:] == [
        "order_api: an order, and the cold start before it",
        "trace ; answer: 201",
        "initialization_type=on-demand, cold_start=true, trigger=api-gateway-rest",
        "",
        "",
        "order_api AWS::Lambda",
        "└─ order_api AWS::Lambda::Function",
        "   ├─ app.handler init",
        "   │  ├─ runtime start",
        "   │  └─ app",
        "   │     └─ DynamoDB GetItem orders",
        "   └─ app.handler",
        "      ├─ DynamoDB PutItem orders",
        "      ├─ S3 PutObject invoices",
        "      └─ SQS SendMessage shipping",
        "",
        "order_api: the same order again: DynamoDB refuses, the function answers 409",
        "trace ; answer: 409",
        "cold_start=false, trigger=api-gateway-rest",
        "",
        "",
        "order_api AWS::Lambda",
        "└─ order_api AWS::Lambda::Function",
        "   └─ app.handler",
        "      └─ DynamoDB PutItem orders 400 ConditionalCheckFailedException ERROR",
        "            The conditional request failed",
        "",
        "order_api: another order",
        "trace ; answer: 201",
        "cold_start=false, trigger=api-gateway-rest",
        "",
        "",
        "order_api AWS::Lambda",
        "└─ order_api AWS::Lambda::Function",
        "   └─ app.handler",
        "      ├─ DynamoDB PutItem orders",
        "      ├─ S3 PutObject invoices",
        "      └─ SQS SendMessage shipping",
        "",
        "order_api: a body without a quantity: the function fails",
        "trace ; answer: KeyError: 'quantity'",
        "cold_start=false, trigger=api-gateway-rest",
        "",
        "",
        "order_api AWS::Lambda ERROR",
        "└─ order_api AWS::Lambda::Function FAULT",
        "   └─ app.handler FAULT",
        "         KeyError: 'quantity' at app.py:36 in create",
        "",
        *MAP,
    ]
