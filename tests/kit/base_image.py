"""A look-alike of public.ecr.aws/lambda/python:3.13, for machines where no image can be pulled.

    python -m tests.kit.base_image        makes it and prints its name

What a function sees is laid out as in the real one: the interpreter below /var/lang with awslambdaric and boto3 in its
site-packages, /var/runtime/bootstrap and bootstrap.py, /lambda-entrypoint.sh with AWS's emulator behind it, /var/task as
the working directory. What lies below that is Debian instead of Amazon Linux, because debootstrap makes a tree from packages
without any engine. Making it needs Linux, root and debootstrap, and takes about two minutes; the tarball stays in .cache/kit and
is imported into whatever engine runs.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import docker

from tests.kit import emulator
from tests.kit.pythons import CACHE, RUNTIME_PACKAGES, MissingPythonError, locked

VERSION = "3.13"
# Debian 13, whose Python is VERSION.
SUITE = "trixie"
NAME = "xray-local-kit/lambda-python"
TEMPLATES = Path(__file__).parent / "runtime"
PYTHON = f"/var/lang/bin/python{VERSION}"
# No interpreter needs these; with the vfs storage driver every container is a copy of the whole tree.
USELESS = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "usr/lib/apt",
    "var/cache/apt",
    "var/cache/debconf",
    "var/lib/apt",
)
ENTRYPOINT = """#!/bin/sh
# As the real one: the handler is the only argument, and without a Runtime API the emulator plays it.
if [ $# -ne 1 ]; then
    echo "entrypoint requires the handler name to be the first argument" 1>&2
    exit 142
fi
export _HANDLER="$1"
if [ -z "${AWS_LAMBDA_RUNTIME_API}" ]; then
    exec /usr/local/bin/aws-lambda-rie /var/runtime/bootstrap
fi
exec /var/runtime/bootstrap
"""
# The environment of the real image, as AWS's Dockerfiles set it.
CHANGES = (
    "ENV LANG=en_US.UTF-8",
    "ENV TZ=:/etc/localtime",
    "ENV PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "ENV LD_LIBRARY_PATH=/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
    "ENV LAMBDA_TASK_ROOT=/var/task",
    "ENV LAMBDA_RUNTIME_DIR=/var/runtime",
    "WORKDIR /var/task",
    'ENTRYPOINT ["/lambda-entrypoint.sh"]',
)


class NoImageError(Exception):
    """The image is not there and cannot be made here; the text is the reason to skip."""


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
    if done.returncode:
        raise NoImageError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-600:]}")


def _recipe() -> str:
    """A hash of all that the image is made of: another recipe is another image."""
    templates = [path.read_bytes() for path in sorted(TEMPLATES.glob("bootstrap*"))]
    text = repr((SUITE, VERSION, RUNTIME_PACKAGES, USELESS, ENTRYPOINT, CHANGES, emulator.SAM, templates, platform.machine()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _debian(tree: Path) -> None:
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("debootstrap") is None:
        raise NoImageError("making the base image's look-alike needs Linux, root and debootstrap")
    # No signature check: an older system's keyring may lack the suite's keys. The tree runs tests only.
    packages = f"--include=python{VERSION},ca-certificates"
    _run("debootstrap", "--variant=minbase", "--no-check-gpg", packages, SUITE, tree)
    for folder in USELESS:
        shutil.rmtree(tree / folder, ignore_errors=True)


def _runtime(tree: Path) -> None:
    """The folders that make a Debian a Lambda."""
    _run("chroot", tree, f"/usr/bin/python{VERSION}", "-m", "venv", "--without-pip", "/var/lang")
    packages = tree / "var" / "lang" / "lib" / f"python{VERSION}" / "site-packages"
    wheels = ("--only-binary=:all:", f"--python-version={VERSION}", "--implementation=cp")
    platforms = [f"--platform=manylinux_2_{minor}_{platform.machine()}" for minor in (28, 17)]
    target = ("--quiet", "--no-compile", "--target", packages)
    _run(Path(sys.executable), "-m", "pip", "install", *target, *wheels, *platforms, *RUNTIME_PACKAGES)
    # Compiled, as on Lambda: without it every cold start would compile botocore.
    _run("chroot", tree, PYTHON, "-m", "compileall", "-q", "/var/lang/lib", f"/usr/lib/python{VERSION}")
    bootstrap = (TEMPLATES / "bootstrap").read_text(encoding="utf-8")
    values = {
        "@PYTHON@": PYTHON,
        "@VERSION@": VERSION,
        "@BOOTSTRAP@": "/var/runtime/bootstrap.py",
        "@WRAPPER@": '"$AWS_LAMBDA_EXEC_WRAPPER"',
    }
    for name, value in values.items():
        bootstrap = bootstrap.replace(name, value)
    for folder in ("var/runtime", "var/task", "opt"):
        (tree / folder).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(TEMPLATES / "bootstrap.py", tree / "var/runtime/bootstrap.py")
    _program(tree / "var/runtime/bootstrap", bootstrap.encode())
    _program(tree / "lambda-entrypoint.sh", ENTRYPOINT.encode())
    _program(tree / "usr/local/bin/aws-lambda-rie", emulator.binary().read_bytes())


def _program(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0o755)


def tarball() -> Path:
    """The image's files as a tar archive, made once for each recipe."""
    recipe = _recipe()
    archive = CACHE / f"lambda-python-{recipe}.tar"
    with locked("lambda-python"):
        if archive.exists():
            return archive
        for old in CACHE.glob("lambda-python-*.tar"):
            old.unlink()
        tree = CACHE / "lambda-python.tree"
        shutil.rmtree(tree, ignore_errors=True)
        try:
            _debian(tree)
            _runtime(tree)
            partial = archive.with_suffix(".partial")
            # The engine makes its own devices and kernel file systems.
            unwanted = [f"--exclude=./{folder}/*" for folder in ("dev", "proc", "sys")]
            _run("tar", "--numeric-owner", *unwanted, "-C", tree, "-cf", partial, ".")
            partial.rename(archive)
        except MissingPythonError as error:
            raise NoImageError(str(error)) from error
        finally:
            shutil.rmtree(tree, ignore_errors=True)
    return archive


def present(client: Any) -> bool:
    """Whether that engine (a docker.DockerClient) has the look-alike."""
    try:
        client.images.get(_name())
    except docker.errors.ImageNotFound:
        return False
    return True


def image(client: Any) -> str:
    """The name of the look-alike in that engine, imported now if it is not there."""
    name = _name()
    if not present(client):
        repository, _, tag = name.partition(":")
        client.api.import_image(src=str(tarball()), repository=repository, tag=tag, changes=list(CHANGES))
        client.images.get(name)
    return name


def _name() -> str:
    return f"{NAME}:{VERSION}-{_recipe()}"


if __name__ == "__main__":
    print(image(docker.from_env()))  # noqa: T201  (it talks to a person)
