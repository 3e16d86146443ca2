#!/bin/sh
printf x
exec "$@"
