"""The MetaData that all tables share, and short names for the columns that many of them have."""

from typing import Any

from sqlalchemy import Boolean, Column, MetaData, Text, false

from tocsin.store.columns import Instant, Json

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def text(name: str, *, nullable: bool = False, **options: Any) -> Column[Any]:
    """A text column."""
    return Column(name, Text, nullable=nullable, **options)


def instant(name: str, *, nullable: bool = False, **options: Any) -> Column[Any]:
    """A UTC instant column."""
    return Column(name, Instant, nullable=nullable, **options)


def json(name: str, *, nullable: bool = False, **options: Any) -> Column[Any]:
    """A JSON column kept as text."""
    return Column(name, Json, nullable=nullable, **options)


def flag(name: str) -> Column[Any]:
    """A boolean column, false by default."""
    return Column(name, Boolean, nullable=False, server_default=false(), default=False)
