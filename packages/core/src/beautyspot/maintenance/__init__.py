"""Work on a store between runs: what the command line and the dashboard do to it."""

from beautyspot.maintenance.blob_moves import BlobMove
from beautyspot.maintenance.clean import Cleaned, clean, orphans, unfinished
from beautyspot.maintenance.compare import Comparison, Difference, compare
from beautyspot.maintenance.delete import Deleted, delete_tasks, prune
from beautyspot.maintenance.doctor import examine
from beautyspot.maintenance.findings import Finding
from beautyspot.maintenance.least_used import least_used
from beautyspot.maintenance.migrate import Migrated, migrate

__all__ = [
    "BlobMove",
    "Cleaned",
    "Comparison",
    "Deleted",
    "Difference",
    "Finding",
    "Migrated",
    "clean",
    "compare",
    "delete_tasks",
    "examine",
    "least_used",
    "migrate",
    "orphans",
    "prune",
    "unfinished",
]
