from django.db import migrations, models
from django.db.models.functions import Upper

STATUSES = [
    ("PENDING", "Pending"),
    ("AWAITING_APPROVAL", "Awaiting Approval"),
    ("CONFIRMED", "Confirmed"),
    ("PROCESSING", "Processing"),
    ("PARTIALLY_SHIPPED", "Partially Shipped"),
    ("SHIPPED", "Shipped"),
    ("DELIVERED", "Delivered"),
    ("ON_HOLD", "On Hold"),
    ("CANCELLED", "Cancelled"),
    ("REJECTED", "Rejected"),
]

# Parts of an e-mail address and of a name are looked for in all orders. The catalog brought the extension.
INSTALL = [
    "CREATE INDEX order_by_part_of_email ON ordering_order USING gin (UPPER(email) gin_trgm_ops)",
    "CREATE INDEX order_by_part_of_name ON ordering_order USING gin "
    "(UPPER(shipping_address ->> 'full_name') gin_trgm_ops)",
]
REMOVE = ["DROP INDEX order_by_part_of_name", "DROP INDEX order_by_part_of_email"]


def install(apps, schema_editor):
    run(INSTALL, schema_editor)


def remove(apps, schema_editor):
    run(REMOVE, schema_editor)


def run(statements, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement, params=None)


def newest(name, *fields):
    return [
        migrations.RemoveIndex(model_name="order", name=name),
        migrations.AddIndex(model_name="order", index=models.Index(fields=[*fields, "placed_at", "id"], name=name)),
    ]


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_search"), ("ordering", "0008_returns_and_downloads")]

    operations = [
        *newest("order_by_customer", "customer"),
        *newest("order_by_newest"),
        *newest("order_by_status", "status"),
        *newest("order_by_payment_status", "payment_status"),
        migrations.AddField(
            model_name="order",
            name="held_from",
            field=models.CharField(
                blank=True, choices=STATUSES, editable=False, help_text="Where a hold found it.", max_length=20
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="is_due_on_delivery",
            field=models.BooleanField(default=False, editable=False, help_text="It is shipped before it is paid."),
        ),
        migrations.AddField(
            model_name="order",
            name="is_payment_awaited",
            field=models.BooleanField(
                default=False,
                editable=False,
                help_text="Staff note the money when it comes: a bank transfer, cash on delivery.",
            ),
        ),
        migrations.AddIndex(model_name="orderline", index=models.Index(Upper("sku"), name="order_line_by_sku")),
        migrations.AddIndex(
            model_name="cart",
            index=models.Index(
                fields=["created_at", "id"],
                condition=models.Q(drafted_by__isnull=False, completed_at=None),
                name="cart_drafts",
            ),
        ),
        migrations.RunPython(install, remove),
    ]
