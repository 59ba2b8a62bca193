"""What an operator asks of limits, read and checked before anything is written."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, Self, TypeAlias, get_args

from runtime.errors import FieldError, InvalidInput
from runtime.model.rates import Rate
from runtime.store.type_limits import Kind

LimitKind: TypeAlias = Literal["rate", "concurrency", "key_rate", "key_concurrency"]
LIMIT_KINDS: tuple[LimitKind, ...] = get_args(LimitKind)
LARGEST = 1_000_000
"""Jobs at once."""


@dataclass(frozen=True, slots=True)
class LimitChange:
    """What is to hold from now on; what is not mentioned stays as it is."""

    rate: Rate | None
    others: dict[Kind, Rate | int]
    removed: frozenset[LimitKind] = frozenset()

    @classmethod
    def read(
        cls,
        rate: str | None,
        burst: float | None,
        concurrency: int | None,
        key_rate: str | None,
        key_concurrency: int | None,
        removed: Collection[LimitKind] = (),
    ) -> Self:
        """Check what somebody wants.

        Raises:
            InvalidInput: a value is none, or nothing is wanted; the field is named.
        """
        if rate is None and burst is not None:
            raise _invalid("rate", "a burst belongs to a rate")
        others: dict[Kind, Rate | int] = {}
        for kind, number in ((Kind.CONCURRENCY, concurrency), (Kind.KEY_CONCURRENCY, key_concurrency)):
            if number is not None:
                if not 1 <= number <= LARGEST:
                    raise _invalid(_FIELDS[kind], f"must be from 1 to {LARGEST:,}, not {number}")
                others[kind] = number
        if key_rate is not None:
            try:
                others[Kind.KEY_RATE] = Rate.parse(key_rate)
            except InvalidInput as error:
                raise _invalid(_FIELDS[Kind.KEY_RATE], str(error)) from error
        if rate is None and not others and not removed:
            raise _invalid("rate", "there is nothing to limit: give a rate, a concurrency, or one of keys")
        return cls(None if rate is None else Rate.parse(rate, burst), others, frozenset(removed))

    @property
    def removed_others(self) -> list[Kind]:
        """The kinds beside the rate that are to go."""
        return [Kind(kind) for kind in LIMIT_KINDS if kind in self.removed and kind != "rate"]

    def check_keys(self, job_type: str, keyed: Collection[str]) -> None:
        """Refuse limits of keys for a type that is not among those with keys.

        Raises:
            InvalidInput: the field is named.
        """
        for kind in self.others:
            if kind is not Kind.CONCURRENCY and job_type not in keyed:
                message = f"the handler of {job_type} does not say what the keys of its jobs are"
                raise _invalid(_FIELDS[kind], message)


_FIELDS = {Kind.CONCURRENCY: "concurrency", Kind.KEY_RATE: "keyRate", Kind.KEY_CONCURRENCY: "keyConcurrency"}


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(f"{field}: {message}", [FieldError(field, message)])
