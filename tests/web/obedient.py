"""An application with one job type of each kind that the site shows."""

from pydantic import Field

from runtime.app import App
from runtime.context import Context
from runtime.errors import Discard
from runtime.job import Job
from runtime.model.retry import Retry
from runtime.per_key import PerKey


class Echo(Job, type="echo"):
    message: str = ""
    token: str = ""
    diagnosis: str = Field(default="", json_schema_extra={"secret": True})


class Fail(Job, type="fail"):
    error: str = "told to fail"


class Stumble(Job, type="stumble", max_attempts=3):
    pass


class Nightly(Job, type="nightly"):
    pass


class Unhandled(Job, type="unhandled"):
    pass


def make_app() -> App:
    app = App("obedient")

    @app.handler(rate="120/m:10", per_key=PerKey[Echo](lambda job: job.message))
    async def echo(job: Echo, ctx: Context) -> dict[str, str] | None:
        if not job.token:
            return None
        ctx.progress(0.5, "half")
        ctx.log("told")
        return {"message": job.message, "token": job.token}

    @app.handler()
    async def fail(job: Fail, ctx: Context) -> None:
        raise Discard(job.error)

    @app.handler(retry=Retry(base=600, jitter=0))
    async def stumble(job: Stumble, ctx: Context) -> None:
        raise ConnectionError("nobody at home")

    @app.handler(cron="0 3 * * *", timezone="Europe/Berlin")
    async def nightly(job: Nightly, ctx: Context) -> None: ...

    app.declare(Unhandled)
    return app
