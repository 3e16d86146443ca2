#!/bin/sh
# Adds a shell and nothing else.
exec "$@"
