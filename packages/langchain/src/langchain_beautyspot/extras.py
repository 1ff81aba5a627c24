"""What an extra of this package brings."""

from importlib import import_module


def need(extra: str, module: str, what: str, /) -> None:
    """Import `module`, which `what` stands on.

    Raises:
        ImportError: the extra is not installed.
    """
    try:
        import_module(module)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"{what} found no module {error.name!r}; expected the extra {extra!r}; "
            f"pip install 'langchain-beautyspot[{extra}]'",
            name=error.name,
        ) from error
