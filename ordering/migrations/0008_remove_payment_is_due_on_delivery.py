"""The order says so."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ordering", "0007_return_closed")]

    operations = [migrations.RemoveField(model_name="payment", name="is_due_on_delivery")]
