"""Files, downloads and parcels in the admin: read by staff, edited by nobody."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from ordering.models import DigitalFile, Download, Fulfillment, Order, OrderLine
from ordering.services import downloading, fulfilling
from tests.conftest import gid, make_variant
from tests.shopping import order_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def variant(shipping):
    return make_variant()


@pytest.fixture
def order(guest, variant):
    return Order.objects.get(number=order_of(guest, (gid(variant), 1))["number"])


@pytest.fixture
def desk(staff):
    """The browser of staff who may look at files, downloads and parcels."""
    codenames = ["view_digitalfile", "view_download", "view_fulfillment"]
    staff.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    browser = Client()
    browser.force_login(staff)
    return browser


def test_files_and_downloads_are_read(desk, order, variant):
    file = DigitalFile.objects.create(variant=variant, name="song.mp3", file="files/x", size=2048)
    downloading.allow({OrderLine.objects.get().pk: [file]})
    download = Download.objects.get()

    files, downloads = _listed(desk, "digitalfile"), _listed(desk, "download")

    assert "song.mp3" in files
    assert "2.0\xa0KB" in files
    assert order.number in downloads
    assert _opened_and_sent(desk, file, name="other.mp3") == [200, 403]
    assert _opened_and_sent(desk, download, downloads_left=99) == [200, 403]
    file.refresh_from_db()
    assert (file.name, Download.objects.get().downloads_left) == ("song.mp3", 5)


def test_parcels_are_read(desk, staff, order):
    fulfilling.fulfill(order_id=order.pk, actor=staff, parcel=fulfilling.Parcel(carrier="DHL"))
    parcel = Fulfillment.objects.get()

    assert order.number in _listed(desk, "fulfillment")
    assert _opened_and_sent(desk, parcel, carrier="UPS") == [200, 403]
    assert Fulfillment.objects.get().carrier == "DHL"


def _listed(browser, model):
    return browser.get(reverse(f"admin:ordering_{model}_changelist")).text


def _opened_and_sent(browser, row, **values):
    """How the row's page answers when it is opened, and when somebody sends it back changed."""
    page = reverse(f"admin:ordering_{row._meta.model_name}_change", args=[row.pk])
    return [browser.get(page).status_code, browser.post(page, values).status_code]
