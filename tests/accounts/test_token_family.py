"""The refresh tokens of a session, whatever is done to them in whatever order."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.errors import AccountError
from accounts.models import RefreshToken, Session, User
from accounts.services import passwords, sessions
from notifications.models import Event
from tests.conftest import PASSWORD, make_user
from tests.people import forget_attempts

pytestmark = pytest.mark.django_db

# Seconds that pass at once. No sum of them comes near the ten within which a retry is one.
LEAPS = [4, 60, 86_400, 31 * 86_400]


@dataclass
class Family:
    """What is to be expected of one session: its refresh tokens, oldest first, and when each was used."""

    tokens: list[str]
    expires: list[int]
    used: list[int | None] = field(default_factory=lambda: [None])
    access_tokens: list[str] = field(default_factory=list)
    is_open: bool = True
    saw_reuse: bool = False


class TokenFamilies(RuleBasedStateMachine):
    """One person, signed in any number of times, and anybody who got hold of any of the tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.user = make_user("customer@example.com")
        self.families: list[Family] = []
        self.now = 0
        self.password = PASSWORD

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    # ── What may happen ──────────────────────────────────────────────────────────────────────────────────────────────
    @initialize()
    def begin(self) -> None:
        self.sign_in()

    @rule()
    def sign_in(self) -> None:
        forget_attempts()
        self.opened(sessions.sign_in(email=self.user.email, password=self.password))

    @rule(leap=st.sampled_from(LEAPS))
    def time_passes(self, leap) -> None:
        self.now += leap
        gone = timedelta(seconds=leap)
        RefreshToken.objects.update(expires_at=F("expires_at") - gone, used_at=F("used_at") - gone)
        Session.objects.update(expires_at=F("expires_at") - gone, last_used_at=F("last_used_at") - gone)

    @rule(data=st.data())
    def refresh(self, data) -> None:
        """The newest token, or one of those before it: a retry, or a thief's copy."""
        family, position = self.some_token(data)

        if not family.is_open or family.expires[position] <= self.now:
            self.is_refused(family.tokens[position])
        elif family.used[position] is None:
            self.renewed(family, sessions.refresh(refresh_token=family.tokens[position]))
        elif self.is_retry(family, position):
            again = sessions.refresh(refresh_token=family.tokens[position])
            assert again.refresh_token == family.tokens[position + 1]
            family.access_tokens.append(again.access_token)
        else:
            self.is_refused(family.tokens[position])
            family.is_open, family.saw_reuse = False, True

    @rule(data=st.data())
    def sign_out(self, data) -> None:
        family, position = self.some_token(data)

        assert sessions.sign_out(refresh_token=family.tokens[position]) is family.is_open

        family.is_open = False

    @rule(data=st.data())
    def revoke_session(self, data) -> None:
        family, _ = self.some_token(data)

        session = RefreshToken.objects.get(digest=self.digest(family.tokens[0])).session
        sessions.revoke_session(actor=self.user, session_id=session.pk)

        family.is_open = False

    @rule()
    def revoke_all(self) -> None:
        sessions.revoke_all(actor=self.user)

        self.all_end()

    @rule()
    def change_password(self) -> None:
        forget_attempts()
        new = "another phrase" if self.password == PASSWORD else PASSWORD

        tokens = passwords.change(actor=User.objects.get(), old_password=self.password, new_password=new)

        self.password = new
        self.all_end()
        self.opened(tokens)

    @precondition(lambda self: any(not family.is_open for family in self.families))
    @rule(data=st.data())
    def use_a_session_that_has_ended(self, data) -> None:
        family = data.draw(st.sampled_from([family for family in self.families if not family.is_open]))

        for token in family.tokens:
            self.is_refused(token)

    # ── What holds ───────────────────────────────────────────────────────────────────────────────────────────────────
    @invariant()
    def no_session_has_more_than_one_live_token(self) -> None:
        unused = list(RefreshToken.objects.filter(used_at=None).values_list("session", flat=True))
        assert len(unused) == len(set(unused))

    @invariant()
    def the_tokens_that_live_are_those_expected(self) -> None:
        live = RefreshToken.objects.filter(
            used_at=None, expires_at__gt=timezone.now(), session__ended_at=None
        ).values_list("digest", flat=True)
        expected = [
            self.digest(family.tokens[-1])
            for family in self.families
            if family.is_open and family.expires[-1] > self.now
        ]
        assert sorted(live) == sorted(expected)

    @invariant()
    def a_session_that_saw_reuse_is_over_and_was_reported_once(self) -> None:
        seen = sum(family.saw_reuse for family in self.families)
        assert Event.objects.filter(type="account.refresh_token_reused").count() == seen
        for family in self.families:
            if family.saw_reuse:
                assert RefreshToken.objects.get(digest=self.digest(family.tokens[0])).session.ended_at is not None

    @invariant()
    def access_tokens_live_and_die_with_their_session(self) -> None:
        for family in self.families:
            assert (sessions.verify(access_token=family.access_tokens[-1]) is not None) is family.is_open

    # ── Helpers ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def some_token(self, data) -> tuple[Family, int]:
        family = data.draw(st.sampled_from(self.families))
        return family, data.draw(st.integers(0, len(family.tokens) - 1))

    def is_retry(self, family: Family, position: int) -> bool:
        is_successor_unused = position == len(family.tokens) - 2 and family.used[-1] is None
        return is_successor_unused and self.now - family.used[position] <= 10

    def is_refused(self, token: str) -> None:
        with pytest.raises(AccountError) as refused:
            sessions.refresh(refresh_token=token)
        assert refused.value.code == "REFRESH_TOKEN_INVALID"

    def opened(self, tokens: sessions.Tokens) -> None:
        expires = self.now + 30 * 86_400
        self.families.append(Family([tokens.refresh_token], [expires], access_tokens=[tokens.access_token]))

    def renewed(self, family: Family, tokens: sessions.Tokens) -> None:
        assert tokens.refresh_token not in family.tokens
        family.used[-1] = self.now
        family.tokens.append(tokens.refresh_token)
        family.expires.append(self.now + 30 * 86_400)
        family.used.append(None)
        family.access_tokens.append(tokens.access_token)

    def all_end(self) -> None:
        for family in self.families:
            family.is_open = False

    def digest(self, token: str) -> str:
        return sessions.tokens.digest(token)


def test_any_interleaving_leaves_at_most_one_live_token_a_session():
    run_state_machine_as_test(
        TokenFamilies,
        settings=settings(
            max_examples=30,
            stateful_step_count=20,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )

    assert not User.objects.exists()
