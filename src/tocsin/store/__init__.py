"""The database: engine, write() and read(), column types, migrations. No rules."""
