"""Mutants: mistakes that somebody could make, each with the test that catches it.

A harness that never failed proves nothing. `test_mutants.py` plants each in a copy of
the tree and runs its test there, which must fail.
"""

from typing import NamedTuple


class Mutant(NamedTuple):
    """One mistake: in `file`, `truth` becomes `mistake`, and `caught_by` fails."""

    name: str
    file: str
    truth: str
    mistake: str
    caught_by: str


MUTANTS = (
    Mutant(
        "commits are not synced",
        "runtime/db/commit.py",
        "{'FULL' if full else 'NORMAL'}",
        "OFF",
        "tests/torture/test_storage.py::test_an_acknowledgement_waits_for_the_disk",
    ),
    Mutant(
        "acknowledged although COMMIT failed",
        "runtime/db/commit.py",
        """            _fail(
                [request for request in batch if not request.failed], translate(error, "nothing was written")
            )
""",
        "",
        "tests/torture/test_storage.py::test_what_could_not_be_written_is_not_acknowledged[fdatasync:error=EIO]",
    ),
    Mutant(
        "a completion does not ask who owns the job",
        "runtime/store/sql/sqlite/claims.sql",
        "  AND status = 'processing' AND +locked_by = :worker AND claims = :claims;",
        "  AND :worker <> '' AND :claims > 0;",
        "tests/runtime/store/test_endings.py",
    ),
    Mutant(
        "an ending does not ask who owns the job",
        "runtime/store/sql/claims.sql",
        """    locked_at = CASE WHEN :status IN ('pending', 'scheduled') THEN NULL ELSE locked_at END
WHERE id = :id AND status = 'processing' AND locked_by = :worker AND claims = :claims
""",
        """    locked_at = CASE WHEN :status IN ('pending', 'scheduled') THEN NULL ELSE locked_at END
WHERE id = :id AND :worker <> '' AND :claims > 0
""",
        "tests/system/test_dying.py::test_a_frozen_worker_that_wakes_up_changes_nothing",
    ),
    Mutant(
        "claims of one job that end together are taken for each other",
        "runtime/store/endings.py",
        "written = [job for job, _ in endings if job not in stale]",
        "written = [job for job, _ in endings if job.id not in {each.id for each in stale}]",
        "tests/runtime/store/test_endings.py::test_two_claims_of_one_job_that_end_together_are_told_apart[sqlite]",
    ),
    Mutant(
        "an ending that comes again is counted again",
        "runtime/store/sql/claims.sql",
        " AND claims = :claims AND completed_at = :now;",
        " AND claims = :claims AND :now > 0;",
        "tests/runtime/store/test_endings.py::"
        "test_endings_that_come_again_because_nobody_knew_whether_they_were_written_are_refused[sqlite]",
    ),
    Mutant(
        "attempts are not counted",
        "runtime/model/lifecycle.py",
        """        status=Status.SCHEDULED if delay > 0 else Status.PENDING,
        attempts=job.attempts + 1,
""",
        """        status=Status.SCHEDULED if delay > 0 else Status.PENDING,
        attempts=job.attempts,
""",
        "tests/system/test_misbehaviour.py::test_a_dead_letter_comes_back_by_the_command",
    ),
    Mutant(
        "crashes are not counted",
        "runtime/model/lifecycle.py",
        "    crashes = job.crashes + 1 if alone else",
        "    crashes = job.crashes if alone else",
        "tests/runtime/store/test_endings.py",
    ),
    Mutant(
        "whoever ran beside a killer is charged like it",
        "runtime/store/endings.py",
        "alone=len(held) == 1",
        "alone=True",
        "tests/runtime/store/test_endings.py",
    ),
    Mutant(
        "jobs under suspicion run beside others",
        "runtime/model/lifecycle.py",
        "    return job.crashes >= SUSPICION\n",
        "    return job.crashes > 1000\n",
        "tests/runtime/worker/test_pool_suspects.py",
    ),
    Mutant(
        "living workers are taken for dead",
        "runtime/worker/reaper.py",
        "surely_dead(deployment.location.companions, worker.id)",
        "surely_dead(deployment.location.companions, worker.id) is not None",
        "tests/system/test_dying.py::test_where_its_death_cannot_be_seen_its_silence_tells",
    ),
    Mutant(
        "dead workers are not looked for",
        "runtime/worker/reaper.py",
        '            return "its process is gone"\n',
        "            return None\n",
        "tests/system/test_dying.py::test_a_killed_workers_job_runs_elsewhere_at_once",
    ),
    Mutant(
        "ticks are told apart by the clock alone",
        "runtime/store/schedules.py",
        "    for tick in declared.schedule.due(stored.checked_until, tx.now):\n        if not ",
        "    for tick in declared.schedule.due(stored.checked_until - 90, tx.now):\n        if None is ",
        "tests/torture/test_ticks.py::test_each_tick_is_one_job_whoever_sees_it_first",
    ),
    Mutant(
        "what swallows its cancellation has succeeded",
        "runtime/worker/attempt.py",
        "        elif self.scope.cancel_called and now >= self.deadline:\n",
        "        elif self.scope.cancelled_caught and now >= self.deadline:\n",
        "tests/torture/test_handlers.py::test_each_misdeed_ends_as_it_should_and_the_worker_goes_on",
    ),
    Mutant(
        "failure is as good as success",
        "runtime/store/sql/composition.sql",
        "AND (:succeeded = 1 OR on_failure = 'run')",
        "AND (:succeeded = 1 OR on_failure <> 'wait')",
        "tests/torture/test_flows.py::test_workflows_of_killed_workers_end_as_documented",
    ),
    Mutant(
        "due before the last parent has ended",
        "runtime/store/composition.py",
        "    free = [job_id for job_id, open_ in left if not open_]\n",
        "    free = [job_id for job_id, open_ in left if open_ < 2]\n",
        "tests/torture/test_flows.py::test_workflows_of_killed_workers_end_as_documented",
    ),
    Mutant(
        "charged before the intent is written",
        "shop/checkout.py",
        "    new_id = services.new_order_id(deployment.clock.now())\n",
        "    new_id = services.new_order_id(deployment.clock.now())\n"
        "    await services.gateway.charge(new_id, 1, request.payment_token)\n",
        "tests/shop/test_crash.py",
    ),
    Mutant(
        "a key does not stand for its order",
        "shop/checkout.py",
        "    earlier = None if key is None else find_request(tx, key)\n",
        "    earlier, key = None, None\n",
        "tests/torture/test_orders.py::test_fifty_at_once_with_one_key_make_one_order",
    ),
    Mutant(
        "nobody polls",
        "runtime/worker/dispatcher.py",
        "            return self._options.poll\n",
        "            return 1e9\n",
        "tests/runtime/worker/test_dispatcher.py::test_one_that_nobody_told_of_is_found_by_the_poll",
    ),
    Mutant(
        "no heartbeat",
        "runtime/worker/heartbeat.py",
        "            await trio.sleep(interval)\n",
        "            await trio.sleep(1e9)\n",
        "tests/runtime/worker/test_heartbeat.py::test_until_then_it_claims_nothing",
    ),
    Mutant(
        "nothing is given back at the end",
        "runtime/worker/worker.py",
        "        self.pool.cancel_all(STOPPED)\n",
        "",
        "tests/system/test_stopping.py::test_what_outlasts_the_grace_is_given_back_with_its_attempt_unused",
    ),
)
