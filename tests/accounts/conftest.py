"""What tests of people need besides a shop."""

from contextlib import contextmanager

import pytest
from django.core import mail


@pytest.fixture
def mailed(django_capture_on_commit_callbacks):
    """`with mailed() as letters:` commits what is done within; then `letters` are the e-mails it sent."""

    @contextmanager
    def sent():
        before, letters = len(mail.outbox), []
        with django_capture_on_commit_callbacks(execute=True):
            yield letters
        letters += mail.outbox[before:]

    return sent
