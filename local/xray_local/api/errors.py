"""The one error the API's operations raise."""

from __future__ import annotations


class ApiError(Exception):
    """An answer that is an error: the code AWS's SDKs make an exception of, and a text that says what to change."""

    def __init__(self, message: str, code: str = "InvalidRequestException", status: int = 400) -> None:
        super().__init__(message)
        self.message, self.code, self.status = message, code, status


def not_found(message: str) -> ApiError:
    """Something that was named does not exist, where the operation has an error of its own for that."""
    return ApiError(message, "ResourceNotFoundException", 404)
