"""One function that does what the event says, for runs where a process for each would take too long."""

import aws
import failures
import kinds
import logs
import mirror
import processes

MODULES = {module.__name__: module for module in (aws, failures, kinds, logs, mirror, processes)}


def handler(event, context):
    module, _, name = event["do"].partition(".")
    return getattr(MODULES[module], name)(event, context)
