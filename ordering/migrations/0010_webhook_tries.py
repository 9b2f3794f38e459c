from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ordering", "0009_order_states"),
    ]

    operations = [
        migrations.AddField(
            model_name="webhookmessage",
            name="tries",
            field=models.PositiveSmallIntegerField(default=0, help_text="How often it could not be worked on."),
        ),
    ]
