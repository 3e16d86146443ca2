#!/bin/sh
# PYTHONPATH of the runtime itself, as ADOT sets it: a module in another layer is not found any more.
export PYTHONPATH="$LAMBDA_RUNTIME_DIR"
exec "$@"
