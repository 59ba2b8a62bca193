"""Whatever is done to the queue, in whatever order: no job is lost or owned twice, and the numbers agree."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from runtime.errors import NotAllowed
from runtime.model.lifecycle import settle
from runtime.model.rates import Rate
from runtime.model.records import Status
from runtime.model.retry import Retry
from runtime.store import claims, control, dead_letters, endings, limits, promotion, retention, workers
from runtime.store.endings import Ending
from runtime.transaction import JobTransaction
from tests.runtime.obedient import Obey
from tests.runtime.store.choices import ANY, MODELS, OUTCOMES, PRIORITIES, RETRIES, SECONDS, WORKERS
from tests.runtime.store.synchronous import Store, request, sign_of_life

UNFINISHED = {"scheduled", "blocked", "pending", "processing"}


class _Refused(Exception):
    """A function of a group fails."""


class QueueMachine(RuleBasedStateMachine):
    """Does anything to the queue; knows only who owns what, and what there is."""

    def __init__(self) -> None:
        super().__init__()
        self.store = self.new_store()
        self.existing: set[int] = set()
        self.owners: dict[int, tuple[str, int]] = {}
        """Of each running job, the worker and its claim."""
        self.taken: list = []
        """Every (worker, claimed job) there was, most of them stale."""
        self.settled: set[tuple[int, int]] = set()
        """Jobs and claims that completed: no worker says that twice."""
        self.attempts: Counter[int] = Counter()
        self.claims: Counter[int] = Counter()
        self.ended: Counter[str] = Counter()
        self.purged: set[int] = set()

    def new_store(self) -> Store:
        return Store()

    @initialize()
    def begin_with_jobs_that_run(self):
        self.enqueue_together(Obey, 3, None)
        self.claim("w1", 2, 2, 0)

    # Producers

    @rule(
        model=MODELS, priority=PRIORITIES, delay=st.sampled_from([0, 0, 10, 4000]),
        key=st.sampled_from([None, None, "a", "b"]), lasting=st.booleans(),
        max_attempts=st.sampled_from([1, 2, 5]),
    )  # fmt: skip
    def enqueue(self, model, priority, delay, key, lasting, max_attempts):
        record = self.store.enqueue(
            model(), priority=priority, delay=delay, key=key, max_attempts=max_attempts,
            unique_for=1000 if key and lasting else None,
        )  # fmt: skip
        assert record.duplicate == (record.id in self.existing)
        assert not record.duplicate or record.key == key
        self.existing.add(record.id)

    @rule(model=MODELS, number=st.integers(1, 4), priority=PRIORITIES)
    def enqueue_together(self, model, number, priority):
        ids = self.store(JobTransaction.enqueue_many, [model()] * number, priority=priority)
        assert not self.existing & set(ids)
        self.existing.update(ids)

    @rule(worker=WORKERS, failing=st.sets(st.integers(0, 2)))
    def commit_a_group_in_which_some_fail(self, worker, failing):
        def enqueue(tx):
            return [tx.enqueue(Obey()).id]

        def claim(tx):
            return claims.claim(tx, request(worker=worker, most=1)).jobs

        def step(number, fn):
            def run(tx):
                answer = fn(tx)
                if number in failing:
                    raise _Refused
                return answer

            return run

        answered = self.store.group(*(step(n, fn) for n, fn in enumerate([enqueue, claim, enqueue])))
        assert {n for n, answer in enumerate(answered) if answer.failed} == failing
        for number in {0, 2} - failing:
            self.existing.update(answered[number].result())
        if 1 not in failing:
            self._owned(worker, answered[1].result())

    # Workers

    @rule(worker=WORKERS, most=st.integers(1, 5), free=st.integers(0, 3), least=st.sampled_from([0, 5]))
    def claim(self, worker, most, free, least):
        claimed = self.store.claim(most, worker=worker, free=free, min_priority=least).jobs
        assert len(claimed) <= most
        self._owned(worker, claimed)

    @precondition(lambda self: self.taken)
    @rule(which=ANY, outcome=OUTCOMES, retry=RETRIES)
    def finish(self, which, outcome, retry):
        worker, job = self.taken[which % len(self.taken)]
        owned = self._owns(worker, job)
        change = settle(job, outcome, self.store.now, retry, 0.5)
        assert self.store(endings.finish, worker, Ending(job, change)) == owned
        if owned:
            self._let_go(job, change.outcome)

    @precondition(lambda self: self.taken)
    @rule(worker=WORKERS, outcomes=st.lists(OUTCOMES, min_size=4, max_size=4), which=ANY)
    def finish_together(self, worker, outcomes, which):
        of_worker = [job for owner, job in self.taken if owner == worker]
        chosen = [job for job in of_worker if (job.id, job.claims) not in self.settled][which % 5 :][:4]
        changes = [
            Ending(job, settle(job, outcome, self.store.now, Retry(), 0.5))
            for job, outcome in zip(chosen, outcomes, strict=False)
        ]
        refused = self.store(endings.finish_many, worker, changes)
        stale = [ending.job for ending in changes if not self._owns(worker, ending.job)]
        assert sorted(job.id for job in refused) == sorted(job.id for job in stale)
        for ending in changes:
            if self._owns(worker, ending.job):
                self._let_go(ending.job, ending.transition.outcome)

    @precondition(lambda self: self.taken)
    @rule(which=ANY)
    def release(self, which):
        worker, job = self.taken[which % len(self.taken)]
        owned = self._owns(worker, job)
        unwanted = owned and self.store.job(job.id).cancel_requested
        self.store(claims.release, worker, [job])
        if owned:
            after = self.store.job(job.id)
            assert after.status is (Status.CANCELLED if unwanted else Status.PENDING)
            assert after.attempts == job.attempts
            self.ended["cancelled"] += unwanted
            del self.owners[job.id]

    @rule(worker=WORKERS)
    def beat(self, worker):
        self.store(workers.register, sign_of_life(worker, self.store.now))

    @rule(worker=WORKERS, late=st.booleans())
    def rescue(self, worker, late):
        beat = self.store(workers.last_beat, worker)
        held = [job for owner, job in self.taken if owner == worker and self._owns(worker, job)]
        seen = -1.0 if late else beat
        rescued = self.store(endings.rescue, worker, "it died", seen)
        if late:
            assert rescued is None
            return
        assert rescued == len(held)
        assert self.store(workers.last_beat, worker) is None
        for job in held:
            self._let_go(job, "crashed")

    # Operators and the runtime's own

    @precondition(lambda self: self.existing)
    @rule(which=ANY)
    def cancel(self, which):
        job = sorted(self.existing)[which % len(self.existing)]
        before = self.store.job(job)
        try:
            after = self.store(control.cancel, job)
        except NotAllowed:
            assert before.status.finished
            return
        if before.status is Status.PROCESSING:
            assert after.cancel_requested
        else:
            assert after.status is Status.CANCELLED
            self.ended["cancelled"] += 1

    @precondition(lambda self: self.existing)
    @rule(which=ANY)
    def retry(self, which):
        job = sorted(self.existing)[which % len(self.existing)]
        before = self.store.job(job)
        try:
            after = self.store(control.retry, job, 3)
        except NotAllowed:
            assert before.key or before.status not in {Status.FAILED, Status.CANCELLED, Status.SCHEDULED}
            return
        assert after.status is Status.PENDING
        self.purged.discard(job)

    @rule(most=st.integers(1, 3))
    def promote(self, most):
        due = self.store(promotion.next_due)
        promoted = self.store(promotion.promote, most)
        assert promoted <= most
        assert bool(promoted) == (due is not None and due <= self.store.now)

    @rule(age=st.sampled_from([0.0, 100.0]), most=st.integers(1, 3))
    def prune(self, age, most):
        pruned = self.store(retention.prune_finished, self.store.now - age, most)
        left = {job for (job,) in self.store.rows("SELECT id FROM jobs")}
        assert len(self.existing - left) == pruned <= most
        self.existing &= left

    @rule(reviewed_only=st.booleans())
    def purge_dead_letters(self, reviewed_only):
        buried = {job for (job,) in self.store.rows("SELECT job_id FROM dead_letter_jobs")}
        self.store(dead_letters.purge, reviewed_only=reviewed_only, limit=1000)
        self.purged |= buried - {job for (job,) in self.store.rows("SELECT job_id FROM dead_letter_jobs")}

    @rule(model=MODELS, pause=st.booleans())
    def pause_or_resume(self, model, pause):
        self.store(control.pause if pause else control.resume, model.policy.type)

    @rule(model=MODELS, rate=st.sampled_from(["1/s:1", "2/m:3", "off"]))
    def limit(self, model, rate):
        self.store(limits.change, model.policy.type, Rate.parse_or_off(rate))

    @rule(seconds=SECONDS)
    def let_time_pass(self, seconds):
        self.store.sleep(seconds)

    # What holds at every moment

    @invariant()
    def every_job_is_there_once_and_says_one_thing(self):
        rows = self.store.rows(
            "SELECT id, type, status, attempts, claims, locked_by, locked_at, completed_at, cancel_requested,"
            " key FROM jobs"
        )
        assert {row[0] for row in rows} == self.existing
        for job, _, status, attempts, taken, owner, since, ended, cancel, _ in rows:
            assert attempts >= self.attempts[job]
            assert taken >= self.claims[job]
            self.attempts[job], self.claims[job] = attempts, taken
            assert (status == "processing") == (job in self.owners)
            assert status != "processing" or (owner, taken) == self.owners[job]
            assert status not in {"scheduled", "pending"} or (owner, since) == (None, None)
            assert (ended is None) == (status in UNFINISHED)
            assert status == "processing" or not cancel
        self._check_counters(rows)
        self._check_keys(rows)
        self._check_letters(rows)

    @invariant()
    def the_history_tells_of_every_ending(self):
        told = self.store.rows("SELECT outcome, sum(count) FROM job_history GROUP BY outcome")
        assert Counter(dict(told)) == self.ended

    @invariant()
    def no_bucket_is_overdrawn_or_overfull(self):
        for text, tokens in self.store.rows("SELECT rate, tokens FROM rate_limits"):
            rate = Rate.parse_or_off(text)
            assert 0 <= tokens <= (rate.burst if rate else 0)

    def _check_counters(self, rows) -> None:
        counted = Counter((job_type, status) for _, job_type, status, *_ in rows)
        told = self.store.rows("SELECT type, status, count FROM job_counts WHERE count <> 0")
        assert {(job_type, status): count for job_type, status, count in told} == counted

    def _check_keys(self, rows) -> None:
        held = Counter((row[1], row[9]) for row in rows if row[9] is not None and row[2] in UNFINISHED)
        assert all(count == 1 for count in held.values())

    def _check_letters(self, rows) -> None:
        failed = {row[0] for row in rows if row[2] == "failed"}
        letters = self.store.rows("SELECT job_id FROM dead_letter_jobs")
        assert {job for (job,) in letters} == failed - self.purged

    def _owned(self, worker, claimed) -> None:
        for job in claimed:
            assert job.id not in self.owners, "a job has two owners"
            self.owners[job.id] = (worker, job.claims)
            self.taken.append((worker, job))

    def _owns(self, worker, job) -> bool:
        return self.owners.get(job.id) == (worker, job.claims)

    def _let_go(self, job, outcome) -> None:
        del self.owners[job.id]
        self.ended[outcome] += 1
        if outcome == "completed":
            self.settled.add((job.id, job.claims))


QueueMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=30, deadline=None)
TestAnyProgramOfOperations = QueueMachine.TestCase
