"""`im metrics`: the state of the fleet for a monitoring system, printed once or served."""

from __future__ import annotations

import time

import click

from im.cli.output.errors import note
from im.cli.session import Session, pass_session


@click.command(short_help="The fleet's state in Prometheus' format.")
@click.option("--port", type=click.IntRange(1, 65535), help="Serve it on this port instead of printing it once.")
@click.option("--address", default="127.0.0.1", show_default=True, help="Where to serve it.")
@pass_session
def metrics(session: Session, port: int | None, address: str) -> None:
    """The fleet's state in Prometheus' text format: instances, deadlines missed, blind scopes, ticks, holds, orphans."""
    if port is None:
        click.echo(session.backend.fleet.metrics(), nl=False)
        return
    session.services_only(
        "serving metrics is done beside the database", "have im web asked itself; im metrics  prints them"
    )
    from prometheus_client import CollectorRegistry, start_http_server

    from im.services.health.metrics import Collector

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector(session.context))
    server, thread = start_http_server(port, addr=address, registry=registry)
    note(f"serving http://{address}:{port}/metrics until Ctrl-C")
    try:
        while thread.is_alive():
            time.sleep(1)
    finally:
        server.shutdown()
