"""Read-only questions about what is kept: what the command line and the dashboard stand on."""

from beautyspot.catalog.catalog import Catalog
from beautyspot.catalog.contents import Content
from beautyspot.catalog.records import FunctionSummary, ModelSummary, Page, Size
from beautyspot.catalog.values import ValueReader

__all__ = ["Catalog", "Content", "FunctionSummary", "ModelSummary", "Page", "Size", "ValueReader"]
