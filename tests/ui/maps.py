"""What the tests of the service map share: where things are on it, and traces to fill it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page

from tests.ui.traces import Made, function, new_id, put_item

FUNCTION = "AWS::Lambda::Function"
PICTURE = "main .map-frame"


def node(page: Page, name: str, kind: str) -> Locator:
    """A circle of the picture, or a row of the list."""
    return page.get_by_role("button", name=f"{name}, {kind}, average")


def place(page: Page) -> tuple[str, dict[str, str]]:
    """The path and the parameters of the address."""
    path, _, query = urlsplit(page.url).fragment.partition("?")
    return path, {name: values[0] for name, values in parse_qs(query).items()}


def places(page: Page) -> dict[str, str]:
    """Where each circle is, by its key."""
    found: dict[str, str] = page.evaluate(
        "() => Object.fromEntries([...document.querySelectorAll('main .node')].map((one) => [one.dataset.node, one.querySelector('.mark').style.transform]))"
    )
    return found


def heights(page: Page) -> list[str]:
    """The circles' keys from the left to the right, and above each other in a column."""
    found: list[str] = page.evaluate("""() => [...document.querySelectorAll("main .node")].map((one) => {
        const [x, y] = one.querySelector(".mark").style.transform.match(/-?[\\d.]+/g).map(Number);
        return [x, y, one.dataset.node];
    }).sort((one, other) => one[0] - other[0] || one[1] - other[1]).map(([, , key]) => key)""")
    return found


def panel(page: Page) -> Locator:
    """The details."""
    return page.locator(".map-panel")


def press(page: Page, arrow: Locator) -> None:
    """Click the middle of an arrow. One that is straight has a box without a height, which Playwright takes for invisible."""
    box = arrow.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def scale(page: Page) -> float:
    """How large the map is drawn."""
    page.wait_for_timeout(50)
    found: float = page.evaluate(f"document.querySelector('{PICTURE} svg > g').transform.baseVal.consolidate().matrix.a")
    return found


def linked(begun: float) -> tuple[Made, Made]:
    """A trace that puts a message into a queue, and the trace that takes it up 700 ms later."""
    sender, receiver = Made(begun), Made(begun + 0.9)
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"
    first = new_id()
    attributes = {
        "aws.xray.reserved.names": ["worker"],
        "aws.xray.reserved.type": "AWS::Lambda",
        "aws.xray.reserved.reference_type": "child",
        "aws.xray.reserved.received_event_end_time": begun + 0.9,
    }
    sent = sender.part(
        "SQS", 0.1, 0.2, namespace="aws", aws={"operation": "SendMessage", "queue_url": url},
        links=[{"trace_id": receiver.id, "id": first, "attributes": attributes}],
    )  # fmt: skip
    function(sender, "orders", 0.3, sent)
    back = {"attributes": {"aws.xray.reserved.reference_type": "parent"}, "trace_id": sender.id, "id": sent["id"]}
    receiver.segment("worker", 0, 0.2, origin="AWS::Lambda", id=first, links=[back])
    return sender, receiver


def crowd(begun: float, functions: int, each: int) -> list[Made]:
    """Functions that use so many tables each."""
    found = []
    for number in range(functions):
        made = Made(begun + number)
        calls = [put_item(made, 0.1, 0.2, aws={"operation": "PutItem", "table_name": f"t{number}-{at}"}) for at in range(each)]
        function(made, f"f{number}", 0.5, *calls)
        found.append(made)
    return found
