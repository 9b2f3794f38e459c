"""The pages on which carriers tell where a parcel is."""

from urllib.parse import quote

# By the carrier's name in small letters and without anything but letters.
_PAGES = {
    "dhl": "https://www.dhl.com/global-en/home/tracking.html?tracking-id={}",
    "dpd": "https://tracking.dpd.de/status/en_US/parcel/{}",
    "fedex": "https://www.fedex.com/fedextrack/?trknbr={}",
    "gls": "https://gls-group.eu/EU/en/parcel-tracking?match={}",
    "royalmail": "https://www.royalmail.com/track-your-item#/tracking-results/{}",
    "ups": "https://www.ups.com/track?tracknum={}",
    "usps": "https://tools.usps.com/go/TrackConfirmAction?tLabels={}",
}


def tracking_url(carrier: str, number: str) -> str:
    """Where this parcel can be followed; empty for carriers that are not known here, and without a number."""
    page = _PAGES.get("".join(letter for letter in carrier.casefold() if letter.isalpha()))
    digits = "".join(number.split())
    return page.format(quote(digits, safe="")) if page and digits else ""
