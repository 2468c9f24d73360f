"""Machines for a Python program, over the API: `with Client().create(for_="2h") as machine`.

It knows neither a database nor a broker nor a cloud. Whatever fails raises an `ImError`, with a `message` and a `hint`.
"""

from im.client.client import Client
from im.client.machine import Machine
from im.client.rental import AtEnd, Rental
from im.domain.errors import ImError

__all__ = ["AtEnd", "Client", "ImError", "Machine", "Rental"]
