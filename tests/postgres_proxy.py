"""A cable to a PostgreSQL server that can be cut at the worst moment."""

import contextlib
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Proxy:
    """Carries connections from a socket of its own to the server's.

    `cut_before` and `cut_after` are texts: the next message that holds one is not passed on,
    or its answer is not; either way the connection is gone.
    """

    def __init__(self, server: Path, folder: Path) -> None:
        self._server = server
        self.folder = folder
        self.cut_before: bytes | None = None
        self.cut_after: bytes | None = None
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / server.name))
        self._listener.listen(50)
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._all: list[tuple[socket.socket, socket.socket]] = []
        self._carriers: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def cut_all(self) -> None:
        """Now, and without a farewell."""
        for pair in self._pairs:
            self._cut(pair)
        self._pairs.clear()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        self.cut_all()
        for thread in self._carriers:
            thread.join()
        for pair in self._all:
            for end in pair:
                end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                self._pairs.append((client, server))
                self._all.append((client, server))
                server.connect(str(self._server))
                for carry in (self._carry, self._carry_back):
                    self._carriers.append(threading.Thread(target=carry, args=(client, server), daemon=True))
                    self._carriers[-1].start()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if self.cut_before is not None and self.cut_before in data:
                    self.cut_before = None
                    break
                if self.cut_after is not None and self.cut_after in data:
                    self.cut_after = None
                    client.shutdown(socket.SHUT_RDWR)  # deaf from now on; the server hears it all the same
                    server.sendall(data)
                    server.settimeout(1.0)
                    server.recv(65536)
                    break
                server.sendall(data)
        self._cut((client, server))

    def _carry_back(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)
        self._cut((client, server))

    @staticmethod
    def _cut(pair: tuple[socket.socket, socket.socket]) -> None:
        for end in pair:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy_to(server: Path) -> Iterator[Proxy]:
    """A proxy to the server whose socket that is."""
    with tempfile.TemporaryDirectory(prefix="creche-proxy-") as folder:
        proxy = Proxy(server, Path(folder))
        try:
            yield proxy
        finally:
            proxy.close()
