"""One stable JSON document for each thing, from what domain and services hand over: for `--json`, and for an API and a page alike.

Keys are added, never renamed; moments are RFC 3339 in UTC, spans whole seconds, money plain digits of USD, absent values null.
"""
