"""Why an attempt to deliver failed, drawn onto the runtime's tree.

InvalidInput                 (runtime: the caller's mistake, with the fields)
└─ UnusableUrl               this URL cannot be an endpoint's
CrecheError
└─ DeliveryError             an attempt failed: it is made again
    ├─ Unreachable           no connection, or none that we would make
    ├─ NoAnswer              it took too long, or broke off
    └─ NotTaken              the endpoint answered, but not with 2xx
"""

from runtime.errors import CrecheError, FieldError, InvalidInput


class UnusableUrl(InvalidInput):
    """The URL cannot be an endpoint's; the field is `url`."""

    def __init__(self, message: str) -> None:
        super().__init__(f"url {message}", [FieldError("url", message)])


class DeliveryError(CrecheError):
    """An attempt to deliver failed.

    Its text is for our own log. `told` is what the endpoint's owner reads, and gives
    nothing away: or whoever may register endpoints could explore our network.
    """

    told = "it could not be delivered"


class Unreachable(DeliveryError):
    """No connection was made: the name, the network, or our own rules forbade it."""

    told = "no connection could be made"


class NoAnswer(DeliveryError):
    """The endpoint was connected to but did not answer properly in time."""

    told = "there was no complete answer in time"


class NotTaken(DeliveryError):
    """The endpoint answered, but not with success."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the endpoint answered {status}")
        self.told = str(self)
