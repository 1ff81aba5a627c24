"""The recorder: every call of a model, embedding, retriever, reranker, query, tool and step becomes a row of `runs`."""

from beautyspot.exports import on_demand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llama_index.callbacks.beautyspot.recorder.handler import BeautySpotCallbackHandler
    from llama_index.callbacks.beautyspot.recorder.recorder import Recorder, install
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "BeautySpotCallbackHandler": "llama_index.callbacks.beautyspot.recorder.handler",
            "install": "llama_index.callbacks.beautyspot.recorder.recorder",
            "Recorder": "llama_index.callbacks.beautyspot.recorder.recorder",
        },
    )

__all__ = ["BeautySpotCallbackHandler", "Recorder", "install"]
