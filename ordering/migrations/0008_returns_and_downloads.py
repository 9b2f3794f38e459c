import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0001_initial"),
        ("ordering", "0007_refunds_settled"),
    ]

    operations = [
        migrations.AlterModelOptions(name="fulfillmentline", options={"ordering": ["id"]}),
        migrations.AlterModelOptions(name="returnline", options={"ordering": ["id"]}),
        migrations.AlterField(
            model_name="digitalfile",
            name="variant",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="digital_files",
                to="catalog.productvariant",
            ),
        ),
        migrations.AddField(
            model_name="download",
            name="started_at",
            field=models.DateTimeField(blank=True, help_text="When it was last begun.", null=True),
        ),
        migrations.RemoveIndex(model_name="return", name="return_by_status"),
        migrations.AddIndex(
            model_name="return",
            index=models.Index(fields=["status", "requested_at", "id"], name="return_by_status"),
        ),
        migrations.AddIndex(
            model_name="return",
            index=models.Index(fields=["requested_at", "id"], name="return_by_newest"),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(
                condition=models.Q(("is_digital", True), ("quantity_fulfilled__lt", models.F("quantity"))),
                fields=["variant"],
                name="order_line_digital_open",
            ),
        ),
    ]
