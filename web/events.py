"""What happens in the web server, said in one place: every log sentence of it is here."""

import structlog


class WebEvents:
    """Writes what happens to the log. Never a token, a body or a header."""

    def __init__(self) -> None:
        self._log = structlog.stdlib.get_logger("creche.web")

    def listening(self, addresses: list[str]) -> None:
        """The server takes requests."""
        self._log.info("listening", addresses=addresses)

    def draining(self, connections: int, seconds: float) -> None:
        """The server listens no more; requests in flight have so many seconds."""
        self._log.info("no longer listening", connections=connections, seconds=seconds)

    def connections_cut(self, number: int) -> None:
        """Clients that did not read their answers were hung up on."""
        self._log.warning("connections cut at shutdown", connections=number)

    def connection_refused(self, most: int) -> None:
        """A client was sent away since there are too many."""
        self._log.warning("connection refused: too many are open", most=most)

    def connection_failed(self, error: BaseException) -> None:
        """A connection ended by a mistake of the server's."""
        self._log.error("connection failed", exc_info=error)

    def request_failed(self, request_id: str, method: str, path: str, error: BaseException) -> None:
        """An answer of 500: a mistake of ours."""
        self._log.error("request failed", request_id=request_id, method=method, path=path, exc_info=error)

    def request_unanswerable(self, request_id: str, method: str, path: str, error: BaseException) -> None:
        """An answer of 503 that the database is the reason of."""
        self._log.warning(
            "database not usable for now", request_id=request_id, method=method, path=path, error=str(error)
        )

    def token_refused(self, client: str | None) -> None:
        """Somebody showed a wrong admin token."""
        self._log.warning("admin token refused", client=client)

    def operator_did(self, client: str | None, method: str, path: str, status: int) -> None:
        """Somebody who may, changed something, or tried to."""
        self._log.info("operator", client=client, method=method, path=path, status=status)
