"""Files that are damaged, forged or made to harm: each is an error of ours that names the file, and nothing is run."""

import copy
import hashlib
import io
import json
import re
import resource
import struct
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load as from_safetensors
from safetensors.numpy import save as to_safetensors

from tsforecast import ARIMA, LSTM, Conformal, Ensemble, FunctionForecaster, Naive, NeuralForecaster, load_forecaster
from tsforecast.exceptions import MissingFileError, ModelFileError, TSForecastError
from tsforecast.models.neural.networks.minimal_gated import MinimalGated

Y = np.cumsum(np.sin(np.arange(150.0) ** 2))
MARK = b"tsforecast forecaster sha256 "


def sealed(members, *, compressed=False, comment=MARK):
    """A file of these members, ``(name, content)``, that ends with its checksum as a saved forecaster does."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        archive.comment = comment + b"0" * 64
        for name, content in members:
            with pytest.warns(UserWarning, match="Duplicate") if name in archive.namelist() else io.BytesIO():
                archive.writestr(name, content)
    head = buffer.getvalue()[:-64]
    return head + hashlib.sha256(head).hexdigest().encode()


class Parts:
    """The content of a saved forecaster, to be changed and written again with checksums that hold."""

    def __init__(self, model, path):
        model.fit(Y).save(path)
        with zipfile.ZipFile(path) as archive:
            self.manifest = json.loads(archive.read("manifest.json"))
            self.model = json.loads(archive.read("model.json"))
            self.arrays = from_safetensors(archive.read("arrays.safetensors"))
        self.path, self.text, self.raw = path, None, None

    def members(self):
        text = (json.dumps(self.model) if self.text is None else self.text).encode()
        raw = to_safetensors(self.arrays) if self.raw is None else self.raw
        digests = {"model.json": text, "arrays.safetensors": raw}
        members = {name: hashlib.sha256(content).hexdigest() for name, content in digests.items()}
        return [("manifest.json", json.dumps({**self.manifest, "members": members})), *digests.items()]

    def load(self, **options):
        self.path.write_bytes(sealed(self.members()))
        return load_forecaster(self.path, **options)


@pytest.fixture
def parts(tmp_path):
    """Of a function from a model to its parts."""
    return lambda model: Parts(model, tmp_path / "forged.tsf")


def refused(forged, match="", **options):
    with pytest.raises(ModelFileError, match=rf"forged\.tsf'.*{match}"):
        forged.load(**options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model"
    Naive().fit([3.0, 1.0, 2.0]).save(path, notes={"unit": "tons"})
    return path.read_bytes()


def is_refused(path, content):
    """Whether a file of this content is an error that names it."""
    path.write_bytes(content)
    try:
        load_forecaster(path)
    except ModelFileError as error:
        return str(path) in str(error)
    return False


def test_a_flipped_byte_or_a_cut_is_seen_at_many_places(whole, tmp_path):
    for place in range(0, len(whole), 37):
        for broken in (whole[:place], whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]):
            assert is_refused(tmp_path / "model", broken), place


@pytest.mark.slow
def test_a_flipped_bit_is_seen_at_every_byte(whole, tmp_path):
    for place in range(len(whole)):
        broken = bytearray(whole)
        broken[place] ^= 1 << place % 8
        assert is_refused(tmp_path / "model", broken), place


@pytest.mark.slow
def test_a_file_cut_short_or_lengthened_anywhere_is_seen(whole, tmp_path):
    for length in range(len(whole)):
        assert is_refused(tmp_path / "model", whole[:length]), length
    for longer in (whole + b"\0", b"\0" + whole, whole + whole):
        assert is_refused(tmp_path / "model", longer)


def test_what_is_no_file_is_named(tmp_path):
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(MissingFileError, match=path.name):
            load_forecaster(path)


def test_parts_written_again_unchanged_are_read(parts):
    """Otherwise the tests below would show nothing."""
    assert parts(Naive()).load().predict(1) == Y[-1]


@pytest.mark.parametrize("schema", [2, 99, 0, -1, "1", 1.0, None, True, [1]])
def test_another_schema_is_named_with_the_version(parts, schema):
    forged = parts(Naive())
    forged.manifest |= {"schema": schema, "version": "7.0.0"}
    refused(forged, "written by tsforecast 7.0.0.*later version")


@pytest.mark.parametrize("name", ["../../escaped", "/tmp/escaped", "model.json/../escaped", "arrays.pkl", "a" * 70000])
def test_members_that_do_not_belong_are_refused_and_nothing_is_written(parts, tmp_path, name):
    forged = parts(Naive())
    if len(name) > 65535:
        name = name[:65000]
    forged.path.write_bytes(sealed([*forged.members(), (name, "harm")]))
    with pytest.raises(ModelFileError, match=r"forged.tsf' holds"):
        load_forecaster(forged.path)
    forged.path.write_bytes(sealed([(name, "harm"), *forged.members()[1:]]))
    with pytest.raises(ModelFileError, match=r"forged.tsf'"):
        load_forecaster(forged.path)
    assert [path.name for path in tmp_path.iterdir()] == ["forged.tsf"]


def test_a_member_given_twice_is_refused(parts):
    forged = parts(Naive())
    for twice in ([*forged.members(), forged.members()[1]], [*forged.members()[:2], forged.members()[1]]):
        forged.path.write_bytes(sealed(twice))
        with pytest.raises(ModelFileError, match="each once"):
            load_forecaster(forged.path)


def limited(gigabytes):
    """The present limit of address space, and that much more than is used now."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    return resource.getrlimit(resource.RLIMIT_AS), used + int(gigabytes * 2**30)


@pytest.fixture
def little_memory():
    """At most half a gigabyte more than before."""
    (soft, hard), limit = limited(0.5)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def test_a_zip_bomb_is_not_unpacked(parts):
    forged = parts(Naive())
    members = [*forged.members()[:2], ("arrays.safetensors", bytes(2**26))]
    forged.path.write_bytes(sealed(members, compressed=True))
    assert forged.path.stat().st_size < 2**18
    tracemalloc.start()
    with pytest.raises(ModelFileError, match="compressed"):
        load_forecaster(forged.path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2**23


def test_sizes_that_the_zip_only_claims_are_seen(parts, little_memory):
    forged = parts(Naive())
    content = bytearray(sealed(forged.members()))
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 20 : entry + 28] = struct.pack("<II", 2**31, 2**31)
    content[-64:] = hashlib.sha256(content[:-64]).hexdigest().encode()
    forged.path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"forged.tsf'"):
        load_forecaster(forged.path)


@pytest.mark.parametrize("shape", [[2**40], [2**62, 2**62], [0, 2**62, 2**62], [-1], [1, 1]])
def test_shapes_that_arrays_only_claim_are_seen(parts, shape, little_memory):
    forged = parts(Naive())
    header = json.loads(to_safetensors(forged.arrays)[8:].split(b"}}")[0] + b"}}")
    name = next(iter(header))
    header[name]["shape"] = shape
    text = json.dumps(header).encode()
    forged.raw = struct.pack("<Q", len(text)) + text + to_safetensors(forged.arrays)[-200:]
    refused(forged)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"$":"tuple","v":[' * 50_000,
        "[" * 900 + "]" * 900,
        '{"$":"tuple","v":[' * 200 + "]}" * 200,
        "{",
        "",
        "null",
        "1" * 10_000,
        '"text"',
        "[]",
        '{"$":"again","v":0}',
        '{"$":"again","v":-1}',
        '{"$":"again","v":1e99}',
        '{"$":"forecaster"}',
        '{"$":["forecaster"]}',
        '{"$":"panel","v":{}}',
        '{"$":"pickle","v":"gASVIA=="}',
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
    ids=lambda text: text[:20],
)
def test_json_that_is_deep_or_no_forecaster_is_refused(parts, text):
    forged = parts(Naive())
    forged.text = text
    refused(forged)


def test_references_do_not_multiply_what_they_refer_to(parts, little_memory):
    """There is no bomb of aliases: what is named again is the object itself, and only one that is whole already."""
    forged = parts(Ensemble([Naive(), Naive()]))
    forged.model["learnt"]["z_"] = {"$": "tuple", "v": [{"$": "again", "v": 0}] * 10_000}
    assert len({id(part) for part in forged.load().z_}) == 1


CLASSES = [
    "subprocess:Popen",
    "os:system",
    "builtins:eval",
    "builtins:object",
    "pickle:Unpickler",
    "subprocess.Popen",
    "tsforecast._classes.find_class",
    "tsforecast.__main__.main",
    "tsforecast.cli.main.main",
    "tsforecast.Panel",
    "tsforecast.Training",
    "tsforecast.base.BaseForecaster",
    "sklearn.linear_model:Ridge",
    "no_such_module:Model",
    "Naive:",
    ":",
    "",
    "x" * 100_000,
    7,
    None,
    ["tsforecast.Naive"],
]


@pytest.mark.parametrize("name", CLASSES, ids=str)
def test_only_forecasters_of_this_package_are_made(parts, name):
    forged = parts(Naive())
    forged.model["class"] = name
    refused(forged)


@pytest.mark.parametrize("name", [name for name in CLASSES if name not in ("tsforecast.Training",)], ids=str)
def test_only_records_of_models_are_made(parts, name):
    forged = parts(Naive())
    forged.model["learnt"]["_container"]["class"] = name
    refused(forged)


@pytest.mark.parametrize(
    "record",
    [
        "tsforecast.backtest.store.folder:Folder",
        "tsforecast.panel.panel:Panel",
        "tsforecast.models.naive:Naive",
        "tsforecast.models.arima.order:Order",
        "tsforecast.models.naive:os",
        "tsforecast.panel.containers:Container.kind",
    ],
)
def test_a_record_has_its_own_fields_and_types(parts, record):
    forged = parts(Naive())
    forged.model["learnt"]["_container"] = {"$": "record", "class": record, "v": {"kind": "array"}}
    refused(forged)


@pytest.mark.parametrize("fields", [{}, {"kind": "pickle"}, {"kind": "array", "more": 1}, {"kind": ["array"]}])
def test_fields_of_another_kind_are_refused(parts, fields):
    forged = parts(Naive())
    forged.model["learnt"]["_container"]["v"] = fields
    refused(forged)


@pytest.mark.parametrize(
    "name", ["__class__", "__dict__", "_predict", "predict", "fit", "nests", "is_global", "a b", "é-"]
)
def test_attributes_of_the_class_are_not_set(parts, name):
    forged = parts(Naive())
    forged.model["learnt"][name] = 1
    refused(forged, "no such attribute")


def test_an_argument_that_the_class_does_not_have_is_refused(parts):
    forged = parts(ARIMA((1, 0, 0)))
    forged.model["class"] = "tsforecast.Naive"
    refused(forged)


@pytest.mark.parametrize(
    "function",
    [
        {"$": "function", "v": "os:system"},
        {"$": "function", "v": "subprocess:run"},
        {"$": "function", "v": "trusted_module:os.system"},
        {"$": "class", "v": "tsforecast.Naive"},
        "os:system",
        {"$": "tuple", "v": []},
    ],
)
def test_a_function_is_of_a_trusted_module(parts, function, monkeypatch):
    module = type(sys)("trusted_module")
    exec("import os\ndef last(y, horizon): return y[-1] + 0 * y[:horizon]", vars(module))
    monkeypatch.setitem(sys.modules, "trusted_module", module)
    forged = parts(FunctionForecaster(module.last))
    forged.model["arguments"]["function"] = function
    refused(forged)
    refused(forged, trusted=["trusted_module"])


@pytest.mark.parametrize("place", ["forecaster", "calibration_size", "nested"])
def test_an_argument_that_takes_no_class_gets_none(parts, place):
    forged = parts(Conformal(Naive(), calibration_size=12))
    named = {"$": "class", "v": "tsforecast.Naive"}
    name = "calibration_size" if place == "nested" else place
    forged.model["arguments"][name] = {"$": "tuple", "v": [1, [named]]} if place == "nested" else named
    refused(forged, match="takes no such class")


NETWORKS = [
    {"$": "class", "v": "subprocess:Popen"},
    {"$": "class", "v": "tsforecast.Naive"},
    "subprocess:Popen",
    "tsforecast.models.neural.networks.stock.cells:SIZES",
]


@pytest.mark.parametrize("network", NETWORKS, ids=str)
@pytest.mark.parametrize("place", ["network", "cell"])
def test_a_network_is_made_of_networks_and_cells(parts, network, place):
    forged = parts(NeuralForecaster(MinimalGated, {"hidden_size": 2}, n_members=1, max_epochs=1))
    arguments = forged.model["arguments"]
    if place == "network":
        arguments["network"] = network
    else:
        arguments["network"] = {"$": "class", "v": "tsforecast.models.neural.networks.cell_stack.CellStack"}
        arguments["settings"] = {"$": "dict", "v": [["cell", network], ["hidden_size", 2]]}
    refused(forged)


@pytest.mark.parametrize(
    ("name", "value"), [("hidden_size", 10**9), ("num_layers", 10**9), ("n_members", 10**9), ("hidden_size", -1)]
)
def test_a_network_is_no_larger_than_its_weights(parts, name, value, little_memory):
    forged = parts(LSTM(hidden_size=2, n_members=1, max_epochs=1))
    if name in forged.model["arguments"]:
        forged.model["arguments"][name] = value
    forged.text = json.dumps(forged.model).replace(f'["{name}", 1]', f'["{name}", {value}]')
    refused(forged)


def test_an_order_is_no_larger_than_what_is_held(parts, little_memory):
    forged = parts(ARIMA((1, 0, 1)))
    text = json.dumps(forged.model)
    for name, value in (("season_length", 10**12), ("p", 10**9), ("d", 10**9), ("q", 3), ("n", 10**12)):
        forged.text = re.sub(rf'"{name}": \d+', f'"{name}": {value}', text)
        assert forged.text != text
        refused(forged)


def test_arrays_that_do_not_belong_together_are_refused(parts):
    forged = parts(Conformal(Naive(), calibration_size=12))
    for name, array in copy.deepcopy(forged.arrays).items():
        if array.dtype == np.int64 and array.size == 2 and array[0] == 0:
            forged.arrays[name] = np.array([0, 10**12])
    refused(forged)


def test_a_changed_member_is_seen_where_only_the_whole_file_is_sealed_anew(parts):
    forged = parts(Naive())
    members = dict(forged.members())
    members["model.json"] += b" "
    forged.path.write_bytes(sealed(members.items()))
    with pytest.raises(ModelFileError, match="a member does not have the SHA-256"):
        load_forecaster(forged.path)


@pytest.mark.parametrize("change", [{"format": "other"}, {"notes": 1}, {"members": None}])
def test_a_manifest_of_something_else_is_refused(parts, change):
    forged = parts(Naive())
    members = forged.members()
    manifest = json.dumps(json.loads(members[0][1]) | change)
    forged.path.write_bytes(sealed([("manifest.json", manifest), *members[1:]]))
    with pytest.raises(ModelFileError, match=r"forged.tsf'"):
        load_forecaster(forged.path)


def test_a_time_zone_names_no_file(parts, tmp_path):
    path = tmp_path / "forged.tsf"
    zoned = pd.Series(Y, index=pd.date_range("2020", periods=Y.size, freq="h", tz="Europe/Berlin"))
    Naive().fit(zoned).save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for zone in ("dateutil//etc/passwd", "/etc/passwd", "../../etc/passwd", "Mars/Olympus", ""):
        text = members["model.json"].replace(b"Europe/Berlin", zone.encode())
        manifest = json.loads(members["manifest.json"])
        manifest["members"]["model.json"] = hashlib.sha256(text).hexdigest()
        forged = {"manifest.json": json.dumps(manifest), "model.json": text}
        path.write_bytes(sealed((members | forged).items()))
        with pytest.raises(TSForecastError, match=r"forged.tsf'"):
            load_forecaster(path)
