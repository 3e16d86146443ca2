"""The test kit: everything needed to run a function as Lambda does and to see what comes out of it.

    fakes        FakeClock, CountingIds, CapturedDatagrams: the guest's three arguments, for unit tests
    collector    Collector: a real UDP socket in place of the X-Ray daemon, and the trees X-Ray would build
    runtime_api  RuntimeApi, Invocation: Lambda's Runtime API as a real HTTP server
    aws_stub     AwsStub, Reply: every AWS endpoint at once, scripted, each request kept whole
    pythons      Site: each CPython 3.10 to 3.14 of this machine with awslambdaric, prepared once
    process      Sandbox, Launch, Guest, run_function: a function under the real awslambdaric

Tests, the demo and the benchmarks import from the modules; nothing happens on import.
"""
