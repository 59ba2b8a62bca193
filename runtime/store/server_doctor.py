"""Doctor for a PostgreSQL server: what of its settings and its present state is bad for a queue."""

from runtime.store.doctor import Check, Verdict
from runtime.store.transaction import StoreTransaction

LONGEST_TRANSACTION = 600.0
"""Seconds: while one is open, no dead row of any table can be swept, and claims read over them."""
FULL = 0.9
"""Of the connections, above which others may soon be refused."""
DEAD_SHARE = 3.0
"""Dead rows for each live one, above which the sweeper does not keep up."""
FEW = 100_000


def examine_server(tx: StoreTransaction) -> list[Check]:
    """Ask the server about itself."""
    settings = dict(tx.all("server_settings", lambda name, value: (str(name), str(value))))
    version, settled = tx.one("engine_version", str), ", ".join(f"{n}={v}" for n, v in settings.items())
    return [
        Check(name="engine", verdict=Verdict.OK, detail=f"PostgreSQL {version}"),
        _judged("durability", settled, good=not {"off"} & {settings[name] for name in _MUST_BE_ON}),
        _judged("autovacuum", f"autovacuum={settings['autovacuum']}", good=settings["autovacuum"] == "on"),
        _transactions(tx),
        _connections(tx),
        _dead_rows(tx),
    ]


_MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")


def _transactions(tx: StoreTransaction) -> Check:
    seconds = tx.one("oldest_transaction", float) or 0.0
    good = seconds <= LONGEST_TRANSACTION
    return _judged("transactions", f"the longest has been open for {seconds:.0f} s", good=good)


def _connections(tx: StoreTransaction) -> Check:
    used, most = tx.one("server_connections", lambda used, most: (int(used), int(most))) or (0, 1)
    return _judged("connections", f"{used} of {most} in use", good=used <= FULL * most)


def _dead_rows(tx: StoreTransaction) -> Check:
    dead, live = tx.one("dead_rows", lambda dead, live: (int(dead), int(live))) or (0, 0)
    good = dead <= max(FEW, DEAD_SHARE * live)
    return _judged("dead rows", f"{dead:,} dead beside {live:,} live rows of jobs", good=good)


def _judged(name: str, detail: str, *, good: bool) -> Check:
    return Check(name=name, verdict=Verdict.OK if good else Verdict.NOTE, detail=detail)
