#!/bin/sh
# A variable of its own stays behind.
export BAD_STARTED_AT=1
exec "$@"
