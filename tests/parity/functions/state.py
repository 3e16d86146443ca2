"""Handlers that change the process and look at it again in the next invocation."""

import contextvars
import os
import sys
import threading

tenant = contextvars.ContextVar("tenant", default="none")
local = threading.local()
seen = []


def remembers(event, context):
    seen.append([tenant.get(), getattr(local, "value", None), os.environ.get("SET_BY_HANDLER"), "added" in sys.path])
    tenant.set(f"tenant-{event['round']}")
    local.value = event["round"]
    os.environ["SET_BY_HANDLER"] = str(event["round"])
    sys.path.append("added")
    os.chdir("/tmp")
    return [seen, os.getcwd(), threading.current_thread().name]


def drops_trace_id(event, context):
    return [os.environ.get("_X_AMZN_TRACE_ID"), os.environ.pop("_X_AMZN_TRACE_ID", None) is None]


def replaces_streams(event, context):
    import io

    old, sys.stdout = sys.stdout, io.StringIO()
    print("caught")
    caught, sys.stdout = sys.stdout.getvalue(), old
    return [caught, type(old).__name__]
