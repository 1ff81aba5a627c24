"""Read-only questions about what is kept: what the command line and the dashboard stand on."""

from beautyspot.catalog.catalog import Catalog
from beautyspot.catalog.contents import Content
from beautyspot.catalog.history import Step
from beautyspot.catalog.records import FunctionSummary, Limit, ModelSummary, ModelUse, Page, Size
from beautyspot.catalog.tasks import Order
from beautyspot.catalog.values import ValueReader

__all__ = [
    "Catalog",
    "Content",
    "FunctionSummary",
    "Limit",
    "ModelSummary",
    "ModelUse",
    "Order",
    "Page",
    "Size",
    "Step",
    "ValueReader",
]
