"""What the layer costs, beside a bare function and aws-xray-sdk, all in one run: `python -m benchmarks`."""
