import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ordering", "0006_promotions_kept")]

    operations = [
        migrations.RemoveIndex(model_name="refund", name="refund_open"),
        migrations.AddField(
            model_name="refund",
            name="updated_at",
            field=models.DateTimeField(auto_now=True, default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(fields=["updated_at"], condition=models.Q(("state", "REQUESTED")), name="refund_open"),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                fields=["updated_at"],
                condition=models.Q(
                    ("state__in", ["REQUESTED", "ACTION_REQUIRED", "AWAITED", "IN_REVIEW", "AUTHORIZED"])
                ),
                name="payment_open",
            ),
        ),
        migrations.AddIndex(
            model_name="payment", index=models.Index(fields=["updated_at", "id"], name="payment_by_change")
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["id"],
                condition=models.Q(
                    ("payment_status__in", ["PAID", "PARTIALLY_REFUNDED"]), ("status__in", ["CANCELLED", "REJECTED"])
                ),
                name="order_to_give_back",
            ),
        ),
    ]
