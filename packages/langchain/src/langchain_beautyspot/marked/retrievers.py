"""Retrievers whose documents are kept."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig

from langchain_beautyspot.marked.runnables import MarkedRunnable


class MarkedRetriever(BaseRetriever):
    """A marked Runnable that is a retriever still: LangChain's chains ask whether they were given one."""

    marked: MarkedRunnable
    """What keeps the documents."""

    def invoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:  # noqa: A002 - LangChain's
        """Return what is kept for `input`, or what the retriever finds now."""
        return self.marked.invoke(input, config, **kwargs)

    async def ainvoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:  # noqa: A002 - as above
        """Do as `invoke`."""
        return await self.marked.ainvoke(input, config, **kwargs)

    def stream(
        self,
        input: str,  # noqa: A002 - as above
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Iterator[list[Document]]:
        """Yield what is kept, or what the retriever finds now."""
        return self.marked.stream(input, config, **kwargs)

    def astream(
        self,
        input: str,  # noqa: A002 - as above
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[list[Document]]:
        """Do as `stream`."""
        return self.marked.astream(input, config, **kwargs)

    @property
    def config_specs(self) -> list[Any]:
        """What can be configured in the retriever."""
        return self.marked.config_specs

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return self.marked.invoke(query, {"callbacks": run_manager.get_child()})
