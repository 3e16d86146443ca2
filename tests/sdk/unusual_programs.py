"""Programs of aws_xray_sdk that few people write: each gives the tree that it gives without us. Found by random programs."""

from __future__ import annotations

UNUSUAL = {
    "by hand, beside what is open": """
from aws_xray_sdk.core.models.subsegment import Subsegment
def handler(event, context):
    segment = xray_recorder.current_segment()
    with xray_recorder.in_subsegment("open"):
        at_the_top = Subsegment("at the top", "local", segment)
        segment.add_subsegment(at_the_top)
        below = Subsegment("below", "local", segment)
        xray_recorder.get_trace_entity().add_subsegment(below)
        with xray_recorder.in_subsegment("below the open one"):
            pass
        below.close()
        xray_recorder.begin_subsegment("below it too")
        xray_recorder.end_subsegment()
        at_the_top.close()
    xray_recorder.stream_subsegments()
    return 1
""",
    "the segment as a dictionary": """
def handler(event, context):
    segment = xray_recorder.current_segment()
    with xray_recorder.in_subsegment("mine") as mine:
        return [sorted(segment.to_dict()), sorted(mine.to_dict()), segment.serialize().count("xray_instrument")]
""",
    "by hand, into the context": """
from aws_xray_sdk.core.models.subsegment import Subsegment
def handler(event, context):
    xray_recorder.context.put_subsegment(Subsegment("by hand", "local", xray_recorder.current_segment()))
    with xray_recorder.in_subsegment("below"):
        pass
    xray_recorder.end_subsegment()
    return 1
""",
    "begun in one task, ended in another": """
async def begin():
    return xray_recorder.begin_subsegment("begun in a task").name

async def end():
    xray_recorder.end_subsegment()

async def steps():
    name = await asyncio.wait_for(asyncio.create_task(begin()), 1)
    with xray_recorder.in_subsegment("between"):
        pass
    await asyncio.create_task(end())
    with xray_recorder.in_subsegment("after"):
        return name

def handler(event, context):
    return [asyncio.run(steps()), xray_recorder.current_subsegment()]
""",
    "a loop that is kept": """
loop = asyncio.new_event_loop()
async def begin():
    xray_recorder.begin_subsegment("first run")

async def work():
    async with xray_recorder.in_subsegment_async("second run"):
        await asyncio.sleep(0)

async def end():
    xray_recorder.end_subsegment()

def handler(event, context):
    for part in (begin, work, end, begin, end):
        loop.run_until_complete(part())
    return xray_recorder.current_subsegment()
""",
    "begun outside, ended in a task": """
async def work():
    async with xray_recorder.in_subsegment_async("inside"):
        await asyncio.sleep(0)
    xray_recorder.end_subsegment()

def handler(event, context):
    xray_recorder.begin_subsegment("outside")
    asyncio.run(work())
    with xray_recorder.in_subsegment("after"):
        pass
    return xray_recorder.current_subsegment()
""",
    "copies of the context": """
import contextvars
def handler(event, context):
    contextvars.copy_context().run(xray_recorder.begin_subsegment, "in a copy")
    with xray_recorder.in_subsegment("below"):
        pass
    contextvars.copy_context().run(xray_recorder.end_subsegment)
    with xray_recorder.in_subsegment("after"):
        pass
    return xray_recorder.current_subsegment()
""",
}
