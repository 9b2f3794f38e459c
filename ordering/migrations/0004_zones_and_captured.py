"""The countries of each method become its zone; what was captured and given back gets its columns."""

from django.db import migrations
from django.db.models import F


def forwards(apps, schema_editor):
    method_model = apps.get_model("ordering", "ShippingMethod")
    zone_model = apps.get_model("ordering", "ShippingZone")
    zones = {}
    for method in method_model.objects.exclude(countries=[]):
        key = tuple(method.countries)
        if key not in zones:
            name = f"{len(zones) + 1}: {', '.join(key)}"[:100]
            zones[key] = zone_model.objects.create(name=name, countries=method.countries)
        method.zone = zones[key]
        method.save()
    payments = apps.get_model("ordering", "Payment").objects
    payments.filter(state__in=["CAPTURED", "REFUNDED"]).update(captured_amount=F("amount"))
    payments.filter(state="REFUNDED").update(refunded_amount=F("amount"))


def backwards(apps, schema_editor):
    for method in apps.get_model("ordering", "ShippingMethod").objects.exclude(zone=None).select_related("zone"):
        method.countries = method.zone.countries
        method.zone = None
        method.save()


class Migration(migrations.Migration):
    dependencies = [("ordering", "0003_commerce")]

    operations = [migrations.RunPython(forwards, backwards)]
