"""Jobs, attempts and runners for a pool that no worker has."""

import trio

from runtime.model.records import ClaimedJob
from runtime.worker.attempt import Attempt
from runtime.worker.pool import Pool


def job(number: int, claims: int = 1) -> ClaimedJob:
    return ClaimedJob(
        id=number, type="t", payload="{}", attempts=0, max_attempts=5, crashes=0, claims=claims, locked_at=0.0
    )


def jobs(*numbers: int) -> list[ClaimedJob]:
    return [job(number) for number in numbers]


def attempt(number: int = 1, claims: int = 1) -> Attempt:
    return Attempt(job(number, claims), trio.CancelScope(), trio.current_time())


class Crew:
    """Runners of a pool whose handlers take `seconds`, or end without waiting at all."""

    def __init__(self, pool: Pool, seconds: float | None) -> None:
        self.pool = pool
        self.seconds = seconds
        self.started: list[int] = []
        self.most_at_once = 0

    async def run(self) -> None:
        while (claimed := await self.pool.next()) is not None:
            self.started.append(claimed.id)
            running = Attempt(claimed, trio.CancelScope(), trio.current_time())
            self.pool.started(running)
            self.most_at_once = max(self.most_at_once, len(self.pool.running))
            if self.seconds is not None:
                await trio.sleep(self.seconds)
            self.pool.ended(running)
            self.pool.written(1)


def crew_of(nursery: trio.Nursery, runners: int, seconds: float | None) -> Crew:
    crew = Crew(Pool(runners), seconds)
    for _ in range(runners):
        nursery.start_soon(crew.run)
    return crew
