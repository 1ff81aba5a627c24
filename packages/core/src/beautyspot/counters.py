"""How a SQLite file counts what it keeps of each function, so that nobody has to read a million rows for it.

`functions` holds the sums over the rows of `tasks` up to the `rowid` in `counted`. The few rows behind it are summed
when somebody asks, and added by every 128th insert: 1 µs for a put, where a trigger that counts each row takes 8, most
of it for one more changed page. A big value is counted at once: what is asked of its row lies behind it, and reading
over 128 of 64 kB takes 12 ms. A delete or an update takes back what was counted, and only that. A row that is put
again has a new `rowid`, the highest, as every new row has.
"""

# ruff: noqa: S608 - the statements are made of this file's own words

COUNTS = {
    "results": "1",
    "size_bytes": "coalesce({0}size_bytes, length({0}result_data), 0)",
    "blobs": "({0}result_type = 'FILE')",
    "blob_bytes": "({0}result_type = 'FILE') * coalesce({0}size_bytes, 0)",
    "elapsed_us": "CAST(round(coalesce({0}elapsed_s, 0) * 1000000) AS INTEGER)",
}
"""What each column of `functions` but the name sums, of a row called `{0}`."""


def _each(form: str) -> str:
    return ",\n        ".join(
        form.format(name=name, old=v.format("OLD."), new=v.format("NEW."), row=v.format(""))
        for name, v in COUNTS.items()
    )


_BEHIND = "FROM tasks WHERE rowid > (SELECT up_to FROM counted)"
UNCOUNTED = f"SELECT func_name, {_each('{row} AS {name}')} {_BEHIND}"
"""A row like those of `functions` for each row of `tasks` that is still to be added."""

# The plus sign: SQLite would else walk through a whole index to have the groups in order.
_SUMS = f"""\
SELECT func_name,
        {_each("sum({row}) AS {name}")}
        {_BEHIND} GROUP BY +func_name"""
_ADD = f"ON CONFLICT (func_name) DO UPDATE SET\n        {_each('{name} = {name} + excluded.{name}')}"
_TAKE_BACK = (
    f"UPDATE functions SET\n        {_each('{name} = {name} - {old}')}\n        WHERE func_name = OLD.func_name"
)
_LAST = "(SELECT coalesce(max(rowid), 0) FROM tasks)"

START = "INSERT INTO counted (up_to) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM counted)"
TRIGGERS = (
    f"""\
CREATE TRIGGER IF NOT EXISTS tasks_inserted AFTER INSERT ON tasks
WHEN NEW.rowid % 128 = 0 OR length(NEW.result_data) > 4000 BEGIN
    INSERT INTO functions {_SUMS}
        {_ADD};
    UPDATE counted SET up_to = {_LAST};
END""",
    # The number of a deleted last row goes to the next new one, which must not pass for counted.
    f"""\
CREATE TRIGGER IF NOT EXISTS tasks_deleted AFTER DELETE ON tasks BEGIN
    {_TAKE_BACK} AND OLD.rowid <= (SELECT up_to FROM counted);
    UPDATE counted SET up_to = {_LAST}
        WHERE up_to > {_LAST};
END""",
    f"""\
CREATE TRIGGER IF NOT EXISTS tasks_updated
AFTER UPDATE OF func_name, result_type, result_data, size_bytes, elapsed_s ON tasks
WHEN OLD.rowid <= (SELECT up_to FROM counted) BEGIN
    {_TAKE_BACK};
    INSERT INTO functions VALUES (
        NEW.func_name,
        {_each("{new}")}
    ) {_ADD};
END""",
)
