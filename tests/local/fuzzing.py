"""How many cases the fuzzers try: few with every run of the tests, many with `make fuzz`."""

from __future__ import annotations

import os

# Set by `make fuzz` to what is wanted of the fastest ones (datagrams, bodies).
VARIABLE = "XRAY_LOCAL_FUZZ"


def cases(daily: int, share: float = 1.0) -> int:
    """The number of cases; `share` is for fuzzers whose single case takes longer than one of a datagram."""
    wanted = os.environ.get(VARIABLE)
    return daily if wanted is None else max(1, round(int(wanted) * share))
