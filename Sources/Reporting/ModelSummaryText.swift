import Foundations
import Training

extension ModelSummary {
  /// A table of the layers, or of a formula's parameters, and below it what all of them take together.
  public var text: String {
    let what = formula.map { "the formula \($0.onOneLine)" } ?? Self.amount(layers.count, "layer")
    var text = "\(name.onOneLine): \(what), in \(precision.rawValue)\n\n"
    text += formula == nil ? layerTable : parameterTable
    text += "\n" + TextTable(facts, indentation: 0).text
    return text
  }

  private var layerTable: String {
    var table = TextTable(header: ["layer", "type", "output", "parameters", "operations"], left: [0, 1])
    table.append(["inputs", "", Self.extents(inputShape ?? []), "", ""])
    var outer: [String] = []
    for layer in layers {
      // Those within another stand below it, with the part of the path that is their own.
      outer = Array(outer.prefix(layer.depth))
      let name = outer.last.map { String(layer.name.dropFirst($0.count + 1)) } ?? layer.name
      outer.append(layer.name)
      table.append([
        String(repeating: "  ", count: layer.depth) + name, layer.type, Self.extents(layer.outputShape),
        "\(layer.parameterCount)", "\(layer.operations)",
      ])
    }
    return table.text
  }

  private var parameterTable: String {
    var table = TextTable(header: ["parameter", "shape", "numbers"], left: [0])
    for parameter in parameters {
      table.append([
        parameter.name, parameter.shape.isEmpty ? "scalar" : Self.extents(parameter.shape), "\(parameter.count)",
      ])
    }
    return table.text
  }

  private var facts: [(name: String, value: String)] {
    let rest = parameterCount - trainedCount
    var facts: [(name: String, value: String)] = [
      ("parameters", "\(parameterCount), \(rest == 0 ? "all trained" : "\(trainedCount) trained, \(rest) not")"),
      ("operations", "\(operations.forward) forward, \(operations.trainingStep) in a training step, for each sample"),
      (
        "batch",
        "\(batchSize.map { Self.amount($0, "sample") } ?? "all samples") in \(Self.amount(shards, "shard")) of up to \(shardSamples)"
      ),
      (
        "memory",
        "parameters \(ByteText.text(memory.parameters)), optimizer state \(ByteText.text(memory.optimizerState)),"
      ),
      ("", "\(ByteText.text(memory.shard)) to compute a shard"),
    ]
    if let run = memory.run {
      facts.append(
        ("", "a run beside its data, with \(Self.amount(memory.workers, "worker")): up to \(ByteText.text(run))"))
    }
    return facts
  }

  private static func extents(_ shape: [Int]) -> String {
    shape.isEmpty ? "1" : shape.map(String.init).joined(separator: " x ")
  }

  private static func amount(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }

  /// The same as one object.
  public var json: JSONValue {
    [
      "name": .string(name), "precision": .string(precision.rawValue),
      "inputShape": inputShape.map { .array($0.map(JSONValue.integer)) } ?? .null,
      "formula": formula.map(JSONValue.string) ?? .null, "layers": .array(layers.map(\.json)),
      "parameters": .array(parameters.map(\.json)), "parameterCount": .integer(parameterCount),
      "trainedCount": .integer(trainedCount),
      "operations": ["forward": .integer(operations.forward), "trainingStep": .integer(operations.trainingStep)],
      "batchSize": batchSize.map(JSONValue.integer) ?? .null, "shards": .integer(shards),
      "shardSamples": .integer(shardSamples),
      "memory": [
        "parameters": .integer(memory.parameters), "optimizerState": .integer(memory.optimizerState),
        "shard": .integer(memory.shard), "run": memory.run.map(JSONValue.integer) ?? .null,
        "workers": .integer(memory.workers),
      ],
    ]
  }
}

extension ModelSummary.Layer {
  fileprivate var json: JSONValue {
    [
      "name": .string(name), "type": .string(type), "depth": .integer(depth),
      "outputShape": .array(outputShape.map(JSONValue.integer)), "parameterCount": .integer(parameterCount),
      "operations": .integer(operations),
    ]
  }
}

extension ModelSummary.Parameter {
  fileprivate var json: JSONValue {
    [
      "name": .string(name), "shape": .array(shape.map(JSONValue.integer)), "count": .integer(count),
      "trained": .boolean(isTrained),
    ]
  }
}
