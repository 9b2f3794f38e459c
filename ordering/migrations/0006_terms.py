"""A version of the shop's terms, which the database raises whenever a row of them changes.

SQLite drops a table's triggers when a migration rebuilds it, and a new column is not watched by itself: whoever alters
one of these tables calls `watch` again.
"""

from django.db import migrations

MODELS = ["promotion", "shippingmethod", "shippingtier", "shippingzone", "taxrate"]
RELATIONS = [("promotion", "products"), ("promotion", "categories"), ("promotion", "customer_groups")]
# Counted in its row at every checkout: no change of what the shop offers.
COUNTER = "times_used"


def watch(apps, schema_editor):
    new_version = "gen_random_uuid()::text" if _is_postgres(schema_editor) else "lower(hex(randomblob(16)))"
    raise_version = f"UPDATE ordering_terms SET version = {new_version};"
    if _is_postgres(schema_editor):
        schema_editor.execute(
            "CREATE OR REPLACE FUNCTION ordering_terms_changed() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {raise_version} RETURN NULL; END $$"
        )
        reaction = "FOR EACH STATEMENT EXECUTE FUNCTION ordering_terms_changed()"
    else:
        reaction = f"BEGIN {raise_version} END"
    unwatch(apps, schema_editor)
    for table, trigger, event in _triggers(apps, schema_editor):
        schema_editor.execute(f"CREATE TRIGGER {trigger} AFTER {event} ON {table} {reaction}")


def unwatch(apps, schema_editor):
    for table, trigger, _ in _triggers(apps, schema_editor):
        of_table = f" ON {table}" if _is_postgres(schema_editor) else ""
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {trigger}{of_table}")


def _triggers(apps, schema_editor):
    """Of each table its name, and for each kind of change the name of a trigger and the change."""
    models = [apps.get_model("ordering", name) for name in MODELS]
    models += [getattr(apps.get_model("ordering", name), relation).through for name, relation in RELATIONS]
    for model in models:
        table = model._meta.db_table
        columns = ", ".join(field.column for field in model._meta.local_concrete_fields if field.name != COUNTER)
        events = {"insert": "INSERT", "update": f"UPDATE OF {columns}", "delete": "DELETE"}
        if _is_postgres(schema_editor):
            events["truncate"] = "TRUNCATE"
        for name, event in events.items():
            yield table, f"{table}_terms_{name}", event


def _is_postgres(schema_editor):
    return schema_editor.connection.vendor == "postgresql"


class Migration(migrations.Migration):
    dependencies = [("ordering", "0005_remove_countries")]

    operations = [
        migrations.RunSQL(
            [
                "CREATE TABLE ordering_terms (version varchar(36) NOT NULL)",
                "INSERT INTO ordering_terms (version) VALUES ('first')",
            ],
            "DROP TABLE ordering_terms",
        ),
        migrations.RunPython(watch, unwatch),
    ]
