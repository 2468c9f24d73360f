"""An EC2 of our own for tests: the real protocol over HTTP for unmodified boto3, honest where moto is kind, and scriptable.

`with StandIn(seed=7) as cloud:` (tests.standin.server) runs it in a thread: `cloud.url` for boto3, `cloud.control` for the test.
`python -m tests.standin --port 0` runs it as a process, which `Control(url)` (tests.standin.client) steers.
"""
