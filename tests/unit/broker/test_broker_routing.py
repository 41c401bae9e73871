"""From a vim_id to its plugin: the cases R-* of the compatibility list."""

from __future__ import annotations

from typing import Any

import pytest

from fed_common.broker.providers import providers
from fed_common.core.errors import Invalid
from fed_common.inventory.models import Revision, Vim
from tests.doubles.aai import failing, refusing, region
from tests.doubles.clouds import CALLED
from tests.doubles.upstream import said
from tests.unit.broker.conftest import Gateway, forget
from tests.waiting import until


def test_r01_the_fake_vim_needs_no_look_up(gateway: Gateway, settings: Any) -> None:
    settings.FAKE_VIM = True

    assert gateway.ask("GET", "/v0/vmware_fake/identity/v3").status_code == 200
    assert gateway.behind.last.target == "/api/multicloud-vio/v0/vmware_fake/identity/v3"
    assert not gateway.aai.asked


def test_r01_without_its_switch_the_fake_vim_is_none(gateway: Gateway) -> None:
    assert gateway.ask("GET", "/v0/vmware_fake/identity/v3").status_code == 404
    assert gateway.aai.hits("vmware", "fake") == 1


def test_r02_a_vim_of_aai_is_asked_for_once_and_routed(gateway: Gateway) -> None:
    assert gateway.ask("GET", "/v0/CloudOwner_RegionOne/extensions").status_code == 200

    [asked] = gateway.aai.asked
    assert asked.pair == ("CloudOwner", "RegionOne")
    assert asked.headers["X-FromAppId"]
    assert asked.headers["X-TransactionId"]
    assert gateway.behind.last.target == "/api/multicloud-pike/v0/CloudOwner_RegionOne/extensions"


@pytest.mark.parametrize(
    ("case", "kind", "version", "plugin"),
    [
        ("r03", "openstack", "unknown", "multicloud-ocata"),
        ("r04", "vsphere", "6.5", "multicloud-vio"),
        ("r04", "vmware", "4.0", "multicloud-vio"),
        ("r04", "azure", "1.0", "multicloud-azure"),
        ("r04", "openstack", "titanium_cloud", "multicloud-titaniumcloud"),
        ("r04", "openstack", "starlingx", "multicloud-starlingx"),
        ("r09", "openstack", "", "multicloud-ocata"),
    ],
)
def test_type_and_version_choose_the_plugin(
    gateway: Gateway, case: str, kind: str, version: str, plugin: str
) -> None:
    gateway.aai.regions["some", case] = region("some", case, kind, version)

    assert gateway.ask("GET", f"/v0/some_{case}/x").status_code == 200
    assert gateway.behind.last.target == f"/api/{plugin}/v0/some_{case}/x"


def test_r05_an_unknown_vim_is_404_in_the_words_clients_know(gateway: Gateway) -> None:
    answer = gateway.ask("GET", "/v0/ghost_R/x")

    assert answer.status_code == 404
    assert "Failed to query VIM with id (ghost_R)" in answer.json()["error"]


@pytest.mark.parametrize("script", [refusing, failing(500)], ids=["401", "500"])
def test_r06_b7_an_aai_that_fails_is_502(gateway: Gateway, script: Any) -> None:
    gateway.aai.otherwise = script

    answer = gateway.ask("GET", "/v0/CloudOwner_RegionOne/x")

    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "application/problem+json")


def test_r07_b7_an_aai_that_is_away_is_503_or_504(gateway: Gateway, settings: Any) -> None:
    settings.AAI_TIMEOUT = 0.3
    forget()
    gateway.aai.otherwise = gateway.aai.hanging
    assert gateway.ask("GET", "/v0/CloudOwner_RegionOne/x").status_code == 504
    gateway.aai.close()
    assert gateway.ask("GET", "/v0/vmware_vio/x").status_code == 503


def test_r07_what_is_known_is_served_while_aai_is_away(gateway: Gateway, settings: Any) -> None:
    settings.AAI_TTL = 0
    forget()
    assert gateway.ask("GET", "/v0/CloudOwner_RegionOne/x").status_code == 200
    gateway.aai.close()

    assert gateway.ask("GET", "/v0/CloudOwner_RegionOne/x").status_code == 200


def test_r08_b6_an_unknown_type_is_named(gateway: Gateway) -> None:
    answer = gateway.ask("GET", "/v0/odd_R/x")

    assert (answer.status_code, answer.json()["code"]) == (501, "unsupported")
    assert "nutanix" in answer.json()["error"]


def test_r08_a_version_nobody_serves_is_named(gateway: Gateway, settings: Any, tmp_path: Any) -> None:
    settings.PROVIDERS = str(tmp_path / "providers.json")
    (tmp_path / "providers.json").write_text(
        '{"k8s": {"versions": {"1.0": {"provider_plugin": "multicloud-k8s"}}}}'
    )
    forget()
    gateway.aai.regions["some", "k"] = region("some", "k", "k8s", "1.28")

    answer = gateway.ask("GET", "/v0/some_k/x")

    assert answer.status_code == 501
    assert "1.28" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/v0/foo/x", "/v0/_x/x", "/v0/a%2Fb_c/x", "/v0/a_b%20c/x", "/v1/a/%2e%2e/x"])
def test_r10_b6_a_malformed_id_is_400(gateway: Gateway, path: str) -> None:
    answer = gateway.raw("GET", path, [])

    assert answer.status == 400
    assert b'"field": "vim_id"' in answer.body
    assert not gateway.aai.asked


@pytest.mark.parametrize(
    ("case", "path", "pair"),
    [
        ("r11", "/v0/own_Region_One/x", ("own", "Region_One")),
        ("r12-b15", "/v1/my_own/RegionOne/x", ("my_own", "RegionOne")),
        ("r13-b16", "/v0/own_R.Two/x", ("own", "R.Two")),
        ("encoded", "/v0/own%5FR%2ETwo/x", ("own", "R.Two")),
    ],
)
def test_aai_is_asked_for_exactly_the_pair(gateway: Gateway, case: str, path: str, pair: tuple[str, str]) -> None:
    assert gateway.raw("GET", path, []).status == 200
    assert [asked.pair for asked in gateway.aai.asked] == [pair]


def test_an_owner_with_an_underscore_is_found_by_v0_once_it_is_known(gateway: Gateway) -> None:
    gateway.ask("GET", "/v1/my_own/RegionOne/x")

    assert gateway.ask("GET", "/v0/my_own_RegionOne/x").status_code == 200
    assert gateway.behind.last.target == "/api/multicloud-ocata/v0/my_own_RegionOne/x"


def test_r14_b5_only_the_prefix_changes(gateway: Gateway) -> None:
    gateway.ask("GET", "/v0/vmware_vio/nova/t/multicloud/servers?name=multicloud-1")

    assert gateway.behind.last.target == (
        "/api/multicloud-vio/v0/vmware_vio/nova/t/multicloud/servers?name=multicloud-1"
    )


@pytest.mark.parametrize(
    "target",
    [
        "/glance/v2/images?limit=2&tag=a&tag=b%20c",
        "/a//b/%2F%c3%a9;x=1,2/~'!$&()*+@:",
        "/x?q=%zz&a=b+c&d=%2B&empty=&&=&[]={|}",
        "/x?http://a/b?c",
    ],
)
def test_r15_path_and_query_stay_byte_for_byte(gateway: Gateway, target: str) -> None:
    gateway.raw("GET", f"/v0/vmware_vio{target}", [])

    assert gateway.behind.last.target == f"/api/multicloud-vio/v0/vmware_vio{target}"


@pytest.mark.parametrize(
    "path",
    ["/v0/vmware_vio/../own_R.Two/x", "/v0/vmware_vio/x/%2e%2E/y", "/v0/vmware_vio/x/..%2fy", "/v0/vmware_vio/."],
)
def test_a_path_that_climbs_out_of_its_vim_is_refused(gateway: Gateway, path: str) -> None:
    answer = gateway.raw("GET", path, [])

    assert answer.status == 400
    assert not gateway.behind.asked


def test_r16_through_msb_the_result_is_the_same(gateway: Gateway, settings: Any) -> None:
    direct = gateway.ask("GET", "/v0/vmware_vio/x?y=1")
    target = gateway.behind.last.target
    settings.PLUGIN_URLS, settings.MSB = "", f"{gateway.behind.url}/"
    forget()

    assert gateway.ask("GET", "/v0/vmware_vio/x?y=1").content == direct.content
    assert gateway.behind.last.target == target


def test_r16_a_plugin_without_an_address_is_named(gateway: Gateway, settings: Any) -> None:
    settings.PLUGIN_URLS = ""
    forget()

    answer = gateway.ask("GET", "/v0/vmware_vio/x")

    assert answer.status_code == 501
    assert "multicloud-vio" in answer.json()["error"]


@pytest.mark.parametrize(
    ("case", "path"),
    [("r17", "/v0/CloudOwner_RegionOne/check_vim_status"), ("r18", "/v1/CloudOwner/RegionOne/check_vim_status")],
)
def test_status_of_a_remote_vim_is_its_plugins_answer(gateway: Gateway, case: str, path: str) -> None:
    body = b'{"state_description": "", "launched_at": ""}'
    gateway.behind.answer = said("200 OK", "Content-Type: application/json", body=body)

    answer = gateway.ask("POST", path, json={"states": ["DELETE"]})

    assert (answer.status_code, answer.content) == (200, body)
    assert gateway.behind.last.target == f"/api/multicloud-pike{path}"
    assert gateway.behind.last.body == b'{"states": ["DELETE"]}'


def test_r19_b17_a_thousand_calls_ask_aai_once(gateway: Gateway) -> None:
    assert {gateway.ask("GET", "/v0/CloudOwner_RegionOne/x").status_code for _ in range(1000)} == {200}

    assert gateway.aai.hits("CloudOwner", "RegionOne") == 1
    assert gateway.behind.connections < 20


def test_in_process_the_first_segment_is_the_service(gateway: Gateway) -> None:
    for path in ("/v0/here_One/nova/t/servers?limit=1&limit=2", "/v1/here/One/nova/t%2Fx", "/v0/here_One/nova"):
        assert gateway.raw("GET", path, [(b"X-Auth-Token", b"cloud")]).status == 200

    targets = [asked.target for asked in gateway.behind.asked]
    assert targets == ["/nova-base/t/servers?limit=1&limit=2", "/nova-base/t%2Fx", "/nova-base"]
    assert gateway.behind.last.one("x-auth-token") == b"cloud"
    assert CALLED == [("here_One", "nova")]


def test_in_process_an_unknown_service_is_404(gateway: Gateway) -> None:
    answer = gateway.ask("GET", "/v0/here_One/nosuch/x")

    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no service 'nosuch'")
    assert not gateway.behind.asked


def test_a_vim_that_changed_is_called_where_it_is_now(gateway: Gateway) -> None:
    gateway.ask("GET", "/v0/here_One/nova/x")
    Vim.objects.filter(full_id="here_One").update(auth_url="http://elsewhere/")
    Revision.raise_it()

    until(lambda: gateway.ask("GET", "/v0/here_One/nova/x").ok and len(CALLED) == 2)


def test_the_table_is_checked_at_the_start(settings: Any, tmp_path: Any) -> None:
    for name, value in (
        ("PROVIDERS", str(tmp_path / "none.json")),
        ("PROVIDERS", __file__),
        ("PLUGIN_URLS", "multicloud-vio=host:9004"),
        ("MSB", "ftp://msb"),
    ):
        providers.cache_clear()
        setattr(settings, name, value)
        with pytest.raises(Invalid, match=f"MCFED_{name}"):
            providers()
        setattr(settings, name, "")
    providers.cache_clear()
