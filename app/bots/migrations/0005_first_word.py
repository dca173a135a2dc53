from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bots", "0004_waiting")]

    operations = [
        migrations.AddField(
            model_name="run",
            name="first_word_at",
            field=models.DateTimeField(blank=True, help_text="When the room could first read something of it.", null=True),
        ),
    ]
