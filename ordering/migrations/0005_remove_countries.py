from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ordering", "0004_zones_and_captured")]

    operations = [migrations.RemoveField(model_name="shippingmethod", name="countries")]
