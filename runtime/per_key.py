"""PerKey: limits that hold for each key of a type's jobs apart.

per_key=PerKey[SendEmail](lambda job: job.user_id, rate="1/s", concurrency=1)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from runtime.errors import ConfigurationError, InvalidInput
from runtime.job import Job
from runtime.model.lanes import key_text
from runtime.model.rates import Rate

JobT = TypeVar("JobT", bound=Job)

BROKEN = "null"
"""The key that those jobs share whose key cannot be told: one of a few that fail is held up, none escapes."""


@dataclass(frozen=True)  # without slots, or Python 3.11 could not make a `PerKey[SendEmail](…)`
class PerKey(Generic[JobT]):
    """What holds for each key of a type's jobs, over all processes.

    Args:
        key: tells the key of a job: text or a number; None: this one is not limited. It is called in the
            thread of the database, when a job is about to start: it must be quick and wait for nothing.
        rate: at most so many starts of one key: `1/s`, `60/m:5`; None: set by operators, if at all.
        concurrency: at most so many jobs of one key at once, likewise.

    Raises:
        ConfigurationError: a limit cannot work.
    """

    key: Callable[[JobT], str | int | None]
    rate: str | None = None
    concurrency: int | None = None

    def __post_init__(self) -> None:
        if self.concurrency is not None and self.concurrency < 1:
            raise ConfigurationError(f"per_key: concurrency must be 1 or more, not {self.concurrency}")
        self.parsed_rate()

    def parsed_rate(self) -> Rate | None:
        """The rate as a value.

        Raises:
            ConfigurationError: it is none.
        """
        try:
            return None if self.rate is None else Rate.parse(self.rate)
        except InvalidInput as error:
            raise ConfigurationError(f"per_key: {error}") from error

    def lane_of(self, model: type[JobT], payload: str) -> str | None:
        """The lane of a payload; None: it has none, or the payload does not fit, which its run will tell."""
        try:
            job = model.parse(payload)
        except InvalidInput:
            return None
        try:
            key = self.key(job)
            return None if key is None else key_text(key)
        except Exception:  # noqa: BLE001 - the application's own function, in the thread of the database
            return BROKEN
