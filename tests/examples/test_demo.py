"""The demo as a whole: the real functions, runtime client, layer, moto and `xray-local up -t`, in processes of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence

from tests.kit.pythons import REPOSITORY

# What differs from run to run: ids, own times of imports, how many are long enough to be shown, bars, durations.
VARIES = re.compile(
    r"1-[0-9a-f]{8}-[0-9a-f]{24}|( own [^█▏▎▍▌▋▊▉]*| \d+ shorter imports?\s*|\s+)[▏▎▍▌▋▊▉█][▏▎▍▌▋▊▉█ ]*[0-9.,]+ ms|^ +0?(\s+[0-9.,]+ ms)?$|\s+[0-9.,]+ ms"
)
ORDER = [
    "an order, cold: stored, queued for shipping, and charged by a worker that fails once",
    "trace ; the caller got 201",
    "",
    "",
    "OrderApi AWS::Lambda",
    "└─ OrderApi AWS::Lambda::Function",
    "   ├─ Initialization",
    "   ├─ Invocation",
    "   │  ├─ app.handler init",
    "DynamoDB GetItem Orders",
    "   │  └─ app.handler",
    "   │     ├─ DynamoDB PutItem Orders",
    "   │     ├─ S3 PutObject invoices-123456789012-eu-west-1",
    "   │     ├─ SQS SendMessage Shipping",
    "   │     └─ Lambda Invoke Payments",
    "   │        └─ Payments AWS::Lambda",
    "   │           ├─ Dwell Time",
    "   │           ├─ Attempt #1 ERROR",
    "   │           │  └─ Payments AWS::Lambda::Function FAULT",
    "   │           │     │  PaymentPendingError: the bank was asked for 120.76 and has not confirmed it yet at worker.py:24 in handler",
    "   │           │     ├─ Initialization",
    "   │           │     ├─ Invocation FAULT",
    "   │           │     │  ├─ worker.handler init",
    "   │           │     │  └─ worker.handler FAULT",
    "   │           │     │     │  PaymentPendingError: the bank was asked for 120.76 and has not confirmed it yet at worker.py:24 in handler",
    "   │           │     │     └─ DynamoDB PutItem Orders",
    "   │           │     └─ Overhead",
    "   │           └─ Attempt #2",
    "   │              └─ Payments AWS::Lambda::Function",
    "   │                 ├─ Invocation",
    "   │                 │  └─ worker.handler",
    "   │                 │     ├─ DynamoDB PutItem Orders 400 ConditionalCheckFailedException ERROR",
    "   │                 │     │     The conditional request failed",
    "   │                 │     ├─ DynamoDB UpdateItem Orders",
    "   │                 │     └─ DynamoDB UpdateItem Orders",
    "   │                 └─ Overhead",
    "   └─ Overhead",
    "",
]
SHIPPING = [
    "its shipping: the queue's consumer, in a trace of its own that is linked to the order's",
    "trace",
    "",
    "",
    "BatchWorker AWS::Lambda",
    "└─ BatchWorker AWS::Lambda::Function",
    "   ├─ Initialization",
    "   ├─ Invocation",
    "   │  ├─ worker.handler init",
    "   │  └─ worker.handler",
    "   │     ├─ S3 GetObject invoices-123456789012-eu-west-1",
    "   │     ├─ S3 PutObject invoices-123456789012-eu-west-1",
    "   │     └─ DynamoDB UpdateItem Orders",
    "   └─ Overhead",
    "",
]
FAILURE = [
    "an order without a quantity: the function fails",
    "trace ; the caller got KeyError: 'quantity'",
    "",
    "",
    "OrderApi AWS::Lambda ERROR",
    "└─ OrderApi AWS::Lambda::Function FAULT",
    "   │  KeyError: 'quantity' at app.py:37 in create",
    "   ├─ Invocation FAULT",
    "   │  └─ app.handler FAULT",
    "   │        KeyError: 'quantity' at app.py:37 in create",
    "   └─ Overhead",
    "",
]
# A message's age is a link's, which has no share of errors.
MAP = [
    "the service map",
    "",
    "calls mean 95 %",
    "client",
    "└─▶ OrderApi AWS::Lambda 2 █████EEEEE 1E",
    "   └─▶ OrderApi AWS::Lambda::Function 2 █████EEEEE 1E",
    "      ├─▶ Orders AWS::DynamoDB::Table 2 ██████████",
    "      ├─▶ Payments AWS::Lambda 1 ██████████",
    "      │  └─▶ Payments AWS::Lambda::Function 2 █████EEEEE 1E",
    "      │     └─▶ Orders AWS::DynamoDB::Table 4 ████████EE 1E",
    "      ├─▶ Shipping AWS::SQS::Queue 1 ██████████",
    "      │  └┄▷ BatchWorker AWS::Lambda (message age) 1",
    "      │     └─▶ BatchWorker AWS::Lambda::Function 1 ██████████",
    "      │        ├─▶ invoices-123456789012-eu-west-1 AWS::S3::Bucket 2 ██████████",
    "      │        └─▶ Orders AWS::DynamoDB::Table 1 ██████████",
    "      └─▶ invoices-123456789012-eu-west-1 AWS::S3::Bucket 1 ██████████",
    "",
    "E errors (4xx) T throttled (429) F faults (5xx, exceptions)",
]


def without_imports(lines: Sequence[str]) -> Iterator[str]:
    """Which modules a cold start imports, and which take long, differs between versions and runs; its calls do not."""
    below = 10_000
    for line in lines:
        column = len(line) - len(line.lstrip("│├└─ "))
        if column <= below:
            below = column if line.endswith(" init") else 10_000
            yield line
        elif "DynamoDB" in line:
            yield line.lstrip("│├└─ ")


def test_two_orders_are_three_traces_and_a_map() -> None:
    """The order's trace with both attempts of its payment, the linked trace of its shipping, a failure; then who called whom."""
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "170", "PYTHONPATH": "local"}
    command = [sys.executable, "-m", "examples.demo"]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")
    at = done.stdout.splitlines().index(next(line for line in done.stdout.splitlines() if line.startswith("the service map")))
    lines = [VARIES.sub("", line).rstrip().rstrip("─").rstrip() for line in done.stdout.splitlines()]
    # Columns are as wide as the widest times and names; the guide before a name stays.
    drawn = [re.sub(r"(?<=\w|\)) {2,}", " ", line) for line in lines[at:]]
    assert list(without_imports(lines[:at])) == [*ORDER, *SHIPPING, *FAILURE]
    assert [re.sub(r"^ +(?=calls)", "", line) for line in drawn] == MAP
