from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multicloud_generic.openstack.catalogue import Catalogue, root, without_project

PROJECT = "943ecb804cdf4103976b8a02cea12fdb"


def service(
    kind: str, name: str, url: str, region: str = "RegionOne", interface: str = "public"
) -> dict[str, Any]:
    endpoint = {"interface": interface, "region_id": region, "region": region, "url": url}
    return {"type": kind, "name": name, "endpoints": [endpoint]}


CLOUD = [
    service("compute", "nova", f"https://cloud:8774/v2.1/{PROJECT}"),
    service("image", "glance", "https://cloud:9292/"),
    service("network", "neutron", "https://cloud/networking"),
    service("volumev3", "cinderv3", f"https://cloud:8776/v3/{PROJECT}"),
    service("object-store", "swift", f"https://cloud:8080/v1/AUTH_{PROJECT}"),
    service("orchestration", "heat", f"https://cloud:8004/v1/{PROJECT}"),
    service("cloudformation", "heat-cfn", "https://cloud:8000/v1"),
    service("dns", "designate", "https://cloud:9001"),
    service("placement", "placement", "https://cloud/placement"),
    service("nfv-orchestration", "Our Tacker", "https://cloud:9890/"),
]


@pytest.mark.parametrize(
    ("asked", "base"),
    [
        ("compute", "https://cloud:8774"),
        ("nova", "https://cloud:8774/v2.1"),
        ("image", "https://cloud:9292"),
        ("glance", "https://cloud:9292"),
        ("network", "https://cloud/networking"),
        ("neutron", "https://cloud/networking"),
        ("volumev3", "https://cloud:8776"),
        ("volumev2", "https://cloud:8776"),
        ("volume", "https://cloud:8776"),
        ("block-storage", "https://cloud:8776"),
        ("cinder", "https://cloud:8776/v3"),
        ("cinderv3", "https://cloud:8776/v3"),
        ("cinderv2", "https://cloud:8776/v3"),
        ("object-store", "https://cloud:8080"),
        ("swift", "https://cloud:8080/v1"),
        ("orchestration", "https://cloud:8004"),
        ("heat", "https://cloud:8004/v1"),
        ("cloudformation", "https://cloud:8000"),
        ("heat-cfn", "https://cloud:8000/v1"),
        ("dns", "https://cloud:9001"),
        ("designate", "https://cloud:9001"),
        ("placement", "https://cloud/placement"),
        ("nfv-orchestration", "https://cloud:9890"),
        ("Our Tacker", "https://cloud:9890"),
        ("baremetal", None),
        ("ironic", None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_a_type_names_the_root_and_a_name_keeps_the_version(asked: str, base: str | None):
    assert Catalogue(CLOUD, "").base(asked) == base


def test_the_url_itself_is_as_the_catalogue_has_it():
    assert Catalogue(CLOUD, "").url("compute") == f"https://cloud:8774/v2.1/{PROJECT}"
    assert Catalogue(CLOUD, "").url("block-storage") == f"https://cloud:8776/v3/{PROJECT}"


def test_only_public_endpoints_of_the_region_count():
    services = [
        service("compute", "nova", "https://internal", interface="internal"),
        service("compute", "nova", "https://east", "East"),
        service("compute", "nova", "https://west", "West"),
    ]
    assert Catalogue(services, "West").url("compute") == "https://west"
    assert Catalogue(services, "North").url("compute") is None


def test_several_regions_and_none_named_is_said_with_their_names():
    services = [
        service("compute", "nova", "https://east", "East"),
        service("compute", "nova", "https://w", "West"),
    ]
    with pytest.raises(ValueError, match=r"region_name.*East, West"):
        Catalogue(services, "")


@pytest.mark.parametrize("odd", [None, {}, [None], [{"endpoints": {}}], [{"endpoints": ["x"]}]])
def test_what_is_no_catalogue_is_refused(odd: object):
    with pytest.raises(ValueError, match="catalogue"):
        Catalogue(odd, "")


@given(
    st.sampled_from(["", "/v3", "/v2.1"]), st.sampled_from(["", PROJECT, "4f398943-7d39-4119-8058-74768d6dfa52"])
)
def test_the_root_is_what_comes_before_version_and_project(version: str, project: str):
    url = f"http://cloud/compute{version}" + (f"/{project}" if project else "")
    assert root(url) == root(url + "/") == "http://cloud/compute"
    assert without_project(url) == f"http://cloud/compute{version}"
