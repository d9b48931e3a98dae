"""A quiet WSGI server on the loopback interface that leaves nothing open behind it."""

import socket
from collections.abc import Callable, Iterable
from threading import Lock, Thread
from typing import Any, Self

from aisposture.errors import MissingExtra

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Loopback:
    """A running server; ``with Loopback(app) as server: server.url``.

    Raises:
        MissingExtra: werkzeug is not installed.
    """

    def __init__(self, app: WSGIApplication) -> None:
        try:
            from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
        except ImportError as error:
            raise MissingExtra("demo", "a local cloud") from error

        class Handler(WSGIRequestHandler):  # type: ignore[misc]
            protocol_version = "HTTP/1.1"
            # Headers and body leave in two writes: without this each answer waits for a delayed acknowledgement.
            disable_nagle_algorithm = True

            def log(self, *_args: Any) -> None:
                """Nothing is logged: the caller's terminal is its own."""

        class Server(ThreadedWSGIServer):  # type: ignore[misc]
            daemon_threads = True
            # Clients with many threads connect at once.
            request_queue_size = 256

            def __init__(self) -> None:
                self.open: dict[socket.socket, Thread | None] = {}
                self.guard = Lock()
                super().__init__("127.0.0.1", 0, app, handler=Handler)

            def process_request(self, request: Any, client_address: Any) -> None:
                thread = Thread(
                    target=self.process_request_thread, args=(request, client_address), daemon=True
                )
                with self.guard:
                    self.open[request] = thread
                thread.start()

            def shutdown_request(self, request: Any) -> None:
                super().shutdown_request(request)
                with self.guard:
                    self.open.pop(request, None)

            def hang_up(self) -> None:
                """Ends every connection that a client keeps alive, and waits for its thread."""
                with self.guard:
                    waiting = list(self.open.items())
                for request, thread in waiting:
                    try:
                        request.shutdown(socket.SHUT_RDWR)
                    except OSError:  # the client was quicker
                        continue
                    finally:
                        if thread is not None:
                            thread.join(timeout=5)

        self._server = Server()
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, without a trailing slash."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._thread.join(timeout=5)
        self._server.hang_up()
        self._server.server_close()
