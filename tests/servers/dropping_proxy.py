"""A door in front of a server that slams shut after so many bytes, as a network does."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Proxy:
    """Hands bytes to and fro.

    Attributes:
        sent: bytes that clients sent so far.
        limit: how many they may send before every connection is cut and no new one is taken.
    """

    def __init__(self, server: str, limit: int | None) -> None:
        parts = urlsplit(server)
        self.limit = limit
        self.sent = 0
        self._server = (str(parts.hostname), int(parts.port or 0))
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.uri = f"bolt://127.0.0.1:{self._door.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
                server = socket.create_connection(self._server)
            except OSError:
                return
            self._open += [client, server]
            for source, target, counted in ((client, server, True), (server, client, False)):
                thread = threading.Thread(target=self._hand_on, args=(source, target, counted))
                self._threads.append(thread)
                thread.start()

    def _hand_on(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while chunk := source.recv(4096):
                if counted:
                    with self._lock:
                        self.sent += len(chunk)
                        if self.limit is not None and self.sent > self.limit:
                            break
                target.sendall(chunk)
        if counted and self.limit is not None and self.sent > self.limit:
            _shut(self._door)
        for one in (source, target):
            _shut(one)

    def close(self) -> None:
        for one in (self._door, *self._open):
            _shut(one)
        for thread in self._threads:
            thread.join(timeout=10)
        for one in (self._door, *self._open):
            one.close()


def _shut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


@contextmanager
def dropping_proxy(server: str, limit: int | None = None) -> Iterator[Proxy]:
    proxy = Proxy(server, limit)
    try:
        yield proxy
    finally:
        proxy.close()


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that is no Neo4j: it takes a greeting, says ``answer`` and waits; yields its URI."""
    door = socket.create_server(("127.0.0.1", 0))
    taken: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = door.accept()
                taken.append(client)
                client.recv(64)
                client.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"bolt://127.0.0.1:{door.getsockname()[1]}"
    finally:
        _shut(door)
        thread.join(timeout=10)
        for one in (door, *taken):
            one.close()
