"""The warehouse's inventory system: its face, and the simulated one."""

from typing import Protocol

from shop.services.simulation import Simulation


class Inventory(Protocol):
    """What the shop tells the warehouse."""

    async def ship(self, reference: str, product_id: str, quantity: int) -> None:
        """So many leave the warehouse; told twice under one reference, they leave once.

        Raises:
            ServiceError: the warehouse did not take it.
        """
        ...


class SimulatedInventory:
    """Takes its time, then forgets what it was told."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    async def ship(self, reference: str, product_id: str, quantity: int) -> None:
        """See `Inventory.ship`."""
        await self._simulation.work(f"shipping {quantity} {product_id} for {reference}", seconds=0.3)
