"""moto with what it leaves out: the trace header of a request becomes the message's AWSTraceHeader.

SQS copies X-Amzn-Trace-Id of SendMessage and SendMessageBatch into the system attribute AWSTraceHeader of each message that
has none of its sender's. LocalStack does so too; moto 5 does not, and then nothing leads from a consumer's trace to its
producer's. This is moto_server with that one thing added:

    python -m xray_local.lambda_service.moto_header -p 5000

moto is not among our dependencies; who has no moto needs none of this.
"""

from __future__ import annotations

import argparse
import functools
import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import Any, TypeAlias

Environment: TypeAlias = dict[str, Any]
Application: TypeAlias = Callable[[Environment, Callable[..., Any]], Iterable[bytes]]

ATTRIBUTE = "AWSTraceHeader"
# The header of the request that is being answered in this thread.
header: ContextVar[str | None] = ContextVar("xray_local_moto_header", default=None)


class TraceHeaders:
    """Remembers each request's trace header while the application answers it.

    Args:
        application: moto's.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, environ: Environment, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """One request."""
        token = header.set(environ.get("HTTP_X_AMZN_TRACE_ID"))
        try:
            return self._application(environ, start_response)
        finally:
            header.reset(token)


def teach(backend: Any) -> None:
    """Have moto's SQSBackend put that header on messages: one method sends single messages and those of batches."""
    send = backend.send_message

    @functools.wraps(send)
    def send_message(*args: Any, system_attributes: dict[str, Any] | None = None, **more: Any) -> Any:
        found = header.get()
        if found and ATTRIBUTE not in (system_attributes or {}):
            system_attributes = {**(system_attributes or {}), ATTRIBUTE: {"DataType": "String", "StringValue": found}}
        return send(*args, system_attributes=system_attributes, **more)

    backend.send_message = send_message


def server(host: str, port: int) -> Any:
    """moto's server on that port (0: a free one), not serving yet: a BaseWSGIServer of werkzeug. Raises ImportError."""
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from moto.sqs.models import SQSBackend  # noqa: PLC0415
    from werkzeug.serving import make_server  # noqa: PLC0415

    if not hasattr(SQSBackend.send_message, "__wrapped__"):
        teach(SQSBackend)
    moto = TraceHeaders(DomainDispatcherApplication(create_backend_app))
    return make_server(host, port, moto, threaded=True, request_handler=MotoRequestHandler)


def main(arguments: Sequence[str]) -> int:
    """Serve moto until Ctrl-C."""
    parser = argparse.ArgumentParser("moto_header", description="moto's server, with AWSTraceHeader on messages as SQS sets it.")
    parser.add_argument("-H", "--host", default="127.0.0.1")
    parser.add_argument("-p", "--port", type=int, default=5000)
    options = parser.parse_args(arguments)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    try:
        moto = server(options.host, options.port)
    except ImportError:
        print("moto_header: moto's server is not installed: pip install 'moto[server]'", file=sys.stderr)  # noqa: T201
        return 1
    # 0 finds a free port: whoever starts this reads it here.
    print(f"moto: http://{options.host}:{moto.server_port}", flush=True)  # noqa: T201
    try:
        moto.serve_forever()
    except KeyboardInterrupt:
        moto.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
