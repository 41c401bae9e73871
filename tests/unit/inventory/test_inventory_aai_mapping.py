"""A&AI's records as VIMs."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.errors import CloudFailed
from fed_common.core.model import Credentials, Tls, VimId
from fed_common.inventory.aai.mapping import read_listed, read_region
from tests.doubles.aai import PASSWORD, esr, region

VIM_ID = VimId("own", "R1")
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"


def record(*systems: Any, **more: Any) -> dict[str, Any]:
    return {**region("own", "R1", "openstack", "pike", *(systems or (esr(),))), **more}


def test_a_full_record_fills_every_field() -> None:
    told = read_region(VIM_ID, record(esr(**{"cloud-domain": "onap", "ssl-cacert": PEM})))

    vim = told.vim
    assert (vim.id, vim.type, vim.version) == (VIM_ID, "openstack", "pike")
    assert vim.auth_url == "http://keystone.example:5000/v3"
    assert vim.credentials == Credentials("gateway", PASSWORD, "onap", "onap")
    assert (vim.projects, vim.region_name, vim.tls) == (("operations",), "RegionOne", Tls(True, PEM))
    assert (told.transport, told.notes) == (None, ())


def test_a_record_without_esr_is_a_vim_without_credentials() -> None:
    told = read_region(VIM_ID, region("own", "R1", "openstack"))

    assert (told.vim.credentials, told.vim.auth_url, told.vim.projects, told.vim.version) == (None, "", (), "")
    assert told.notes == ("no user-name and password: the gateway itself cannot sign in",)


def test_of_two_entries_the_first_is_used_and_that_is_noted() -> None:
    told = read_region(VIM_ID, record(esr(), esr(**{"user-name": "second"})))

    assert told.vim.credentials is not None
    assert told.vim.credentials.username == "gateway"
    assert told.notes == ("2 entries of esr-system-info: the first is used",)


@pytest.mark.parametrize(
    ("own", "caps", "extra", "expected"),
    [
        ("A", {"openstack-region-id": "B"}, {"openstack-region-id": "C"}, "A"),
        ("", {"openstack-region-id": "B"}, {"openstack-region-id": "C"}, "B"),
        (None, {}, {"openstack-region-id": "C"}, "C"),
        (None, {}, {}, "R1"),
    ],
)
def test_the_region_inside_keystone_is_looked_for_in_onaps_order(
    own: Any, caps: Any, extra: Any, expected: str
) -> None:
    plain = record(
        esr(**{"openstack-region-id": own}),
        **{"cloud-epa-caps": json.dumps(caps), "cloud-extra-info": json.dumps(extra)},
    )

    assert read_region(VIM_ID, plain).vim.region_name == expected


@pytest.mark.parametrize("text", ["", "RegionOne", "{", "[]", "5", "null", "[" * 100_000, 5, None])
def test_extra_info_that_is_no_object_says_nothing(text: Any) -> None:
    told = read_region(VIM_ID, record(**{"cloud-extra-info": text, "cloud-epa-caps": text}))

    assert (told.vim.region_name, told.transport) == ("R1", None)


@pytest.mark.parametrize(
    ("insecure", "verify"),
    [(True, False), (False, True), ("true", False), ("False", True), (None, True)],
)
def test_certificates_are_verified_unless_the_record_says_otherwise(insecure: Any, verify: bool) -> None:
    told = read_region(VIM_ID, record(esr(**{"ssl-insecure": insecure})))

    assert told.vim.tls.verify is verify
    assert ("its certificate is not verified: ssl-insecure" in told.notes) is not verify


def test_the_transport_is_the_one_of_the_extra_info() -> None:
    transport = {"url": "rabbit://mq:5672/", "exchange": "nova"}

    extra = json.dumps({"notification_transport": transport, "vesagent_config": {"x": 1}})

    assert read_region(VIM_ID, record(**{"cloud-extra-info": extra})).transport == transport


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cloud-type": None}, "no cloud-type"),
        ({"cloud-type": ""}, "no cloud-type"),
        ({"cloud-type": ["openstack"]}, "cloud-type is no text"),
        ({"cloud-type": "x" * 51}, "at most 50 characters"),
        ({"cloud-region-version": 4.0}, "cloud-region-version is no text"),
        ({"cloud-region-version": "a\0b"}, "cloud-region-version is not a text"),
        ({"cloud-region-version": "\ud800"}, "cloud-region-version is not a text"),
        ({"cloud-owner": "other"}, "another cloud region: cloud-owner differs"),
        ({"esr-system-info-list": []}, None),
        ({"esr-system-info-list": [esr()]}, "esr-system-info-list is no object"),
        ({"esr-system-info-list": {"esr-system-info": esr()}}, "esr-system-info is no list"),
        ({"esr-system-info-list": {"esr-system-info": ["x"]}}, "esr-system-info is no object"),
        ({"esr-system-info-list": {"esr-system-info": [esr(password=[PASSWORD])]}}, "password is no text"),
        ({"esr-system-info-list": {"esr-system-info": [esr(**{"ssl-insecure": "maybe"})]}}, "neither true nor"),
        ({"esr-system-info-list": {"esr-system-info": [esr(**{"ssl-insecure": {}})]}}, "neither true nor"),
    ],
)
def test_a_record_that_cannot_be_used_is_aais_fault_and_named(change: Any, said: str | None) -> None:
    plain = record(**change)
    if said is None:
        assert read_region(VIM_ID, plain).vim.credentials is None
        return

    with pytest.raises(CloudFailed, match=said) as caught:
        read_region(VIM_ID, plain)

    assert str(caught.value).startswith("own_R1: A&AI: ")
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "plain", [None, [], "x", {}, {"cloud-owner": "a"}, {"cloud-owner": "a/b", "cloud-region-id": "c"}]
)
def test_a_listed_region_has_to_name_its_vim(plain: Any) -> None:
    with pytest.raises(CloudFailed, match="A&AI"):
        read_listed(plain)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PLACES = [
    (),
    *[(name,) for name in record()],
    ("cloud-epa-caps",),
    ("esr-system-info-list", "esr-system-info"),
    ("esr-system-info-list", "esr-system-info", 0),
    *[("esr-system-info-list", "esr-system-info", 0, name) for name in [*esr(), "ssl-cacert"]],
]


@given(st.sampled_from(PLACES), JSON, st.booleans())
def test_odd_json_anywhere_is_read_or_refused_and_never_worse(place: Any, odd: Any, as_text: bool) -> None:
    plain: Any = copy.deepcopy(record())
    odd = json.dumps(odd) if as_text else odd
    if not place:
        plain = odd
    else:
        inner = plain
        for name in place[:-1]:
            inner = inner[name]
        inner[place[-1]] = odd
    refused = ""
    try:
        vim = read_listed(plain).vim
    except CloudFailed as error:
        refused, vim = str(error), read_listed(record()).vim

    assert PASSWORD not in refused
    assert vim.id.sound
    texts = (vim.type, vim.version, vim.auth_url, vim.region_name, vim.tls.ca, *vim.projects)
    assert all(isinstance(text, str) and "\0" not in text for text in texts)
