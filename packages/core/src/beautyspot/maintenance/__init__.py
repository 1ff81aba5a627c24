"""Work on a store between runs: what the command line and the dashboard do to it."""

from beautyspot.maintenance.clean import Cleaned, clean, orphans, unfinished
from beautyspot.maintenance.delete import Deleted, delete_tasks, prune
from beautyspot.maintenance.doctor import examine
from beautyspot.maintenance.findings import Finding

__all__ = ["Cleaned", "Deleted", "Finding", "clean", "delete_tasks", "examine", "orphans", "prune", "unfinished"]
