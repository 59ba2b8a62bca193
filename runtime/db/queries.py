"""Named queries: SQL stays in `.sql` files, one text for all dialects.

    -- name: find_order
    -- The order of that id.
    SELECT id, status FROM orders WHERE id = :id;

A file under `sql/<dialect>/` may give a query another text for that dialect;
its comment must then begin with "Differs because".
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from runtime.errors import ConfigurationError

_HEADER = re.compile(r"^-- name: ([a-z0-9_]+)[ \t]*\n(-- .+)$", re.MULTILINE)
_ANNOUNCED = re.compile(r"^--\s*name:", re.MULTILINE)
_MIGRATION = re.compile(r"(\d{4})_([a-z0-9_]+)\.([a-z]+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step of a schema."""

    schema: str
    number: int
    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables and queries that a package brings: its folders `sql` and `migrations`."""

    name: str
    package: str

    def queries(self, dialect: str) -> dict[str, str]:
        """Statement texts by name, the dialect's own overriding the common ones.

        Raises:
            ConfigurationError: a name given twice, a header without a comment, an override without reason.
        """
        folder = files(self.package) / "sql"
        common = _collect(_sql_files(folder))
        own = _collect(_sql_files(folder / dialect), override=True)
        return {**common, **own}

    def migrations(self, dialect: str) -> list[Migration]:
        """The dialect's migrations in order.

        Raises:
            ConfigurationError: a number is missing or given twice.
        """
        steps = []
        for file in (files(self.package) / "migrations").iterdir():
            match = _MIGRATION.fullmatch(file.name)
            if match and match[3] == dialect:
                steps.append(Migration(self.name, int(match[1]), match[2], file.read_text()))
        steps.sort(key=lambda step: step.number)
        if [step.number for step in steps] != list(range(1, len(steps) + 1)):
            raise ConfigurationError(
                f"schema {self.name}: migrations must be numbered 1, 2, 3, … without gaps"
            )
        return steps


def merge_queries(schemas: Iterable[Schema], dialect: str) -> dict[str, str]:
    """All queries of all schemas; names are unique across them.

    Raises:
        ConfigurationError: two schemas use one name.
    """
    merged: dict[str, str] = {}
    for schema in schemas:
        for name, text in schema.queries(dialect).items():
            if name in merged:
                raise ConfigurationError(f"query {name!r} of schema {schema.name} is there already")
            merged[name] = text
    return merged


def split_queries(text: str) -> Iterator[tuple[str, str, str]]:
    """The (name, comment, statement) triples of one file."""
    headers = list(_HEADER.finditer(text))
    for header, following in zip(headers, [*headers[1:], None], strict=True):
        end = following.start() if following else len(text)
        yield header[1], header[2].removeprefix("-- "), text[header.end() : end].strip().rstrip(";")


def _sql_files(folder: Traversable) -> Iterator[Traversable]:
    if folder.is_dir():
        yield from sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)


def _collect(sources: Iterable[Traversable], *, override: bool = False) -> dict[str, str]:
    found: dict[str, str] = {}
    for source in sources:
        text = source.read_text()
        queries = list(split_queries(text))
        if len(queries) != len(_ANNOUNCED.findall(text)):
            # It would be read as the end of the query before it.
            raise ConfigurationError(f"{source.name}: «-- name: lower_case», and below it a line of comment")
        for name, comment, statement in queries:
            if name in found:
                raise ConfigurationError(f"{source.name}: query {name!r} stands there twice")
            if override and not comment.startswith("Differs because"):
                raise ConfigurationError(f"{source.name}: {name!r} must say «Differs because …»")
            found[name] = statement
    return found
