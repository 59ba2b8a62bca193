"""What the web refuses on its own account, drawn onto the runtime's tree.

    CrecheError
    └─ WebError
        ├─ MalformedRequest      400  the body is not JSON, or the framing is ambiguous
        ├─ Unauthorized          401  no token or session, or a wrong one
        ├─ Forbidden             403  admin pages from another machine, or a request from another site
        ├─ UnsupportedMediaType  415  the body is not declared as JSON
        ├─ UnknownHost           421  the Host header names nobody we know
        ├─ TooManyAttempts       429  too many wrong tokens from this address
        ├─ ShuttingDown          503  the server takes no new work
        └─ TooManyStreams        503  too many event streams are open

`web/problems.py` maps them, like all other errors, to answers.
"""

from runtime.errors import CrecheError


class WebError(CrecheError):
    """The root of what the web layer raises on purpose."""


class MalformedRequest(WebError):
    """The request cannot be read."""


class Unauthorized(WebError):
    """The caller has not shown who it is."""


class Forbidden(WebError):
    """The caller may not do this, whatever it shows."""


class UnsupportedMediaType(WebError):
    """The body is not declared as what the operation reads."""


class UnknownHost(WebError):
    """The Host header does not name this server: a rebound DNS name, perhaps."""


class TooManyAttempts(WebError):
    """Too many wrong tokens came from this address."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("too many wrong tokens from this address")
        self.retry_after = retry_after
        """Seconds until the next attempt is looked at."""


class ShuttingDown(WebError):
    """The server finishes what it has begun and takes nothing new."""


class TooManyStreams(WebError):
    """As many event streams are open as the server keeps."""
