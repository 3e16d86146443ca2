"""Text to tree, tree to text, and what is said about text that is no expression."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.local import fuzzing
from xray_local.filters import Expression, FilterError, hint, parse, parse_entity
from xray_local.filters.keywords import EXPECTED, KEYWORDS, OPERATORS
from xray_local.filters.parser import DEEPEST, LONGEST

from . import making

# Every expression of the developer guide's page "Using filter expressions", of the API reference and of the guide's page on
# root causes, with the normal form it comes to.
GUIDE = {
    "responsetime > 5": "responsetime > 5",
    "duration >= 5 AND duration <= 8": "duration >= 5 AND duration <= 8",
    "ok": "ok",
    "!ok": "!ok",
    "ok = false": "!ok",
    'rootcause.fault.entity { last and name = "deserialize" }': 'rootcause.fault.entity { last AND name = "deserialize" }',
    'rootcause.responsetime.entity { remote and coverage > 0.7 and name = "traces" }': 'rootcause.responsetime.entity { remote AND coverage > 0.7 AND name = "traces" }',
    'rootcause.fault.service { inferred and name = traces and type = "AWS::DynamoDB" }': 'rootcause.fault.service { inferred AND name = "traces" AND type = "AWS::DynamoDB" }',
    'service("data-plane") {root = true and fault = true}': 'service("data-plane") { root AND fault }',
    "http.status != 200": "http.status != 200",
    "ok !partial duration <3": "ok AND !partial AND duration < 3",
    "rootcause.fault.service { index > 5 }": "rootcause.fault.service { index > 5 }",
    "rootcause.responsetime.entity { last and coverage > 0.8 }": "rootcause.responsetime.entity { last AND coverage > 0.8 }",
    'http.url CONTAINS "/api/game/"': 'http.url CONTAINS "/api/game/"',
    'user CONTAINS ""': 'user CONTAINS ""',
    'rootcause.fault.service { name = "Auth" }': 'rootcause.fault.service { name = "Auth" }',
    'rootcause.responsetime.service { last and type = "AWS::DynamoDB" }': 'rootcause.responsetime.service { last AND type = "AWS::DynamoDB" }',
    # The guide forgets the closing brace: see ERRORS.
    'rootcause.fault.exception { last and message = "Access Denied for account_id: 1234567890" }': 'rootcause.fault.exception { last AND message = "Access Denied for account_id: 1234567890" }',
    'service("api.example.com") { fault }': 'service("api.example.com") { fault }',
    "service() { fault }": "service() { fault }",
    'edge("api.example.com", "backend.example.com") { error }': 'edge("api.example.com", "backend.example.com") { error }',
    'http.url BEGINSWITH "http://api.example.com/" AND http.url CONTAINS "/v2/" AND !service("api.example.com")': 'http.url BEGINSWITH "http://api.example.com/" AND http.url CONTAINS "/v2/" AND !service("api.example.com")',
    "http.url AND responseTime > 2": "http.url AND responsetime > 2",
    'annotation.gameid = "817DL6VO"': 'annotation[gameid] = "817DL6VO"',
    "annotation.age": "annotation[age]",
    "!annotation.age": "!annotation[age]",
    "annotation.age > 29": "annotation[age] > 29",
    'group.name = "high_response_time" AND user = "alice"': 'group.name = "high_response_time" AND user = "alice"',
    'rootcause.json = #[{ "Services": [ { "Name": "GetWeatherData", "EntityPath": [{ "Name": "GetWeatherData" }, { "Name": "get_temperature" } ] }, { "Name": "GetTemperature", "EntityPath": [ { "Name": "GetTemperature" } ] } ] }]': 'rootcause.json = #[{"Services": [{"Name": "GetWeatherData", "EntityPath": [{"Name": "GetWeatherData"}, {"Name": "get_temperature"}]}, {"Name": "GetTemperature", "EntityPath": [{"Name": "GetTemperature"}]}]}]',
    'service("random-name") { error }': 'service("random-name") { error }',
    'service(id(name: "random-name", type: "AWS::Lambda::Function")) { error }': 'service(id(name: "random-name", type: "AWS::Lambda::Function")) { error }',
    'service(id(type: "AWS::Lambda::Function")) { error }': 'service(id(type: "AWS::Lambda::Function")) { error }',
    'edge(id(name: "service-one", type:"service::type"), id(name: "service-two", type:"service::type")) { fault }': 'edge(id(name: "service-one", type: "service::type"), id(name: "service-two", type: "service::type")) { fault }',
    'service(id(account.id: "account ID")) { fault }': 'service(id(account.id: "account ID")) { fault }',
    'service("api.example.com") { fault = true OR responsetime > 2.5 } AND annotation.account = "12345"': 'service("api.example.com") { fault OR responsetime > 2.5 } AND annotation[account] = "12345"',
    'edge("api.example.com", "backend.example.com") { fault = true }': 'edge("api.example.com", "backend.example.com") { fault }',
    'service("api.example.com")': 'service("api.example.com")',
    'annotation.account = "12345"': 'annotation[account] = "12345"',
}
# The rest of the language: case, brackets, precedence, values.
MORE = {
    "OK or Fault AND ERROR": "ok OR fault AND error",
    "(ok or fault) error": "(ok OR fault) AND error",
    "((ok) and (fault and error))": "ok AND fault AND error",
    "!(ok or !!fault)": "!(ok OR fault)",
    "ok = TRUE": "ok",
    'fault != "true"': "!fault",
    "fault!=false": "fault",
    'annotation.Key contains "x"': 'annotation[Key] CONTAINS "x"',
    "annotation[a.b c] = true": "annotation[a.b c] = true",
    'annotation["a]"] = "true"': 'annotation["a]"] = "true"',
    "annotation.aws:api_id = abc": 'annotation[aws:api_id] = "abc"',
    "annotation.a.b = fault ok": 'annotation[a.b] = "fault" AND ok',
    "duration > -1.5e3 duration < .5 duration != 1e999": "duration > -1500 AND duration < 0.5 AND duration != 1e999",
    r'user = "say \"hi\"" AND user = "C:\temp"': r'user = "say \"hi\"" AND user = "C:\\temp"',
    "service() AND service(id()) {} AND service(traces)": 'service() AND service() AND service("traces")',
    'edge(id(type: "client"), "a")': 'edge(id(type: "client"), "a")',
    'group.arn != "arn:x"': '!group.arn = "arn:x"',
    "json != #[]": "!rootcause.json = #[]",
    'json = #[{"a": [null, TRUE, 1.5, "\\u00e9"]}]': 'rootcause.json = #[{"a": [null, true, 1.5, "\\u00e9"]}]',
    'user = "a"\n\tAND\nuser = "b"': 'user = "a" AND user = "b"',
}
ANY = "expected !, (, ok, error, throttle, fault, partial, root, inferred, responsetime, duration, http.status, ..."
ERRORS = {
    "": f"column 1: the expression is not complete; {ANY}",
    "falt": f"column 1: falt is no keyword here, did you mean fault?; {ANY}",
    "ok AND responstime > 1": f"column 8: responstime is no keyword here, did you mean responsetime?; {ANY}",
    "duration >": "column 11: the expression is not complete; expected a number",
    "duration": "column 9: the expression is not complete; expected =, !=, <, <=, >, >=",
    'duration > "5"': 'column 12: "5" cannot stand here; expected a number',
    "annotation.x == 3": 'column 15: = cannot stand here; expected true, false, a number, a text in "quotes"',
    "annotation.x CONTAINS 3": 'column 23: 3 cannot stand here; expected a text in "quotes"',
    "coverage > 0.5": f"column 1: coverage stands only inside rootcause.responsetime.entity {{ }}; {ANY}",
    "rootcause.fault.entity { coverage > 1 }": "column 26: coverage stands only inside rootcause.responsetime.entity { }; expected !, (, first, last, remote, index, name",
    'service("a") { edge("a", "b") }': "column 16: edge cannot stand here; expected !, (, }, ok, error, throttle, fault, partial, root, inferred, responsetime, duration, ...",
    'service("a" { ok }': "column 13: { cannot stand here; expected )",
    'service("a"': "column 12: the expression is not complete; expected )",
    'edge("a")': "column 9: ) cannot stand here; expected ,",
    'user = "a': 'column 8: the text has no closing "; expected a text in "quotes"',
    "user = 'a'": 'column 8: a text stands in double quotes; expected a text in "quotes"',
    "user = \u201ca\u201d": 'column 8: \u201c is not the plain quotation mark; expected a text in "quotes"',
    "user > 5": "column 6: > cannot stand here; expected CONTAINS, BEGINSWITH, ENDSWITH, =, !=, AND, OR, !, (, the end, ok, error, ...",
    "ok)": "column 3: ) cannot stand here; expected the end",
    "user = \x00": r"column 8: the character '\x00' is in no text that X-Ray keeps",
    "json = #[1": "column 11: the expression is not complete; expected ], ,",
    r'json = #["\q"]': r'column 10: "\q" is no JSON',
    'rootcause.fault.exception { last and message = "Access Denied for account_id: 1234567890" ': "column 91: the expression is not complete; expected AND, OR, !, (, }, first, last, index, name, message",
    "(" * (DEEPEST + 1) + "ok": f"column {DEEPEST + 1}: more than 64 brackets are open: simplify the expression",
    "!" * (LONGEST + 1): f"column {LONGEST + 1}: the expression is longer than 10,000 characters",
}


@pytest.mark.parametrize("text", [*GUIDE, *MORE])
def test_expressions_have_a_normal_form(text: str) -> None:
    """An expression reads as its normal form, and that reads as the same tree."""
    expression = parse(text)
    assert (str(expression), parse(str(expression))) == ((GUIDE | MORE)[text], expression)


@pytest.mark.parametrize("text", list(ERRORS))
def test_errors_say_where_and_what(text: str) -> None:
    """An error names the column, what is wrong there and what could have stood there."""
    with pytest.raises(FilterError) as raised:
        parse(text)
    assert str(raised.value) == ERRORS[text]


def test_errors_list_everything_expected() -> None:
    """Programs get all words that could have stood there, however many a person is shown."""
    with pytest.raises(FilterError) as raised:
        parse('service("a") { nme = "b" }')
    names = [
        "PLAIN_FLAG",
        "INFERRED",
        "PLAIN_NUMBER",
        "PLAIN_TEXT",
        "NAME",
        "TYPE",
        "ACCOUNT",
        "ANNOTATION",
        "BANG",
        "LPAR",
        "RBRACE",
    ]
    assert (raised.value.column, set(raised.value.expected)) == (16, {word for name in names for word in EXPECTED[name]})


@given(making.expressions)
@settings(max_examples=fuzzing.cases(300, 0.25), deadline=None)
def test_a_tree_survives_its_text(expression: Expression) -> None:
    """Any tree, written as text and read again, is the same tree."""
    assert parse(str(expression)) == expression


PIECES = st.sampled_from(
    [*KEYWORDS, *OPERATORS, *"(){}[]#,:.\"'\\! \n", '"a"', "1", "-", "id(", "true", "null", "annotation.k", "\ud800", "é"]
)


@given(st.lists(PIECES, max_size=30).map(" ".join) | st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=60))
@settings(max_examples=fuzzing.cases(600), deadline=None)
@example("!" * LONGEST)
@example("(" * LONGEST)
@example("service(" * 1000)
@example("json = #" + "[" * 1000)
@example("ok " * 3000)
def test_no_text_breaks_the_parser(text: str) -> None:
    """Whatever the text: a tree that can be written and read again, or a FilterError with a column inside of the text."""
    try:
        expression = parse(text)
    except FilterError as error:
        found: object = 1 <= error.column <= len(text) + 1
    else:
        # The normal form has an AND between all that stands side by side.
        found = len(str(expression)) > LONGEST or parse(str(expression)) == expression
    assert found is True


GROUPS = {
    "slow": "duration > 3",
    "bad": 'fault OR group.name = "slow"',
    "loop": 'ok group.name = "loop"',
    "broken": "falt",
    "arn:slow": "duration > 3",
}


def test_groups_stand_for_their_expressions() -> None:
    """With the groups at hand each is replaced by its expression, by name or ARN, at any depth."""
    expanded = parse('!group.name = "bad" AND group.name != "slow" AND group.arn = "arn:slow"', GROUPS)
    assert str(expanded) == "!(fault OR duration > 3) AND !duration > 3 AND duration > 3"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('ok group.name = "none"', "column 4: there is no group with the name none"),
        ('group.name = "loop"', "column 1: in the group loop, column 4: the group loop is part of its own filter expression"),
        (
            'group.name = "broken"',
            f"column 1: in the group broken, column 1: falt is no keyword here, did you mean fault?; {ANY}",
        ),
    ],
)
def test_groups_that_lead_nowhere(text: str, message: str) -> None:
    """A group that is missing, contains itself or cannot be parsed is an error at the place that names it."""
    with pytest.raises(FilterError) as raised:
        parse(text, GROUPS)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ('service("a")', 'service("a")'),
        ('"a"', 'service("a")'),
        ('id(name: "a", type: "t")', 'service(id(name: "a", type: "t"))'),
        ('service(id(name: "a", type: "t"))', 'service(id(name: "a", type: "t"))'),
        ('edge("a", id(type: "t"))', 'edge("a", id(type: "t"))'),
    ],
)
def test_entities(text: str, entity: str) -> None:
    """An entity selector is a node, with or without service(), or an edge."""
    assert str(parse_entity(text)) == entity


def test_an_entity_is_no_condition() -> None:
    """An entity selector that is a filter expression is refused like any other bad text."""
    with pytest.raises(FilterError) as raised:
        parse_entity("ok = true")
    # A bare word is a name.
    assert (str(parse_entity("web")), raised.value.column) == ('service("web")', 4)


@pytest.mark.parametrize(
    ("text", "deeper"),
    [
        ("fault", "service() { fault }"),
        ('error annotation.a = "b"', 'service() { error } AND annotation[a] = "b"'),
        ("!ok OR http.status >= 500", "service() { !ok } OR service() { http.status >= 500 }"),
        ("root = false", "service() { !root }"),
        ('service("a") { fault } AND ok AND !fault AND throttle', None),
    ],
)
def test_hints(text: str, deeper: str | None) -> None:
    """What was asked of the client's answer can be asked of every service; what is asked so already needs no hint."""
    said = hint(parse(text))
    prefix = "outside of service() { } an expression looks at the answer to the client only; anywhere in the trace: "
    assert said == (None if deeper is None else prefix + deeper)
