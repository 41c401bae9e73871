from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fed_common.events.message_router.bodies import TooBig, Unreadable, read_body
from fed_common.interfaces.topics import Record

JSON, TEXT = "application/json", "text/plain"
CAMBRIA, ZIP = "application/cambria", "application/cambria-zip"
TEXTS = st.text(st.characters(codec="utf-8"))
LINES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"))
OBJECTS = st.dictionaries(
    st.text().filter(lambda name: name != "cambria.partition"),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    ),
)


def read(content_type: str, body: bytes, **limits) -> list[Record]:
    return read_body(content_type, body, **{"message_max": 2**20, "body_max": 2**22, **limits})


def values(content_type: str, body: bytes, **limits) -> list[str]:
    return [record.value for record in read(content_type, body, **limits)]


def framed(*frames: tuple[str, str]) -> bytes:
    raw = [(key.encode(), text.encode()) for key, text in frames]
    return b"\n".join(b"%d.%d.%s%s" % (len(key), len(text), key, text) for key, text in raw)


def test_01_a_json_object_is_one_message_and_keeps_its_text():
    text = '{"b":1, "a":2.50, "z":null, "u":"\\u00e9/x", "big":12345678901234567890, "huge":1e400}'
    assert values(JSON, text.encode()) == [text]


def test_02_a_json_array_is_one_message_per_object_with_the_request_key():
    records = read(JSON, b'[{"n":1},{"n":2},{"n":3}]', partition_key="k")
    assert records == [Record("k", '{"n":1}'), Record("k", '{"n":2}'), Record("k", '{"n":3}')]


def test_03_an_empty_array_is_no_message():
    assert read(JSON, b"[]") == read(JSON, b" [ ] ") == []


def test_04_text_is_one_message_per_line_empty_ones_too():
    assert values(TEXT, b"l1\nl2\n\nl4") == ["l1", "l2", "", "l4"]
    assert values(TEXT, b"l1\r\nl2\rl3\n") == ["l1", "l2", "l3"]
    assert values(TEXT, "a\u2028b\x0bc".encode()) == ["a\u2028b\x0bc"]
    assert values(TEXT, b"") == []


def test_05_cambria_frames_carry_a_key_each():
    assert read(CAMBRIA, b"1.2.khi\n0.5.hello\n2.3.k2abc") == [
        Record("k", "hi"), Record("", "hello"), Record("k2", "abc"),
    ]  # fmt: skip


def test_06_cambria_zip_is_the_same_in_gzip_also_of_several_members():
    assert values(ZIP, gzip.compress(b"1.3.kzip2.4.k2zipp")) == ["zip", "zipp"]
    assert values(ZIP, gzip.compress(b"1.3.kzip") + gzip.compress(b"2.4.k2zipp")) == ["zip", "zipp"]


@pytest.mark.parametrize(
    "body", [b"abc", b"", gzip.compress(b"1.3.kzip")[:-3], gzip.compress(b"1.3.kzip") + b"xyz"]
)
def test_06_what_is_not_whole_gzip_is_refused(body):
    with pytest.raises(Unreadable, match="compressed"):
        read(ZIP, body)


def test_07_malformed_cambria_says_what_is_wrong_as_the_real_one():
    with pytest.raises(Unreadable, match=r"Expected \. after length\."):
        read(CAMBRIA, b"x.2.khi")
    with pytest.raises(Unreadable, match="End of stream while reading 10 bytes"):
        read(CAMBRIA, b"1.2.khi1.10.kab")


def test_08_cambria_lengths_are_bytes():
    assert read(CAMBRIA, "0.3.\u00e9!".encode()) == [Record("", "\u00e9!")]
    with pytest.raises(Unreadable):
        read(CAMBRIA, "0.2.\u00e9!\n0.1.x".encode())
    with pytest.raises(Unreadable, match="UTF-8"):
        read(CAMBRIA, "0.1.\u00e9".encode()[:5])


def test_09_the_partition_in_an_object_wins_and_stays_in_it():
    text = '{"n":13,"cambria.partition":"pk"}'
    assert read(JSON, text.encode(), partition_key="zz") == [Record("pk", text)]
    assert read(JSON, b'{"cambria.partition":7}')[0].key == "7"
    assert read(JSON, b'{"cambria.partition":null}', partition_key="zz")[0].key == "zz"


@pytest.mark.parametrize(
    "spelling", [JSON, "application/json; charset=UTF-8", "application/json;charset=utf-8", "Application/JSON"]
)
def test_10_any_spelling_of_the_content_type_is_json(spelling):
    assert values(spelling, b'[{"n":1},{"n":2}]') == ['{"n":1}', '{"n":2}']


@pytest.mark.parametrize("kind", ["application/octet-stream", "", "application/x-www-form-urlencoded"])
def test_10_any_other_content_type_makes_the_body_one_message(kind):
    assert values(kind, b"raw\nbytes") == ["raw\nbytes"]
    assert values(kind, b"") == []


@pytest.mark.parametrize(
    ("body", "count"), [(b'{"n":1}\n', 1), (b' {"n":6}', 1), (b'[ {"n":4} , {"n":5} ]', 2), (b'[\n{"n":4}\n]', 1)]
)
def test_11_blanks_around_json_are_allowed_and_not_counted(body, count):
    assert len(read(JSON, body)) == count


@pytest.mark.parametrize(
    "body",
    [
        b'["x"]', b'"x"', b"", b'{"n":', b'[{"n":9},7]', b'{"n":7} {"n":8}', b"[", b"[{}", b"[{},", b"[{},]",
        b"[,{}]", b"null", b"{a:1}", b"{'a':1}", b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":01}', b'{"a":"\x01"}',
        b"\xff{}", b'{"a":"\xc3"}', b"\xef\xbb\xbf{}", b"[{}][{}]", b"[[{}]]", b'{"a":1,}', b"{" * 9,
        b'{"a":' * 100_000,
    ],
)  # fmt: skip
def test_12_what_is_no_object_or_array_of_objects_is_refused(body):
    with pytest.raises(Unreadable):
        read(JSON, body)


def test_12_a_refusal_names_the_place():
    with pytest.raises(Unreadable, match=r"at 5 \[character 6 line 1\]"):
        read(JSON, b'{"n":')
    with pytest.raises(Unreadable, match=r"at 10 \[character 9 line 2\]"):
        read(JSON, b'[\n{"n":9},7]')


def test_13_a_message_above_the_limit_is_named_and_one_at_the_limit_is_not():
    assert values(TEXT, b"x" * 100, message_max=100) == ["x" * 100]
    with pytest.raises(TooBig) as refused:
        read(TEXT, b"ok\n" + b"x" * 101, message_max=100)
    assert refused.value.message == 1
    with pytest.raises(TooBig):
        read(TEXT, "\u00e9".encode() * 51, message_max=100)


def test_13_a_body_above_the_limit_is_refused_also_when_it_was_small_on_the_wire():
    with pytest.raises(TooBig) as refused:
        read(TEXT, b"x\n" * 100, body_max=199)
    assert refused.value.message is None
    with pytest.raises(TooBig):
        read(ZIP, gzip.compress(b"0.1.x" * 1_000_000), body_max=2**20)


@given(st.sampled_from([JSON, TEXT, CAMBRIA, ZIP, "x"]), st.binary(max_size=200))
def test_never_raises_anything_but_its_own_errors(content_type, body):
    try:
        records = read(content_type, body)
    except (Unreadable, TooBig):
        return
    assert all(isinstance(record, Record) for record in records)


@given(st.text(alphabet='[]{}",:x0 \n\\.', max_size=60))
def test_json_is_accepted_exactly_when_it_is_an_object_or_array_of_objects(text):
    try:
        whole = json.loads(text)
    except ValueError:
        whole = None
    objects = [whole] if isinstance(whole, dict) else whole
    good = isinstance(objects, list) and all(isinstance(one, dict) for one in objects)
    try:
        assert [json.loads(value) for value in values(JSON, text.encode())] == objects
        assert good
    except Unreadable:
        assert not good


@settings(max_examples=40)
@given(st.lists(OBJECTS, max_size=4), st.sampled_from([None, 2]), st.booleans())
def test_json_round_trips(objects, indent, ascii_only):
    body = json.dumps(objects, indent=indent, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    try:
        body.decode()
    except UnicodeDecodeError:
        with pytest.raises(Unreadable):
            read(JSON, body)
        return
    assert [json.loads(value) for value in values(JSON, body)] == objects


@given(st.lists(st.tuples(TEXTS, TEXTS)))
def test_cambria_round_trips_plain_and_zipped(frames):
    wanted = [Record(key, text) for key, text in frames]
    assert read(CAMBRIA, framed(*frames)) == wanted
    assert read(ZIP, gzip.compress(framed(*frames))) == wanted


@given(st.lists(LINES))
def test_text_round_trips(lines):
    assert values(TEXT, "".join(f"{line}\n" for line in lines).encode()) == lines


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1), st.data())
def test_a_truncated_cambria_body_never_counts_a_message_it_does_not_hold(frames, data):
    body = framed(*frames)
    cut = data.draw(st.integers(0, len(body)))
    try:
        found = read(CAMBRIA, body[:cut])
    except Unreadable:
        return
    assert found == [Record(key, text) for key, text in frames][: len(found)]
