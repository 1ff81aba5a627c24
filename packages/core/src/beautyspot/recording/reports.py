"""What users ask a recorder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beautyspot.recording.ledger import Ledger
    from beautyspot.recording.totals import Totals
    from beautyspot.records import Run


class Reports:
    """The face that the recorders of all integrations have in common; each sets its ledger."""

    _ledger: Ledger[Any]

    def rows(self) -> list[Run]:
        """Return the runs that ended, the last thousand, in the order of their ends; `Catalog` reads all there are."""
        return self._ledger.rows()

    def totals(self) -> Totals:
        """Return what the runs of this process came to."""
        return self._ledger.totals()

    def flush(self) -> bool:
        """Write what is pending now, and say whether that worked; what could not be written stays pending."""
        return self._ledger.flush()
