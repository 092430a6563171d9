"""What the databases' own catalogues say of tables, as text that can be compared."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from typing import Final

from crmkit.builtin.sql.dialect import Database, Described
from crmkit.builtin.sql.link import DriverLink, Link
from crmkit.builtin.sql.trigrams import table_of

_SQLITE_COLUMNS: Final = """
SELECT m.name, c.name, c.type || CASE WHEN c."notnull" THEN ' NOT NULL' ELSE '' END
FROM sqlite_master AS m, pragma_table_xinfo(m.name) AS c WHERE m.type = 'table' AND m.rootpage > 0
"""
_SQLITE_PARTS: Final = (
    "SELECT tbl_name, name, type, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
)
_SQLITE_VIRTUAL: Final = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND rootpage = 0"
_SQLITE_KEYS: Final = """
SELECT m.name, 'foreign key ' || k.id, 'foreign key to ' || k."table"
FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS k WHERE m.type = 'table' AND m.rootpage > 0
UNION ALL SELECT name, 'check', 'check' FROM sqlite_master WHERE type = 'table' AND upper(sql) GLOB '*[ ,(]CHECK*(*'
"""
_POSTGRESQL_COLUMNS: Final = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) || COALESCE(' COLLATE ' || l.collname, '')
    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
WHERE n.nspname = COALESCE(NULLIF(%s, '')::text, current_schema()) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
"""
_POSTGRESQL_PARTS: Final = """
SELECT t.relname, c.relname, CASE WHEN i.indisvalid THEN 'index' ELSE 'invalid' END, pg_get_indexdef(i.indexrelid)
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_class AS t ON t.oid = i.indrelid
JOIN pg_namespace AS n ON n.oid = t.relnamespace
WHERE n.nspname = COALESCE(NULLIF(%s, '')::text, current_schema()) AND NOT i.indisprimary
"""
_POSTGRESQL_RULES: Final = """
SELECT t.relname, r.name, r.said FROM pg_class AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace JOIN (
    SELECT tgrelid, tgname, 'trigger' FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT conrelid, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype IN ('c', 'f', 'x')
) AS r (place, name, said) ON r.place = t.oid
WHERE n.nspname = COALESCE(NULLIF(%s, '')::text, current_schema())
"""
_MARIADB_COLUMNS: Final = """
SELECT table_name, column_name, CONCAT(
    column_type, COALESCE(CONCAT(' COLLATE ', collation_name), ''), IF(is_nullable = 'NO', ' NOT NULL', ''),
    COALESCE(CONCAT(' AS ', generation_expression), '')
) FROM information_schema.columns WHERE table_schema = COALESCE(NULLIF(%s, ''), DATABASE())
"""
_MARIADB_PARTS: Final = """
SELECT table_name, index_name, CONCAT(
    IF(MAX(non_unique), '', 'UNIQUE '), '(',
    GROUP_CONCAT(column_name, COALESCE(CONCAT('(', sub_part, ')'), '') ORDER BY seq_in_index SEPARATOR ', '), ')'
) FROM information_schema.statistics WHERE table_schema = COALESCE(NULLIF(%s, ''), DATABASE()) AND index_name <> 'PRIMARY'
GROUP BY table_name, index_name
"""
_MARIADB_RULES: Final = """
SELECT event_object_table, trigger_name, 'trigger' FROM information_schema.triggers
WHERE trigger_schema = COALESCE(NULLIF(%s, ''), DATABASE())
UNION ALL SELECT table_name, constraint_name, LOWER(constraint_type) FROM information_schema.table_constraints
WHERE table_schema = COALESCE(NULLIF(%s, ''), DATABASE()) AND constraint_type IN ('FOREIGN KEY', 'CHECK')
"""

_PLACE: Final = r"((?:`[^`]*`|[^\s`])+)"
_TABLE_MADE: Final = re.compile(rf"CREATE TABLE {_PLACE} \(")
_INDEX_MADE: Final = re.compile(rf"CREATE (UNIQUE )?INDEX {_PLACE} ON {_PLACE} (\(.*)", re.DOTALL)
_COLUMN_MADE: Final = re.compile(rf"ALTER TABLE {_PLACE} ADD COLUMN IF NOT EXISTS (.*)", re.DOTALL)
_WORKED_OUT: Final = re.compile(r"^  `(.*?)` .*? GENERATED ALWAYS AS \((.*)\) VIRTUAL,?$", re.MULTILINE)


def described(
    columns: Iterable[tuple[str, str, str]],
    indexes: Iterable[tuple[str, str, str]],
    rules: Iterable[tuple[str, str, str]],
) -> dict[str, Described]:
    """Return tables by name, from rows of table, name and text."""
    made: dict[str, Described] = {}
    for table, name, text in columns:
        made.setdefault(table, Described()).columns[name] = text
    for table, name, text in indexes:
        made.setdefault(table, Described()).indexes[name] = text
    for table, name, text in rules:
        made.setdefault(table, Described()).rules[name] = text
    return made


def describe_sqlite(link: Link) -> Mapping[str, Described]:
    """Return what SQLite says; an index as the statement that made it."""
    parts = link.rows(_SQLITE_PARTS)
    indexes = [(table, name, _sqlite_index(sql)) for table, name, kind, sql in parts if kind == "index"]
    triggers = [(table, name, kind) for table, name, kind, _ in parts if kind == "trigger"]
    virtual = {name: (table_of(name), name, _sqlite_index(sql)) for name, sql in link.rows(_SQLITE_VIRTUAL)}
    columns = [row for row in link.rows(_SQLITE_COLUMNS) if not _is_shadow(row[0], virtual)]
    tables = {row[0] for row in columns}
    indexes += [index for index in virtual.values() if index[0] in tables]
    return described(columns, indexes, [*triggers, *link.rows(_SQLITE_KEYS)])


def _is_shadow(table: str, virtual: Collection[str]) -> bool:
    """Say whether a table is a part of a virtual one, such as an index of trigrams."""
    return table.rpartition("_")[0] in virtual


def _sqlite_index(sql: str) -> str:
    unique = "UNIQUE " if re.match(r"\s*CREATE\s+UNIQUE", sql, re.IGNORECASE) else ""
    return unique + " ".join(sql[sql.index("(") :].split())


def rehearse_sqlite(database: Database, texts: Iterable[str]) -> Mapping[str, Described]:
    """Return the tables that statements make in a database in memory."""
    with closing(sqlite3.connect(":memory:")) as driver:
        link = DriverLink(driver, database, "the database in memory")
        for text in texts:
            link.change(text)
        return describe_sqlite(link)


def describe_postgresql(link: Link, schema: str) -> Mapping[str, Described]:
    """Return what PostgreSQL says; an index by its definition, without its own name and its table's."""
    place = (schema,)
    indexes = [(t, n, _postgresql_index(sql, kind)) for t, n, kind, sql in link.rows(_POSTGRESQL_PARTS, place)]
    return described(link.rows(_POSTGRESQL_COLUMNS, place), indexes, link.rows(_POSTGRESQL_RULES, place))


def _postgresql_index(sql: str, kind: str) -> str:
    unique = "UNIQUE " if sql.startswith("CREATE UNIQUE") else ""
    return unique + sql.partition(" USING ")[2].partition(" ")[2] + ("" if kind == "index" else ", invalid")


def rehearse_postgresql(link: Link, texts: Iterable[str]) -> Mapping[str, Described]:
    """Return the tables that statements make in the temporary schema of a connection, within its transaction."""
    link.change("SAVEPOINT crmkit_scratch")
    try:
        link.change("CREATE TEMPORARY TABLE crmkit_scratch (n integer)")
        ((schema,),) = link.rows("SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()")
        for text in texts:
            link.change(text.replace("CREATE TABLE ", "CREATE TEMPORARY TABLE ", 1))
        found = describe_postgresql(link, schema)
        return {name: table for name, table in found.items() if name != "crmkit_scratch"}
    finally:
        link.change("ROLLBACK TO SAVEPOINT crmkit_scratch")
        link.change("RELEASE SAVEPOINT crmkit_scratch")


def describe_mariadb(link: Link, schema: str) -> Mapping[str, Described]:
    """Return what MariaDB says; an index by its columns, and how much of each stands in it."""
    columns, parts = link.rows(_MARIADB_COLUMNS, (schema,)), link.rows(_MARIADB_PARTS, (schema,))
    return described(columns, parts, link.rows(_MARIADB_RULES, (schema, schema)))


def rehearse_mariadb(link: Link, texts: Iterable[str]) -> Mapping[str, Described]:
    """Return the tables that statements make as temporary ones.

    Each is one statement with all its indexes and columns: what changes a temporary table later ends the transaction, which
    may be a host's. No catalogue knows them: the database shows them.
    """
    made: list[str] = []
    try:
        for place, text in _as_temporary(texts).items():
            link.change(text)
            made.append(place)
        return {place.rpartition(".")[2].strip("`"): _shown(link, place) for place in made}
    finally:
        for place in made:
            link.change(f"DROP TEMPORARY TABLE {place}")


def _as_temporary(texts: Iterable[str]) -> Mapping[str, str]:
    """Return by table the statement that makes it, whole."""
    made: dict[str, str] = {}
    for text in texts:
        if begun := _TABLE_MADE.match(text):
            made[begun[1]] = text.replace("CREATE TABLE ", "CREATE TEMPORARY TABLE ", 1)
        elif index := _INDEX_MADE.match(text):
            made[index[3]] = _with_part(made[index[3]], f"{index[1] or ''}INDEX {index[2]} {index[4]}")
        elif column := _COLUMN_MADE.match(text):
            made[column[1]] = _with_part(made[column[1]], column[2])
    return made


def _with_part(text: str, part: str) -> str:
    """Return the statement that makes a table with one column or index more."""
    columns, end, options = text.rpartition(" )ENGINE=")
    return f"{columns}, {part}{end}{options}"


def _shown(link: Link, place: str) -> Described:
    """Return a temporary table in the words of ``describe_mariadb``."""
    ((_, text),) = link.rows(f"SHOW CREATE TABLE {place}")
    worked_out = dict(_WORKED_OUT.findall(text))
    columns: dict[str, str] = {}
    for name, type_, collation, null, *_ in link.rows(f"SHOW FULL COLUMNS FROM {place}"):
        parts = (f" COLLATE {collation}" if collation else "", " NOT NULL" if null == "NO" else "")
        columns[name] = "".join((type_, *parts, f" AS {worked_out[name]}" if name in worked_out else ""))
    indexes: dict[str, str] = {}
    for _, is_plain, name, _, column, _, _, beginning, *_ in link.rows(f"SHOW INDEX FROM {place}"):
        on = f"{column}({beginning})" if beginning else column
        before = indexes.get(name, "(" if is_plain else "UNIQUE (").removesuffix(")")
        indexes[name] = f"{before}{'' if before.endswith('(') else ', '}{on})"
    indexes.pop("PRIMARY", None)
    return Described(columns=columns, indexes=indexes)
