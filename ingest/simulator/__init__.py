"""A seeded call centre that produces every kind of fact."""

from opsledger.ingest.simulator.options import Options
from opsledger.ingest.simulator.run import Counts, Simulation, commands, simulate, write

__all__ = ["Counts", "Options", "Simulation", "commands", "simulate", "write"]
