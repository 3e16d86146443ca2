"""What all tests share: the header line that says which Lambda runtimes this machine can play."""

from tests.kit import pythons


def pytest_report_header() -> str:
    """Which Pythons run the functions under test, and which are missing."""
    return pythons.header()
