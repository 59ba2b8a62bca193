"""Storage in trouble (T4, T8 to T11, T31): full, held, failing, damaged: what was acknowledged is so."""

import os
import shutil
import time
from contextlib import suppress

import pytest

from tests.system.process import eventually
from tests.torture.application import Work
from tests.torture.checker import judge
from tests.torture.customers import Customers, drain, gather, order, post, stock_up
from tests.torture.siege import Siege, besiege, integrity, pause
from tests.torture.tools import small_disk, strace

pytestmark = [pytest.mark.slow, pytest.mark.system]


def test_killed_at_any_write_or_sync_nothing_is_lost(siege, blows, measured):
    """T4: at the first of them, the sixth, the eleventh …, until a worker gets through unharmed."""
    points = range(1, 400, 8) if blows(0, 1) else [5, 12]
    siege.store(*[Work(seconds=0)] * 4)
    harmed = 0
    for point in points:
        siege.store(*[Work(seconds=0)] * 2)
        worker = siege.start(
            "worker",
            "--drain",
            "--workers",
            "2",
            under=strace(f"pwrite64,fdatasync:signal=KILL:when={point}"),
        )
        if worker.end(within=60) == 0:
            break
        harmed += 1
    siege.worker()
    siege.drain(reviving=True)

    measured("points", harmed)
    assert harmed >= 2
    assert siege.verdict() == {}


def test_killed_while_it_makes_the_database_the_next_start_makes_it(tmp_path, blows):
    points = range(1, 100, 7) if blows(0, 1) else [2]
    for point in points:
        siege = besiege(tmp_path / str(point))
        siege.path.parent.mkdir()
        try:
            first = siege.start("migrate", under=strace(f"pwrite64,fdatasync:signal=KILL:when={point}"))
            unharmed = first.end(within=60) == 0
            assert siege.command("migrate").returncode == 0
            assert siege.doctor() == []
        finally:
            siege.close()
        if unharmed:
            break


@pytest.mark.torture
def test_an_acknowledgement_waits_for_the_disk(siege, measured):
    """Each sync takes seven tenths of a second here, so nothing can be acknowledged sooner."""
    up = siege.start("up", "--port", str(siege.port), under=strace("fdatasync:delay_enter=700000"))
    up.until("listening")
    up.until("worker started")
    siege.site_at().post("/admin/jobs", {"type": "newer"})
    siege.drain()  # claimed and completed without a sync: the next order must have one all the same
    pause(1)
    began = time.monotonic()
    assert siege.site_at().post("/admin/jobs", {"type": "newer"}).status == 201
    took = time.monotonic() - began
    measured("answer after", took, "s")
    siege.drain()
    assert took >= 0.7


@pytest.mark.parametrize(
    "fault",
    [
        "fdatasync:error=EIO",
        *(pytest.param(f"pwrite64:error={e}", marks=pytest.mark.torture) for e in ("EIO", "ENOSPC")),
    ],
)
def test_what_could_not_be_written_is_not_acknowledged(siege, fault, blows, measured):
    """T10: from the twelfth call on, for a while, and then the disk works again."""
    siege.ask(lambda deployment: deployment.queue.stats())  # so that the database is there
    site = siege.start("web", "--port", str(siege.port), under=strace(f"{fault}:when=12..17"))
    site.until("listening")
    answers = []
    for _ in range(blows(30, 200)):
        with suppress(OSError):
            answer = siege.site_at().post("/admin/jobs", {"type": "work", "payload": {"seconds": 0}})
            answers.append(answer)
    siege.kill(site)

    stored = {job for (job,) in siege.rows("SELECT id FROM jobs WHERE type = 'work'")}
    said = {answer.json["id"] for answer in answers if answer.status == 201}
    refused = [answer for answer in answers if answer.status != 201]
    measured("acknowledged", len(said))
    measured("refused", len(refused))
    assert said <= stored
    assert said
    assert refused
    assert {answer.status for answer in refused} == {503}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    siege.history.attempted |= set(map(str, stored))
    siege.history.acknowledged |= set(map(str, said))
    siege.worker()
    siege.drain()
    assert siege.verdict() == {}


def test_a_full_disk_is_answered_with_503_and_recovers_by_itself(tmp_path, seed, measured):
    """T8."""
    with small_disk(tmp_path / "disk", kilobytes=6000) as disk:
        environment = {
            "SHOP_LATENCY": "0",
            "SHOP_FAILURES": "0",
            "SHOP_GATEWAY": f"simulated://{tmp_path}/ledger",
        }
        shop = shop_on(disk, tmp_path, environment)
        try:
            _fill_and_free(shop, disk, seed, measured)
        finally:
            shop.close()


def shop_on(disk, tmp_path, environment) -> Siege:
    """The shop with its database on a disk and its logs elsewhere."""
    from shop.app import build_app

    logs = tmp_path / "logs"
    logs.mkdir()
    shop = Siege(
        logs, build_app(environment), "shop.app:app", **environment, CRECHE_RATE="send_order_confirmation=off"
    )
    shop.move_to(disk / "system.db")
    return shop


def _fill_and_free(shop: Siege, disk, seed: int, measured) -> None:
    shop.ask(lambda deployment: deployment.queue.stats())
    stock_up(shop)
    up = shop.up()
    customers = Customers(shop.port, seed, number=2)
    eventually(lambda: len(customers.acknowledged) > 3)
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    eventually(lambda: customers.answers[503], within=40)
    refused = post(shop.port, "while-full", order("while-full"))
    assert refused is not None
    assert refused[0] in {503, 504}, refused
    assert up.running
    freed = time.monotonic()
    before = len(customers.acknowledged)
    ballast.unlink()
    eventually(lambda: len(customers.acknowledged) > before, within=20)
    measured("freed to the next order", time.monotonic() - freed, "s")
    customers.stop()
    drain(shop)
    assert up.running
    customers.attempted.add("while-full")
    assert judge(gather(shop, customers)).faults == {}
    assert shop.doctor() == []


@pytest.mark.torture
def test_a_database_held_for_long_is_waited_for(siege, measured, blows):
    """T9."""
    seconds = 30 if blows(0, 1) else 8
    siege.store(*[Work(seconds=0.05)] * 50)
    up = siege.up("--stale-after", "3")
    other = siege.worker("--stale-after", "3")
    with siege.locked():
        began = time.monotonic()
        answer = siege.site_at().post("/admin/jobs", {"type": "work", "payload": {}})
        took = time.monotonic() - began
        assert answer.status == 503
        assert took < 6.5
        pause(seconds)
    released = time.monotonic()
    siege.drain()
    measured("refusal after", took, "s")
    measured("released to drained", time.monotonic() - released, "s")
    assert up.running
    assert other.running
    assert siege.verdict() == {}
    assert siege.rows("SELECT * FROM job_attempts WHERE outcome = 'crashed'") == []


def _journal(path):
    return path.with_name(f"{path.name}-wal")


def _overwrite(path, offset: int, what: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(what)


TO_THE_FILE = {
    "header": lambda path: _overwrite(path, 0, b"\0" * 100),
    "page": lambda path: _overwrite(path, 4096 * 3, b"\xa5" * 4096),
    "half of it": lambda path: os.truncate(path, path.stat().st_size // 2),
    "another program's": lambda path: path.write_bytes(b"#!/bin/sh\n" * 1000),
}
TO_THE_JOURNAL = {
    "cut": lambda path: os.truncate(_journal(path), _journal(path).stat().st_size // 2),
    "garbage": lambda path: _overwrite(_journal(path), 5000, b"\xa5" * 3000),
    "gone": lambda path: _journal(path).unlink(),
    "its index": lambda path: _overwrite(path.with_name(f"{path.name}-shm"), 0, b"\xa5" * 4096),
}


@pytest.mark.parametrize(
    "damage",
    ["page", *(pytest.param(name, marks=pytest.mark.torture) for name in TO_THE_FILE if name != "page")],
)
def test_a_damaged_file_is_noticed(siege, damage):
    """T11: what cannot be opened is refused in a line, what can is a finding."""
    siege.examine = False
    siege.store(*[Work(name="x" * 300)] * 200)
    TO_THE_FILE[damage](siege.path)

    examined = siege.command("doctor", "--json")

    if examined.returncode == 2:
        assert examined.stderr.startswith("creche: ")
        assert len(examined.stderr.splitlines()) == 1
        assert siege.command("worker", "--drain").returncode == 2
    else:
        assert examined.returncode == 1
        assert '"finding"' in examined.stdout


@pytest.mark.torture
@pytest.mark.parametrize("damage", TO_THE_JOURNAL)
def test_a_damaged_journal_takes_the_last_commits_and_leaves_the_rest_whole(siege, damage):
    """T11: nobody can tell that commits are gone whose journal is; but what is left contradicts nothing."""
    siege.store(*[Work(name="x" * 300)] * 50)
    siege.start("web", "--port", str(siege.port)).until("listening")
    for _ in range(20):
        assert siege.site_at().post("/admin/jobs", {"type": "work", "payload": {}}).status == 201
    siege.close()  # killed, so the journal stays
    TO_THE_JOURNAL[damage](siege.path)

    assert integrity(siege.path) == "ok"
    assert siege.doctor() == []
    siege.worker("--workers", "50")
    siege.drain()
    (left,) = siege.rows("SELECT count(*) FROM jobs WHERE status = 'completed' AND type = 'work'")[0]
    assert 50 <= left <= 70
    if damage == "its index":
        assert left == 70


@pytest.mark.torture
def test_a_backup_under_load_is_one_moment_of_it(shop, seed, blows, measured):
    """T31: taken while orders come in, restored, and drained to the end."""
    shop.ask(lambda deployment: deployment.queue.stats())
    stock_up(shop)
    shop.up("--workers", "8")
    customers = Customers(shop.port, seed, number=1)
    for number in range(blows(1, 1)):
        eventually(lambda number=number: len(customers.acknowledged) > 10 * (number + 1))
        already = set(customers.acknowledged)
        copy = shop.path.with_name(f"copy-{number}.db")
        assert shop.command("backup", str(copy)).returncode == 0

        folder = copy.with_suffix("")
        folder.mkdir()
        restored = shop_at(folder, copy, shop)
        try:
            assert restored.doctor() == []
            users = {
                user for (user,) in restored.rows("SELECT user_id FROM orders WHERE paid_at IS NOT NULL")
            }
            assert already <= users
            restored.start("worker", "--workers", "8").until("worker started")
            drain(restored, within=150)
            assert restored.doctor() == []
        finally:
            restored.close()
        measured("orders in the backup", len(users))
    customers.stop()
    drain(shop, within=150)
    assert judge(gather(shop, customers)).faults == {}


def shop_at(folder, copy, shop: Siege) -> Siege:
    """A shop that starts from a backup, with the gateway's ledger as it was."""
    shutil.copy(copy, folder / "system.db")
    ledger = shop.path.with_name("system.db-gateway.jsonl")
    shutil.copy(ledger, folder / ledger.name)
    environment = {"SHOP_LATENCY": "0", "SHOP_FAILURES": "0"}
    return Siege(folder, shop.app, "shop.app:app", **environment, CRECHE_RATE="send_order_confirmation=off")
