from __future__ import annotations

import time

import pytest
import requests

from fed_common.access import tokens
from tests.router_client import Router, refused, signed


def create(router: Router, **wanted: str) -> requests.Response:
    return router.call("POST", "/topics/create", json=wanted)


@pytest.fixture
def name() -> str:
    return f"A-{time.time_ns()}"


@pytest.fixture
def key(router: Router) -> tuple[str, str]:
    return router.create_key(description="d")


@pytest.fixture
def owned(router: Router, key: tuple[str, str], name: str) -> str:
    """A topic that belongs to ``key``."""
    answer = router.call("POST", "/topics/create", json={"topicName": name}, headers=signed(*key))
    assert answer.json()["owner"] == key[0]
    return name


def test_31_a_topic_is_created_once(router, name):
    wanted = {
        "topicName": name,
        "topicDescription": "d",
        "partitionCount": "1",
        "replicationCount": 1,
        "transactionEnabled": "false",
    }
    answer = create(router, **wanted)
    assert answer.status_code == 200
    assert answer.json() == {
        "owner": "",
        "readerAcl": {"enabled": True, "users": []},
        "name": name,
        "description": "d",
        "writerAcl": {"enabled": True, "users": []},
    }
    again = create(router, **wanted)
    assert (again.status_code, again.content) == (204, b"")


def test_31_an_unknown_field_is_refused_by_name(router, name):
    message = refused(create(router, topicName=name, description="d"), 400, 5005)
    assert message.startswith('Unrecognized field "description"')
    assert '(5 known properties: "topicName", "topicDescription"' in message
    assert router.get(f"/topics/{name}").status_code == 404


@pytest.mark.parametrize("body", [b'{"topicName":', b"", b"[]", b'"x"', b'{"topicName":{"a":1}}', b"\xff"])
def test_31_what_is_no_object_of_texts_is_refused(router, body):
    refused(router.post("/topics/create", body), 400, 5005)


@pytest.mark.parametrize("bad", ["a b/c", "", "..", "x" * 250])
def test_31_an_illegal_name_is_refused(router, bad):
    assert "1 to 249 letters" in refused(create(router, topicName=bad), 404, 6003)


def test_32_topics_are_listed_and_shown(router, name):
    create(router, topicName=name, topicDescription="d")
    assert name in router.get("/topics").json()["topics"]
    assert {"topicName": name, "owner": "", "txenabled": False} in router.get("/topics/listAll").json()["topics"]
    assert router.get(f"/topics/{name}").json()["description"] == "d"
    message = refused(router.get("/topics/nope"), 404, 6002)
    assert message.startswith("Failed to retrieve details of topic:nope")


def test_a_deleted_topic_is_really_gone(router, topic):
    router.publish(topic, "1")
    answer = router.call("DELETE", f"/topics/{topic}")
    assert (answer.status_code, answer.text) == (200, f"Topic [{topic}] deleted successfully")
    assert router.get(f"/topics/{topic}").status_code == 404
    refused(router.call("DELETE", "/topics/nope"), 404, 6004)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "producers", 404, 6005),
        ("GET", "consumers", 403, 6006),
        ("PUT", "producers/k", 404, 6007),
        ("DELETE", "producers/k", 403, 6008),
        ("PUT", "consumers/k", 403, 6009),
        ("DELETE", "consumers/k", 403, 6010),
    ],
)
def test_rights_on_a_missing_topic_have_the_real_ones_codes(router, method, path, status, code):
    assert "Topic [nope] does not exist" in refused(router.call(method, f"/topics/nope/{path}"), status, code)


def test_rights_are_given_listed_and_taken(router, topic):
    put, take = "has been granted", "has been revoked"
    assert router.call("PUT", f"/topics/{topic}/producers/k1").text == f"Write access {put} to publisher."
    assert router.call("PUT", f"/topics/{topic}/producers/k1").status_code == 200
    granted = router.call("PUT", f"/topics/{topic}/consumers/k2").text
    assert granted == f"Read access {put} for consumer [k2] for topic [{topic}]."
    assert router.get(f"/topics/{topic}/producers").json() == {"enabled": True, "users": ["k1"]}
    assert router.get(f"/topics/{topic}/consumers").json() == {"enabled": True, "users": ["k2"]}
    shown = router.get(f"/topics/{topic}").json()
    assert (shown["writerAcl"]["users"], shown["readerAcl"]["users"]) == (["k1"], ["k2"])
    assert router.call("DELETE", f"/topics/{topic}/producers/k1").text == f"Write access {take} for publisher."
    revoked = router.call("DELETE", f"/topics/{topic}/consumers/k2").text
    assert revoked == f"Read access {take} for consumer [k2] for topic [{topic}]."
    assert router.get(f"/topics/{topic}/producers").json()["users"] == []
    refused(router.call("PUT", f"/topics/{topic}/producers/a%20b"), 400, 6007)


def test_33_a_key_is_made_shown_without_its_secret_and_changed_only_by_itself(router):
    made = router.call("POST", "/apiKeys/create", json={"email": "me@x.y", "description": "d"}).json()
    assert (len(made["key"]), len(made["secret"])) == (16, 24)
    assert made["aux"] == {"email": "me@x.y", "description": "d"}
    shown = router.get(f"/apiKeys/{made['key']}").json()
    assert shown == {"key": made["key"], "aux": made["aux"]}
    assert made["key"] in router.get("/apiKeys").json()["apiKeys"]
    refused(router.call("DELETE", f"/apiKeys/{made['key']}"), 404, 1004)
    refused(router.call("PUT", f"/apiKeys/{made['key']}", json={"description": "x"}), 404, 1004)
    own = signed(made["key"], made["secret"])
    for method, text in (("PUT", "x"), ("PATCH", "y")):
        changed = router.call(method, f"/apiKeys/{made['key']}", json={"description": text}, headers=own).json()
        assert changed["aux"] == {"email": "me@x.y", "description": text}
    gone = router.call("DELETE", f"/apiKeys/{made['key']}", headers=own)
    assert gone.text == f"Api key [{made['key']}] deleted successfully."
    refused(router.get(f"/apiKeys/{made['key']}"), 404, 1004)


def test_33_one_key_does_not_change_another(router, key):
    other = router.create_key()
    refused(router.call("DELETE", f"/apiKeys/{other[0]}", headers=signed(*key)), 404, 1004)


def test_34_an_owned_topic_takes_what_its_owner_signs(router, key, owned):
    for headers in (
        signed(*key),
        signed(*key, nonce="n1"),
        signed(*key, short=True),
        signed(*key, date=time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime())),
        signed(*key, date=time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime())),
    ):
        answer = router.post(f"/events/{owned}", '{"n":1}', headers=headers)
        assert (answer.status_code, answer.json()["count"]) == (200, 1)
    assert router.get(f"/events/{owned}/g/c?timeout=0", headers=signed(*key)).json() == []


def test_34_an_owned_topic_refuses_strangers(router, key, owned):
    publish, consume = "Error while publishing data to topic.", "Error while reading data from topic."
    other = router.create_key()
    for headers, name in (
        ({}, "(no user)"),
        (signed(key[0], "wrong"), "(no user)"),
        (signed(*key, date="Thu, 01 Jan 2015 00:00:00 GMT"), "(no user)"),
        (signed("nobody", "x"), "(no user)"),
        (signed(*other), other[0]),
    ):
        answer = router.post(f"/events/{owned}", '{"n":1}', headers=headers)
        assert refused(answer, 401, 5009) == f"{publish}Access denied for {name}"
        answer = router.get(f"/events/{owned}/g/c?timeout=0", headers=headers)
        assert refused(answer, 401, 5008) == f"{consume}Access denied for {name}"


def test_34_the_owner_lets_others_write_or_read(router, key, owned):
    other = router.create_key()
    refused(router.call("PUT", f"/topics/{owned}/producers/{other[0]}"), 401, 4002)
    refused(router.call("PUT", f"/topics/{owned}/producers/{other[0]}", headers=signed(*other)), 403, 4002)
    router.call("PUT", f"/topics/{owned}/producers/{other[0]}", headers=signed(*key))
    assert router.post(f"/events/{owned}", '{"n":1}', headers=signed(*other)).status_code == 200
    refused(router.get(f"/events/{owned}/g/c?timeout=0", headers=signed(*other)), 401, 5008)
    router.call("PUT", f"/topics/{owned}/consumers/{other[0]}", headers=signed(*key))
    assert router.get(f"/events/{owned}/g/c?timeout=0", headers=signed(*other)).status_code == 200


def test_34_only_its_owner_deletes_an_owned_topic(router, key, owned):
    refused(router.call("DELETE", f"/topics/{owned}"), 401, 4002)
    assert router.call("DELETE", f"/topics/{owned}", headers=signed(*key)).status_code == 200


class TestWithTokens:
    """MCFED_AUTH=token: the default."""

    @pytest.fixture(autouse=True)
    def token_auth(self, router, topic, settings) -> None:
        settings.AUTH = "token"

    def bearer(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {tokens.create(f'{role}-{time.time_ns()}', role)}"}

    def test_35_nobody_may_do_anything(self, router, topic):
        refused(router.post(f"/events/{topic}", '{"n":1}'), 401, 5009)
        answer = router.get(f"/events/{topic}/g/c?timeout=0")
        refused(answer, 401, 5008)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        for method, path in (
            ("GET", "/topics"),
            ("GET", "/topics/listAll"),
            ("GET", f"/topics/{topic}"),
            ("DELETE", f"/topics/{topic}"),
            ("GET", f"/topics/{topic}/producers"),
            ("PUT", f"/topics/{topic}/producers/k"),
            ("GET", "/apiKeys"),
            ("GET", "/apiKeys/k"),
            ("POST", "/apiKeys/create"),
            ("POST", "/topics/create"),
        ):
            refused(router.call(method, path), 401, 4002)

    def test_35_a_reader_reads_and_an_operator_writes(self, router, topic):
        reader, operator = self.bearer("reader"), self.bearer("operator")
        assert router.get(f"/events/{topic}/g/c?timeout=0", headers=reader).json() == []
        assert router.get("/topics", headers=reader).status_code == 200
        assert refused(router.post(f"/events/{topic}", '{"n":1}', headers=reader), 401, 5009).endswith(
            "for reader" + reader_name(reader)
        )
        refused(router.call("DELETE", f"/topics/{topic}", headers=reader), 403, 4002)
        refused(router.call("POST", "/apiKeys/create", json={}, headers=reader), 403, 4002)
        assert router.post(f"/events/{topic}", '{"n":1}', headers=operator).status_code == 200
        assert router.get(f"/events/{topic}/g/c", headers=reader).json() == ['{"n":1}']
        assert router.call("DELETE", f"/topics/{topic}", headers=operator).status_code == 200

    def test_35_the_token_may_come_in_three_ways(self, router, topic):
        token = tokens.create("three", "reader")
        url = f"/events/{topic}/g/c?timeout=0"
        assert router.get(url, headers={"X-Auth-Token": token}).status_code == 200
        assert router.get(url, headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert router.get(url, auth=("anybody", token)).status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {"X-Auth-Token": "wrong-token"}, {"Authorization": "Bearer wrong-token"},
            {"Authorization": "Basic eDp3cm9uZy10b2tlbg=="}, {"Authorization": "Basic ???"},
            {"X-CambriaAuth": "k:wrong-token", "X-CambriaDate": "2026-01-01T00:00:00Z"}, {"X-CambriaAuth": "::"},
            {"X-CambriaAuth": "k", "X-CambriaDate": "\u00e9".encode()},
        ],
    )  # fmt: skip
    def test_35_wrong_credentials_are_nobodys_and_never_logged(self, router, topic, headers, caplog):
        refused(router.get(f"/events/{topic}/g/c?timeout=0", headers=headers), 401, 5008)
        assert "wrong-token" not in caplog.text

    def test_35_any_key_may_use_a_topic_without_an_owner(self, router, topic):
        operator = self.bearer("operator")
        made = router.call("POST", "/apiKeys/create", json={}, headers=operator).json()
        own = signed(made["key"], made["secret"])
        assert router.post(f"/events/{topic}", '{"n":1}', headers=own).status_code == 200
        assert router.get(f"/events/{topic}/g/c?timeout=0", headers=own).status_code == 200
        assert router.get("/topics", headers=own).status_code == 200
        answer = router.call("POST", "/topics/create", json={"topicName": f"{topic}-own"}, headers=own)
        assert answer.json()["owner"] == made["key"]
        refused(router.call("POST", "/apiKeys/create", json={}, headers=own), 403, 4002)

    def test_35_public_topics_are_read_by_anybody_where_the_setting_says_so(self, router, topic, settings):
        operator = self.bearer("operator")
        public = f"unauthenticated.{topic}"
        assert router.post(f"/events/{public}", '{"n":1}', headers=operator).status_code == 200
        refused(router.get(f"/events/{public}/g/c?timeout=0"), 401, 5008)
        settings.TOPIC_ANONYMOUS_READ = True
        assert router.get(f"/events/{public}/g/c?timeout=0").status_code == 200
        refused(router.get(f"/events/{topic}/g/c?timeout=0"), 401, 5008)
        refused(router.post(f"/events/{public}", '{"n":1}'), 401, 5009)

    def test_33_an_admin_deletes_a_key_that_is_not_his(self, router):
        made = router.call("POST", "/apiKeys/create", json={}, headers=self.bearer("operator")).json()
        refused(router.call("DELETE", f"/apiKeys/{made['key']}", headers=self.bearer("operator")), 404, 1004)
        assert router.call("DELETE", f"/apiKeys/{made['key']}", headers=self.bearer("admin")).status_code == 200


def reader_name(headers: dict[str, str]) -> str:
    """What follows the role in the name of the token."""
    identity = tokens.authenticate(headers["Authorization"].removeprefix("Bearer "))
    assert identity
    return identity.name.removeprefix("reader")


def test_37_the_sequence_of_onaps_own_acceptance_test(router, name):
    assert create(router, topicName=name).status_code == 200
    assert router.get(f"/events/{name}/CG1/C1?timeout=1000").status_code == 200
    assert name in router.get("/topics").json()["topics"]
    message = '{"topicName":"TestTopic1","topicDescription":"This is a TestTopic"}'
    assert router.post(f"/events/{name}", message).status_code == 200
    assert "TestTopic1" in router.get(f"/events/{name}/CG1/C1?timeout=1000").text


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/topics"), ("PUT", "/topics/create"), ("POST", "/topics/T"), ("POST", "/topics/T/producers"),
     ("GET", "/topics/T/producers/k"), ("POST", "/apiKeys"), ("GET", "/apiKeys/create"), ("POST", "/apiKeys/k")],
)  # fmt: skip
def test_other_methods_are_405(router, method, path):
    answer = router.call(method, path, json={})
    refused(answer, 405, 3003)
    assert answer.headers["Allow"]
