"""The keys under which something was done, so that it is done once."""

from django.db import models


class IdempotencyKey(models.Model):
    """One thing that was done under a key. `scope` is what the key is unique in: "order:<id>" or "user:<id>"."""

    scope = models.CharField(max_length=60)
    key = models.CharField(max_length=128)
    operation = models.CharField(max_length=40)
    digest = models.CharField(max_length=64, help_text="Of what was asked, and by whom.")
    answer = models.CharField(max_length=64, blank=True, help_text="The key of the row that it made.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="idempotency_key_once_per_scope")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_key_by_age")]

    def __str__(self) -> str:
        return f"{self.scope}: {self.operation}"
