from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_event_origin")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="role",
            field=models.CharField(
                blank=True,
                help_text="As what the actor did it, also one who is not signed in: CUSTOMER, STAFF …",
                max_length=20,
            ),
        ),
    ]
