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
    tokens_per_minute DOUBLE,
    burst DOUBLE,
    PRIMARY KEY (name)
)
 WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS legacy_names (
    func_name TEXT NOT NULL,
    claimed_by TEXT,
    PRIMARY KEY (func_name)
)
 WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS origins (
    scope TEXT NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (scope)
)
 WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS functions (
    func_name TEXT NOT NULL,
    results BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    blobs BIGINT NOT NULL,
    blob_bytes BIGINT NOT NULL,
    elapsed_us BIGINT NOT NULL,
    PRIMARY KEY (func_name)
)
 WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS counted (
    up_to BIGINT NOT NULL,
    PRIMARY KEY (up_to)
)
 WITHOUT ROWID;

INSERT INTO counted (up_to) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM counted);

CREATE TRIGGER IF NOT EXISTS tasks_inserted AFTER INSERT ON tasks
WHEN NEW.rowid % 128 = 0 OR length(NEW.result_data) > 4000 BEGIN
    INSERT INTO functions SELECT func_name,
        sum(1) AS results,
        sum(coalesce(size_bytes, length(result_data), 0)) AS size_bytes,
        sum((result_type = 'FILE')) AS blobs,
        sum((result_type = 'FILE') * coalesce(size_bytes, 0)) AS blob_bytes,
        sum(CAST(round(coalesce(elapsed_s, 0) * 1000000) AS INTEGER)) AS elapsed_us
        FROM tasks WHERE rowid > (SELECT up_to FROM counted) GROUP BY +func_name
        ON CONFLICT (func_name) DO UPDATE SET
        results = results + excluded.results,
        size_bytes = size_bytes + excluded.size_bytes,
        blobs = blobs + excluded.blobs,
        blob_bytes = blob_bytes + excluded.blob_bytes,
        elapsed_us = elapsed_us + excluded.elapsed_us;
    UPDATE counted SET up_to = (SELECT coalesce(max(rowid), 0) FROM tasks);
END;

CREATE TRIGGER IF NOT EXISTS tasks_deleted AFTER DELETE ON tasks BEGIN
    UPDATE functions SET
        results = results - 1,
        size_bytes = size_bytes - coalesce(OLD.size_bytes, length(OLD.result_data), 0),
        blobs = blobs - (OLD.result_type = 'FILE'),
        blob_bytes = blob_bytes - (OLD.result_type = 'FILE') * coalesce(OLD.size_bytes, 0),
        elapsed_us = elapsed_us - CAST(round(coalesce(OLD.elapsed_s, 0) * 1000000) AS INTEGER)
        WHERE func_name = OLD.func_name AND OLD.rowid <= (SELECT up_to FROM counted);
    UPDATE counted SET up_to = (SELECT coalesce(max(rowid), 0) FROM tasks)
        WHERE up_to > (SELECT coalesce(max(rowid), 0) FROM tasks);
END;

CREATE TRIGGER IF NOT EXISTS tasks_updated
AFTER UPDATE OF func_name, result_type, result_data, size_bytes, elapsed_s ON tasks
WHEN OLD.rowid <= (SELECT up_to FROM counted) BEGIN
    UPDATE functions SET
        results = results - 1,
        size_bytes = size_bytes - coalesce(OLD.size_bytes, length(OLD.result_data), 0),
        blobs = blobs - (OLD.result_type = 'FILE'),
        blob_bytes = blob_bytes - (OLD.result_type = 'FILE') * coalesce(OLD.size_bytes, 0),
        elapsed_us = elapsed_us - CAST(round(coalesce(OLD.elapsed_s, 0) * 1000000) AS INTEGER)
        WHERE func_name = OLD.func_name;
    INSERT INTO functions VALUES (
        NEW.func_name,
        1,
        coalesce(NEW.size_bytes, length(NEW.result_data), 0),
        (NEW.result_type = 'FILE'),
        (NEW.result_type = 'FILE') * coalesce(NEW.size_bytes, 0),
        CAST(round(coalesce(NEW.elapsed_s, 0) * 1000000) AS INTEGER)
    ) ON CONFLICT (func_name) DO UPDATE SET
        results = results + excluded.results,
        size_bytes = size_bytes + excluded.size_bytes,
        blobs = blobs + excluded.blobs,
        blob_bytes = blob_bytes + excluded.blob_bytes,
        elapsed_us = elapsed_us + excluded.elapsed_us;
END;

PRAGMA user_version = 4;
