import Foundation
import Foundations
import HDF5
import TestSupport

/// What fuzz cases begin with, before it is damaged.
enum FuzzInputs {
  static func config(_ name: String) throws -> String {
    let iris = Repository.data("iris")
    return switch name {
    case "iris":
      """
      {"name": "iris", "seed": 1, "data": {"path": "\(iris)", "preprocessing": ["standardize"]},
       "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy", "f1"],
       "optimizer": {"type": "sgd", "learningRate": 0.1, "momentum": 0.9}, "training": {"epochs": 2, "batchSize": 32}}
      """
    case "mlp":
      """
      {"seed": 1, "precision": "float64", "data": {"path": "\(iris)", "preprocessing": [{"type": "scale", "factor": 0.1}]},
       "model": {"layers": [{"type": "dense", "units": 5, "activation": "relu"}, {"type": "dropout", "rate": 0.2},
       {"type": "layerNormalization"}, {"type": "dense", "units": 3, "name": "out"}]},
       "loss": {"type": "softmaxCrossEntropy", "labelSmoothing": 0.1},
       "metrics": ["accuracy", "f1"],
       "optimizer": {"type": "adam", "learningRate": 0.01, "beta1": 0.9, "clipNorm": 1},
       "schedule": {"type": "cosine", "warmup": {"steps": 3}},
       "training": {"epochs": 3, "batchSize": 16, "shards": 2, "shuffle": true},
       "checkpoints": {"every": {"epochs": 1}, "keep": 2, "best": {"metric": "test.accuracy"}},
       "earlyStopping": {"metric": "test.loss", "patience": 5}}
      """
    case "formula":
      """
      {"data": {"path": "\(iris)"}, "parameters": {"w": [0.1, 0.2, 0.3, 0.4], "b": {"shape": [2], "initializer": "normal"}},
       "objective": "(sum(w * inputs) + b[0] - targets)^2 + 0.1*sum(b^2)", "reduction": "mean",
       "optimizer": {"type": "sgd", "learningRate": 0.001}, "training": {"epochs": 2, "batchSize": "full"}}
      """
    default:
      """
      {"precision": "float64", "parameters": {"w": [-5, 5]}, "objective": "w[0]^2 + w[1]^2 - w[0]*w[1]",
       "direction": "minimize", "optimizer": {"type": "lbfgs", "historySize": 4}, "training": {"steps": 20}}
      """
    }
  }

  static let words = [
    "\"path\"", "\"model\"", "\"layers\"", "\"type\"", "\"dense\"", "\"units\"", "\"float32\"", "\"adamw\"",
    "\"rmsprop\"",
    "\"relu\"", "\"standardize\"", "\"oneHot\"", "\"normalize\"", "\"meanSquaredError\"", "\"binaryCrossEntropy\"",
    "\"objective\"", "\"parameters\"", "\"epochs\"", "\"steps\"", "{", "}", "[", "]", ",", ":", "\"", "\n",
  ]

  static let keys = [
    "seed", "name", "precision", "output", "data", "data.path", "data.inputs", "data.targets", "data.preprocessing",
    "data.preprocessing.0.factor", "data.preprocessing.0.type", "model", "model.layers", "model.layers.0.units",
    "model.layers.1.rate", "model.layers.0.activation", "model.layers.0.initializer", "model.layers.7", "loss",
    "loss.type",
    "loss.labelSmoothing", "loss.classWeights", "metrics", "metrics.1", "optimizer", "optimizer.type",
    "optimizer.learningRate", "optimizer.beta1", "optimizer.epsilon", "optimizer.clipNorm", "optimizer.averaging.decay",
    "schedule", "schedule.warmup", "schedule.warmup.steps", "training", "training.epochs", "training.steps",
    "training.batchSize", "training.shards", "training.shuffle", "data.shuffle", "data.shuffle.block",
    "data.shuffle.window", "checkpoints", "checkpoints.every", "checkpoints.every.epochs", "checkpoints.every.steps",
    "checkpoints.every.seconds", "checkpoints.every.secondsApart", "checkpoints.keep", "checkpoints.best.metric",
    "earlyStopping", "earlyStopping.patience", "penalties", "penalties.l2", "x", "", ".",
    "a..b",
    "model.layers.-1", "model.layers.9223372036854775808", "\u{1B}[31m",
  ]

  static let formulas = [
    "w[0]^2 + w[1]^2 - w[0]*w[1]", "sum((w - 1)^2) / (1 + exp(-w[0]))", "-log_softmax(w)[1]",
    "mean(tanh(w @ transpose(w)))", "where(w > 0, w, 0.1 * w)[0]", "sum(clip(w, -1, 1)) + max(w) * var(w)",
    "logsumexp(concatenate([w, w]))", "sum(take(w, [0, -1])) + argmax(w)", "sum(pad(w, (1, 2)) * 2)",
    "sum(reshape(w, [-1]))", "sum(stack([w, w])[:, ::-1])", "erf(w[0]) + softplus(w[-1]) ** 2",
  ]
  static let formulaWords = [
    "(", ")", "[", "]", ",", ":", "::", "+", "-", "*", "/", "^", "**", "@", "w", "x", "pi", "e", "sum", "exp", "log",
    "reshape", "broadcast_to", "one_hot", "axis=0", "keepdims=1", "==", "<", "\n", "\t", "\u{1B}[2J", "é", "'", "\"",
    "=",
    "((((((((((((((((((((((((((((((((", "w[0, 0, 0]", "w[[0,1]]", "1e999",
  ]

  static let tables = [
    "a,b,kind\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n9,10,x\n1,1,y\n", "a;b;y\n1,5;2;1\n2,5;3;2\n3,5;4;3\n4,1;5;4\n5;6;5\n",
    "x,y\n0.5,1\n1.5,2\n2.5,3\n3.5,4\n4.5,5\n5.5,6\n",
    "\"a \"\"q\"\"\",kind\n1,\"x,1\"\n2,\"y\n2\"\n3,x\n4,z\n5,x\n6,z\n",
    "a\tb\ty\n1\t2\t3\n4\t5\t6\n7\t8\t9\n1\t2\t3\n4\t5\t6\n",
  ]

  static let jsonLines = [
    #"{"a": 1, "b": "x", "c": true, "y": 1}"# + "\n" + #"{"b": null, "a": -2.5e3, "y": 2}"# + "\n"
      + #"{"a": 0, "b": "é\u00e9\n", "c": false, "y": 1}"# + "\n",
    "{\"x\": 0.5, \"y\": 1}\n{\"x\": 1.5, \"y\": 2}\n{\"x\": 2.5, \"y\": 3}\n",
  ]

  /// A small dataset in several layouts.
  static func datasets(in directory: String) throws -> [(path: String, bytes: [UInt8])] {
    try ["iris", "breast-cancer", "notes", "line"].map { name in
      let path = directory + "/\(name).h5"
      try FileManager.default.copyItem(atPath: Repository.data(name), toPath: path)
      return (path, [UInt8](try Data(contentsOf: URL(filePath: path))))
    }
  }

  /// Files in the layouts of others, each with the settings that name its parts.
  static func foreign() throws -> [(bytes: [UInt8], settings: [String])] {
    func groups(_ train: String, _ test: String? = nil) -> String {
      "data.groups={\"train\": {\(train)}\(test.map { ", \"test\": {\($0)}" } ?? "")}"
    }
    let numbers = ["loss=meanSquaredError", "metrics=[]"]
    let files: [(String, [String])] = [
      (
        "keras_root.h5",
        [groups(#""inputs": "x_train", "targets": "y_train""#, #""inputs": "x_test", "targets": "y_test""#)]
      ),
      ("caffe.h5", [groups(#""inputs": "data", "targets": "label""#), "data.layout=channelsFirst"]),
      (
        "fuel.h5",
        [
          groups(
            #""inputs": "features", "targets": "targets", "split": "train""#,
            #""inputs": "features", "targets": "targets", "split": "test""#)
        ]
      ),
      (
        "pdebench_1d.h5",
        [groups(#""inputs": "tensor[:, 0]", "targets": "tensor[:, -1]""#), "model.layers.0.units=32"] + numbers
      ),
      ("matlab73.mat", [groups(#""inputs": "X", "targets": "y""#), "data.rowAxis=-1"]), ("netcdf_groups.nc", []),
      ("compound_root.h5", [groups(#""inputs": ["table/a", "table/b"], "targets": "table/y""#)]),
      (
        "pandas_table.h5",
        [groups(#""inputs": "df/table/values_block_0", "targets": "df/table/values_block_1""#), "data.labels=sorted"]
      ),
      ("anndata_sparse.h5ad", [groups(#""inputs": "X", "targets": "obs/cell_type/codes""#)]),
      ("str_vlen.h5", ["data.labels=sorted"]), ("bool_inputs.h5", []),
    ]
    return try files.map { name, settings in
      ([UInt8](try Data(contentsOf: URL(filePath: "\(Fixture.directory)/foreign/h5/\(name)"))), settings)
    }
  }

  /// Trains a config with that dataset.
  static func train(_ config: String, data: String, into directory: String) throws {
    let path = directory + ".json"
    try Data(config.replacing(Repository.data("iris"), with: data).utf8).write(to: URL(filePath: path))
    let result = try TrainerBinary.run("run", path, "--output", directory)
    guard result.status == 0 else { throw TrainerError(.usage, "the run to begin with failed: \(result.errors)") }
  }

  static func newest(in run: String) throws -> String {
    let names = try FileManager.default.contentsOfDirectory(atPath: run + "/checkpoints").sorted()
    guard let last = names.last else { throw TrainerError(.usage, "the run to begin with saved nothing") }
    return run + "/checkpoints/" + last
  }

  /// Makes the checksums of a checkpoint's first block fit what is in the file; now and then it lies in a number.
  static func reseal(_ bytes: inout [UInt8], _ random: inout FuzzRandom) {
    let (size, checksum) = (512, 480)
    guard bytes.count > size else { return }
    func set(_ value: UInt64, at offset: Int) {
      for index in 0..<8 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index))) }
    }
    set(UInt64(bytes.count - size), at: 16)
    bytes.replaceSubrange(24..<56, with: Digest(of: bytes[size...]).bytes)
    if random.chance(5) {
      set(random.pick([0, 1, 7, .max, 1 << 63, 1 << 63 - 512, 1 << 62]), at: random.pick([16, 56, 64]))
    }
    bytes.replaceSubrange(checksum..<size, with: Digest(of: bytes[..<checksum]).bytes)
  }
}
