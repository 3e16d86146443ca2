"""A function with SnapStart hooks."""

from snapshot_restore_py import register_after_restore, register_before_snapshot

seen = []
register_before_snapshot(seen.append, "before")
register_after_restore(seen.append, "after")


def handler(event, context):
    return seen
