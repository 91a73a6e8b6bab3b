# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Graph files: what they hold, that they run as the function did, and that broken ones are refused."""

from __future__ import annotations

import io
import json
import struct

import numpy as np
import pytest
from safetensors.numpy import load as load_tensors
from safetensors.numpy import load_file

import keima
import keima.functional as F  # noqa: N812
import keima.module as M  # noqa: N812
from keima.jit import TraceError, load_graph, trace
from keima_zoo.models import MODELS


class Odd(M.Module):
    """Sizes that fill no channel block: groups, dilation, stride beyond the kernel, one pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = M.Conv2d(3, 17, 3, padding=2, dilation=2)
        self.conv2 = M.Conv2d(17, 17, 3, stride=4, padding=1, groups=17)
        self.conv3 = M.Conv2d(17, 24, 1, stride=2, bias=False)
        self.norm = M.BatchNorm2d(24)
        self.fc = M.Linear(24, 5)

    def forward(self, x: keima.Tensor) -> keima.Tensor:
        x = F.relu6(self.norm(self.conv3(F.silu(self.conv2(F.relu(self.conv1(x)))))))
        return F.softmax(self.fc(F.avg_pool2d(x, x.shape[2]).reshape(x.shape[0], -1)), axis=1)


NETWORKS = {**MODELS, "odd": Odd}


def _network(name: str) -> tuple[M.Module, keima.Tensor]:
    rng = np.random.default_rng(0)
    network = NETWORKS[name]()
    shape = (2, 3, 19, 19) if name == "odd" else (2, 1, 28, 28)
    network(keima.Tensor(rng.standard_normal(shape).astype(np.float32)))  # statistics that are not 0 and 1
    network.eval()
    return network, keima.Tensor(rng.standard_normal(shape).astype(np.float32))


def _dumped(function, *args, **options) -> bytes:
    traced = trace(function, symbolic=True, capture_as_const=True)
    traced(*args)
    file = io.BytesIO()
    traced.dump(file, **options)
    return file.getvalue()


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_eager_traced_and_loaded_agree(name, optimize, tmp_path):
    network, images = _network(name)
    traced = trace(network, symbolic=True, capture_as_const=True)
    want = network(images).numpy()
    close = {"rtol": 0, "atol": 2e-5 * np.abs(want).max()}
    np.testing.assert_allclose(traced(images).numpy(), want, **close)
    path = tmp_path / "model.safetensors"
    result = traced.dump(path, arg_names=["images"], output_names="logits", optimize_for_inference=optimize)
    assert result.tot_bytes == path.stat().st_size > result.tensor_value_bytes
    loaded = load_graph(path)
    path.unlink()  # nothing of the file is needed any more
    assert loaded.inputs == {"images": (images.shape, np.dtype("float32"))}
    assert list(loaded.outputs) == ["logits"]
    for _ in range(2):
        np.testing.assert_allclose(loaded(images).numpy(), want, **close)
    np.testing.assert_allclose(loaded.run(inp_dict={"images": images.numpy()})["logits"].numpy(), want, **close)


def test_the_file_is_safetensors_with_aligned_named_weights(tmp_path):
    network, images = _network("lenet")
    path = tmp_path / "model.safetensors"
    content = _dumped(network, images, optimize_for_inference=False)
    path.write_bytes(content)
    tensors = load_file(path)
    for name, tensor in network.named_tensors():
        np.testing.assert_array_equal(tensors[name], tensor.numpy())
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    graph = json.loads(header.pop("__metadata__")["keima.graph"])
    assert graph["version"] == 1
    starts = [8 + length + entry["data_offsets"][0] for name, entry in header.items() if "keima.align" not in name]
    assert len(starts) == len(dict(network.named_tensors()))
    assert all(start % 64 == 0 for start in starts)


def test_attributes_of_every_kind_come_back():
    def function(x, mask):
        y = F.leaky_relu(x, 0.1234567) + F.full((3,), -np.inf).astype("int32").astype("float32") * 0
        return {"sum": F.sum(y), "cast": x.astype("float16"), "pick": F.where(mask, x, y), "same": x}, [mask]

    x, mask = keima.Tensor([-1.0, 2.0, 0.5]), keima.Tensor([True, False, True])
    loaded = load_graph(io.BytesIO(_dumped(function, x, mask, output_names=["s", "c", "p", "x", "m"])))
    want, (flags,) = function(x, mask)
    got = loaded.run(x, mask)
    for name, value in zip("scpxm", [*want.values(), flags], strict=True):
        assert got[name].dtype == value.dtype
        np.testing.assert_array_equal(got[name].numpy(), value.numpy())


def test_nearly_equal_attributes_are_not_merged():
    first, second = 0.1234567, 0.12345671
    x = keima.Tensor([-1e6])
    loaded = load_graph(io.BytesIO(_dumped(lambda x: (F.leaky_relu(x, first), F.leaky_relu(x, second)), x)))
    a, b = (result.numpy() for result in loaded(x))
    np.testing.assert_array_equal(a, F.leaky_relu(x, first).numpy())
    np.testing.assert_array_equal(b, F.leaky_relu(x, second).numpy())


def test_what_cannot_be_dumped_is_refused():
    x = keima.Tensor([1.0])
    weight = keima.Parameter([2.0])
    file = io.BytesIO()
    with pytest.raises(TraceError, match="capture_as_const=True"):
        trace(lambda x: x * weight).dump(file)
    with pytest.raises(TraceError, match="got 0 recordings"):
        trace(lambda x: x * weight, capture_as_const=True).dump(file)
    traced = trace(lambda x: x * weight, capture_as_const=True)
    traced(x)
    for names in (["a", "b"], [""]):
        with pytest.raises(ValueError, match="arg_names: expected 1 different names"):
            traced.dump(file, arg_names=names)
    traced(keima.Tensor([1.0, 2.0]))
    with pytest.raises(TraceError, match="got 2 recordings"):
        traced.dump(file)
    reading = trace(lambda x: x * float(x.sum().numpy()), capture_as_const=True)
    reading(x)
    with pytest.raises(TraceError, match="read on the host"):
        reading.dump(file)
    dropping = trace(lambda x: F.dropout(x, 0.5), capture_as_const=True)
    dropping(x)
    with pytest.raises(TraceError, match="random"):
        dropping.dump(file)
    assert file.getvalue() == b""


def test_a_failed_dump_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"before")
    traced = trace(lambda x: x + 1, capture_as_const=True)
    traced(keima.Tensor([1.0]))
    with pytest.raises(ValueError, match="output_names"):
        traced.dump(path, output_names=["a", "b"])

    def full_disk(_):
        raise OSError(28, "No space left on device")

    class Full(io.BytesIO):
        write = staticmethod(full_disk)

    with pytest.raises(OSError, match="No space"):
        traced.dump(Full())
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]
    assert path.read_bytes() == b"before"


def test_inputs_that_do_not_fit_are_named():
    loaded = load_graph(io.BytesIO(_dumped(lambda a, b: a + b, keima.Tensor([1.0]), keima.Tensor([2.0]))))
    with pytest.raises(ValueError, match=r"each of the inputs \['arg_0', 'arg_1'\] once"):
        loaded([1.0])
    with pytest.raises(ValueError, match="once"):
        loaded([1.0], [2.0], arg_0=[1.0])
    with pytest.raises(keima.ShapeError, match=r"expected shape \(1,\), got \(2,\)"):
        loaded([1.0, 2.0], [2.0])
    assert loaded([1.0], arg_1=[2.0]).numpy() == 3


def _edited(content: bytes, edit) -> bytes:
    """The file with its header and graph changed by `edit(header, graph)`."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    graph = json.loads(header["__metadata__"]["keima.graph"])
    edit(header, graph)
    if "__metadata__" in header:
        header["__metadata__"]["keima.graph"] = json.dumps(graph)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 64)
    return struct.pack("<Q", len(text)) + text + content[8 + length :]


def _deep(graph):
    for _ in range(100):
        graph["nodes"] = [graph["nodes"]]


EDITS = {
    "the file holds no graph": lambda h, g: h.pop("__metadata__"),
    "version 2, this build reads version 1": lambda h, g: g.update(version=2),
    "there is no 'values'": lambda h, g: g.pop("values"),
    "there is no op 'system'": lambda h, g: g["nodes"][0].update(op="system"),
    "depends on values": lambda h, g: g["nodes"][0].update(op="nonzero", attrs={}),
    "needs 'axis'": lambda h, g: g["nodes"][-1].update(op="softmax", attrs={}),
    "stride: expected an array": lambda h, g: g["nodes"][0]["attrs"].update(stride="1"),
    "groups: expected an integer": lambda h, g: g["nodes"][0]["attrs"].update(groups=1.5),
    "groups: may not be null": lambda h, g: g["nodes"][0]["attrs"].update(groups=None),
    "1 of them are unknown": lambda h, g: g["nodes"][0]["attrs"].update(color=1),
    "there is no value 999": lambda h, g: g["nodes"][0].update(out=[999]),
    "lacks operand 0": lambda h, g: g["nodes"][0]["in"].__setitem__(0, None),
    "before it is made": lambda h, g: g["nodes"].reverse(),
    "made already": lambda h, g: g["nodes"].append(g["nodes"][0]),
    r"the graph says float32\(2, 16, 29, 28\)": lambda h, g: g["values"][g["nodes"][0]["out"][0]][1].__setitem__(2, 29),
    "at most 8 dimensions": lambda h, g: g["values"][0].__setitem__(1, [1] * 9),
    "more elements than can be addressed": lambda h, g: g["values"][0].__setitem__(1, [1 << 40, 1 << 40]),
    "takes more than the limit": lambda h, g: g["values"][0].__setitem__(1, [1 << 40]),
    "no negative sizes": lambda h, g: g["values"][0].__setitem__(1, [-1]),
    "there is no dtype 'float64'": lambda h, g: g["values"][0].__setitem__(0, "float64"),
    "is empty or given twice": lambda h, g: g["outputs"].append(g["outputs"][0]),
    "the file has no tensor 'x'": lambda h, g: g["constants"][0].__setitem__(1, "x"),
    "nested too deep": lambda h, g: _deep(g),
    "overlap or leave a gap": lambda h, g: h.update(more={"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}),
    "its data_offsets are 0 and": lambda h, g: h["conv1.weight"].update(shape=[16, 1, 5, 6]),
    "there is no dtype 'F64' here": lambda h, g: h["conv1.weight"].update(dtype="F64"),
    "expected two data_offsets": lambda h, g: h["conv1.weight"].update(data_offsets=[0]),
}


@pytest.mark.parametrize("message", EDITS)
def test_broken_files_are_refused_with_the_reason(message):
    network, images = _network("lenet")
    content = _dumped(network, images)
    assert load_graph(io.BytesIO(_edited(content, lambda h, g: None)))(images).shape == (2, 10)
    with pytest.raises(keima.FileFormatError, match=message):
        load_graph(io.BytesIO(_edited(content, EDITS[message])))


def test_cut_long_and_foreign_files_are_refused(tmp_path):
    content = _dumped(lambda x: x + keima.Tensor(np.arange(100.0)), keima.Tensor([1.0]))
    for broken in (b"", b"\x00", content[:7], content[:100], content[:-1], content + b"\0", b"\xff" * 1000):
        with pytest.raises(keima.FileFormatError):
            load_graph(io.BytesIO(broken))
    header_end = 8 + struct.unpack("<Q", content[:8])[0]
    for at in range(0, header_end, 7):  # bytes of no string, number or bracket
        with pytest.raises(keima.FileFormatError):
            load_graph(io.BytesIO(content[:at] + b"\x00" + content[at + 1 :] if at >= 8 else b"\xff" * 8 + content[8:]))
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(keima.FileFormatError, match=path.name):
            load_graph(path)


def test_more_memory_than_the_limit_is_refused_before_it_is_taken():
    wide = trace(lambda x: F.broadcast_to(x, (1 << 14, 1 << 14)) + 1, capture_as_const=True, record_only=True)
    wide(keima.Tensor([1.0]))
    file = io.BytesIO()
    wide.dump(file)
    file.seek(0)
    before = keima._core.memory_stats()["reserved"]
    with pytest.raises(MemoryError, match="the limit is 1000000"):
        load_graph(file, arena_limit=1_000_000)
    assert keima._core.memory_stats()["reserved"] == before
    assert len(load_tensors(file.getvalue())) == 2


def test_a_loaded_graph_says_that_it_has_no_gradient():
    traced = trace(lambda x: x * 2, capture_as_const=True)
    x = keima.Parameter([1.0, 2.0])
    traced(x)
    file = io.BytesIO()
    traced.dump(file)
    model = load_graph(io.BytesIO(file.getvalue()))
    assert model(x).numpy().tolist() == [2, 4]
    with keima.autodiff.GradManager().attach([x]):
        with pytest.raises(TraceError, match="no gradient goes back through a loaded graph"):
            model(x)
        assert model(x.detach()).numpy().tolist() == [2, 4]
