"""A floor on every kind of database, as for the use cases."""

from __future__ import annotations

from tests.server.usecases.conftest import floor

__all__ = ["floor"]
