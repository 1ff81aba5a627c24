-- The compiled form of schema.py for a fresh SQLite file; do not edit, regenerate:
-- python -m beautyspot.db.schema_sql > packages/core/src/beautyspot/db/schema.sql

CREATE TABLE IF NOT EXISTS tasks (
    cache_key TEXT NOT NULL,
    func_name TEXT NOT NULL,
    input_id TEXT NOT NULL,
    result_type TEXT NOT NULL,
    result_value TEXT,
    result_data BLOB,
    content_type TEXT,
    version TEXT,
    updated_at DATETIME NOT NULL,
    expires_at DATETIME,
    size_bytes BIGINT,
    elapsed_s DOUBLE,
    checksum BIGINT,
    compression TEXT,
    PRIMARY KEY (cache_key)
);

CREATE INDEX IF NOT EXISTS tasks_by_expiry ON tasks (expires_at) WHERE expires_at IS NOT NULL;

CREATE INDEX IF NOT EXISTS tasks_by_function ON tasks (func_name, updated_at);

CREATE TABLE IF NOT EXISTS tags (
    tag TEXT NOT NULL,
    cache_key TEXT NOT NULL,
    PRIMARY KEY (tag, cache_key),
    FOREIGN KEY(cache_key) REFERENCES tasks (cache_key) ON DELETE CASCADE
)
 WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS tags_by_key ON tags (cache_key);

CREATE TABLE IF NOT EXISTS uses (
    cache_key TEXT NOT NULL,
    used_at DATETIME NOT NULL,
    PRIMARY KEY (cache_key),
    FOREIGN KEY(cache_key) REFERENCES tasks (cache_key) ON DELETE CASCADE
)
 WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS activity (
    func_name TEXT NOT NULL,
    minute DATETIME NOT NULL,
    hits INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    saved_s DOUBLE NOT NULL,
    waited_s DOUBLE NOT NULL,
    tokens_spent BIGINT NOT NULL,
    tokens_saved BIGINT NOT NULL,
    PRIMARY KEY (func_name, minute)
)
 WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT NOT NULL,
    parent_id TEXT,
    trace_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    model TEXT,
    started_at DATETIME NOT NULL,
    elapsed_s DOUBLE,
    first_token_s DOUBLE,
    waited_s DOUBLE NOT NULL,
    status TEXT NOT NULL,
    input_tokens BIGINT,
    output_tokens BIGINT,
    cached_tokens BIGINT,
    cost DOUBLE,
    cache_hit BOOLEAN,
    nested BOOLEAN NOT NULL,
    cache_key TEXT,
    error TEXT,
    tags JSON NOT NULL,
    details BLOB,
    PRIMARY KEY (run_id)
);

CREATE INDEX IF NOT EXISTS runs_by_start ON runs (started_at);

CREATE INDEX IF NOT EXISTS runs_by_trace ON runs (trace_id);

CREATE TABLE IF NOT EXISTS limits (
    name TEXT NOT NULL,
    tat_s DOUBLE NOT NULL,
    PRIMARY KEY (name)
)
 WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS legacy_names (
    func_name TEXT NOT NULL,
    claimed_by TEXT,
    PRIMARY KEY (func_name)
)
 WITHOUT ROWID;

PRAGMA user_version = 2;
