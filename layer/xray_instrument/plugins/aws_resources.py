"""What an AWS call is about: service, operation, region, account, and the resources that it names.

The rules come from aws_table.py; each operation's are worked out once, against botocore's own model of it,
so that a call costs a few dictionary look-ups. A service that is not in the table follows the general rule:
the required parameters that are text and named like an identifier (…Name, …Arn, …Id, …Url), unless the model
calls them sensitive or they name a person, a session or a key that opens something.
"""

from .aws_table import ANSWERS, KEY_PARAMETERS, NAMES, PARAMETERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Document = dict[str, Any]
    Reader = Callable[[Any], Any]

_IDENTIFIERS = ("Name", "Arn", "ARN", "Id", "Url", "Identifier")
_PRIVATE = ("user", "client", "access", "session", "token", "email", "person", "patient", "customer", "contact", "display")
_GENERAL_LIMIT = 4
_LIST_LIMIT = 25
_VALUE_LIMIT = 500


class Operation:
    """One API operation, with the ways to read what its calls are about.

    Args:
        model: botocore's OperationModel.
        capture_keys: whether S3 object keys are wanted.

    Attributes:
        service: the name that X-Ray shows.
    """

    def __init__(self, model: "Any", *, capture_keys: bool = False) -> None:
        service_id = str(model.service_model.service_id)
        self.service = NAMES.get(service_id) or service_id.replace(" ", "")
        self.name = str(model.name)
        members = getattr(model.input_shape, "members", {}) or {}
        rules = PARAMETERS.get(service_id)
        if rules is None:
            rules = dict(_general_rule(model))
        elif capture_keys:
            rules = {**rules, **KEY_PARAMETERS.get(service_id, {})}
        wanted = {path: field for path, field in rules.items() if _first(path) in members}
        self._plain = tuple((path, field) for path, field in wanted.items() if path.isidentifier())
        self._deep = tuple((_reader(path), field) for path, field in wanted.items() if not path.isidentifier())
        self.answers = tuple(ANSWERS.get(service_id, {}).get(self.name, {}).items())

    def describe(self, parameters: "Document", region: "str | None") -> "Document":
        """Return the `aws` block for a call with these parameters, as the function gave them."""
        aws: "Document" = {"operation": self.name}
        if region:
            aws["region"] = region
        for name, field in self._plain:
            value = parameters.get(name)
            if value.__class__ is str:
                aws[field] = value if len(value) <= _VALUE_LIMIT else value[:_VALUE_LIMIT]
                if ":" in value:
                    _locate(aws, field, value)
            elif value is not None:
                aws[field] = _short(value)
        for read, field in self._deep:
            found = list(dict.fromkeys(value for value in read(parameters) if value))[:_LIST_LIMIT]
            if found:
                one = field != "table_names" and len(found) == 1
                aws[field] = _short(found[0]) if one else [_short(value) for value in found]
        return aws


def describe_response(operation: Operation, parsed: "Document", aws: "Document") -> None:
    """Add what the answer says of resources: counts and ids, never content."""
    for member, field in operation.answers:
        if member[-1] == "#":
            aws[field] = len(parsed.get(member[:-1]) or ())
        elif member in parsed:
            aws[field] = parsed[member]


# Where these parameters may be ARNs, the resource's name stands behind this in it.
_NAME_IN_ARN = {"table_name": ":table/", "function_name": ":function:"}


def _locate(aws: "Document", field: str, value: str) -> None:
    """Take out of an ARN or a queue's URL which account owns the resource, and for some its plain name."""
    marker = _NAME_IN_ARN.get(field)
    if marker is not None and marker in value:
        aws[field] = value.partition(marker)[2].partition("/")[0].partition(":")[0]
        account = value.partition(marker)[0].rpartition(":")[2]
    elif value[:4] == "arn:":
        account = (value.split(":", 5) + [""] * 5)[4]
    elif field == "queue_url":
        account = value.rpartition("/")[0].rpartition("/")[2]
    else:
        return
    if len(account) == 12 and account.isdigit():
        aws["account_id"] = account


def _short(value: "Any") -> "Any":
    if isinstance(value, str):
        return value[:_VALUE_LIMIT]
    if isinstance(value, (list, tuple)):
        return [str(item)[:_VALUE_LIMIT] for item in value[:_LIST_LIMIT]]
    return value if isinstance(value, (bool, int, float)) else str(value)[:_VALUE_LIMIT]


def _general_rule(model: "Any") -> "Iterator[tuple[str, str]]":
    shape = model.input_shape
    found = 0
    for name in getattr(shape, "required_members", ()) or ():
        member = shape.members[name]
        named = name[:1].upper() + name[1:]
        private = any(word in name.lower() for word in _PRIVATE) or member.metadata.get("sensitive")
        if member.type_name == "string" and named.endswith(_IDENTIFIERS) and not private and found < _GENERAL_LIMIT:
            found += 1
            yield name, snake_case(name)


def snake_case(name: str) -> str:
    """Turn a parameter's name into a field's: FunctionName and functionName to function_name, QueueARN to queue_arn."""
    out = ""
    for at, c in enumerate(name):
        before, after = name[at - 1 : at], name[at + 1 : at + 2]
        if c.isupper() and at and (before.islower() or before.isdigit() or after.islower()):
            out += "_"
        out += c.lower()
    return out


def _first(path: str) -> str:
    return path.partition(".")[0].partition("[")[0].partition("{")[0].partition("|")[0]


def _reader(path: str) -> "Reader":
    """Make a reader of a path: `A.b` into structures, `A[]` all items, `A{}` the keys, `.*` any member, `|sql` the table."""
    path, _, sql = path.partition("|")

    def read(parameters: "Any") -> "Iterator[str]":
        values = [parameters]
        for step in path.split("."):
            values = [inner for value in values for inner in _step(value, step)]
        for value in values:
            text = partiql_table(value) if sql and isinstance(value, str) else value
            if isinstance(text, str):
                yield text

    return read


def _step(value: "Any", step: str) -> "Iterator[Any]":
    if not isinstance(value, dict):
        return
    if step == "*":
        yield from value.values()
        return
    name = step.rstrip("[]{}")
    inner = value.get(name)
    if step.endswith("{}"):
        yield from inner if isinstance(inner, dict) else ()
    elif step.endswith("[]"):
        yield from inner if isinstance(inner, (list, tuple)) else ()
    elif inner is not None:
        yield inner


# Strings, quoted names, comments, words, and whatever else: so that no word inside a string is taken for a keyword.
_TOKENS = r"""'(?:[^']|'')*'?|"([^"]*)"|--[^\n]*|/\*.*?(?:\*/|\Z)|([\w.:/-]+)|\S"""
# What DynamoDB allows for a table; anything else behind the keyword is no name, and not ours to show.
_TABLE = r"[A-Za-z0-9_.-]{3,255}"
_patterns: "list[Any]" = []


def partiql_table(statement: str) -> str:
    """Return the table that a PartiQL statement is about, or "". Nothing else of the statement is kept.

    SELECT … FROM t, DELETE FROM t, INSERT INTO t, UPDATE t; t may be quoted, and may have an index behind a dot.
    """
    if not _patterns:
        import re  # noqa: PLC0415  (loaded by the runtime client already; compiled at the first statement only)

        _patterns.extend((re.compile(_TOKENS, re.DOTALL), re.compile(_TABLE)))
    tokens, table = _patterns
    marker = ""
    named = False
    for token in tokens.finditer(statement):
        quoted, word = token.groups()
        if named:
            name = str(quoted if quoted is not None else (word or "").partition(".")[0]).rpartition(":table/")[2]
            return name if table.fullmatch(name) else ""
        if word:
            upper = word.upper()
            marker = marker or {"UPDATE": "UPDATE", "INSERT": "INTO"}.get(upper, "FROM")
            named = upper == marker
    return ""
