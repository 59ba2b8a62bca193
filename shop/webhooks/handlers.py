"""Who runs the jobs of webhooks."""

from email.utils import parsedate_to_datetime
from typing import NoReturn

from runtime.context import Context
from runtime.errors import Cancel, Discard, Snooze
from runtime.handlers import Handlers
from runtime.model.retry import Retry
from shop.webhooks.deliveries import prune, prune_surplus, tidy
from shop.webhooks.endpoints import list_endpoints
from shop.webhooks.errors import DeliveryError, NotTaken
from shop.webhooks.jobs import DAY, DeliverWebhook, PruneWebhooks
from shop.webhooks.sending import EXPIRED, GONE, Over, Ready, Result, Wait, begin, conclude, give_up
from shop.webhooks.service import Webhooks
from shop.webhooks.signing import signed_headers
from shop.webhooks.transport import Answer

RATE = "30/m"
RETRY = Retry(base=5, factor=4, cap=DAY, jitter=0.25)
"""5 s, 20 s, 80 s, 5 min, 21 min, 85 min, 6 h, 23 h, 24 h, 24 h: 78 hours in all, give or take the jitter."""
THROTTLED = frozenset({429, 502, 503, 504})
"""Answers whose Retry-After counts."""
SHORTEST_REST, LONGEST_REST = 5.0, 6 * 3600.0
CHUNK = 500

handlers = Handlers()


@handlers.handler(timeout=60, retry=RETRY, rate=RATE)
async def deliver_webhook(job: DeliverWebhook, ctx: Context) -> None:
    """Send one message to one endpoint, if there is room for it now."""
    match await ctx.write_now(begin, job.delivery_id, ctx.job_id, ctx.random.random()):
        case Over(reason):
            raise Cancel(reason)
        case Wait(expired=True):
            await _give_up(job, ctx)
        case Wait(seconds):
            raise Snooze(seconds, "the webhook has no room now")
        case Ready() as ready:
            await _deliver(job, ctx, ready)


@handlers.handler(cron="30 3 * * *", timeout=600)
async def prune_webhooks(_job: PruneWebhooks, ctx: Context) -> None:
    """Delete what is old, in chunks, so that nobody waits long for the database."""
    await ctx.write_now(tidy)
    while await ctx.write_now(prune, CHUNK) == CHUNK:
        pass
    for endpoint in await ctx.read(list_endpoints):
        while await ctx.write_now(prune_surplus, endpoint.id, CHUNK) == CHUNK:
            pass


async def _deliver(job: DeliverWebhook, ctx: Context, ready: Ready) -> None:
    started_at, started = ctx.now(), ctx.clock.monotonic()
    headers = signed_headers(ready.message_id, ready.body, started_at, ready.secrets)
    answer: Answer | None = None
    try:
        answer = await ctx.service(Webhooks).sender.send(ready.url, headers, ready.body.encode())
        if not answer.taken:
            raise NotTaken(answer.status)
    except DeliveryError as error:
        rest = None if answer is None else rest_after(answer, ctx.now())
        seconds = ctx.clock.monotonic() - started
        await _failed(job, ctx, ready, Result(started_at, seconds, answer, error.told, rest), error)
    else:
        seconds = ctx.clock.monotonic() - started
        ctx.write(conclude, job.delivery_id, Result(started_at, seconds, answer, None))


async def _failed(
    job: DeliverWebhook, ctx: Context, ready: Ready, result: Result, error: DeliveryError
) -> None:
    """Write it down at once, for nothing is written with a completion that does not come; then end."""
    rest = result.retry_in
    final = rest is None and ctx.attempt >= ctx.max_attempts
    await ctx.write_now(conclude, job.delivery_id, result, final=final)
    if result.answer is not None and result.answer.status == GONE:
        raise Cancel("the endpoint wants no more: it is disabled")
    if rest is None:
        raise error
    if ctx.now() + rest > ready.expires_at:
        await _give_up(job, ctx)
    raise Snooze(rest, "the endpoint asked for a pause")


async def _give_up(job: DeliverWebhook, ctx: Context) -> NoReturn:
    await ctx.write_now(give_up, job.delivery_id)
    raise Discard(EXPIRED)


def rest_after(answer: Answer, now: float) -> float | None:
    """Seconds until which the endpoint wants to be left alone, within reason; None: it did not say."""
    text = answer.retry_after
    if text is None or answer.status not in THROTTLED:
        return None
    seconds = float(text) if text.isascii() and text.isdigit() and len(text) < 10 else _until(text, now)
    return None if seconds is None else min(LONGEST_REST, max(SHORTEST_REST, seconds))


def _until(date: str, now: float) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except (ValueError, OverflowError):
        return None
