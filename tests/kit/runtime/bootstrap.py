"""What Lambda runs as /var/runtime/bootstrap.py, with the root of the sandbox in front of its folders.

The order of the steps and every condition on PYTHONPATH is that of the real one for python3.10 to 3.14;
so is the name of this file, by which the runtime client leaves its own frames out of stack traces.
"""

import os
import site
import sys

import awslambdaric.__main__

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OPT = os.path.join(ROOT, "opt", "python")
PYTHON = "python%d.%d" % sys.version_info[:2]
OPT_PACKAGES = os.path.join(OPT, "lib", PYTHON, "site-packages")


def is_pythonpath_set():
    return "PYTHONPATH" in os.environ


def set_default_sys_path(task_root):
    if not is_pythonpath_set():
        # From 3.11 on, Lambda's boto3 lies in the interpreter's own site-packages.
        if sys.version_info >= (3, 11):
            sys.path.insert(0, site.getsitepackages()[0])
        sys.path.insert(0, OPT)
        sys.path.insert(0, OPT_PACKAGES)
    sys.path.insert(0, task_root)


def add_default_site_directories(task_root):
    site.addsitedir(task_root)
    if not is_pythonpath_set():
        site.addsitedir(OPT)
        site.addsitedir(OPT_PACKAGES)


def main():
    task_root = os.environ["LAMBDA_TASK_ROOT"]
    handler = os.environ["_HANDLER"]
    set_default_sys_path(task_root)
    add_default_site_directories(task_root)
    if not is_pythonpath_set():
        os.environ["PYTHONPATH"] = os.path.dirname(os.path.abspath(__file__))
    awslambdaric.__main__.main([task_root, handler])


if __name__ == "__main__":
    main()
