"""Which fields people key, and how: doubtful ones, those worth a second key, and a sample of what is accepted. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pipeline.document import Decision, FieldKind, FieldReading
from pipeline.storage.review_item import Keying


@dataclass(frozen=True, slots=True)
class Routing:
    """What goes to people beyond what the machine is not sure of.

    Attributes:
        second_key_templates: forms whose every value is keyed blindly by a person, too; "*" for all.
        second_key_above: amounts from here on are keyed blindly, on any form; None for none.
        audit_share: share of accepted fields and of those called blank, drawn by one lot, that is keyed blindly to see
            how many are wrong.
        audit_seed: of the lot; the same fields are drawn again with the same seed.
    """

    second_key_templates: tuple[str, ...] = ()
    second_key_above: float | None = None
    audit_share: float = 0.0
    audit_seed: int = 1

    @property
    def asks_for_accepted(self) -> bool:
        """Whether fields that were accepted may go to people, who then need their pictures."""
        return bool(self.second_key_templates) or self.second_key_above is not None or self.audit_share > 0

    def route(self, reading: FieldReading, template: str, identity: str) -> Keying | None:
        """How a field is to be keyed; None when no person needs to see it.

        Args:
            template: name of the form; empty without one.
            identity: of the field for all time, see `item_id`.
        """
        if reading.value is not None and self._asks_for_second_key(reading, template):
            return Keying.BLIND
        if reading.decision is Decision.REVIEW:
            return Keying.SHOWN
        # Blanks, too: a value that was not seen is lost, and nothing but the lot ever looks there.
        return Keying.AUDIT if is_drawn(identity, self.audit_share, self.audit_seed) else None

    def _asks_for_second_key(self, reading: FieldReading, template: str) -> bool:
        if template in self.second_key_templates or "*" in self.second_key_templates:
            return True
        if self.second_key_above is None or reading.kind is not FieldKind.AMOUNT:
            return False
        try:
            return Decimal(reading.value or "") >= Decimal(str(self.second_key_above))
        except InvalidOperation:
            return True  # what is no amount may be a large one misread


DOUBTFUL_ONLY = Routing()


def is_drawn(identity: str, share: float, seed: int) -> bool:
    """Whether the lot falls on a field; the same for all time, and whatever was read in it."""
    digest = hashlib.sha256(f"audit {seed} {identity}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
