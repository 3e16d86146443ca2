"""What the bad layers share: they clean up PYTHONPATH and sys.path, chain, and hook the runtime client when it comes."""

import importlib.machinery
import os
import sys

FOLDER = os.path.dirname(__file__)


def clean_up(chain=True):
    own, _, rest = os.environ["PYTHONPATH"].partition(":")
    os.environ["PYTHONPATH"] = rest
    if not rest:
        del os.environ["PYTHONPATH"]
    sys.path.remove(FOLDER)
    sys.path_importer_cache.pop(FOLDER, None)
    if not chain:
        return
    mine = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # noqa: F401
    except ImportError:
        sys.modules["sitecustomize"] = mine


class After:
    """Calls `hook(module)` once the module of that name has run."""

    def __init__(self, name, hook):
        self.name, self.hook = name, hook

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        sys.modules.pop("sitecustomize", None)
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            self.hook(module)

        spec.loader.exec_module = exec_module
        return spec


def when_imported(name, hook):
    sys.meta_path.insert(0, After(name, hook))
