"""Keeping a store in order: delete results, find out what is wrong."""

from beautyspot.maintenance.delete import Deleted, delete_tasks
from beautyspot.maintenance.doctor import examine
from beautyspot.maintenance.findings import Finding

__all__ = ["Deleted", "Finding", "delete_tasks", "examine"]
