"""Nebius AI Cloud: machines of one project in each region, made once by an idempotency key, by raw gRPC and its SDK's messages."""
