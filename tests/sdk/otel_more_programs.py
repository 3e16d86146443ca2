"""More programs of OpenTelemetry's API: decorated methods, contexts that are carried along, and what else an SDK's spans have."""

from __future__ import annotations

# As otel_programs.SAME.
SAME = {
    "decorated methods and generators": """
class Shop:
    @tracer.start_as_current_span("sell")
    def sell(self, number):
        return number

    @classmethod
    @tracer.start_as_current_span("open")
    def open(cls):
        return cls.__name__

    @staticmethod
    @tracer.start_as_current_span("close")
    def close():
        return "closed"

@tracer.start_as_current_span("articles")
def articles():
    with tracer.start_as_current_span("first"):
        yield 1
    yield 2

def handler(event, context):
    return [Shop().sell(1), Shop.open(), Shop.close(), Shop.sell.__name__, list(articles())]
""",
    "recursion": """
@tracer.start_as_current_span("count")
def count(number):
    return 0 if number == 0 else 1 + count(number - 1)

def handler(event, context):
    return count(4)
""",
    "asynchronous generator": """
async def numbers():
    with tracer.start_as_current_span("numbers"):
        for number in range(2):
            with tracer.start_as_current_span(f"step {number}"):
                await asyncio.sleep(0)
            yield number

async def total():
    with tracer.start_as_current_span("total"):
        return [number async for number in numbers()]

def handler(event, context):
    return asyncio.run(total())
""",
    "what no handler catches": """
class Stop(BaseException):
    pass
Stop.__module__ = "builtins"

def handler(event, context):
    for made in (tracer.start_as_current_span("current"), tracer.start_span("plain"), trace.use_span(tracer.start_span("used"), True)):
        try:
            with made:
                raise Stop("now")
        except Stop:
            pass
    return 1
""",
    "a task that is cancelled": """
async def slow():
    with tracer.start_as_current_span("slow"):
        await asyncio.sleep(10)

async def impatient():
    with tracer.start_as_current_span("impatient"):
        try:
            await asyncio.wait_for(slow(), 0.02)
        except asyncio.TimeoutError:
            with tracer.start_as_current_span("instead"):
                pass

def handler(event, context):
    asyncio.run(impatient())
    return 1
""",
    "a task that outlives its span": """
async def late():
    await asyncio.sleep(0.01)
    with tracer.start_as_current_span("late"):
        pass

async def early():
    with tracer.start_as_current_span("early"):
        task = asyncio.create_task(late())
    with tracer.start_as_current_span("next"):
        await task

def handler(event, context):
    asyncio.run(early())
    return 1
""",
    "asyncio's threads": """
def work():
    with tracer.start_as_current_span("in the thread"):
        return 1

async def outer():
    with tracer.start_as_current_span("outer"):
        return await asyncio.to_thread(work)

def handler(event, context):
    return asyncio.run(outer())
""",
    "a copied context in a thread that is started elsewhere": """
import contextvars
def work(name):
    with tracer.start_as_current_span(name):
        pass

def run(*args):
    thread = threading.Thread(target=copied.run, args=args)
    thread.start()
    thread.join()

def handler(event, context):
    global copied
    with tracer.start_as_current_span("outer"):
        copied = contextvars.copy_context()
        run(work, "one")
        with tracer.start_as_current_span("inner"):
            run(work, "two")
    with tracer.start_as_current_span("other"):
        run(work, "three")
    return 1
""",
    "an attached context in a pool that is asked elsewhere": """
def work(context, name):
    token = contexts.attach(context)
    with tracer.start_as_current_span(name):
        pass
    contexts.detach(token)

def handler(event, context):
    with ThreadPoolExecutor(1) as pool, tracer.start_as_current_span("outer"):
        outer = contexts.get_current()
        with tracer.start_as_current_span("inner"):
            pool.submit(work, outer, "below outer").result()
            pool.submit(work, contexts.get_current(), "below inner").result()
    return 1
""",
    "contexts that are detached in another order": """
def handler(event, context):
    first, second = tracer.start_span("first"), tracer.start_span("second")
    before = contexts.attach(trace.set_span_in_context(first))
    between = contexts.attach(trace.set_span_in_context(second))
    first.end()
    contexts.detach(before)
    tracer.start_span("after the first").end()
    contexts.detach(between)
    tracer.start_span("after the second").end()
    second.end()
    return 1
""",
    "attributes without a value, and new ones in the place of old ones": """
import types
def handler(event, context):
    with tracer.start_as_current_span("work", attributes=types.MappingProxyType({"none": None, "a": 1})) as span:
        span.set_attribute("later", None)
        span.set_attributes(types.MappingProxyType({"some": [1, None, 2], "nothing": [], "empty": "", "zero": 0, "no": False}))
        span.set_attribute("a", [1, 2])
        span.set_attribute("a", "text")
        span.add_event("done", types.MappingProxyType({"with": 1}))
    return 1
""",
    "links": """
import collections
def context_of(number):
    return SpanContext(int(str(number) * 32, 16), int(str(number) * 16, 16), True, TraceFlags(1))

def handler(event, context):
    tracer.start_span("of a batch", links=collections.deque([Link(context_of(1)), Link(context_of(2), {"order": 1})])).end()
    with tracer.start_as_current_span("of a list", links=[Link(context_of(3)), Link(trace.INVALID_SPAN_CONTEXT)]) as span:
        span.add_link(context_of(4), {"articles": [1, 2]})
        span.add_link(trace.INVALID_SPAN_CONTEXT)
        span.add_link(trace.INVALID_SPAN_CONTEXT, {"why": "nobody knows"})
    return 1
""",
    "exceptions that are handled": """
def handler(event, context):
    with tracer.start_as_current_span("tries again") as span:
        for error in (ValueError("first"), KeyError("second")):
            span.record_exception(error, escaped=False)
    with tracer.start_as_current_span("gives up") as span:
        span.record_exception(ValueError("last"))
        span.set_status(StatusCode.ERROR, "gave up")
    with tracer.start_as_current_span("is content") as span:
        span.record_exception(ValueError("never mind"))
        span.set_status(StatusCode.OK)
    try:
        with tracer.start_as_current_span("recorded only", set_status_on_exception=False):
            raise ValueError("no failure")
    except ValueError:
        return 1
""",
    "times": """
def handler(event, context):
    tracer.start_span("backwards", start_time=3_000_000_000).end(end_time=2_000_000_000)
    tracer.start_span("long ago", start_time=0).end(0)
    with tracer.start_as_current_span("begins long ago", start_time=1_000_000_000):
        with tracer.start_as_current_span("now"):
            return 1
""",
    "what an SDK's span can be asked for": """
def handler(event, context):
    other = SpanContext(int("1" * 32, 16), int("2" * 16, 16), True, TraceFlags(1))
    outer = tracer.start_span("outer")
    below = trace.set_span_in_context(outer)
    given = {"order": 7, "articles": ["a"]}
    links = [Link(other, {"why": "batch"})]
    span = tracer.start_span("inner", below, SpanKind.CLIENT, given, links, 2_000_000_000)
    span.add_event("asked", {"times": 3}, timestamp=3_000_000_000)
    span.set_status(StatusCode.ERROR, "no answer")
    if not span.is_recording():
        return None
    open_still = [span.end_time, outer.status.status_code.name, outer.status.description, outer.kind.name, outer.name]
    span.end(4_000_000_000)
    outer.end()
    return [
        span.name, span.kind is SpanKind.CLIENT, dict(span.attributes), span.start_time, span.end_time, open_still,
        span.status.status_code.name, span.status.description, span.status.is_ok,
        [[event.name, dict(event.attributes), event.timestamp] for event in span.events],
        [[link.context.trace_id, link.context.span_id, dict(link.attributes)] for link in span.links],
        span.parent.span_id == outer.get_span_context().span_id, span.context == span.get_span_context(),
        [span.dropped_attributes, span.dropped_events, span.dropped_links],
        hasattr(span, "price"), isinstance(span, trace.Span),
    ]
""",
    "tracers, of whatever library": """
provider = trace.get_tracer_provider()
tracers = [provider.get_tracer("two", "2", schema_url="https://example.com"), trace.get_tracer("three", "3", None, "https://example.com")]

def handler(event, context):
    for made in tracers:
        with made.start_as_current_span(name="work", kind=SpanKind.CONSUMER, attributes=None, links=None, context=None):
            pass
    return [isinstance(made, trace.Tracer) for made in tracers]
""",
}
# Where a span that only keeps what it is given has less to say than one that records.
TELLING = ("what an SDK's span can be asked for",)
