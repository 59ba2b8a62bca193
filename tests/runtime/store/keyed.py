"""What tests of limits of keys share: `obey` has a key, its name."""

from runtime.model.lanes import key_text
from runtime.model.rates import Rate
from runtime.model.records import Status
from runtime.store import limit_changes
from runtime.store.doctor import INVARIANTS, check
from runtime.store.type_limits import Kind

NOTE = {"obey": lambda payload: key_text(payload.split('"name":"')[1].split('"')[0])}


def limit(store, kind: Kind, value: Rate | int | None, job_type: str = "obey") -> None:
    store(limit_changes.change, job_type, kind, value)


def take(store, most: int = 10, **changes):
    return store.claim(most, keys=NOTE, **changes).jobs


def statuses(store, *records) -> list[Status]:
    return [store.job(record.id).status for record in records]


def asked(store, fn, *arguments) -> list[str]:
    """The names of the statements that a function of a transaction runs, in order."""
    names = []

    class Noting:
        def __init__(self, statements) -> None:
            self._statements = statements

        def __getattr__(self, what):
            def note(name, *rest):
                names.append(name)
                return getattr(self._statements, what)(name, *rest)

            return note if what in {"rows", "run", "many"} else getattr(self._statements, what)

    def run(tx):
        tx._statements = Noting(statements := tx._statements)
        try:
            fn(tx, *arguments)
        finally:
            tx._statements = statements

    store(run)
    return names


def troubles(store) -> list[str]:
    """What the doctor would find."""
    checks = [store(check, invariant) for invariant in INVARIANTS]
    return [f"{each.name}: {each.detail}" for each in checks if each.verdict == "finding"]
