"""A lean start: nothing collected while modules are imported, seldom anything later; structlog without rich.

What is imported stays, so looking through it for garbage finds nothing: an eighth of a worker's start, and
of a site 40 ms each time, in the middle of somebody's request.
structlog imports rich wherever it is installed, for coloured tracebacks that we do not ask it for: a sixth of
what is left. We have rich for the tables of some commands, which import it themselves.
"""

import gc
import sys

YOUNG = 10_000
"""So many objects may come and not go before they are looked through. A hundred requests, or jobs, of one
moment have as many, and nearly all of them go when these are done: at Python's own 700 the collector
is busy with what lives, for a twentieth of an order's time."""


def put_off_collection() -> None:
    """Collect nothing until `collect_from_now_on`; for a program's first line."""
    gc.disable()


def collect_from_now_on() -> None:
    """Where it was put off: collect again, but seldom, and never look at what is there already."""
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(YOUNG)
        gc.enable()


def import_structlog() -> None:
    """Import structlog as if rich were not installed; to be called before any other import of it.

    Rejected: another way to log, or to print tables. Each is the best there is, and they only meet here.
    """
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment] # so the import system says that there is none
    try:
        import structlog  # noqa: F401
    finally:
        del sys.modules["rich"]
