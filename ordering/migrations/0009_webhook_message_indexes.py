"""What was given up is not read for what is due, and what is old is found."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ordering", "0008_remove_payment_is_due_on_delivery")]

    operations = [
        migrations.RemoveIndex(model_name="webhookmessage", name="webhook_message_open"),
        migrations.AddIndex(
            model_name="webhookmessage",
            index=models.Index(
                condition=models.Q(("processed_at", None)), fields=["tries", "received_at"], name="webhook_message_open"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookmessage",
            index=models.Index(fields=["received_at", "id"], name="webhook_message_by_age"),
        ),
    ]
