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
    "by hand, into the context": """
from aws_xray_sdk.core.models.subsegment import Subsegment
def handler(event, context):
    xray_recorder.context.put_subsegment(Subsegment("by hand", "local", xray_recorder.current_segment()))
    with xray_recorder.in_subsegment("below"):
        pass
    xray_recorder.end_subsegment()
    return 1
""",
}
