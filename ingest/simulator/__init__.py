"""A seeded call centre that produces every kind of fact."""

from opsledger.ingest.simulator.desk_table import write_desk
from opsledger.ingest.simulator.options import Options
from opsledger.ingest.simulator.run import Counts, Simulation, commands, simulate, write
from opsledger.ingest.simulator.switch_log import write_queue_log
from opsledger.ingest.simulator.truth import Truth

__all__ = ["Counts", "Options", "Simulation", "Truth", "commands", "simulate", "write", "write_desk", "write_queue_log"]
