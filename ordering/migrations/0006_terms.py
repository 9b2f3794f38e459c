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
    is_postgres = schema_editor.connection.vendor == "postgresql"
    new_version = "gen_random_uuid()::text" if is_postgres else "lower(hex(randomblob(16)))"
    raise_version = f"UPDATE ordering_terms SET version = {new_version};"
    if is_postgres:
        schema_editor.execute(
            "CREATE OR REPLACE FUNCTION ordering_terms_changed() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {raise_version} RETURN NULL; END $$"
        )
        reaction = "FOR EACH STATEMENT EXECUTE FUNCTION ordering_terms_changed()"
    else:
        reaction = f"BEGIN {raise_version} END"
    models = [apps.get_model("ordering", name) for name in MODELS]
    models += [getattr(apps.get_model("ordering", name), relation).through for name, relation in RELATIONS]
    for model in models:
        table = model._meta.db_table
        columns = ", ".join(field.column for field in model._meta.local_concrete_fields if field.name != COUNTER)
        events = {"insert": "INSERT", "update": f"UPDATE OF {columns}", "delete": "DELETE"}
        if is_postgres:
            events["truncate"] = "TRUNCATE"
        for name, event in events.items():
            trigger = f"{table}_terms_{name}"
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {trigger}{f' ON {table}' if is_postgres else ''}")
            schema_editor.execute(f"CREATE TRIGGER {trigger} AFTER {event} ON {table} {reaction}")


class Migration(migrations.Migration):
    dependencies = [("ordering", "0005_remove_countries")]

    operations = [
        migrations.RunSQL(
            [
                "CREATE TABLE ordering_terms (version varchar(36) NOT NULL)",
                "INSERT INTO ordering_terms (version) VALUES ('first')",
            ]
        ),
        migrations.RunPython(watch),
    ]
