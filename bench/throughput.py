"""Jobs a second: how fast workers empty a full queue of jobs that do nothing."""

from bench.app import Noop
from bench.harness import Measurement, Setting, drain, rate


async def measure(setting: Setting) -> list[Measurement]:
    """Fill the queue, then run real worker processes until nothing is due."""
    windows = await drain(setting, Noop())
    return [
        Measurement(
            metric="throughput",
            value=rate(windows, setting.jobs),
            unit="jobs/s",
            says="jobs of type noop, claimed, run and completed, from the first worker being ready to claim "
            "until the last ending is committed; enqueue and start-up are not in it",
            more={"processorMicrosecondsPerJob": sum(w.processor for w in windows) / setting.jobs * 1e6},
        )
    ]
