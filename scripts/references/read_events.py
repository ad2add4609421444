#!/usr/bin/env python3
"""Prints what TensorBoard's own reader finds in a directory of event files, as JSON, for the tests.

    python3 scripts/references/read_events.py runs/softmax/tensorboard
"""

import json
import struct
import sys
import zlib

from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.util import tensor_util


def pixels(png):
    """Width, height and the number of bytes of a PNG's pixels, with checksums tried."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    place, data, size = 8, b"", None
    while place < len(png):
        length, name = struct.unpack(">I4s", png[place:place + 8])
        body = png[place + 8:place + 8 + length]
        assert struct.unpack(">I", png[place + 8 + length:place + 12 + length])[0] == zlib.crc32(name + body)
        if name == b"IHDR":
            size = struct.unpack(">II", body[:8])
        if name == b"IDAT":
            data += body
        place += 12 + length
    return [*size, len(zlib.decompress(data))]


def setting(value):
    kind = value.WhichOneof("kind")
    return getattr(value, kind) if kind else None


def main(directory):
    events = EventAccumulator(directory, size_guidance={"tensors": 0}, tensor_size_guidance={})
    events.Reload()
    found = {"scalars": {}, "histograms": {}, "images": {}, "hparams": {}, "ends": 0, "charts": {}, "other": []}
    for tag in events.Tags()["tensors"]:
        metadata = events.SummaryMetadata(tag).plugin_data
        rows = [(event.step, tensor_util.make_ndarray(event.tensor_proto)) for event in events.Tensors(tag)]
        if metadata.plugin_name == "scalars":
            found["scalars"][tag] = [[step, float(value)] for step, value in rows]
        elif metadata.plugin_name == "histograms":
            found["histograms"][tag] = [[step, value.tolist()] for step, value in rows]
        elif metadata.plugin_name == "images":
            found["images"][tag] = [
                [step, int(value[0]), int(value[1]), *pixels(value[2])] for step, value in rows]
        elif metadata.plugin_name == "hparams":
            content = plugin_data_pb2.HParamsPluginData.FromString(metadata.content)
            for name, value in content.session_start_info.hparams.items():
                found["hparams"][name] = setting(value)
            found["ends"] += len(rows) if content.HasField("session_end_info") else 0
        elif metadata.plugin_name == "custom_scalars":
            layout = layout_pb2.Layout.FromString(rows[-1][1].item())
            for chart in layout.category[0].chart:
                found["charts"][chart.title] = list(chart.multiline.tag)
        elif metadata.plugin_name != "graphs":
            found["other"].append(tag)
    graph = events.Graph()
    found["graph"] = {node.name: [node.op, *node.input] for node in graph.node}
    print(json.dumps(found))


main(sys.argv[1])
