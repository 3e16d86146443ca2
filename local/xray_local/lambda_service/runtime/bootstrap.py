"""What Lambda runs as /var/runtime/bootstrap.py, with the environment's own folder in front of /opt.

The order of the steps and every condition on PYTHONPATH is that of the real one for python3.10 to 3.14. So is the name of this
file: by it the runtime client leaves its own frames out of stack traces.
"""

import os
import site
import sys

import awslambdaric.__main__

RUNTIME = os.path.dirname(os.path.abspath(__file__))
OPT = os.path.join(os.path.dirname(RUNTIME), "opt", "python")
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
OPT_PACKAGES = os.path.join(OPT, "lib", PYTHON, "site-packages")


def is_pythonpath_set() -> bool:
    """Whether the function, or a wrapper, has a PYTHONPATH: Lambda then leaves layers to it."""
    return "PYTHONPATH" in os.environ


def set_default_sys_path(task_root: str) -> None:
    """The function first, then layers, then what the runtime brings along."""
    if not is_pythonpath_set():
        # From 3.11 on, Lambda's boto3 lies in the interpreter's own site-packages.
        if sys.version_info >= (3, 11):
            sys.path.insert(0, site.getsitepackages()[0])
        sys.path.insert(0, OPT)
        sys.path.insert(0, OPT_PACKAGES)
    sys.path.insert(0, task_root)


def add_default_site_directories(task_root: str) -> None:
    """Process the .pth files there."""
    site.addsitedir(task_root)
    if not is_pythonpath_set():
        site.addsitedir(OPT)
        site.addsitedir(OPT_PACKAGES)


def main() -> None:
    """Start the runtime client."""
    # /var/task is read-only on Lambda; here it is the user's own folder, which is to stay as it is.
    sys.dont_write_bytecode = True
    task_root = os.environ["LAMBDA_TASK_ROOT"]
    handler = os.environ["_HANDLER"]
    set_default_sys_path(task_root)
    add_default_site_directories(task_root)
    if not is_pythonpath_set():
        os.environ["PYTHONPATH"] = RUNTIME
    awslambdaric.__main__.main([task_root, handler])


if __name__ == "__main__":
    main()
