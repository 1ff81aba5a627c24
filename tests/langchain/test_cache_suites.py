"""LangChain's own exam for caches."""

from pathlib import Path

import pytest
from langchain_beautyspot import BeautySpotCache
from langchain_tests.integration_tests import AsyncCacheTestSuite, SyncCacheTestSuite


class TestSync(SyncCacheTestSuite):
    @pytest.fixture
    def cache(self, tmp_path: Path) -> BeautySpotCache:
        return BeautySpotCache(tmp_path / "answers.db")


class TestAsync(AsyncCacheTestSuite):
    @pytest.fixture
    async def cache(self, tmp_path: Path) -> BeautySpotCache:
        return BeautySpotCache(tmp_path / "answers.db")


class TestMemory(SyncCacheTestSuite):
    @pytest.fixture
    def cache(self) -> BeautySpotCache:
        return BeautySpotCache("memory://")
