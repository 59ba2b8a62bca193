"""Signatures: what a handler takes, and where it can run, read from the function; types of its decorator."""

import inspect
import typing
from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol, TypeVar, overload

from runtime.batch import element_of
from runtime.context import Context
from runtime.errors import ConfigurationError
from runtime.job import Job, policy_of

R = TypeVar("R")
JobT = TypeVar("JobT", bound=Job)


class Registrar(Protocol):
    """The decorator: gives the function back unchanged."""

    @overload
    def __call__(self, function: Callable[[JobT, Context], R], /) -> Callable[[JobT, Context], R]: ...
    @overload
    def __call__(self, function: Callable[[JobT], R], /) -> Callable[[JobT], R]: ...


class KeyedRegistrar(Protocol[JobT]):
    """The same for functions that take the jobs whose keys are limited."""

    @overload
    def __call__(self, function: Callable[[JobT, Context], R], /) -> Callable[[JobT, Context], R]: ...
    @overload
    def __call__(self, function: Callable[[JobT], R], /) -> Callable[[JobT], R]: ...


class Place(Enum):
    """Where a handler runs."""

    NURSERY = auto()
    THREAD = auto()
    PROCESS = auto()


def signature_of(function: Callable[..., object], *, many: bool = False) -> tuple[type[Job], bool]:
    """The job model that a function takes, one or many of, and whether it takes a context too.

    Raises:
        ConfigurationError: it takes something else.
    """
    name = getattr(function, "__name__", repr(function))
    parameters = list(inspect.signature(function).parameters.values())
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if not 1 <= len(parameters) <= 2 or any(parameter.kind not in positional for parameter in parameters):
        raise ConfigurationError(f"{name}: a handler takes a job, and a context if it wants one")
    try:
        annotation = typing.get_type_hints(function).get(parameters[0].name)
    except (NameError, TypeError) as error:
        raise ConfigurationError(f"{name}: its annotations cannot be read: {error}") from error
    if many:
        annotation = element_of(annotation)
    if not (isinstance(annotation, type) and issubclass(annotation, Job)):
        wanted = "a list or Sequence of a Job" if many else "a Job"
        raise ConfigurationError(f"{name}: the first parameter must be annotated with {wanted}")
    policy_of(annotation)
    return annotation, len(parameters) == 2


def place_of(function: Callable[..., object], *, cpu: bool, takes_context: bool) -> Place:
    """Where a function runs.

    Raises:
        ConfigurationError: it cannot be called from there.
    """
    name = getattr(function, "__name__", repr(function))
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        raise ConfigurationError(f"{name}: a handler cannot be a generator")
    if inspect.iscoroutinefunction(function):
        if cpu:
            raise ConfigurationError(f"{name}: cpu=True needs a plain function, not an async one")
        return Place.NURSERY
    if cpu and takes_context:
        raise ConfigurationError(f"{name}: a function that runs in another process cannot take a context")
    return Place.PROCESS if cpu else Place.THREAD
