"""The traffic light of a follow-up: which changes are legal, what each needs, and the colour that follows (GSC-PRO-03 §3-4).

Facts are `status`, `kind` and `brand_portal_answered`; the colour is a generated column of them (`LIGHT` below is its
definition) and the legal changes of status are held by a trigger made of `TRANSITIONS`: nobody paints.
"""

from dataclasses import dataclass

from satisfaction.enums import Action, FollowUpKind, FollowUpStatus, Light

NOT_STARTED, IN_PROGRESS = FollowUpStatus.NOT_STARTED, FollowUpStatus.IN_PROGRESS
RESOLVED, UNSATISFIED = FollowUpStatus.RESOLVED, FollowUpStatus.CLOSED_UNSATISFIED
OPEN = (NOT_STARTED, IN_PROGRESS)
CLOSED = (RESOLVED, UNSATISFIED)


def light(kind: FollowUpKind, status: FollowUpStatus, *, portal: bool) -> Light:
    """The colour of these facts. Purple (the customer answered on the brand's portal) never hides work to do nor an unhappy one."""
    if kind == FollowUpKind.SUGGESTION:
        return Light.BLUE
    if status == RESOLVED:
        return Light.PURPLE if portal else Light.GREEN
    return {NOT_STARTED: Light.RED, IN_PROGRESS: Light.YELLOW, UNSATISFIED: Light.LIGHT_GREEN}[status]


@dataclass(frozen=True)
class Move:
    """One legal change: from which statuses, to which, what it must bring, and who may (a permission)."""

    action: Action
    label: str
    sources: tuple[FollowUpStatus, ...]
    target: FollowUpStatus
    permission: str
    needs: frozenset[str] = frozenset()  # of: text, proof, cause, reason
    key: str = ""
    kind: FollowUpKind = FollowUpKind.DETRACTOR
    becomes: FollowUpKind = FollowUpKind.DETRACTOR


MANAGE, CONTROL = "satisfaction.manage_followups", "satisfaction.control_followups"

MOVES: tuple[Move, ...] = (
    Move(Action.TAKEN, "Tomar caso", (NOT_STARTED,), IN_PROGRESS, MANAGE, key="t"),
    Move(Action.MANAGED, "Registrar gestión", OPEN, IN_PROGRESS, MANAGE, frozenset({"text"}), key="g"),
    Move(Action.RESOLVED, "Cerrar como realizada", OPEN, RESOLVED, MANAGE, frozenset({"text", "proof", "cause"}), key="c"),
    Move(Action.UNSATISFIED, "Cliente sigue insatisfecho", OPEN, UNSATISFIED, MANAGE, frozenset({"text", "cause", "reason"}), key="i"),
    Move(Action.REOPENED, "Reabrir", CLOSED, IN_PROGRESS, CONTROL, frozenset({"reason"}), key="r"),
    Move(Action.SUGGESTED, "Es sugerencia", (NOT_STARTED,), NOT_STARTED, MANAGE, frozenset({"reason"}), key="u",
         becomes=FollowUpKind.SUGGESTION),
)  # fmt: skip
BY_ACTION = {move.action: move for move in MOVES}
TRANSITIONS = frozenset((source, move.target) for move in MOVES for source in move.sources if source != move.target)


def legal_moves(kind: FollowUpKind, status: FollowUpStatus) -> tuple[Move, ...]:
    """The changes that these facts allow, in the order of the buttons; a suggestion needs none."""
    return tuple(move for move in MOVES if kind == move.kind and status in move.sources)
