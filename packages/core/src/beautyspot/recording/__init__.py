"""What a host's calls come to: runs as rows, their prices and sums. The recorders of the integrations stand on it."""

from beautyspot.exports import on_demand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.recording.ledger import Entered, Ledger
    from beautyspot.recording.prices import Price, Prices, PriceTable
    from beautyspot.recording.reports import Reports
    from beautyspot.recording.scrubber import Redact, Scrubber
    from beautyspot.recording.totals import Sums, Totals
    from beautyspot.recording.usage import NOTHING_KNOWN, Usage
    from beautyspot.recording.words import clean, name_of_error
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "clean": "beautyspot.recording.words",
            "Entered": "beautyspot.recording.ledger",
            "Ledger": "beautyspot.recording.ledger",
            "name_of_error": "beautyspot.recording.words",
            "NOTHING_KNOWN": "beautyspot.recording.usage",
            "Price": "beautyspot.recording.prices",
            "Prices": "beautyspot.recording.prices",
            "PriceTable": "beautyspot.recording.prices",
            "Redact": "beautyspot.recording.scrubber",
            "Reports": "beautyspot.recording.reports",
            "Scrubber": "beautyspot.recording.scrubber",
            "Sums": "beautyspot.recording.totals",
            "Totals": "beautyspot.recording.totals",
            "Usage": "beautyspot.recording.usage",
        },
    )

__all__ = [
    "NOTHING_KNOWN",
    "Entered",
    "Ledger",
    "Price",
    "PriceTable",
    "Prices",
    "Redact",
    "Reports",
    "Scrubber",
    "Sums",
    "Totals",
    "Usage",
    "clean",
    "name_of_error",
]
