#!/bin/sh
# As the OpenTelemetry layers do: PYTHONPATH stays set, so that bootstrap.py leaves out the folders of layers.
export PYTHONPATH="${0%/*}/xray-instrument.d${PYTHONPATH+:$PYTHONPATH}"
exec "$@"
