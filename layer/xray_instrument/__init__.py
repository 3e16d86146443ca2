"""The guest: traces an unmodified Lambda function to AWS X-Ray. Importing it does nothing; see start.py."""

__version__ = "0.1.0"
