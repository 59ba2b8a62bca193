"""Handlers: functions bound to job types by their annotation, with the policy of running them.

    @app.handler(timeout=30, retry=Retry(base=15), rate="120/m")
    async def send_email(job: SendEmail, ctx: Context) -> None: ...

`async def` runs in the worker's nursery, plain `def` in a thread, `cpu=True` in a process.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeVar, cast, overload

from pydantic import ValidationError

from runtime.batch import BatchRegistrar
from runtime.errors import ConfigurationError, DuplicateType, InvalidInput
from runtime.job import Job, policy_of
from runtime.model.batching import LARGEST, Batching
from runtime.model.cron import Missed, Overlap, Schedule
from runtime.model.rates import Rate
from runtime.model.retry import Retry
from runtime.per_key import PerKey
from runtime.signatures import KeyedRegistrar, Place, Registrar, place_of, signature_of

R = TypeVar("R")
JobT = TypeVar("JobT", bound=Job)

LONGEST_WAIT = 3600
"""Seconds that a job may wait for company."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """A function and how to run it."""

    model: type[Job]
    function: Callable[..., object]
    place: Place
    takes_context: bool
    timeout: float | None
    """Seconds; None: what the worker says."""
    retry: Retry
    rate: Rate | None
    concurrency: int | None
    per_key: PerKey[Job] | None
    schedule: Schedule | None
    batching: Batching | None = None
    """How its jobs are gathered, where it takes many at once."""

    @property
    def type(self) -> str:
        """The job type that it runs."""
        return self.model.policy.type


class Handlers:
    """The job types of a module or an application, and what runs them."""

    def __init__(self) -> None:
        self._types: dict[str, type[Job]] = {}
        self._handlers: dict[str, Handler] = {}

    @property
    def types(self) -> Mapping[str, type[Job]]:
        """The models of all declared types, by type."""
        return MappingProxyType(self._types)

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers, by the type that they run."""
        return MappingProxyType(self._handlers)

    @property
    def scheduled(self) -> frozenset[str]:
        """The types that a cron schedule enqueues."""
        return frozenset(name for name, handler in self._handlers.items() if handler.schedule is not None)

    @property
    def keyed(self) -> frozenset[str]:
        """The types whose handlers say what the keys of their jobs are."""
        return frozenset(name for name, handler in self._handlers.items() if handler.per_key is not None)

    @overload
    def handler(
        self,
        *,
        timeout: float | None = ...,
        retry: Retry | None = ...,
        rate: str | None = ...,
        concurrency: int | None = ...,
        per_key: None = ...,
        cron: str | None = ...,
        timezone: str = ...,
        missed: Literal["skip", "one", "all"] = ...,
        overlap: Literal["skip", "allow"] = ...,
        cpu: bool = ...,
    ) -> Registrar: ...
    @overload
    def handler(
        self,
        *,
        timeout: float | None = ...,
        retry: Retry | None = ...,
        rate: str | None = ...,
        concurrency: int | None = ...,
        per_key: PerKey[JobT],
        cron: str | None = ...,
        timezone: str = ...,
        missed: Literal["skip", "one", "all"] = ...,
        overlap: Literal["skip", "allow"] = ...,
        cpu: bool = ...,
    ) -> KeyedRegistrar[JobT]: ...
    def handler(
        self,
        *,
        timeout: float | None = None,
        retry: Retry | None = None,
        rate: str | None = None,
        concurrency: int | None = None,
        per_key: PerKey[JobT] | None = None,
        cron: str | None = None,
        timezone: str = "UTC",
        missed: Literal["skip", "one", "all"] = "one",
        overlap: Literal["skip", "allow"] = "skip",
        cpu: bool = False,
    ) -> Registrar | KeyedRegistrar[JobT]:
        """Bind the decorated function to the job type of its first parameter.

        Args:
            timeout: seconds until the attempt is cancelled; by default the worker's.
            retry: how long to wait before the next attempt.
            rate: at most so many starts, over all processes: `120/m`, `20/s:5`.
            concurrency: at most so many run at once, over all processes.
            per_key: the same two for each key of the jobs apart.
            cron: enqueue the job at these times, in `timezone`.
            missed: what happens to ticks nobody was there for.
            overlap: whether a tick fires while the last one's job is unfinished.
            cpu: run the function in a process of its own.

        Raises:
            ConfigurationError: the function or an option cannot work.
            DuplicateType: the type has a handler already.
        """
        _check_timeout(timeout)
        _check_concurrency(concurrency)
        schedule = None if cron is None else _declared_schedule(cron, timezone, missed, overlap)
        limit = None if rate is None else _declared_rate(rate)

        def register(function: Callable[..., R], /) -> Callable[..., R]:
            model, takes_context = signature_of(function)
            handler = Handler(
                model=model,
                function=function,
                place=place_of(function, cpu=cpu, takes_context=takes_context),
                takes_context=takes_context,
                timeout=timeout,
                retry=retry or Retry(),
                rate=limit,
                concurrency=concurrency,
                per_key=cast("PerKey[Job] | None", per_key),
                schedule=schedule,
            )
            if schedule is not None:
                _check_scheduled(model)
            self._bind(handler)
            return function

        return register

    def batch_handler(
        self,
        *,
        size: int = 10,
        wait: float = 0.5,
        timeout: float | None = None,
        retry: Retry | None = None,
        rate: str | None = None,
        concurrency: int | None = None,
    ) -> BatchRegistrar:
        """Bind the decorated function to the job type of its first parameter, a sequence of jobs.

        It is called with up to `size` jobs at once: when so many are there, or `wait` seconds after the
        first of them was claimed. Each job keeps its own attempts, retries, history and dead letter;
        see `runtime.batch`. A call occupies one runner of the worker, also while it gathers.

        Args:
            size: most jobs a call, 1 to 1,000.
            wait: seconds that a job waits for company, at most an hour; 0: for what is due already.
            timeout: seconds until the call is cancelled; by default the worker's.
            retry: how long each job waits before its next attempt.
            rate: at most so many jobs, over all processes. Each takes its token when it is claimed, so
                a batch starts with those of `wait` seconds: in T seconds, rate * (T + wait) + burst at most.
            concurrency: at most so many jobs (not calls) at once, over all processes; gathering ones count.

        Raises:
            ConfigurationError: the function or an option cannot work.
            DuplicateType: the type has a handler already.
        """
        if not 1 <= size <= LARGEST:
            raise ConfigurationError(f"size must be from 1 to {LARGEST}, not {size}")
        if not 0 <= wait <= LONGEST_WAIT:
            raise ConfigurationError(f"wait must be from 0 to {LONGEST_WAIT} seconds, not {wait}")
        _check_timeout(timeout)
        _check_concurrency(concurrency)
        limit = None if rate is None else _declared_rate(rate)

        def register(function: Callable[..., R], /) -> Callable[..., R]:
            model, takes_context = signature_of(function, many=True)
            handler = Handler(
                model=model,
                function=function,
                place=place_of(function, cpu=False, takes_context=takes_context),
                takes_context=takes_context,
                timeout=timeout,
                retry=retry or Retry(),
                rate=limit,
                concurrency=concurrency,
                per_key=None,
                schedule=None,
                batching=Batching(size, wait),
            )
            self._bind(handler)
            return function

        return register

    def declare(self, model: type[Job]) -> type[Job]:
        """Make a type known that may be enqueued although nothing here runs it.

        Raises:
            DuplicateType: another model has that type.
        """
        job_type = policy_of(model).type
        known = self._types.setdefault(job_type, model)
        if known is not model:
            raise DuplicateType(f"{model.__name__} and {known.__name__} are both of type {job_type!r}")
        return model

    def include(self, other: "Handlers") -> None:
        """Take over all types and handlers of another registry.

        Raises:
            DuplicateType: one of them is here already.
        """
        for model in other.types.values():
            self.declare(model)
        for handler in other.handlers.values():
            self._bind(handler)

    def _bind(self, handler: Handler) -> None:
        self.declare(handler.model)
        known = self._handlers.setdefault(handler.type, handler)
        if known is not handler:
            raise DuplicateType(
                f"{handler.function.__name__} and {known.function.__name__} both handle {handler.type!r}"
            )


def _check_timeout(timeout: float | None) -> None:
    if timeout is not None and not 0 < timeout < float("inf"):
        raise ConfigurationError(f"timeout must be a number of seconds above 0, not {timeout}")


def _check_concurrency(concurrency: int | None) -> None:
    if concurrency is not None and concurrency < 1:
        raise ConfigurationError(f"concurrency must be 1 or more, not {concurrency}")


def _declared_schedule(cron: str, timezone: str, missed: str, overlap: str) -> Schedule:
    try:
        return Schedule(cron, timezone, Missed(missed), Overlap(overlap))
    except ValueError as error:
        raise ConfigurationError(f"schedule {cron!r}: {error}") from error


def _declared_rate(text: str) -> Rate:
    try:
        return Rate.parse(text)
    except InvalidInput as error:
        raise ConfigurationError(str(error)) from error


def _check_scheduled(model: type[Job]) -> None:
    try:
        model()
    except ValidationError as error:
        raise ConfigurationError(
            f"{model.__name__} has fields without a default, so a schedule cannot enqueue it"
        ) from error
