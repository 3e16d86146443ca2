"""The demo: `make demo` runs the examples on this machine and prints what X-Ray would show."""
