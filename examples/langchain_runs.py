"""What did the calls of a chain take, cost and save? Every run becomes a row, without a change to the chain."""

from collections.abc import Iterator

from langchain_beautyspot import BeautySpotCache, Price, record_runs
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from pydantic import Field

USAGE = {"input_tokens": 1200, "output_tokens": 300, "total_tokens": 1500}
ANSWER = AIMessage("In black.", usage_metadata=USAGE, response_metadata={"model_name": "stage-1"})


class Stage(GenericFakeChatModel):
    """Stands for a paid model that says which tokens it took."""

    messages: Iterator[AIMessage | str] = Field(exclude=True)  # nothing tells an iterator from others


model = Stage(messages=iter([ANSWER] * 9), cache=BeautySpotCache(".beautyspot/langchain.db"))
chain = ChatPromptTemplate.from_template("What does {who} wear?") | model

if __name__ == "__main__":
    with record_runs(".beautyspot/langchain.db", prices={"stage-*": Price(input=2.0, output=8.0)}) as recorder:
        for who in ("a stage hand", "a stage hand", "the crew"):
            chain.invoke({"who": who})
    for row in recorder.rows():
        if row.kind == "llm":
            print(f"{'hit ' if row.cache_hit else 'call'} {row.elapsed_s:.4f} s  {row.input_tokens} tokens in")
    totals = recorder.totals()
    print(f"spent {totals.spent_tokens} tokens and {totals.cost:.4f}, saved {totals.saved_tokens} tokens")
