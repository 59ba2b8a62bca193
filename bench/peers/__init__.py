"""Peers: the same work on other queues, each in an environment of its own, servers started for the run."""

from bench.peers.compare import measure

__all__ = ["measure"]
