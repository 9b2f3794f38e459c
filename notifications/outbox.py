"""`record`: the only way an event comes to be, and the only thing that enqueues work in a web process."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import Max, Subquery
from django.db.models.functions import Coalesce

from notifications import origin, tasks
from notifications.models import Event

if TYPE_CHECKING:
    from accounts.models import User


class EventData(Protocol):
    """A frozen dataclass of plain values with a `type` such as "order.placed"."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def type(self) -> str: ...


def record(
    event: EventData,
    *,
    about: models.Model,
    actor: "User | None" = None,
    actor_id: UUID | None = None,
    role: str = "",
    users: Iterable[object] = (),
    emails: Iterable[str] = (),
) -> None:
    """Writes that something happened to `about`, and has it delivered once the transaction has committed.

    The caller holds the lock of `about`'s row, or has just inserted it: that makes `seq` contiguous.
    Whoever did it is named by `actor` or, where only the key is known, `actor_id`; `role` says as what.
    `users` (ids) find it in their inbox, `emails` in their mail. Outside a transaction it refuses with RuntimeError.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("record() needs the transaction of the change it tells about.")
    subject = {"subject_type": ContentType.objects.get_for_model(about), "subject_id": str(about.pk)}
    last = Event.objects.filter(**subject).order_by().values("subject_id").annotate(last=Max("seq")).values("last")
    written = Event.objects.create(
        type=event.type,
        **subject,
        seq=Coalesce(Subquery(last), 0) + 1,
        payload=asdict(event),
        actor_id=actor_id if actor is None else actor.pk,
        role=role,
        origin=origin.current().address,
        audience={"users": [str(user) for user in users], "emails": list(emails)},
    )
    # robust: what cannot be enqueued is logged and swept up later; the change itself has happened.
    # Not a partial: to log a hook that failed, Django needs its __qualname__.
    transaction.on_commit(lambda: tasks.dispatch.delay(event_id=str(written.pk)), robust=True)
