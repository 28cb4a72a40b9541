"""Alembic runs this: migrations happen on the connection, and in the transaction, of `migrate`."""

from alembic import context
from sqlalchemy import Connection

from review.tables import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
context.run_migrations()
