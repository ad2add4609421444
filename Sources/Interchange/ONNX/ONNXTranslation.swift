import Autodiff
import Foundation
import Foundations
import Kernels
import Training

/// Writes the graph that `predict` computes as ONNX operators, one row for each kind of operation: layers compose operations, so
/// those of an app are written as the package's own are.
///
/// A graph is built for a number of samples, an ONNX model takes any. So the model is built twice, for two and for three
/// samples: what is twice and three times something counts samples, and all else must be equal.
struct ONNXTranslation {
  /// The samples of the two graphs.
  static let sampleCounts = (2, 3)

  let model: PortableModel
  let type: ONNXType
  var graph = ONNXGraph()
  private let inference: PortableModel.Inference
  private let twin: PortableModel.Inference
  private var values: [Int: ONNXValue] = [:]
  /// Conditions as truth values, of which ``values`` has 0 and 1.
  private var conditions: [Int: ONNXValue] = [:]
  private var sampleCount: ONNXValue?

  /// Builds the two graphs.
  ///
  /// - Throws: `TrainerError` if a layer is not the same for all numbers of samples.
  init(_ model: PortableModel) throws {
    self.model = model
    type = ONNXType(model.precision)
    inference = try model.inference(samples: Self.sampleCounts.0)
    twin = try model.inference(samples: Self.sampleCounts.1)
    guard inference.graph.count == twin.graph.count else {
      throw TrainerError(
        .usage, "the model computes other things for another number of samples, so it has no ONNX form")
    }
  }

  /// What the model's inputs, the outputs and the probabilities are, [samples × positions, outputs of a position].
  struct Results {
    let outputs: ONNXValue
    let probabilities: ONNXValue?
  }

  /// Adds the model's operations.
  ///
  /// - Parameter inputs: Its inputs behind all preprocessing, [samples, …].
  /// - Throws: `TrainerError` naming a layer and an operation that ONNX has nothing for.
  mutating func add(inputs: ONNXValue) throws -> Results {
    values[inference.inputs.index] = inputs
    let wanted = [inference.outputs] + (inference.probabilities.map { [$0] } ?? [])
    var isNeeded = [Bool](repeating: false, count: inference.graph.count)
    for node in wanted { isNeeded[node.index] = true }
    let (nodes, twins) = (inference.graph.nodes, twin.graph.nodes)
    for node in nodes.reversed() where isNeeded[node.index] {
      for input in node.inputs { isNeeded[input.index] = true }
    }
    for node in nodes where isNeeded[node.index] && values[node.index] == nil {
      graph.scope = inference.layer(of: node.index) ?? ""
      values[node.index] = try translate(node, twins[node.index])
    }
    graph.scope = ""
    return Results(
      outputs: try value(inference.outputs), probabilities: try inference.probabilities.map { try value($0) })
  }

  // MARK: - What rows need

  func value(_ node: Node) throws -> ONNXValue {
    guard let value = values[node.index] else { throw unfit(node, "has an operand that is no input of predictions") }
    return value
  }

  /// The error for an operation that has no form in ONNX.
  func unfit(_ node: Node, _ what: String) -> TrainerError {
    let place = inference.layer(of: node.index).map { "layer '\($0)': " } ?? ""
    return TrainerError(
      .usage,
      "\(place)the operation '\(node.operation.name)' \(what), so the model cannot be exported to ONNX; its parameters can be, "
        + "to safetensors or NPZ")
  }

  /// The extents of a node, with those that count samples told apart.
  func extents(of node: Node, _ twin: Node) throws -> [Extent] {
    guard node.shape.count == twin.shape.count else { throw unfit(node, "depends on the number of samples") }
    return try zip(node.shape, twin.shape).map { small, large in
      if small == large { return .fixed(small) }
      guard small % Self.sampleCounts.0 == 0,
        small / Self.sampleCounts.0 * Self.sampleCounts.1 == large
      else { throw unfit(node, "has an extent that is no multiple of the number of samples") }
      return .perSample(small / Self.sampleCounts.0)
    }
  }

  /// The extent of an axis.
  enum Extent {
    case fixed(Int)
    /// So many for each sample.
    case perSample(Int)

    var isFixed: Bool { if case .fixed = self { true } else { false } }
  }

  /// A shape as a vector that nodes take.
  private mutating func shape(_ extents: [Extent]) -> ONNXValue {
    if extents.count(where: { !$0.isFixed }) == 0 {
      return graph.integers(extents.map { if case .fixed(let count) = $0 { count } else { -1 } })
    }
    let parts = extents.map { extent in
      switch extent {
      case .fixed(let count): return graph.integers([count])
      case .perSample(let count):
        return count == 1 ? samples() : graph.node("Mul", [samples(), graph.integers([count])])
      }
    }
    return parts.count == 1 ? parts[0] : graph.node("Concat", parts, [ONNXAttribute("axis", .integer(0))])
  }

  /// The number of samples, a vector of one element.
  private mutating func samples() -> ONNXValue {
    if let sampleCount { return sampleCount }
    let scope = graph.scope
    graph.scope = ""
    defer { graph.scope = scope }
    let shape = graph.node("Shape", [graph.inputs[0].value], gives: .int64)
    let count = graph.node("Gather", [shape, graph.integers([0])], [ONNXAttribute("axis", .integer(0))])
    sampleCount = count
    return count
  }

  /// Another shape for the same elements.
  mutating func reshape(_ value: ONNXValue, to extents: [Extent]) -> ONNXValue {
    // One extent may be left to be found.
    if extents.count(where: { !$0.isFixed }) == 1 {
      let numbers = extents.map { if case .fixed(let count) = $0 { count } else { -1 } }
      return graph.node("Reshape", [value, graph.integers(numbers)])
    }
    return graph.node("Reshape", [value, shape(extents)])
  }

  mutating func number(_ value: Double) -> ONNXValue { graph.constant([value], [], type) }

  // MARK: - Rows

  private mutating func translate(_ node: Node, _ twin: Node) throws -> ONNXValue {
    guard twin.operation.name == node.operation.name else { throw unfit(node, "depends on the number of samples") }
    if let name = node.parameterName { return try parameter(name, node.shape) }
    let inputs = try node.inputs.map { try value($0) }
    switch node.kind {
    case .named: throw unfit(node, "takes '\(node.operation.detail)', which is no input of predictions")
    case .constant(let values):
      guard case .constant(let others) = twin.kind, others.map(\.bitPattern) == values.map(\.bitPattern),
        node.shape == twin.shape
      else { throw unfit(node, "depends on the number of samples") }
      return graph.constant(values, node.shape, type)
    case .unary(let function): return unary(function, inputs[0])
    case .binary(let function): return binary(function, inputs, of: node)
    case .select, .guarded:
      return graph.node("Where", [condition(node.inputs[0], inputs[0]), inputs[1], inputs[2]], gives: inputs[1].type)
    case .broadcast:
      // Where the operand has as many samples, an extent of 1 stands for them.
      let (own, target) = (try extents(of: node.inputs[0], twin.inputs[0]), try extents(of: node, twin))
      let missing = target.count - own.count
      let extents: [Extent] = target.indices.map { axis in
        if axis >= missing, !own[axis - missing].isFixed { return .fixed(1) }
        return target[axis]
      }
      return graph.node("Expand", [inputs[0], shape(extents)])
    case .view:
      return node.shape == node.inputs[0].shape ? inputs[0] : reshape(inputs[0], to: try extents(of: node, twin))
    case .matrixProduct(let transposesLeft, let transposesRight):
      return graph.node(
        "MatMul",
        [
          transposesLeft ? matrixTransposed(inputs[0], node.inputs[0]) : inputs[0],
          transposesRight ? matrixTransposed(inputs[1], node.inputs[1]) : inputs[1],
        ])
    case .oneHot(let count):
      let column = graph.node("Unsqueeze", [inputs[0], graph.integers([node.shape.count - 1])])
      let places = graph.constant((0..<count).map(Double.init), [count], type)
      return graph.cast(graph.node("Equal", [column, places], gives: .boolean), to: type)
    case .reduction(let function): return try reduce(function, node, twin, inputs[0])
    case .argmax:
      let place = graph.node(
        "ArgMax", inputs, [ONNXAttribute("axis", .integer(-1)), ONNXAttribute("keepdims", .integer(1))], gives: .int64)
      return graph.cast(place, to: type)
    case .softmax: return graph.node("Softmax", inputs, [ONNXAttribute("axis", .integer(-1))])
    case .logSoftmax: return graph.node("LogSoftmax", inputs, [ONNXAttribute("axis", .integer(-1))])
    case .logSumExp:
      return graph.node(
        "ReduceLogSumExp", inputs, [ONNXAttribute("axes", .integers([-1])), ONNXAttribute("keepdims", .integer(1))])
    case .transpose(let permutation): return graph.transpose(inputs[0], permutation)
    case .slice(let ranges): return try slice(ranges, node, twin, inputs[0])
    case .pad(let ranges): return try pad(ranges, node, twin, inputs[0])
    case .concatenate(let axis): return graph.node("Concat", inputs, [ONNXAttribute("axis", .integer(axis))])
    case .gather(let axis):
      return graph.node(
        "Gather", [inputs[0], graph.cast(inputs[1], to: .int64)], [ONNXAttribute("axis", .integer(axis))])
    case .convolution(let geometry, let groups):
      return try convolution(node, inputs, geometry, groups)
    case .transposedConvolution(let geometry, let groups):
      return try transposedConvolution(node, inputs, geometry, groups)
    case .maxPool(let geometry): return try pool(node, inputs[0], geometry, takesLargest: true)
    case .meanPool(let geometry): return try pool(node, inputs[0], geometry, takesLargest: false)
    case .scatterAdd, .other: throw unfit(node, "has no counterpart in ONNX")
    }
  }

  private mutating func parameter(_ name: String, _ shape: [Int]) throws -> ONNXValue {
    guard let tensor = model.tensor(name) else {
      throw TrainerError(.checkpoint, "\(model.path): the checkpoint lacks the parameter '\(name)'")
    }
    return graph.parameter(name, shape, type, bytes: tensor.withBytes { $0.withUnsafeBytes { Array($0) } })
  }

  private mutating func matrixTransposed(_ value: ONNXValue, _ node: Node) -> ONNXValue {
    var order = Array(node.shape.indices)
    order.swapAt(order.count - 1, order.count - 2)
    return graph.transpose(value, order)
  }

  /// A number that is no 0, as a truth value.
  private mutating func condition(_ node: Node, _ value: ONNXValue) -> ONNXValue {
    conditions[node.index] ?? graph.cast(value, to: .boolean)
  }

  private mutating func unary(_ function: UnaryFunction, _ x: ONNXValue) -> ONNXValue {
    switch function {
    case .negate: graph.node("Neg", [x])
    case .exp: graph.node("Exp", [x])
    case .log: graph.node("Log", [x])
    case .log2: graph.node("Div", [graph.node("Log", [x]), number(Foundation.log(2))])
    case .log10: graph.node("Div", [graph.node("Log", [x]), number(Foundation.log(10))])
    case .log1p: graph.node("Log", [graph.node("Add", [x, number(1)])])
    case .expm1: graph.node("Sub", [graph.node("Exp", [x]), number(1)])
    case .sqrt: graph.node("Sqrt", [x])
    case .rsqrt: graph.node("Reciprocal", [graph.node("Sqrt", [x])])
    case .abs: graph.node("Abs", [x])
    case .sign: graph.node("Sign", [x])
    case .sin: graph.node("Sin", [x])
    case .cos: graph.node("Cos", [x])
    case .tan: graph.node("Div", [graph.node("Sin", [x]), graph.node("Cos", [x])])
    case .asin: graph.singleNode("Asin", [x])
    case .acos: graph.singleNode("Acos", [x])
    case .atan: graph.singleNode("Atan", [x])
    case .sinh: graph.singleNode("Sinh", [x])
    case .cosh: graph.singleNode("Cosh", [x])
    case .tanh: graph.node("Tanh", [x])
    case .sigmoid: graph.node("Sigmoid", [x])
    case .softplus:
      if type == .float {
        graph.node("Softplus", [x])
      } else {
        // max(x, 0) + log(1 + e^-|x|): ONNX Runtime's own is of single precision.
        graph.node(
          "Add",
          [
            graph.node("Relu", [x]),
            graph.node(
              "Log", [graph.node("Add", [graph.node("Exp", [graph.node("Neg", [graph.node("Abs", [x])])]), number(1)])]),
          ])
      }
    case .erf: graph.singleNode("Erf", [x])
    case .erfc: graph.node("Sub", [number(1), graph.singleNode("Erf", [x])])
    case .square: graph.node("Mul", [x, x])
    case .reciprocal: graph.node("Reciprocal", [x])
    case .relu: graph.node("Relu", [x])
    }
  }

  private mutating func binary(_ function: BinaryFunction, _ inputs: [ONNXValue], of node: Node) -> ONNXValue {
    func compared(_ operation: String, _ graph: inout ONNXGraph) -> ONNXValue {
      graph.node(operation, inputs, gives: .boolean)
    }
    let result: ONNXValue
    switch function {
    case .add: return graph.node("Add", inputs)
    case .subtract: return graph.node("Sub", inputs)
    case .multiply: return graph.node("Mul", inputs)
    case .divide: return graph.node("Div", inputs)
    case .power: return graph.node("Pow", inputs)
    case .minimum: return graph.node("Min", inputs)
    case .maximum: return graph.node("Max", inputs)
    case .equal: result = compared("Equal", &graph)
    case .less: result = compared("Less", &graph)
    case .lessOrEqual: result = compared("LessOrEqual", &graph)
    }
    conditions[node.index] = result
    return graph.cast(result, to: type)
  }

  private mutating func reduce(
    _ function: ReductionFunction, _ node: Node, _ twin: Node, _ x: ONNXValue
  ) throws -> ONNXValue {
    let (before, after) = (try extents(of: node.inputs[0], twin.inputs[0]), try extents(of: node, twin))
    let axes = before.indices.filter { axis in
      guard case .fixed(1) = after[axis] else { return false }
      if case .fixed(1) = before[axis] { return false }
      return true
    }
    guard axes.allSatisfy({ before[$0].isFixed }) else { throw unfit(node, "joins samples") }
    guard !axes.isEmpty else { return x }
    let keeping = ONNXAttribute("keepdims", .integer(1))
    switch function {
    case .sum: return graph.node("ReduceSum", [x, graph.integers(axes)], [keeping])
    case .max: return graph.node("ReduceMax", [x], [ONNXAttribute("axes", .integers(axes)), keeping])
    case .min: return graph.node("ReduceMin", [x], [ONNXAttribute("axes", .integers(axes)), keeping])
    }
  }

  private mutating func slice(_ ranges: [AxisRange], _ node: Node, _ twin: Node, _ x: ONNXValue) throws -> ONNXValue {
    let before = try extents(of: node.inputs[0], twin.inputs[0])
    var (axes, starts, ends, steps): ([Int], [Int], [Int], [Int]) = ([], [], [], [])
    for (axis, range) in ranges.enumerated() {
      let isWhole = range.start == 0 && range.step == 1 && range.count == node.inputs[0].shape[axis]
      if isWhole { continue }
      guard before[axis].isFixed else { throw unfit(node, "takes some of the samples") }
      axes.append(axis)
      starts.append(range.start)
      steps.append(range.step)
      // Backwards to the first element, the end is in front of it, which no index from 0 names.
      let end = range.start + range.count * range.step
      ends.append(end < 0 ? -node.inputs[0].shape[axis] - 1 : end)
    }
    guard !axes.isEmpty else { return x }
    return graph.node("Slice", [x] + [starts, ends, axes, steps].map { graph.integers($0) })
  }

  private mutating func pad(_ ranges: [AxisRange], _ node: Node, _ twin: Node, _ x: ONNXValue) throws -> ONNXValue {
    let after = try extents(of: node, twin)
    for (axis, range) in ranges.enumerated() where range.step != 1 || !after[axis].isFixed {
      guard range.start == 0, range.step == 1, range.count == node.shape[axis] else {
        throw unfit(node, "puts elements apart")
      }
    }
    let before = ranges.map(\.start)
    let behind = zip(ranges, node.shape).map { $1 - $0.start - $0.count }
    return graph.node("Pad", [x, graph.integers(before + behind), number(0)])
  }
}
