"""Libraries that watch what a function calls: they find nothing of ours, and do not stop us."""

from __future__ import annotations

from pathlib import Path

from tests.aws.guests import Function, outcome
from tests.kit.aws_stub import AwsStub


def test_a_checker_of_blocking_calls_in_coroutines(tmp_path: Path, aws: AwsStub) -> None:
    """A fork inside of an event loop, for which our thread ends and starts again, is no blocking call of the function's.

    blockbuster puts such functions into built-in types and into modules.
    """
    code = """
import asyncio, ctypes, gc, os, threading, time
from _thread import LockType

def checked(plain):
    def check(*args, **kwargs):
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return plain(*args, **kwargs)
        raise AssertionError("a blocking call")
    return check

[attributes] = gc.get_referents(LockType.__dict__)
attributes["acquire"] = checked(LockType.acquire)
ctypes.pythonapi.PyType_Modified(ctypes.py_object(LockType))
os.stat, time.sleep = checked(os.stat), checked(time.sleep)

async def fork():
    said = []
    for call in (threading.Lock().acquire, lambda: os.stat("/"), lambda: time.sleep(0)):
        try:
            call()
        except AssertionError as error:
            said.append(str(error))
    child = os.fork()
    if child == 0:
        os._exit(7)
    return [said, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])]

def handler(event, context):
    return asyncio.run(fork())
"""
    bare, layered = (outcome(tmp_path, Function(code, layered=one), aws) for one in (False, True))

    assert bare.answers == [[["a blocking call"] * 3, 7]]
    assert (layered.answers, layered.run.stdout, layered.run.stderr) == (bare.answers, bare.run.stdout, bare.run.stderr)
    sent = sorted(document["name"] for document in layered.sent if not document.get("in_progress"))
    assert sent == ["app.handler", "app.handler init"]
