"""The cache of language models: the answers of the eight entry points, by what was asked of which model."""
