"""X-Ray's flags for an answer of AWS: error for 4xx, throttle, fault for 5xx.

Throttling is HTTP 429, or one of the codes that AWS's SDKs retry as throttling: DynamoDB, among others, throttles
with HTTP 400.
"""

# The SDKs' common list of throttling codes ("standard" retry mode; AWS SDKs and tools reference guide).
THROTTLING_CODES = frozenset(
    (
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    )
)


def flags(status: int, code: str) -> "dict[str, bool]":
    """Return the flags that are true for an error answer.

    Args:
        status: HTTP status.
        code: the service's error code, as botocore reads it.
    """
    found: "dict[str, bool]" = {}
    if status >= 500:
        found["fault"] = True
    else:
        found["error"] = True
    if status == 429 or code in THROTTLING_CODES:
        found["throttle"] = True
    return found
