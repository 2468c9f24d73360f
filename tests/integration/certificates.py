"""A certificate authority of the tests' own, a server that it vouches for, and a door that speaks TLS before one that does not."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: whom a client trusts, and what the server shows."""

    authority: Path
    server: Path
    key: Path


def certificates(folder: Path, host: str = "localhost") -> Certificates:
    """A new authority, and a certificate of its for `host`."""
    folder.mkdir(exist_ok=True)
    top, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    made = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Authority {uuid4()}")])
    authority = _certificate(issuer, issuer, top, top, x509.BasicConstraints(ca=True, path_length=0))
    server = _certificate(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]),
        issuer,
        key,
        top,
        x509.SubjectAlternativeName([x509.DNSName(host)]),
    )
    made.authority.write_bytes(authority)
    made.server.write_bytes(server)
    pem, format_ = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    made.key.write_bytes(key.private_bytes(pem, format_, serialization.NoEncryption()))
    return made


def _certificate(
    whose: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    says: x509.ExtensionType,
) -> bytes:
    now = datetime.now(UTC)
    named = x509.CertificateBuilder().subject_name(whose).issuer_name(issuer).public_key(key.public_key())
    dated = named.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))
    whole = dated.not_valid_after(now + timedelta(days=1)).add_extension(
        says, critical=isinstance(says, x509.BasicConstraints)
    )
    return whole.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@contextmanager
def tls_door(port: int, shown: Certificates) -> Iterator[int]:
    """A port that speaks TLS and leads to `port`, as a proxy or a managed service has it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown.server, shown.key)
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=_serve, args=(door, context, port), daemon=True).start()
        yield door.getsockname()[1]
        door.shutdown(socket.SHUT_RDWR)


def _serve(door: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with suppress(OSError):  # it is closed at the end
        while True:
            caller, _ = door.accept()
            threading.Thread(target=_lead, args=(caller, context, port), daemon=True).start()


def _lead(caller: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with (
        suppress(OSError),
        caller,
        context.wrap_socket(caller, server_side=True) as inside,
        socket.create_connection(("127.0.0.1", port)) as server,
    ):
        back = threading.Thread(target=_pass_on, args=(server, inside), daemon=True)
        back.start()
        _pass_on(inside, server)
        server.shutdown(socket.SHUT_RDWR)
        back.join()


def _pass_on(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while some := source.recv(65536):
            to.sendall(some)
