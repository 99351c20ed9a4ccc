"""The demo's reports: what the schedule owes is queued, so that the first minutes show them being prepared."""

from callcenter.demo.build import World
from reports.domain import editions


def build(world: World) -> None:
    editions.prepare_due(world.now)
