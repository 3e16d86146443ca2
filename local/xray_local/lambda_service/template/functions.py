"""The functions of a template, from AWS::Serverless::Function and AWS::Lambda::Function alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..model import Function, InvokeConfig, Tracing
from . import code, sam_globals, sources
from .code import ElsewhereError, Layers
from .intrinsics import Evaluator
from .names import Place
from .problems import IntrinsicError, TemplateError, UnresolvedError
from .section import Notes, Section

SAM_TYPE, LAMBDA_TYPE = "AWS::Serverless::Function", "AWS::Lambda::Function"
# Other types that hold functions, or belong to one, and are passed over with a note.
PASSED_OVER = {
    "AWS::CloudFormation::Stack": "a nested stack",
    "AWS::Serverless::Application": "a nested application",
    "AWS::Lambda::Url": "a function URL",
}
ALIASES = ("AWS::Lambda::Alias", "Name")


@dataclass(frozen=True)
class Settings:
    """What the user chose beside the template."""

    place: Place = field(default_factory=Place)
    parameters: Mapping[str, str] = field(default_factory=dict)
    """--parameter-overrides."""
    variables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """--env-vars: by function, and those of all below `Parameters`."""
    tracing: Tracing | None = None
    """For all functions; None: as the template says."""
    trace_layer: Path | None = None
    docker: bool = False
    """Whether images can run."""
    folder: Path = Path()
    """For code that stands in the template."""


@dataclass(frozen=True)
class Template:
    """What a template has for the desk."""

    path: Path
    functions: tuple[Function, ...]
    notes: tuple[str, ...] = ()
    """What is different here, one sentence each."""


class Builder:
    """Makes the functions of one document."""

    def __init__(self, path: Path, document: Mapping[str, Any], settings: Settings) -> None:
        self._path, self._document, self._settings = path, document, settings
        self._folder = path.resolve().parent
        self._notes = Notes()
        self._evaluator = Evaluator(document, settings.place, settings.parameters)
        self._layers = Layers(self._folder, settings.trace_layer)

    def build(self) -> Template:
        """Everything. Raises TemplateError."""
        self._check()
        for _kind, section in self._resources(*code.LAYER_TYPES):
            self._layers.add(self._evaluator.ref(section.owner), section)
        made = [
            function for kind, section in self._resources(SAM_TYPE, LAMBDA_TYPE) for function in self._function(kind, section)
        ]
        for kind, section in self._resources(*PASSED_OVER):
            self._notes.add(f"{section.owner}: {PASSED_OVER[kind]} is not run here")
        functions = self._with_configs(self._with_sources(self._with_aliases(made)))
        return Template(self._path, tuple(functions), tuple(self._notes.told))

    def _check(self) -> None:
        """The shape that everything below relies on."""
        for name in ("Parameters", "Mappings", "Conditions"):
            if not isinstance(self._document.get(name) or {}, dict):
                raise TemplateError(f"{self._path.name}: {name} must be a map")
        for logical_id, resource in self._document["Resources"].items():
            if logical_id.startswith("Fn::ForEach"):
                continue
            if not isinstance(resource, dict) or not isinstance(resource.get("Properties") or {}, dict):
                raise TemplateError(f"{self._path.name}, {logical_id}: a resource is a map with Type and Properties")
        known = self._document.get("Parameters") or {}
        for name in self._settings.parameters:
            if name not in known:
                raise TemplateError(f"{self._path.name} has no parameter {name}: it has {', '.join(sorted(known)) or 'none'}")

    def _resources(self, *types: str) -> Iterator[tuple[str, Section]]:
        """The resources of some types that the template's conditions let be, with their properties."""
        for logical_id, resource in self._document["Resources"].items():
            if logical_id.startswith("Fn::ForEach"):
                self._notes.add(f"{logical_id} is not unrolled: what it would make is not here")
            elif resource.get("Type") in types and self._included(logical_id):
                properties = sam_globals.properties(self._document, logical_id)
                place = f"{self._path.name}, {logical_id}: "
                yield resource["Type"], Section(self._evaluator, properties, place, self._notes, logical_id)

    def _included(self, logical_id: str) -> bool:
        try:
            return self._evaluator.included(logical_id)
        except IntrinsicError as error:
            raise TemplateError(f"{self._path.name}, {logical_id}: Condition: {error}") from error
        except UnresolvedError as error:
            raise TemplateError(f"{self._path.name}, {logical_id}: Condition cannot be decided: {error}") from error

    def _function(self, kind: str, section: Section) -> Iterator[Function]:
        try:
            yield self._made(kind, section)
        except (ElsewhereError, UnresolvedError) as error:
            self._notes.add(f"{section.owner} is left out: {error}")

    def _made(self, kind: str, section: Section) -> Function:
        name = str(section.required("FunctionName") or section.owner)
        function = Function(
            name,
            handler="",
            code=self._folder,
            timeout_s=section.number("Timeout", 3.0),
            memory_mb=int(section.number("MemorySize", 128)),
            environment=self._environment(section, name),
            tracing=self._tracing(kind, section),
            layers=self._layers.paths(section),
            concurrency=section.whole("ReservedConcurrentExecutions"),
            description=section.text("Description"),
            dead_letter_arn=section.section("DeadLetterQueue" if kind == SAM_TYPE else "DeadLetterConfig").text("TargetArn"),
        )
        function = self._logging(function, section)
        if section.text("PackageType", "Zip") == "Image":
            function = self._image(function, kind, section)
        else:
            function = self._zip(function, kind, section)
        if kind == SAM_TYPE:
            alias = section.text("AutoPublishAlias")
            function = replace(
                function,
                invoke_config=sources.invoke_config(section.section("EventInvokeConfig")),
                sources=tuple(sources.of_events(section.section("Events"))),
                aliases=(alias,) if alias else (),
            )
        return function

    def _zip(self, function: Function, kind: str, section: Section) -> Function:
        runtime, handler = section.required("Runtime"), section.required("Handler")
        if not runtime:
            raise section.wrong("Runtime", "is missing; a function in Python has one such as python3.13")
        if not str(runtime).startswith("python"):
            raise ElsewhereError(f"its runtime is {runtime}; Python functions run here")
        if not handler:
            raise section.wrong("Handler", "is missing; it is module.function, such as app.handler")
        place = self._code(kind, section, function.name)
        if place.is_dir() and (place / "requirements.txt").is_file() and not any(place.glob("*.dist-info")):
            self._notes.add(
                f"{section.owner}: its requirements.txt is not installed beside it; if it needs more than boto3: "
                f"sam build, then -t {code.BUILT}/template.yaml"
            )
        return replace(function, runtime=str(runtime), handler=str(handler), code=place)

    def _code(self, kind: str, section: Section, name: str) -> Path:
        metadata = self._document["Resources"][section.owner].get("Metadata") or {}
        if kind == SAM_TYPE:
            if section.has("InlineCode"):
                return code.inline(str(section.required("InlineCode")), name, self._settings.folder)
            return code.located(section, "CodeUri", self._folder, metadata)
        own = section.section("Code") if isinstance(section.values.get("Code"), dict) else section
        if own is not section and own.has("ZipFile"):
            return code.inline(str(own.required("ZipFile")), name, self._settings.folder)
        return code.located(section, "Code", self._folder, metadata)

    def _image(self, function: Function, kind: str, section: Section) -> Function:
        if not self._settings.docker:
            raise ElsewhereError("it is a container image, which needs --docker")
        metadata = self._document["Resources"][section.owner].get("Metadata") or {}
        images = section if kind == SAM_TYPE else section.section("Code")
        name, context, build = code.image(images, "ImageUri", self._folder, metadata)
        command = section.section("ImageConfig").get("Command") or []
        handler = str(command[0]) if isinstance(command, list) and command else ""
        return replace(function, handler=handler, code=context, image=name, build=build)

    def _tracing(self, kind: str, section: Section) -> Tracing:
        if self._settings.tracing is not None:
            return self._settings.tracing
        mode = section.text("Tracing") if kind == SAM_TYPE else section.section("TracingConfig").text("Mode")
        return Tracing.ACTIVE if mode == Tracing.ACTIVE.value else Tracing.PASS_THROUGH

    def _logging(self, function: Function, section: Section) -> Function:
        given = section.section("LoggingConfig")
        form = given.text("LogFormat", "Text")
        if form not in {"Text", "JSON"}:
            raise given.wrong("LogFormat", f"is {form}; it is Text or JSON")
        if form == "JSON":
            self._notes.add(f"{section.owner}: what it logs is JSON; Lambda's own lines (START, END, REPORT) stay text here")
        level, group = given.text("ApplicationLogLevel"), given.text("LogGroup")
        return replace(function, log_format=form, log_level=level, own_log_group=group)

    def _environment(self, section: Section, name: str) -> dict[str, str]:
        variables = section.section("Environment").section("Variables")
        given = self._given(section.owner, name)
        found = {}
        for variable in variables.values:
            if variable in given:
                found[variable] = _text(given.pop(variable))
                continue
            try:
                value = variables.required(variable)
            except UnresolvedError as error:
                self._notes.add(f"{section.owner}: the variable {variable} is not set: {error}; or give it with --env-vars")
                continue
            if value is not None:
                found[variable] = _text(value)
        for variable in given.keys() - (self._settings.variables.get("Parameters") or {}).keys():
            self._notes.add(f"{section.owner}: --env-vars has {variable}, which the template does not declare: it is not set")
        return found

    def _given(self, *names: str) -> dict[str, Any]:
        every = dict(self._settings.variables.get("Parameters") or {})
        for name in names:
            every |= self._settings.variables.get(name) or {}
        return every

    def _with_aliases(self, functions: list[Function]) -> list[Function]:
        kind, name = ALIASES
        for _kind, section in self._resources(kind):
            owner = self._owner(functions, section.text("FunctionName"))
            if owner is not None:
                functions[owner] = replace(functions[owner], aliases=(*functions[owner].aliases, section.text(name)))
        return functions

    def _with_sources(self, functions: list[Function]) -> list[Function]:
        found = [each for _kind, section in self._resources(sources.MAPPING) for each in sources.mapped(section.owner, section)]
        for _kind, section in self._resources(*sources.SCHEDULE_TYPES):
            found += sources.rule(section.owner, section)
        for each in found:
            owner = self._owner(functions, each.function)
            if owner is not None:
                functions[owner] = replace(functions[owner], sources=(*functions[owner].sources, each.source))
        return functions

    def _with_configs(self, functions: list[Function]) -> list[Function]:
        for _kind, section in self._resources(sources.INVOKE_CONFIG):
            owner = self._owner(functions, section.text("FunctionName"))
            if owner is not None:
                config: InvokeConfig = sources.invoke_config(section)
                functions[owner] = replace(functions[owner], invoke_config=config)
        return functions

    @staticmethod
    def _owner(functions: list[Function], said: str) -> int | None:
        """The place of the function that a name, an ARN, or either with a qualifier means."""
        parts = said.split(":")
        name = parts[6] if said.startswith("arn:") and len(parts) > 6 else parts[0]
        return next((number for number, function in enumerate(functions) if function.name == name), None)


def _text(value: Any) -> str:
    """A variable's value as CloudFormation passes it on."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
