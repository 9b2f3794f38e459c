"""Keys: what signs access tokens, two alive while one follows another, and tricks with the algorithm."""

import base64
import hashlib
import hmac
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.exceptions import ImproperlyConfigured

from accounts import tokens
from tests.config.test_settings import REAL, printed
from tests.conftest import Api
from tests.people import ME, VERIFY, refresh, sign_in

OLD = "HS256:the key of last year, which is long enough"
NEW = "HS256:the key of this year, which is long enough"
SEED = base64.b64encode(bytes(range(32))).decode()
EDDSA = f"EdDSA:{SEED}"
IN = {"me": {"email": "customer@example.com"}}
INVALID = {"isValid": False, "expiresAt": None, "user": None}

pytestmark = pytest.mark.django_db


def signed_in(settings, *keys):
    """The tokens of a new session, signed with the first of the keys."""
    settings.JWT_KEYS = list(keys)
    return sign_in(Api())


def is_refused(token):
    return Api(token=token).code(ME) == "UNAUTHENTICATED" and Api()(VERIFY, t=token)["tokenVerify"] == INVALID


def segment(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def by_hand(header, claims, sign):
    """A token no library would make."""
    body = f"{segment(json.dumps(header).encode())}.{segment(json.dumps(claims).encode())}"
    return f"{body}.{segment(sign(body.encode()))}"


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


# ── Rotation ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_first_key_signs_and_every_key_is_accepted(customer, settings):
    before = signed_in(settings, OLD)["accessToken"]

    after = signed_in(settings, NEW, OLD)["accessToken"]

    assert Api(token=before)(ME) == IN
    assert Api(token=after)(ME) == IN
    assert jwt.get_unverified_header(before)["kid"] != jwt.get_unverified_header(after)["kid"]
    settings.JWT_KEYS = [NEW]
    assert Api(token=after)(ME) == IN


def test_the_tokens_of_a_key_that_was_taken_away_are_refused_and_the_session_goes_on(customer, settings):
    session = signed_in(settings, OLD)

    settings.JWT_KEYS = [NEW]

    assert is_refused(session["accessToken"])
    renewed = refresh(Api(), session["refreshToken"])
    assert Api(token=renewed["accessToken"])(ME) == IN


def test_a_token_that_names_another_of_our_keys_is_refused(customer, settings):
    token = signed_in(settings, OLD, NEW)["accessToken"]
    old, new = tokens.keys().values()

    assert is_refused(jwt.encode(claims_of(token), old.signing, "HS256", {"kid": new.id, "typ": "at+jwt"}))
    assert is_refused(jwt.encode(claims_of(token), new.signing, "HS256", {"kid": old.id, "typ": "at+jwt"}))


def test_the_ids_of_keys_tell_nothing_of_them_and_stay(settings):
    settings.JWT_KEYS = [NEW, OLD, EDDSA]
    first = list(tokens.keys())

    settings.JWT_KEYS = [EDDSA, NEW]

    assert [len(kid) for kid in first] == [12, 12, 12]
    assert list(tokens.keys()) == [first[2], first[0]]
    assert first[0] != hashlib.sha256(NEW.encode()).hexdigest()[:12]


# ── EdDSA ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_shop_may_sign_with_ed25519(customer, settings):
    token = signed_in(settings, EDDSA)["accessToken"]

    assert Api(token=token)(ME) == IN
    public = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["typ"]) == ("EdDSA", "at+jwt")
    assert jwt.decode(token, public, algorithms=["EdDSA"], issuer="nexus")["sub"] == str(customer.pk)


def test_a_shop_moves_from_one_algorithm_to_the_other_without_signing_anybody_out(customer, settings):
    before = signed_in(settings, OLD)["accessToken"]

    after = signed_in(settings, EDDSA, OLD)["accessToken"]

    assert (Api(token=before)(ME), Api(token=after)(ME)) == (IN, IN)


def test_an_ed25519_token_of_another_seed_is_refused(customer, settings):
    token = signed_in(settings, EDDSA)["accessToken"]
    other = Ed25519PrivateKey.from_private_bytes(b"x" * 32)

    assert is_refused(jwt.encode(claims_of(token), other, "EdDSA", jwt.get_unverified_header(token)))


@pytest.mark.parametrize("form", ["raw", "base64", "pem", "der"])
def test_the_public_key_is_no_secret_to_sign_with(customer, settings, form):
    token = signed_in(settings, EDDSA, OLD)["accessToken"]
    public = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    secret = {
        "raw": raw,
        "base64": base64.b64encode(raw),
        "pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    }[form]

    for kid in list(tokens.keys()):
        header = {"alg": "HS256", "kid": kid, "typ": "at+jwt"}
        assert is_refused(by_hand(header, claims_of(token), lambda body: hmac.digest(secret, body, "sha256")))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None])
def test_no_key_makes_an_unsigned_token_good(customer, settings, algorithm):
    token = signed_in(settings, EDDSA, OLD)["accessToken"]

    for kid in list(tokens.keys()):
        header = {"alg": algorithm, "kid": kid, "typ": "at+jwt"}
        assert is_refused(by_hand(header, claims_of(token), lambda body: b""))
        assert is_refused(f"{by_hand(header, claims_of(token), lambda body: b'')}{token.rpartition('.')[2]}")


def test_a_token_that_brings_its_own_key_is_refused(customer, settings):
    token = signed_in(settings, OLD)["accessToken"]
    (kid,) = tokens.keys()
    for own in ({"jwk": {"kty": "oct", "k": segment(b"x" * 32)}}, {"jku": "https://evil.example/keys"}, {"x5c": ["x"]}):
        header = {"alg": "HS256", "kid": kid, "typ": "at+jwt", **own}

        assert is_refused(by_hand(header, claims_of(token), lambda body: hmac.digest(b"x" * 32, body, "sha256")))


@pytest.mark.parametrize("kid", ["../../dev/null", "' OR 1=1 --", "\x00", "x" * 100_000], ids=range(4))
def test_a_key_id_is_only_looked_up(customer, settings, kid):
    token = signed_in(settings, OLD)["accessToken"]
    header = {"alg": "HS256", "kid": kid, "typ": "at+jwt"}

    forged = by_hand(header, claims_of(token), lambda body: hmac.digest(b"", body, "sha256"))

    assert Api()(VERIFY, t=forged)["tokenVerify"] == INVALID


# ── Configuration ────────────────────────────────────────────────────────────────────────────────────────────────────
MALFORMED = (
    "JWT_KEYS: a key is `HS256:<at least 32 characters>` or `EdDSA:<base64 of 32 bytes>`. "
    "Where it is not set, SECRET_KEY is the key and needs as many characters."
)
SENTENCES = {
    "no key": ([], "JWT_KEYS is empty: nothing could sign access tokens."),
    "a short secret": (
        ["HS256:short"],
        MALFORMED,
    ),
    "no algorithm": (
        ["a secret of more than thirty-two characters"],
        MALFORMED,
    ),
    "no signature": (
        ["none:a secret of more than thirty-two characters"],
        MALFORMED,
    ),
    "another algorithm": (
        ["RS256:a secret of more than thirty-two characters"],
        MALFORMED,
    ),
    "a short seed": (
        [f"EdDSA:{base64.b64encode(b'short').decode()}"],
        "JWT_KEYS: an EdDSA key is 32 random bytes in base64.",
    ),
    "a seed that is no base64": (["EdDSA:%%%"], "JWT_KEYS: an EdDSA key is 32 random bytes in base64."),
    "a seed in letters of other scripts": (["EdDSA:é"], "JWT_KEYS: an EdDSA key is 32 random bytes in base64."),
    "one bad key after a good one": ([OLD, "EdDSA:"], "JWT_KEYS: an EdDSA key is 32 random bytes in base64."),
}


@pytest.mark.parametrize(("keys", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_keys_that_cannot_be_read_are_refused_with_a_sentence(settings, keys, sentence):
    settings.JWT_KEYS = keys

    with pytest.raises(ImproperlyConfigured) as refused:
        tokens.keys()

    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "environment", [{"JWT_KEYS": "HS256:short"}, {"SECRET_KEY": "short"}], ids=["of its own", "the secret key"]
)
def test_a_shop_whose_key_is_too_short_does_not_start_and_a_sentence_says_why(environment):
    process = printed("1", **REAL | environment)

    assert process.returncode == 1
    assert MALFORMED in process.stderr
    assert "HS256:short" not in process.stderr


def test_without_keys_of_its_own_a_shop_signs_with_its_secret_key():
    process = printed("settings.JWT_KEYS", **REAL)

    assert process.stdout.strip().endswith(f"['HS256:{REAL['SECRET_KEY']}']")
