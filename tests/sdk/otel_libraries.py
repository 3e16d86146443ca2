"""Functions that use libraries with OpenTelemetry's instrumentations, and no SDK; each is an app.py with `handler`."""

from __future__ import annotations

RELEASE = "0.66b1"
API = (
    "opentelemetry-api==1.45.2",
    "typing_extensions==4.15.0",
    f"opentelemetry-instrumentation=={RELEASE}",
    f"opentelemetry-semantic-conventions=={RELEASE}",
    f"opentelemetry-util-http=={RELEASE}",
    "packaging==25.0",
    "wrapt==2.0.1",
)


def instrumentations(*names: str) -> tuple[str, ...]:
    """Requirements."""
    return tuple(f"opentelemetry-instrumentation-{name}=={RELEASE}" for name in names)


FLASK = (
    *API, *instrumentations("flask", "wsgi"), "flask==3.1.3", "werkzeug==3.1.9", "jinja2==3.1.6", "markupsafe==3.0.4",
    "itsdangerous==2.2.0", "click==8.5.1", "blinker==1.9.0",
)  # fmt: skip
HTTP = (
    *API, *instrumentations("requests", "urllib", "urllib3", "httpx"), "requests==2.34.2", "urllib3==2.8.0", "idna==3.20",
    "certifi==2026.10.18", "charset-normalizer==3.5.2", "httpx==0.28.1", "httpcore==1.0.9", "h11==0.16.0", "anyio==4.9.0",
    "sniffio==1.3.1",
)  # fmt: skip

# What serves: (program, requirements, the trees as names). They ask any span that is recording for its kind.
SERVERS = {
    "flask": (
        """
import flask
from opentelemetry import trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
app = flask.Flask("shop")
FlaskInstrumentor().instrument_app(app)
tracer = trace.get_tracer("shop")

@app.get("/orders/<number>")
def order(number):
    with tracer.start_as_current_span("load"):
        return {"order": number}

@app.get("/broken")
def broken():
    flask.abort(503)

def handler(event, context):
    client = app.test_client()
    return [[answer.status_code, answer.text] for answer in map(client.get, ("/orders/7", "/broken", "/missing"))]
""",
        FLASK,
        [["GET /orders/_number_", ["load"]], ["GET /broken"], ["GET /missing"]],
    ),
    "wsgi": (
        """
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware

def application(environ, start_response):
    start_response("200 OK", [("X-Order", "7")])
    return [b"order"]

app = OpenTelemetryMiddleware(application)

def handler(event, context):
    said = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/orders", "SERVER_NAME": "shop", "SERVER_PORT": "80",
               "wsgi.url_scheme": "http", "HTTP_X_CUSTOMER": "ada"}
    body = b"".join(app(environ, lambda status, headers, *_: said.append([status, headers])))
    return [said, body.decode()]
""",
        (*API, *instrumentations("wsgi")),
        [["GET /orders"]],
    ),
    "asgi": (
        """
import asyncio
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

async def application(scope, receive, send):
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [[b"x-order", b"7"]]})
    await send({"type": "http.response.body", "body": b"order"})

app = OpenTelemetryMiddleware(application)

def handler(event, context):
    sent = []
    async def receive():
        return {"type": "http.request", "body": b""}
    async def send(message):
        sent.append([message["type"], message.get("status")])
    scope = {"type": "http", "method": "GET", "path": "/orders", "headers": [[b"x-customer", b"ada"]], "query_string": b"",
             "scheme": "http", "server": ("shop", 80), "http_version": "1.1", "asgi": {"version": "3.0"}}
    asyncio.run(app(scope, receive, send))
    return sent
""",
        (*API, *instrumentations("asgi"), "asgiref==3.13.0"),
        [["GET /orders", ["GET /orders http receive"], ["GET /orders http send"], ["GET /orders http send"]]],
    ),
}
# Where to ask: a server that notes what trace headers it is sent.
SERVED = """
import http.server, threading
from opentelemetry import trace
tracer = trace.get_tracer("shop")
got = []

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        got.append([self.path, self.headers.get("traceparent", "")])
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *said):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
"""
HTTP_CLIENTS = (
    SERVED
    + """
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.urllib import URLLibInstrumentor
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
for instrumentor in (HTTPXClientInstrumentor, RequestsInstrumentor, URLLibInstrumentor, URLLib3Instrumentor):
    instrumentor().instrument()
import asyncio, httpx, requests, urllib.request, urllib3

async def ask():
    async with httpx.AsyncClient() as client:
        return (await client.get(url + "/later")).status_code

def handler(event, context):
    with tracer.start_as_current_span("around"):
        answers = [
            requests.get(url + "/requests").status_code,
            urllib3.PoolManager().request("GET", url + "/urllib3").status,
            urllib.request.urlopen(url + "/urllib").status,
            httpx.get(url + "/httpx").status_code,
            asyncio.run(ask()),
            requests.get(url + "/missing").status_code,
        ]
    return [answers, got]
"""
)
# botocore asks with urllib3, aiobotocore with aiohttp or httpx.
AWS_BELOW = """
import boto3
from opentelemetry import trace
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
URLLib3Instrumentor().instrument()
tracer = trace.get_tracer("shop")
dynamodb = boto3.client("dynamodb")

def handler(event, context):
    with tracer.start_as_current_span("around"):
        return dynamodb.get_item(TableName="orders", Key={"pk": {"S": "1"}})["ResponseMetadata"]["HTTPStatusCode"]
"""
REDIS = """
import socket, threading
from opentelemetry import trace
from opentelemetry.instrumentation.redis import RedisInstrumentor
RedisInstrumentor().instrument()
import redis
listening = socket.create_server(("127.0.0.1", 0))

def serve():
    while True:
        connection, _ = listening.accept()
        with connection, connection.makefile("rb") as commands:
            while line := commands.readline():
                words = [commands.read(int(commands.readline()[1:]) + 2)[:-2] for _ in range(int(line[1:]))]
                answer = {b"GET": b"$4\\r\\nbook\\r\\n", b"FAIL": b"-ERR unknown command\\r\\n"}
                connection.sendall(answer.get(words[0], b"+OK\\r\\n"))

threading.Thread(target=serve, daemon=True).start()

def handler(event, context):
    client = redis.Redis("127.0.0.1", listening.getsockname()[1], protocol=2)
    with trace.get_tracer("shop").start_as_current_span("around"):
        with client.pipeline(transaction=False) as pipeline:
            pipeline.set("a", 1).get("a").execute()
        try:
            client.execute_command("FAIL")
        except redis.ResponseError as error:
            return [client.get("article").decode(), str(error)]
"""
# What starts and surrounds work: (program, requirements, the trees as names).
AROUND = {
    "threads, pools and timers": (
        """
import asyncio, logging, threading
from concurrent.futures import ThreadPoolExecutor
from opentelemetry import trace
from opentelemetry.instrumentation.asyncio import AsyncioInstrumentor
from opentelemetry.instrumentation.logging import LoggingInstrumentor
from opentelemetry.instrumentation.threading import ThreadingInstrumentor
for instrumentor in (AsyncioInstrumentor, LoggingInstrumentor, ThreadingInstrumentor):
    instrumentor().instrument()
tracer = trace.get_tracer("shop")

def work(name):
    with tracer.start_as_current_span(name):
        return name

async def later():
    return await asyncio.to_thread(work, "asyncio")

def handler(event, context):
    with ThreadPoolExecutor(1) as pool, tracer.start_as_current_span("around"):
        for thread in (threading.Thread(target=work, args=("thread",)), threading.Timer(0.01, work, args=("timer",))):
            thread.start()
            thread.join()
        logging.getLogger().warning("working")
        return [pool.submit(work, "pool").result(), asyncio.run(later())]
""",
        (*API, *instrumentations("asyncio", "logging", "threading")),
        [["around", ["thread"], ["timer"], ["pool"], ["asyncio"]]],
    ),
    "the handler": (
        """
from opentelemetry import trace
from opentelemetry.instrumentation.aws_lambda import AwsLambdaInstrumentor

def handler(event, context):
    with trace.get_tracer("shop").start_as_current_span("work"):
        return 1

AwsLambdaInstrumentor().instrument(skip_dep_check=True)
""",
        (*API, *instrumentations("aws-lambda"), "opentelemetry-propagator-aws-xray==1.0.2"),
        [["orders", ["work"]]],
    ),
    "a database": (
        """
import sqlite3
from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor
SQLite3Instrumentor().instrument()

def handler(event, context):
    cursor = sqlite3.connect(":memory:").cursor()
    cursor.execute("CREATE TABLE orders (number)")
    try:
        cursor.execute("SELECT nothing")
    except sqlite3.OperationalError as error:
        return [cursor.execute("SELECT * FROM orders").fetchall(), str(error)]
""",
        (*API, *instrumentations("sqlite3", "dbapi")),
        [["CREATE"], ["SELECT"], ["SELECT"]],
    ),
    "metrics and logs": (
        """
import logging
from opentelemetry import _logs, metrics, trace
meter = metrics.get_meter("shop")
sold, prices = meter.create_counter("sold"), meter.create_histogram("prices")

def handler(event, context):
    with trace.get_tracer("shop").start_as_current_span("work"):
        sold.add(1)
        prices.record(2)
        _logs.get_logger("shop").emit(_logs.LogRecord(body="sold"))
        logging.getLogger().warning("sold")
    return [type(made).__name__ for made in (metrics.get_meter_provider(), sold, _logs.get_logger_provider())]
""",
        API,
        [["work"]],
    ),
}
AIOBOTOCORE_BELOW = """
import asyncio
from aiobotocore.session import get_session
from opentelemetry import trace
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
AioHttpClientInstrumentor().instrument()
tracer = trace.get_tracer("shop")

async def load(client, name):
    with tracer.start_as_current_span(name):
        answer = await client.get_item(TableName="orders", Key={"pk": {"S": "1"}})
        return answer["ResponseMetadata"]["HTTPStatusCode"]

async def loads():
    async with get_session().create_client("dynamodb") as client:
        return await asyncio.gather(load(client, "one"), load(client, "two"))

def handler(event, context):
    return asyncio.run(loads())
"""
PROPAGATORS = """
from opentelemetry import baggage, context as contexts, trace
from opentelemetry.propagate import extract, inject
tracer = trace.get_tracer("shop")

def carried():
    carrier = {}
    inject(carrier)
    return carrier

def handler(event, context):
    token = contexts.attach(baggage.set_baggage("customer", "c-1"))
    with tracer.start_as_current_span("own"):
        found = [carried()]
    contexts.detach(token)
    theirs = extract({"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-00", "baggage": "plan=gold"})
    with tracer.start_as_current_span("asked by somebody who is not sampled", context=theirs) as span:
        token = contexts.attach(trace.set_span_in_context(span, theirs))
        found.append(carried())
        contexts.detach(token)
    return found
"""
# The X-Ray SDK patches what OpenTelemetry instruments.
PATCHED = """
from aws_xray_sdk.core import patch, xray_recorder
patch(("requests", "httpx"))
"""
INSTRUMENTED = """
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
HTTPXClientInstrumentor().instrument()
RequestsInstrumentor().instrument()
"""
ASKS_TWICE = """
import httpx, requests
def handler(event, context):
    with tracer.start_as_current_span("around"):
        requests.get(url + "/requests")
        httpx.get(url + "/httpx")
    with xray_recorder.in_subsegment("by hand", namespace="remote"):
        requests.get(url + "/again")
    return len(got)
"""
