"""One kept result, shown by what it is."""

from beautyspot_dashboard.views.choice import show

__all__ = ["show"]
