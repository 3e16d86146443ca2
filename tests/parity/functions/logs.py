"""Handlers that log."""

import logging
import sys

logging.getLogger("at.import").warning("while importing")


def every_level(event, context):
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL, 15):
        logging.log(level, "at %s", level)
    logging.getLogger("named").warning("with extra", extra={"order": 7})
    try:
        {}["x"]
    except KeyError:
        logging.exception("caught")
    logging.getLogger("stack").error("with stack", stack_info=True)


def reconfigured(event, context):
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format="%(name)s %(levelname)s %(message)s", force=True)
    logging.getLogger("mine").debug("everything is shown")
    logging.getLogger("botocore").debug("also this")
    print("printed", flush=True)


def debug_root(event, context):
    logging.getLogger().setLevel(logging.DEBUG)
    import colorsys  # noqa: F401

    logging.debug("root at debug")
