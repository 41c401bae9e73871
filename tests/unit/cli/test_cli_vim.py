"""Registering, changing and checking VIMs, and their filters."""

from __future__ import annotations

import pytest

VIM = {
    "vim_id": "vio_RegionOne",
    "cloud_owner": "vio",
    "cloud_region_id": "RegionOne",
    "type": "vmware",
    "transport": {
        "url": "rabbit://user:***@vio:5672/",
        "exchange": "nova",
        "topics": ["notifications"],
        "pool": "multicloud-vio",
    },
    "filter": {"kinds": ["DELETE"], "metadata": {"role": "web"}, "honour_opt_out": True},
    "enabled": True,
    "created_at": "2026-11-21T01:37:19.486000Z",
    "updated_at": "2026-11-21T01:37:19.486000Z",
}
FILTER = {"kinds": ["DELETE", "PAUSE"], "phases": ["end"], "metadata": {}, "honour_opt_out": True}


def test_list_shows_a_row_a_vim_with_its_filter_in_short(api, mcfed):
    api.answer("GET", "/vims", {"vims": [VIM]})
    out = mcfed("vim", "list").out
    assert "vio_RegionOne" in out
    assert "kinds: DELETE" in out
    assert "metadata: role=web" in out
    assert mcfed("vim", "list", "--long", "-f", "json").json[0]["topics"] == ["notifications"]


def test_show_lays_the_transport_beside_the_other_fields(api, mcfed):
    api.answer("GET", "/vims/vio_RegionOne", VIM)
    shown = mcfed("vim", "show", "vio_RegionOne", "-f", "json").json
    assert shown["transport_url"] == "rabbit://user:***@vio:5672/"
    assert shown["exchange"] == "nova"
    assert "transport" not in shown


def test_register_sends_the_pair_and_only_what_was_given(api, mcfed):
    api.answer("POST", "/vims", VIM, status=201)
    ran = mcfed(
        *("vim", "register", "vio_Region_One", "--type", "vmware", "--transport-url", "rabbit://user:pass@vio/"),
        *("--topic", "a", "--topic", "b"),
    )
    assert ran.code == 0
    assert api.asked[0].body == {
        "cloud_owner": "vio",
        "cloud_region_id": "Region_One",
        "type": "vmware",
        "transport": {"url": "rabbit://user:pass@vio/", "topics": ["a", "b"]},
    }


def test_register_reads_the_url_with_its_password_from_standard_input(api, mcfed):
    api.answer("POST", "/vims", VIM, status=201)
    mcfed("vim", "register", "vio_RegionOne", "--transport-url", "-", stdin="rabbit://user:pass@vio/\n")
    assert api.asked[0].body["transport"] == {"url": "rabbit://user:pass@vio/"}


def test_register_refuses_what_is_no_vim_id(api, mcfed):
    ran = mcfed("vim", "register", "RegionOne")
    assert ran.code == 1
    assert ran.err.startswith("vim_id: 'RegionOne' is not allowed")
    assert not api.asked


def test_set_changes_only_what_was_named(api, mcfed):
    api.answer("PATCH", "/vims/vio_RegionOne", VIM)
    mcfed("vim", "set", "vio_RegionOne", "--disable")
    mcfed("vim", "set", "vio_RegionOne", "--enable", "--pool", "second")
    assert api.asked[0].body == {"enabled": False}
    assert api.asked[1].body == {"enabled": True, "transport": {"pool": "second"}}


def test_set_without_a_field_says_so(api, mcfed):
    ran = mcfed("vim", "set", "vio_RegionOne")
    assert ran.code == 1
    assert "nothing to change" in ran.err
    assert not api.asked


def test_remove_says_what_it_removed(api, mcfed):
    api.answer("DELETE", "/vims/vio_RegionOne", status=204)
    assert mcfed("vim", "remove", "vio_RegionOne").out == "removed vio_RegionOne\n"


@pytest.mark.parametrize(("reachable", "code"), [(True, 0), (False, 1)])
def test_check_tells_the_answer_and_by_its_exit_code(api, mcfed, reachable, code):
    api.answer("POST", "/vims/vio_RegionOne/check", {"reachable": reachable, "reason": "as told"})
    ran = mcfed("vim", "check", "vio_RegionOne", "-f", "json")
    assert ran.code == code
    assert ran.json == {"vim_id": "vio_RegionOne", "reachable": reachable, "reason": "as told"}


def test_filter_show_shows_every_field(api, mcfed):
    api.answer("GET", "/vims/vio_RegionOne/filter", FILTER)
    assert mcfed("vim", "filter", "show", "vio_RegionOne", "-f", "json").json == FILTER


def test_filter_set_changes_the_conditions_given_and_leaves_the_others(api, mcfed):
    api.answer("GET", "/vims/vio_RegionOne/filter", FILTER)
    api.answer("PUT", "/vims/vio_RegionOne/filter", FILTER)
    assert mcfed("vim", "filter", "set", "vio_RegionOne", "--kind", "ERROR", "--ignore-opt-out").code == 0
    assert api.asked[1].body == {**FILTER, "kinds": ["ERROR"], "honour_opt_out": False}


def test_filter_set_may_forget_the_others(api, mcfed):
    api.answer("GET", "/vims/vio_RegionOne/filter", FILTER)
    api.answer("PUT", "/vims/vio_RegionOne/filter", FILTER)
    mcfed(
        *("vim", "filter", "set", "vio_RegionOne", "--clear-filter", "--kind", "DELETE", "--kind", "PAUSE"),
        *("--phase", "end", "--event-type", "compute.*", "--tenant", "t1", "--vim", "vio_*"),
        *("--metadata", "role=web=1"),
    )
    assert api.asked[1].body == {
        "kinds": ["DELETE", "PAUSE"],
        "phases": ["end"],
        "event_types": ["compute.*"],
        "tenants": ["t1"],
        "vims": ["vio_*"],
        "metadata": {"role": "web=1"},
    }


def test_filter_set_without_a_condition_points_to_clear(api, mcfed):
    ran = mcfed("vim", "filter", "set", "vio_RegionOne")
    assert ran.code == 1
    assert "mcfed vim filter clear vio_RegionOne" in ran.err
    assert not api.asked


def test_filter_clear_lets_everything_pass(api, mcfed):
    api.answer("DELETE", "/vims/vio_RegionOne/filter", status=204)
    assert mcfed("vim", "filter", "clear", "vio_RegionOne").out == "every event of vio_RegionOne passes\n"


def test_metadata_that_is_no_pair_ends_with_2(mcfed, capsys):
    with pytest.raises(SystemExit) as ended:
        mcfed("vim", "filter", "set", "vio_RegionOne", "--metadata", "role")
    assert ended.value.code == 2
    assert "'role' is not KEY=VALUE" in capsys.readouterr().err
