"""A web service that asks a slow, limited API: each question once, at the API's pace, however many workers serve."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import beautyspot as bs
import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

log = logging.getLogger("service")
UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:9000")

# One limit for all workers: it lies in the database. Nothing is opened here, before the workers fork.
spot = bs.Spot("service", tpm=float(os.environ.get("TPM", "600")), burst=5, shared_limit=True, default_ttl="1d")


@spot.mark(ignore=("client",))
@spot.limiter()
async def summarise(name: str, client: httpx.AsyncClient) -> str:
    """Ask the API; what it refuses raises, and nothing is kept of it."""
    answer = await client.get(f"{UPSTREAM}/summaries", params={"name": name})
    answer.raise_for_status()
    return answer.text


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Hold one client for each worker, and write what is still held when it stops."""
    async with httpx.AsyncClient(timeout=30) as client:
        app.state.client = client
        yield
    spot.flush()


app = FastAPI(lifespan=lifespan)


@app.get("/summaries/{name}")
async def summary(name: str) -> dict[str, str]:
    """Return the summary of what is named."""
    return {"name": name, "summary": await summarise(name, app.state.client)}


@app.exception_handler(httpx.HTTPError)
async def not_answered(request: Request, error: httpx.HTTPError) -> JSONResponse:
    """Answer 502 when the API refuses or is away, and say so in the log; the next request asks it again."""
    log.error("%s: %s: %s", request.url.path, type(error).__name__, error)
    return JSONResponse({"detail": f"the API did not answer: {type(error).__name__}"}, status_code=502)


@app.get("/health")
async def health() -> dict[str, int]:
    """Say what this worker's hits and misses are."""
    info = summarise.cache_info()
    return {"hits": info.hits, "misses": info.misses, "worker": os.getpid()}
