"""What every execution environment gets as its LAMBDA_RUNTIME_DIR: copied there, never imported from here."""
