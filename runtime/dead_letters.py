"""DeadLetterControl: the part of `Queue` that is about jobs which failed for good."""

from collections.abc import Mapping

from runtime.db.base import Database
from runtime.errors import InvalidInput
from runtime.job import Job
from runtime.model.records import DeadLetter, JobRecord, Page
from runtime.store import dead_letters
from runtime.transaction import JobTransaction
from runtime.workflows import LARGEST_PAGE, MOST_AT_ONCE, begin_anew


class DeadLetterControl:
    """The dead letter queue."""

    def __init__(self, database: Database[JobTransaction], models: Mapping[str, type[Job]]) -> None:
        self._database = database
        self._models = models

    async def dead_letters(
        self,
        *,
        reviewed: bool | None = None,
        type: str | None = None,  # noqa: A002 - the contract's word
        limit: int = 50,
        cursor: int | None = None,
    ) -> Page[DeadLetter]:
        """Dead letters, newest first; `limit` from 1 to 200."""
        _check_limit(limit)
        return await self._database.read(
            dead_letters.page, reviewed=reviewed, job_type=type, limit=limit, cursor=cursor
        )

    async def retry_dead_letter(self, letter_id: int, /) -> JobRecord:
        """Begin a dead letter's job anew; the letter goes.

        Raises:
            NotFound: no such dead letter.
        """
        return await self._database.write(_retry_letter, self._models, letter_id)

    async def retry_dead_letters(self, type: str | None = None) -> int:  # noqa: A002 - the contract's word
        """Begin all of them anew, of one type or of all; return how many, in transactions of a thousand."""
        total = 0
        while True:
            done = await self._database.write(_retry_letters, self._models, type)
            total += done
            if done < MOST_AT_ONCE:
                return total

    async def review_dead_letter(self, letter_id: int, /) -> DeadLetter:
        """Note that somebody has looked at it.

        Raises:
            NotFound: no such dead letter.
        """
        return await self._database.write(dead_letters.review, letter_id)

    async def purge_dead_letters(self, *, reviewed_only: bool = True) -> int:
        """Throw dead letters away; return how many, in transactions of a thousand."""
        total = 0
        while True:
            done = await self._database.write(
                dead_letters.purge, reviewed_only=reviewed_only, limit=MOST_AT_ONCE
            )
            total += done
            if done < MOST_AT_ONCE:
                return total


def _retry_letter(tx: JobTransaction, models: Mapping[str, type[Job]], letter_id: int) -> JobRecord:
    return begin_anew(tx, models, dead_letters.find(tx, letter_id).job_id)


def _retry_letters(tx: JobTransaction, models: Mapping[str, type[Job]], job_type: str | None) -> int:
    letters = dead_letters.page(tx, reviewed=None, job_type=job_type, limit=MOST_AT_ONCE, cursor=None)
    for letter in letters.items:
        begin_anew(tx, models, letter.job_id)
    return len(letters.items)


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidInput(f"limit must be from 1 to {LARGEST_PAGE}")
