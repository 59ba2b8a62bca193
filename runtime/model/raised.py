"""What an exception out of a handler says about its attempt."""

from runtime.errors import Cancel, Discard, InvalidPayload, Snooze
from runtime.model.outcomes import Cancelled, Failed, Outcome, Snoozed, describe_error


def outcome_of(error: BaseException) -> Outcome:
    """The ending that a handler chose by raising this."""
    match error:
        case Snooze():
            return Snoozed(error.delay, str(error))
        case Discard():
            return Failed(describe_error(error), final=True)
        case InvalidPayload():
            return Failed(f"the payload does not fit {error}", final=True)
        case Cancel():
            return Cancelled(str(error) or "by its handler")
        case BaseExceptionGroup(exceptions=[only]):
            return outcome_of(only)
        case _:
            return Failed(describe_error(error))
