#!/usr/bin/env python3
"""Makes Tests/Fixtures/tensorboard.json: events, records, checksums and histograms as TensorBoard's own code makes them.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/references/tensorboard-requirements.txt
    .venv/bin/python scripts/references/tensorboard_events.py           writes it
    .venv/bin/python scripts/references/tensorboard_events.py --check   compares it with a new making
"""

import io
import json
import math
import pathlib
import sys

import numpy as np
from tensorboard.compat.proto import event_pb2, graph_pb2, summary_pb2
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import crc32c, masked_crc32c
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar import metadata as custom_metadata
from tensorboard.plugins.histogram import summary_v2 as histogram_summary
from tensorboard.plugins.hparams import metadata as hparams_metadata
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util import tensor_util

FIXTURE = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Fixtures" / "tensorboard.json"
TIME = 1700000000.25


def event(step, **fields):
    return event_pb2.Event(wall_time=TIME, step=step, **fields)


def summary(step, *values):
    return event(step, summary=summary_pb2.Summary(value=values))


Value = summary_pb2.Summary.Value


def scalars():
    return summary(
        300, Value(tag="train/loss", simple_value=0.5), Value(tag="validation/loss", simple_value=0.0),
        Value(tag="learningRate", simple_value=1e-3), Value(tag="test/é", simple_value=math.inf))


def image():
    picture = summary_pb2.Summary.Image(height=200, width=300, colorspace=3, encoded_image_string=b"\x89PNG")
    return Value(tag="test/confusion", image=picture,
                 metadata=summary_pb2.SummaryMetadata(summary_description="a row for each class"))


def histogram():
    message = summary_pb2.HistogramProto(
        min=-1.5, max=2.5, num=4, sum=0, sum_squares=3.25, bucket_limit=[0.5, 2.5], bucket=[3, 1])
    return Value(tag="parameters/dense1/weight", histo=message)


def hparams(tag, **fields):
    content = plugin_data_pb2.HParamsPluginData(version=hparams_metadata.PLUGIN_DATA_VERSION, **fields)
    # As hparams_metadata.create_summary_metadata, but with the settings in a fixed order.
    plugin = summary_pb2.SummaryMetadata.PluginData(
        plugin_name=hparams_metadata.PLUGIN_NAME, content=content.SerializeToString(deterministic=True))
    return Value(tag=tag, metadata=summary_pb2.SummaryMetadata(plugin_data=plugin),
                 tensor=hparams_metadata.NULL_TENSOR)


def session_start():
    start = plugin_data_pb2.SessionStartInfo(start_time_secs=TIME)
    start.hparams["optimizer.learningRate"].number_value = 0.1
    start.hparams["optimizer.type"].string_value = "sgd"
    start.hparams["seed"].number_value = 0
    start.hparams["optimizer.nesterov"].bool_value = False
    start.hparams["training.shape"].string_value = "[1,2]"
    return hparams(hparams_metadata.SESSION_START_INFO_TAG, session_start_info=start)


def session_end():
    end = plugin_data_pb2.SessionEndInfo(status=1, end_time_secs=TIME)
    return hparams(hparams_metadata.SESSION_END_INFO_TAG, session_end_info=end)


def charts():
    layout = layout_pb2.Layout()
    category = layout.category.add(title="groups")
    for measure in ["loss", "f1"]:
        chart = category.chart.add(title=measure)
        chart.multiline.tag.extend(f"^{group}/{measure}$" for group in ["train", "validation"])
    category.chart.add(title="a.b").multiline.tag.append(r"^train/a\.b$")
    tensor = tensor_util.make_tensor_proto(layout.SerializeToString(deterministic=True))
    return Value(tag=custom_metadata.CONFIG_SUMMARY_TAG, metadata=custom_metadata.create_summary_metadata(),
                 tensor=tensor)


def graph():
    definition = graph_pb2.GraphDef()
    definition.versions.producer = 22

    def node(name, operation, inputs, shape, **attributes):
        message = definition.node.add(name=name, op=operation, input=inputs)
        extents = message.attr["_output_shapes"].list.shape.add()
        for extent in shape:
            extents.dim.add(size=extent)
        for key, value in attributes.items():
            message.attr[key].s = value.encode()

    node("inputs", "Placeholder", [], [-1, 784])
    node("dense1/weight", "Parameter", [], [784, 10])
    node("dense1/dense", "dense", ["inputs", "dense1/weight"], [-1, 10], units="10", activation="none")
    node("loss", "softmaxCrossEntropy", ["dense1/dense"], [])
    return event(0, graph_def=definition.SerializeToString(deterministic=True))


def events():
    yield "version", event_pb2.Event(wall_time=TIME, file_version="brain.Event:2")
    yield "restart", event(41, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START))
    yield "scalars", scalars()
    yield "image", summary(7, image())
    yield "histogram", summary(1 << 40, histogram())
    yield "sessionStart", summary(0, session_start())
    yield "sessionEnd", summary(9, session_end())
    yield "charts", summary(0, charts())
    yield "graph", graph()


def record(data):
    file = io.BytesIO()
    file.close = lambda: None
    RecordWriter(file).write(data)
    return file.getvalue()


def histograms():
    random = np.random.default_rng(5)
    for name, values in [
        ("normal", random.normal(size=1000)), ("integers", np.arange(-30.0, 61)), ("pair", np.array([0.1, 0.3])),
        ("equal", np.full(7, -2.5)), ("zeros", np.zeros(3)), ("small", random.normal(size=50) * 1e-30),
    ]:
        message = histogram_summary.histogram_pb("x", values)
        buckets = tensor_util.make_ndarray(message.value[0].tensor)
        filled = buckets[buckets[:, 2] > 0] if values.min() == values.max() else buckets
        yield {"name": name, "values": values.tolist(), "limits": filled[:, 1].tolist(),
               "counts": filled[:, 2].tolist(), "sum": float(values.sum()), "squares": float((values**2).sum())}


def fixture():
    cases = []
    for name, message in events():
        data = message.SerializeToString(deterministic=True)
        cases.append({"name": name, "event": data.hex(), "record": record(data).hex()})
    texts = ["", "a", "123456789", "The quick brown fox"]
    sums = [{"text": text, "crc32c": crc32c(text.encode()), "masked": masked_crc32c(text.encode())} for text in texts]
    return {"time": TIME, "events": cases, "checksums": sums, "histograms": list(histograms())}


def main():
    made = json.dumps(fixture(), indent=1, ensure_ascii=False) + "\n"
    if "--check" in sys.argv:
        sys.exit(0 if FIXTURE.read_text() == made else "Tests/Fixtures/tensorboard.json is not what is made now")
    FIXTURE.write_text(made)


main()
