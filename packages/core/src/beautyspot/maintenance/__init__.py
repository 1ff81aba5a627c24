"""Work on a store between runs: what the command line and the dashboard do to it."""

from beautyspot.maintenance.clean import Cleaned, clean, orphans, unfinished
from beautyspot.maintenance.delete import Deleted, delete_tasks, prune
from beautyspot.maintenance.doctor import examine
from beautyspot.maintenance.findings import Finding
from beautyspot.maintenance.least_used import least_used

__all__ = [
    "Cleaned",
    "Deleted",
    "Finding",
    "clean",
    "delete_tasks",
    "examine",
    "least_used",
    "orphans",
    "prune",
    "unfinished",
]
