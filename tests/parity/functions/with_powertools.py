"""A handler decorated by Powertools, whose Tracer patches every library it knows."""

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="orders")
tracer = Tracer(service="orders")


@tracer.capture_method
def inner(number: int) -> int:
    if number == 2:
        raise ValueError("inner failed")
    return number


@logger.inject_lambda_context(log_event=True)
@tracer.capture_lambda_handler
def powertools(event: dict, context: LambdaContext) -> dict:
    logger.info("working", extra={"round": event["round"]})
    return {"inner": inner(event["round"])}
