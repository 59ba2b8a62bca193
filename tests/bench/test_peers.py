"""The catalogue of other queues, and that what is there can be run."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.peers.catalog import PEERS
from bench.peers.environments import Unavailable, python_of

ADAPTERS = Path(__file__).parents[2] / "bench" / "peers" / "adapters"


def test_every_adapter_is_there_and_every_file_is_somebodys():
    named = {peer.adapter for peer in PEERS if peer.adapter}

    assert {file.stem for file in ADAPTERS.glob("for_*.py")} == named


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_peer_says_what_it_promises(peer):
    assert peer.store in {"sqlite", "redis", "postgresql"}
    assert peer.durable
    assert peer.running


@pytest.mark.parametrize("file", sorted(ADAPTERS.glob("*.py")), ids=lambda file: file.stem)
def test_an_adapter_is_python(file):
    compile(file.read_text(), file.name, "exec")


async def test_an_environment_that_is_there_is_taken_as_it_is(tmp_path):
    peer = PEERS[0]
    home = tmp_path / peer.packages[0]
    home.mkdir()
    (home / "installed").touch()

    assert await python_of(peer, tmp_path) == home / "bin" / "python"


async def test_a_peer_that_cannot_be_installed_is_named_with_the_reason(tmp_path):
    says_no = tmp_path / "python"
    says_no.write_text("#!/bin/sh\necho first >&2\necho no such queue >&2\nexit 1\n")
    says_no.chmod(0o755)

    with pytest.raises(Unavailable, match="pip cannot install huey: no such queue"):
        await python_of(PEERS[0], tmp_path, [str(says_no)])


async def test_a_peer_without_an_adapter_is_named(tmp_path):
    with pytest.raises(Unavailable, match="no adapter"):
        await python_of(replace(PEERS[0], adapter=""), tmp_path)
