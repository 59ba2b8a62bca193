"""Dead letters: jobs that failed for good, kept until somebody has looked at them."""

from runtime.errors import NotFound
from runtime.model.records import DeadLetter, Page
from runtime.store.jobs import NEWEST
from runtime.store.rows import dead_letter
from runtime.store.transaction import StoreTransaction


def find(tx: StoreTransaction, letter_id: int) -> DeadLetter:
    """The dead letter of that id.

    Raises:
        NotFound: there is none.
    """
    found = tx.one("find_dead_letter", dead_letter, id=letter_id)
    if found is None:
        raise NotFound(f"there is no dead letter {letter_id}")
    return found


def page(
    tx: StoreTransaction, *, reviewed: bool | None, job_type: str | None, limit: int, cursor: int | None
) -> Page[DeadLetter]:
    """Dead letters, newest first, from behind `cursor`."""
    before = NEWEST if cursor is None else cursor
    if reviewed is False:
        found = tx.all(
            "list_unreviewed_dead_letters", dead_letter, before=before, type=job_type, most=limit + 1
        )
    else:
        found = tx.all(
            "list_dead_letters",
            dead_letter,
            before=before,
            reviewed=None if reviewed is None else 1,
            type=job_type,
            most=limit + 1,
        )
    return Page(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)


def review(tx: StoreTransaction, letter_id: int) -> DeadLetter:
    """Note that somebody has looked at it.

    Raises:
        NotFound: there is none.
    """
    find(tx, letter_id)
    tx.change("review_dead_letter", id=letter_id)
    return find(tx, letter_id)


def purge(tx: StoreTransaction, *, reviewed_only: bool, limit: int) -> int:
    """Throw dead letters away, oldest first; return how many."""
    return tx.run("purge_dead_letters", all=0 if reviewed_only else 1, most=limit)
