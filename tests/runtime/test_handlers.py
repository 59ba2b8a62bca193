"""Handlers: bound by their annotation; what cannot work is refused before anything runs."""

import functools
from collections.abc import Sequence

import pytest

from runtime.batch import BatchContext
from runtime.context import Context
from runtime.errors import ConfigurationError, DuplicateType
from runtime.handlers import Handlers
from runtime.job import Job
from runtime.model.batching import Batching
from runtime.model.cron import Missed, Overlap
from runtime.model.rates import Rate
from runtime.model.retry import Retry
from runtime.signatures import Place


class Plain(Job, type="plain"):
    number: int = 0


class Demanding(Job, type="demanding"):
    number: int


class Nameless(Job):
    pass


class Impostor(Job, type="plain"):
    pass


class NotAJob:
    pass


@pytest.fixture
def handlers():
    return Handlers()


def test_a_handler_is_given_back_unchanged_and_known_by_the_type_of_its_job(handlers):
    async def run(job: Plain, ctx: Context) -> None: ...

    assert handlers.handler()(run) is run
    handler = handlers.handlers["plain"]
    assert (handler.function, handler.model, handler.type) == (run, Plain, "plain")
    assert handlers.types == {"plain": Plain}


def test_without_options_the_worker_decides_and_nothing_is_scheduled_or_limited(handlers):
    @handlers.handler()
    async def run(job: Plain) -> None: ...

    handler = handlers.handlers["plain"]
    assert (handler.timeout, handler.retry, handler.rate, handler.schedule) == (None, Retry(), None, None)
    assert handlers.scheduled == frozenset()


def test_the_options_are_read_when_it_is_declared(handlers):
    @handlers.handler(
        timeout=30, retry=Retry(base=1), rate="120/m:10", cron="0 3 * * *", timezone="Europe/Berlin",
        missed="all", overlap="allow",
    )  # fmt: skip
    async def run(job: Plain) -> None: ...

    handler = handlers.handlers["plain"]
    assert (handler.timeout, handler.retry, handler.rate) == (30, Retry(base=1), Rate(120, "m", 10))
    schedule = handler.schedule
    assert (schedule.timezone, schedule.missed, schedule.overlap) == (
        "Europe/Berlin", Missed.ALL, Overlap.ALLOW,
    )  # fmt: skip
    assert handlers.scheduled == {"plain"}


def test_async_runs_in_the_nursery_plain_in_a_thread_and_cpu_in_a_process():
    async def in_nursery(job: Plain) -> None: ...

    def in_thread(job: Plain) -> None: ...

    def place(function, **options):
        handlers = Handlers()
        handlers.handler(**options)(function)
        return handlers.handlers["plain"].place

    assert place(in_nursery) is Place.NURSERY
    assert place(in_thread) is Place.THREAD
    assert place(in_thread, cpu=True) is Place.PROCESS


def test_the_context_is_for_those_who_take_it():
    async def with_context(job: Plain, ctx: Context) -> None: ...

    async def without(job: Plain) -> None: ...

    def takes_context(function):
        handlers = Handlers()
        handlers.handler()(function)
        return handlers.handlers["plain"].takes_context

    assert takes_context(with_context)
    assert not takes_context(without)


def test_annotations_may_be_text(handlers):
    @handlers.handler()
    async def run(job: "Plain", ctx: "Context") -> None: ...

    assert handlers.handlers["plain"].model is Plain


async def no_parameters() -> None: ...
async def three_parameters(job: Plain, ctx: Context, more: int) -> None: ...
async def keyword_only(*, job: Plain) -> None: ...
async def context_by_keyword(job: Plain, *, ctx: Context) -> None: ...
async def any_number(*jobs: Plain) -> None: ...
async def any_keywords(job: Plain, **options: object) -> None: ...
async def no_annotation(job) -> None: ...
async def not_a_job(job: NotAJob) -> None: ...
async def a_list(job: list[Plain]) -> None: ...
async def one_of_two(job: Plain | Demanding) -> None: ...
async def no_type(job: Nameless) -> None: ...
async def the_base(job: Job) -> None: ...
async def unknown_name(job: "NobodyKnows") -> None: ...  # noqa: F821
async def async_generator(job: Plain):
    yield 1


def generator(job: Plain):
    yield 1


@pytest.mark.parametrize(
    "function",
    [
        no_parameters, three_parameters, keyword_only, context_by_keyword, any_number, any_keywords,
        no_annotation, not_a_job, a_list, one_of_two, no_type, the_base, unknown_name, async_generator,
        generator, functools.partial(three_parameters, more=1), NotAJob,
    ],
)  # fmt: skip
def test_a_function_that_could_not_be_called_with_a_job_is_refused(handlers, function):
    with pytest.raises(ConfigurationError):
        handlers.handler()(function)
    assert not handlers.types


async def asynchronous(job: Plain) -> None: ...
def wants_context(job: Plain, ctx: Context) -> None: ...


@pytest.mark.parametrize("function", [asynchronous, wants_context])
def test_what_cannot_travel_to_another_process_is_refused(handlers, function):
    with pytest.raises(ConfigurationError):
        handlers.handler(cpu=True)(function)


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_a_timeout_that_is_no_time_is_refused(handlers, timeout):
    with pytest.raises(ConfigurationError, match="timeout"):
        handlers.handler(timeout=timeout)


@pytest.mark.parametrize("rate", ["", "fast", "0/s", "10/d", "1/s:0", "off"])
def test_a_rate_that_is_none_is_refused(handlers, rate):
    with pytest.raises(ConfigurationError):
        handlers.handler(rate=rate)


@pytest.mark.parametrize(
    "options",
    [
        {"cron": "61 * * * *"},
        {"cron": "whenever"},
        {"cron": "0 0 30 2 *"},
        {"cron": "* * * * *", "timezone": "Mars/Olympus"},
        {"cron": "* * * * *", "missed": "some"},
        {"cron": "* * * * *", "overlap": "perhaps"},
    ],
)
def test_a_schedule_that_cannot_fire_is_refused(handlers, options):
    with pytest.raises(ConfigurationError):
        handlers.handler(**options)


def test_a_schedule_needs_a_job_that_can_be_made_of_nothing(handlers):
    async def run(job: Demanding) -> None: ...

    with pytest.raises(ConfigurationError, match="Demanding has fields without a default"):
        handlers.handler(cron="* * * * *")(run)
    assert not handlers.handlers


def test_a_type_has_one_handler(handlers):
    @handlers.handler()
    async def first(job: Plain) -> None: ...

    with pytest.raises(DuplicateType, match="second and first both handle 'plain'"):

        @handlers.handler()
        async def second(job: Plain) -> None: ...

    assert handlers.handlers["plain"].function is first


def test_a_type_has_one_model(handlers):
    handlers.declare(Plain)

    with pytest.raises(DuplicateType, match="Impostor and Plain are both of type 'plain'"):
        handlers.declare(Impostor)
    assert handlers.declare(Plain) is Plain, "the same one again is fine"


def test_a_model_without_a_type_cannot_be_declared(handlers):
    with pytest.raises(ConfigurationError, match="Nameless names no type"):
        handlers.declare(Nameless)


def test_another_registry_is_taken_over_whole(handlers):
    other = Handlers()
    other.handler()(asynchronous)
    other.declare(Demanding)

    handlers.include(other)

    assert handlers.types == {"plain": Plain, "demanding": Demanding}
    assert handlers.handlers.keys() == {"plain"}


def test_registries_that_contradict_each_other_cannot_be_joined(handlers):
    other, same_type = Handlers(), Handlers()
    other.handler()(asynchronous)
    same_type.declare(Impostor)
    handlers.handler()(wants_context)

    with pytest.raises(DuplicateType):
        handlers.include(other)
    with pytest.raises(DuplicateType):
        handlers.include(same_type)


def test_what_is_registered_cannot_be_changed_from_outside(handlers):
    with pytest.raises(TypeError):
        handlers.handlers["plain"] = None
    with pytest.raises(TypeError):
        handlers.types["plain"] = Plain


def test_a_batch_handler_is_bound_by_what_its_sequence_holds(handlers):
    @handlers.batch_handler(size=7, wait=2, timeout=5, rate="3/s")
    async def run(jobs: Sequence[Plain], ctx: BatchContext) -> None: ...

    @handlers.batch_handler()
    def run_others(jobs: list[Demanding]) -> None: ...

    handler, other = handlers.handlers["plain"], handlers.handlers["demanding"]
    assert (handler.batching, handler.place, handler.takes_context) == (Batching(7, 2), Place.NURSERY, True)
    assert (handler.timeout, handler.rate) == (5, Rate(3, "s", 3))
    assert (other.batching, other.place, other.takes_context) == (Batching(10, 0.5), Place.THREAD, False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size must be from 1 to 1000, not 0"),
        ({"size": 1001}, "size must be"),
        ({"wait": -1}, "wait must be from 0 to 3600 seconds, not -1"),
        ({"wait": float("nan")}, "wait must be"),
        ({"timeout": 0}, "timeout must be"),
        ({"rate": "often"}, "is not a rate"),
    ],
)
def test_options_of_a_batch_handler_that_cannot_work_are_refused(handlers, options, message):
    with pytest.raises(ConfigurationError, match=message):
        handlers.batch_handler(**options)


def test_a_batch_handler_that_takes_one_job_is_refused_and_so_is_one_that_takes_anything(handlers):
    async def one(job: Plain) -> None: ...
    async def anything(jobs: list) -> None: ...
    async def unordered(jobs: set[Plain]) -> None: ...

    for function in (one, anything, unordered):
        with pytest.raises(ConfigurationError, match="annotated with a list or Sequence of a Job"):
            handlers.batch_handler()(function)
