"""Handlers that load code in unusual ways, and modules that do so at their top level."""

import importlib
import importlib.abc
import importlib.util
import os
import sys
import zipfile

import circular_a
import namespace_package.inner

print("printed while importing", __name__)


def circular(event, context):
    return [circular_a.NAME, circular_a.other()]


def namespace(event, context):
    package = sys.modules["namespace_package"]
    return [namespace_package.inner.NAME, package.__file__ if hasattr(package, "__file__") else None, list(package.__path__)]


def lazy(event, context):
    import xml.dom.minidom as minidom

    return [minidom.__name__, type(minidom.__loader__).__name__]


def reload(event, context):
    before = circular_a.COUNT
    importlib.reload(circular_a)
    import json

    return [before, circular_a.COUNT, importlib.reload(json).__name__]


class Recording(importlib.abc.MetaPathFinder):
    """Sees every import that nobody in front of it answers."""

    def __init__(self):
        self.asked = []

    def find_spec(self, name, path=None, target=None):
        self.asked.append(name)
        return None


def finder(event, context):
    recording = Recording()
    sys.meta_path.insert(0, recording)
    try:
        import configparser
        import csv
        import xml.sax  # noqa: F401
    finally:
        sys.meta_path.remove(recording)
    return recording.asked


def zip_archive(event, context):
    path = f"/tmp/parity-{os.getpid()}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("from_zip.py", "NAME = __name__\ndef fail():\n    raise ValueError('inside the zip')\n")
    sys.path.insert(0, path)
    sys.modules.pop("from_zip", None)
    try:
        import from_zip

        found = [from_zip.NAME, type(from_zip.__loader__).__name__]
        try:
            from_zip.fail()
        except ValueError as error:
            return [*found, error.__traceback__.tb_next.tb_frame.f_code.co_name]
    finally:
        sys.path.remove(path)
        os.unlink(path)


def find_spec(event, context):
    names = ("json", "sitecustomize", "usercustomize", "not_there", "botocore", "aws_xray_sdk", "opentelemetry")
    found = {name: importlib.util.find_spec(name) for name in names}
    return {name: spec and [spec.origin, str(spec.loader)] for name, spec in found.items()}


def lazy_loader(event, context):
    spec = importlib.util.find_spec("colorsys")
    loader = importlib.util.LazyLoader(spec.loader)
    spec.loader = loader
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return [type(module).__name__, module.rgb_to_hsv(0.5, 0.5, 0.25), type(module).__name__]


def run_path(event, context):
    import runpy

    return runpy.run_path(circular_a.__file__)["COUNT"]
