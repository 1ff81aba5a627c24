"""Every task of a catalog, page by page."""

from collections.abc import Iterator
from typing import Any

from beautyspot.catalog import Catalog
from beautyspot.records import Task

PAGE = 1000


def tasks_of(catalog: Catalog, /, **filters: Any) -> Iterator[Task]:
    """Yield every task that the filters of `Catalog.tasks` mean, newest first; all without any."""
    after = None
    while True:
        page = catalog.tasks(**filters, limit=PAGE, after=after)
        yield from page.rows
        after = page.next
        if after is None:
            return
