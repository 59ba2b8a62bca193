"""A lean start: structlog without rich.

structlog imports rich wherever it is installed, for coloured tracebacks that we do not ask it for: a sixth
of what a worker's start costs. We have rich for the tables of some commands, which import it themselves.
"""

import sys


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
