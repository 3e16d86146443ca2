"""Programs that record with OpenTelemetry's API, as people write them; each is an app.py with `handler`."""

from __future__ import annotations

PRELUDE = """\
import asyncio, threading, time
from concurrent.futures import ThreadPoolExecutor
from opentelemetry import baggage, context as contexts, trace
from opentelemetry.propagate import extract, inject
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
tracer = trace.get_tracer("shop", "1.0")
"""
# Sets an SDK as the provider, and has the handler's answer followed by what it exported: the truth about a program.
TRUTH = """\
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))

def plain(value):
    return value.decode() if isinstance(value, bytes) else [plain(item) for item in value] if isinstance(value, tuple) else value

def told(span):
    return {
        "id": span.context.span_id, "parent_id": span.parent and span.parent.span_id, "start_time": span.start_time,
        "name": span.name, "kind": span.kind.name, "status": span.status.status_code.name, "scope": span.instrumentation_scope.name,
        "attributes": {key: plain(value) for key, value in span.attributes.items()},
        "events": [[event.name, {key: plain(value) for key, value in event.attributes.items()}] for event in span.events],
        "links": [[f"{link.context.span_id:016x}", dict(link.attributes)] for link in span.links],
    }

def spans():
    return [told(span) for span in exporter.get_finished_spans()]
"""
CONFIGURED = (
    TRUTH
    + """
from opentelemetry import trace
trace.set_tracer_provider(provider)
"""
)
WITH_SPANS = """
_plain_handler = handler
def handler(event, context):
    return [_plain_handler(event, context), spans()]
"""
# The SDK's spans and our subsegments say the same of each.
SAME = {
    "attributes of each type": """
def handler(event, context):
    with tracer.start_as_current_span("work", attributes={"order.id": 7, "who": "ada"}) as span:
        span.set_attribute("price", 1.5)
        span.set_attribute("paid", True)
        span.set_attribute("articles", ["a", "b"])
        span.set_attributes({"numbers": (1, 2), "raw": b"bytes", "long": "x" * 1001})
        span.set_attribute("who", "grace")
    return 1
""",
    "nested": """
def handler(event, context):
    with tracer.start_as_current_span("outer"):
        with tracer.start_as_current_span("first"):
            with tracer.start_as_current_span("deep"):
                pass
        with tracer.start_as_current_span("second"):
            pass
    with tracer.start_as_current_span("beside"):
        return 1
""",
    "decorator": """
@tracer.start_as_current_span("priced")
def price(number):
    return taxed(number) + 1

@tracer.start_as_current_span("taxed", attributes={"rate": 19})
def taxed(number):
    trace.get_current_span().set_attribute("number", number)
    return number * 2

def handler(event, context):
    return [price(1), price(2)]
""",
    "decorated coroutine": """
@tracer.start_as_current_span("fetch")
async def fetch(name):
    await asyncio.sleep(0.005)
    with tracer.start_as_current_span(name):
        await asyncio.sleep(0.005)
    return name

async def both():
    return await asyncio.gather(fetch("a"), fetch("b"))

def handler(event, context):
    return asyncio.run(both())
""",
    "begun and not current": """
def handler(event, context):
    first = tracer.start_span("first")
    second = tracer.start_span("second")
    with tracer.start_as_current_span("third"):
        first.end()
        fourth = tracer.start_span("fourth")
    fourth.end()
    second.end()
    return trace.get_current_span() is first
""",
    "use_span": """
def handler(event, context):
    span = tracer.start_span("used")
    with trace.use_span(span, end_on_exit=True):
        with tracer.start_as_current_span("inside"):
            pass
    return span.is_recording()
""",
    "left open at first": """
def handler(event, context):
    with tracer.start_as_current_span("stays", end_on_exit=False) as span:
        pass
    still = span.is_recording()
    with trace.use_span(span):
        with tracer.start_as_current_span("later"):
            pass
    span.end()
    return [still, span.is_recording()]
""",
    "explicit parent": """
def handler(event, context):
    first = tracer.start_span("first")
    with tracer.start_as_current_span("second"):
        with tracer.start_as_current_span("third"):
            with tracer.start_as_current_span("below first", context=trace.set_span_in_context(first)):
                with tracer.start_as_current_span("deep"):
                    pass
    first.end()
    return 1
""",
    "a parent that only carries the ids": """
def handler(event, context):
    with tracer.start_as_current_span("outer") as outer:
        with tracer.start_as_current_span("inner"):
            carrier = trace.set_span_in_context(NonRecordingSpan(outer.get_span_context()))
            tracer.start_span("below outer", context=carrier).end()
    return 1
""",
    "no parent, on purpose": """
def handler(event, context):
    with tracer.start_as_current_span("outer"):
        with tracer.start_as_current_span("alone", context=contexts.Context()):
            with tracer.start_as_current_span("below alone"):
                pass
        tracer.start_span("with baggage alone", context=baggage.set_baggage("a", "b", contexts.Context())).end()
    return 1
""",
    "baggage": """
def handler(event, context):
    token = contexts.attach(baggage.set_baggage("customer", "c-1"))
    with tracer.start_as_current_span("outer") as span:
        inner = baggage.set_baggage("plan", "gold")
        tracer.start_span("inner", context=inner).end()
        span.set_attribute("customer", baggage.get_baggage("customer"))
    contexts.detach(token)
    return 1
""",
    "events": """
def handler(event, context):
    with tracer.start_as_current_span("eventful") as span:
        span.add_event("began")
        span.add_event("half", {"percent": 50, "left": ["a"]}, timestamp=time.time_ns())
    return 1
""",
    "links": """
def handler(event, context):
    other = SpanContext(int("1" * 32, 16), int("2" * 16, 16), True, TraceFlags(1))
    first = tracer.start_span("first", links=[Link(other, {"why": "batch"})])
    first.end()
    with tracer.start_as_current_span("second", links=[Link(other)]):
        return 1
""",
    "caught exception": """
def handler(event, context):
    try:
        with tracer.start_as_current_span("fails"):
            raise ValueError("no such order")
    except ValueError:
        return 1
""",
    "exception through several": """
def inner():
    with tracer.start_as_current_span("inner"):
        raise KeyError("missing")

def handler(event, context):
    try:
        with tracer.start_as_current_span("outer"):
            inner()
    except KeyError:
        return 1
""",
    "exception that is not recorded": """
def handler(event, context):
    for name, given in (("neither", {"set_status_on_exception": False}), ("status", {})):
        try:
            with tracer.start_as_current_span(name, record_exception=False, **given):
                raise ValueError(name)
        except ValueError:
            pass
    return 1
""",
    "exception through a span": """
def handler(event, context):
    try:
        with tracer.start_span("fails"):
            raise ValueError("no such order")
    except ValueError:
        pass
    with tracer.start_span("works"):
        return 1
""",
    "exception recorded and raised": """
def handler(event, context):
    try:
        with tracer.start_as_current_span("fails") as span:
            try:
                1 / 0
            except ZeroDivisionError as error:
                span.set_status(Status(StatusCode.ERROR, "cannot"))
                raise RuntimeError("wrapped") from error
    except RuntimeError:
        return 1
""",
    "status": """
def handler(event, context):
    with tracer.start_as_current_span("bad") as span:
        span.set_status(StatusCode.ERROR, "not today")
    with tracer.start_as_current_span("good") as span:
        span.set_status(Status(StatusCode.OK))
        span.set_status(Status(StatusCode.ERROR, "too late"))
    with tracer.start_as_current_span("better") as span:
        span.set_status(StatusCode.ERROR)
        span.set_status(StatusCode.OK)
        span.set_status(StatusCode.UNSET)
    return 1
""",
    "renamed": """
def handler(event, context):
    with tracer.start_as_current_span("GET") as span:
        span.update_name("GET /orders/{id}")
    with tracer.start_as_current_span("odd (name)") as span:
        return 1
""",
    "after the end": """
def handler(event, context):
    span = tracer.start_span("over")
    span.end()
    span.end(time.time_ns() + 10**9)
    span.set_attribute("late", 1)
    span.add_event("late")
    span.update_name("late")
    span.set_status(StatusCode.ERROR)
    span.record_exception(ValueError("late"))
    return span.is_recording()
""",
    "http client": """
def handler(event, context):
    with tracer.start_as_current_span("GET", kind=SpanKind.CLIENT, attributes={
        "http.request.method": "GET", "url.full": "https://api.example.com:8443/prices?key=secret", "server.address": "api.example.com",
    }) as span:
        span.set_attribute("http.response.status_code", 200)
    with tracer.start_as_current_span("HTTP POST", kind=SpanKind.CLIENT) as span:
        span.set_attribute("http.method", "POST")
        span.set_attribute("http.url", "http://ada:pw@old.example.com/orders#top")
        span.set_attribute("http.status_code", 429)
        span.set_status(StatusCode.ERROR)
    return 1
""",
    "kinds": """
def handler(event, context):
    for kind in SpanKind:
        with tracer.start_as_current_span(kind.name.lower(), kind=kind):
            pass
    with tracer.start_as_current_span("orders send", kind=SpanKind.PRODUCER, attributes={"peer.service": "orders-queue"}):
        pass
    with tracer.start_as_current_span("SELECT", kind=SpanKind.CLIENT, attributes={"db.name": "shop", "net.peer.name": "db.local"}):
        return 1
""",
    "concurrent tasks": """
async def work(name):
    with tracer.start_as_current_span(name) as span:
        await asyncio.sleep(0.01)
        trace.get_current_span().set_attribute("task", name)

async def tasks():
    with tracer.start_as_current_span("gather"):
        await asyncio.gather(work("one"), work("two"))
        await asyncio.create_task(work("three"))

def handler(event, context):
    asyncio.run(tasks())
    return 1
""",
    "threads with their context": """
def work(context, name):
    token = contexts.attach(context)
    with tracer.start_as_current_span(name):
        with tracer.start_as_current_span(name + " inside"):
            pass
    contexts.detach(token)

def handler(event, context):
    with tracer.start_as_current_span("starts them"):
        for name in ("one", "two"):
            thread = threading.Thread(target=work, args=(contexts.get_current(), name))
            thread.start()
            thread.join()
    return 1
""",
    "executor with its context": """
def handler(event, context):
    with ThreadPoolExecutor(1) as pool:
        for name in ("first", "second"):
            with tracer.start_as_current_span(name):
                here = contexts.get_current()
                def work():
                    token = contexts.attach(here)
                    with tracer.start_as_current_span("in the pool, " + name):
                        pass
                    contexts.detach(token)
                pool.submit(work).result()
    return 1
""",
    "a generator": """
def articles():
    with tracer.start_as_current_span("articles"):
        for number in range(2):
            yield number

def handler(event, context):
    return list(articles())
""",
    "odd arguments": """
class Thing:
    def __str__(self):
        return "a thing"

def handler(event, context):
    with tracer.start_as_current_span("odd", attributes={"": 1, "none": [None], "big": 2**70}) as span:
        span.set_attribute("", 2)
        span.set_attribute("a.b", 1)
        span.set_attribute("a b", 2)
        span.add_event("odd", {"": 1, "ok": 1})
    return 1
""",
    "too many attributes": """
def handler(event, context):
    with tracer.start_as_current_span("many") as span:
        for number in range(60):
            span.set_attribute(f"n{number}", number)
    return 1
""",
    "a tracer made late": """
def handler(event, context):
    with trace.get_tracer_provider().get_tracer("late").start_as_current_span("by another"):
        with trace.get_tracer("later").start_as_current_span("and another"):
            return 1
""",
}
# The error that Lambda reports is the same with the layer.
FAILING = {
    "uncaught exception": """
def work():
    with tracer.start_as_current_span("inner"):
        raise RuntimeError("nothing works")

@tracer.start_as_current_span("outer")
def outer():
    work()

def handler(event, context):
    outer()
""",
}
