"""Work on a store between runs: what the command line and the dashboard do to it."""

from beautyspot.maintenance.blob_moves import BlobMove
from beautyspot.maintenance.clean import Cleaned, Litter, clean, litter, orphans, unfinished
from beautyspot.maintenance.compare import Comparison, Difference, compare
from beautyspot.maintenance.delete import Deleted, delete_tasks, prune
from beautyspot.maintenance.doctor import examine
from beautyspot.maintenance.export import Exported, export_archive
from beautyspot.maintenance.findings import Finding
from beautyspot.maintenance.least_used import least_used
from beautyspot.maintenance.listing import tasks_of
from beautyspot.maintenance.looks import Look
from beautyspot.maintenance.migrate import Migrated, migrate
from beautyspot.maintenance.neighbours import open_neighbour
from beautyspot.maintenance.repair import Repaired, repair
from beautyspot.maintenance.restore import Imported, import_archive
from beautyspot.maintenance.vacuum import Vacuumed, vacuum
from beautyspot.maintenance.verify import Damage, Unreachable, Verified, verify

__all__ = [
    "BlobMove",
    "Cleaned",
    "Comparison",
    "Damage",
    "Deleted",
    "Difference",
    "Exported",
    "Finding",
    "Imported",
    "Litter",
    "Look",
    "Migrated",
    "Repaired",
    "Unreachable",
    "Vacuumed",
    "Verified",
    "clean",
    "compare",
    "delete_tasks",
    "examine",
    "export_archive",
    "import_archive",
    "least_used",
    "litter",
    "migrate",
    "open_neighbour",
    "orphans",
    "prune",
    "repair",
    "tasks_of",
    "unfinished",
    "vacuum",
    "verify",
]
