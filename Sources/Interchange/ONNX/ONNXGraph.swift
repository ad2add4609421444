import Foundations
import TensorBoard

/// A graph of ONNX operators that grows node by node.
///
/// Operators are those of opset 17, the first with which every operator that is needed here is plain, and one that ONNX Runtime
/// has read since 1.12 (2022); texts are encoded by `LabelEncoder` of `ai.onnx.ml` 2.
struct ONNXGraph {
  /// The opset of the operators.
  static let opset = 17
  /// The opset of the operators on tables.
  static let tableOpset = 2
  /// The domain of the operators on tables.
  static let tableDomain = "ai.onnx.ml"
  /// The version of the format: that of ONNX 1.12, which brought opset 17.
  static let formatVersion = 8
  /// Protocol buffers have no longer messages.
  static let mostBytes = 1 << 31

  private var nodes: [[UInt8]] = []
  private var tensors: [ONNXTensor] = []
  private var names: Set<String> = []
  private var constants: [Constant: ONNXValue] = [:]
  /// For values that a transposition gave: what was transposed, and how.
  private var transposed: [ONNXValue: (source: ONNXValue, permutation: [Int])] = [:]
  private(set) var inputs: [ONNXPort] = []
  private(set) var outputs: [ONNXPort] = []
  /// What the names of new nodes begin with: the path of a layer.
  var scope = ""
  /// Whether some operator computes in single precision that the model has in double.
  private(set) var isPartlySingle = false
  private var usesTables = false

  private struct Constant: Hashable {
    let type: ONNXType
    let shape: [Int]
    let bytes: [UInt8]
  }

  private mutating func unused(_ name: String) -> String {
    let name = scope.isEmpty ? name : "\(scope)/\(name)"
    var candidate = name
    var ordinal = 1
    while !names.insert(candidate).inserted {
      ordinal += 1
      candidate = "\(name)_\(ordinal)"
    }
    return candidate
  }

  // MARK: - Inputs and outputs

  /// Adds an input.
  mutating func input(_ name: String, _ type: ONNXType, _ extents: [ONNXExtent], _ description: String) -> ONNXValue {
    names.insert(name)
    let value = ONNXValue(name: name, type: type)
    inputs.append(ONNXPort(value: value, extents: extents, description: description))
    return value
  }

  /// Makes a value an output under a name of its own.
  mutating func output(_ name: String, _ value: ONNXValue, _ extents: [ONNXExtent], _ description: String) {
    let output = ONNXValue(name: name, type: value.type)
    append("Identity", [value], [], as: output, "")
    outputs.append(ONNXPort(value: output, extents: extents, description: description))
  }

  /// Keeps names for inputs and outputs that are added later.
  mutating func reserve(_ names: [String]) { self.names.formUnion(names) }

  // MARK: - Stored arrays

  /// An array of numbers; the same one if it is there already.
  mutating func constant(_ values: [Double], _ shape: [Int], _ type: ONNXType) -> ONNXValue {
    constant(type == .float ? bytes(values.map(Float.init)) : bytes(values), shape, type)
  }

  /// A vector of whole numbers.
  mutating func integers(_ values: [Int], shape: [Int]? = nil) -> ONNXValue {
    constant(bytes(values.map(Int64.init)), shape ?? [values.count], .int64)
  }

  /// A vector of texts.
  mutating func texts(_ values: [String], named name: String) -> ONNXValue {
    let value = ONNXValue(name: unused(name), type: .string)
    tensors.append(ONNXTensor(name: value.name, type: .string, shape: [values.count], elements: .texts(values)))
    return value
  }

  /// A parameter under its own name.
  mutating func parameter(_ name: String, _ shape: [Int], _ type: ONNXType, bytes: [UInt8]) -> ONNXValue {
    let scope = scope
    self.scope = ""
    defer { self.scope = scope }
    let value = ONNXValue(name: unused(name), type: type)
    tensors.append(ONNXTensor(name: value.name, type: type, shape: shape, elements: .raw(bytes)))
    return value
  }

  private mutating func constant(_ bytes: [UInt8], _ shape: [Int], _ type: ONNXType) -> ONNXValue {
    let constant = Constant(type: type, shape: shape, bytes: bytes)
    if let known = constants[constant] { return known }
    let scope = scope
    self.scope = ""
    defer { self.scope = scope }
    let value = ONNXValue(name: unused("constant"), type: type)
    tensors.append(ONNXTensor(name: value.name, type: type, shape: shape, elements: .raw(bytes)))
    constants[constant] = value
    return value
  }

  private func bytes<Number>(_ values: [Number]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  // MARK: - Nodes

  /// Adds a node.
  ///
  /// - Parameter type: That of the result; of the first input if left out.
  mutating func node(
    _ operation: String, _ inputs: [ONNXValue], _ attributes: [ONNXAttribute] = [], gives type: ONNXType? = nil,
    domain: String = ""
  ) -> ONNXValue {
    let output = ONNXValue(name: unused(operation), type: type ?? inputs[0].type)
    append(operation, inputs, attributes, as: output, domain)
    return output
  }

  /// Adds a node of an operator that ONNX Runtime has for single precision alone.
  mutating func singleNode(
    _ operation: String, _ inputs: [ONNXValue], _ attributes: [ONNXAttribute] = []
  ) -> ONNXValue {
    guard inputs.contains(where: { $0.type == .double }) else { return node(operation, inputs, attributes) }
    isPartlySingle = true
    let singles = inputs.map { cast($0, to: .float) }
    return cast(node(operation, singles, attributes), to: .double)
  }

  /// The value as another type.
  mutating func cast(_ value: ONNXValue, to type: ONNXType) -> ONNXValue {
    guard value.type != type else { return value }
    return node("Cast", [value], [ONNXAttribute("to", .integer(type.rawValue))], gives: type)
  }

  /// The axes in another order; a transposition that undoes another gives what was there before.
  mutating func transpose(_ value: ONNXValue, _ permutation: [Int]) -> ONNXValue {
    if permutation == Array(permutation.indices) { return value }
    if let before = transposed[value], permutation.map({ before.permutation[$0] }) == Array(permutation.indices) {
      return before.source
    }
    let result = node("Transpose", [value], [ONNXAttribute("perm", .integers(permutation))])
    transposed[result] = (value, permutation)
    return result
  }

  private mutating func append(
    _ operation: String, _ inputs: [ONNXValue], _ attributes: [ONNXAttribute], as output: ONNXValue, _ domain: String
  ) {
    if domain == Self.tableDomain { usesTables = true }
    var message = ProtobufMessage()
    for input in inputs { message.add(1, text: input.name) }
    message.add(2, text: output.name)
    message.add(3, text: output.name)
    message.add(4, text: operation)
    for attribute in attributes { message.add(5) { attribute.write(to: &$0) } }
    message.add(7, text: domain)
    nodes.append(message.bytes)
  }

  // MARK: - The file

  /// The bytes of all stored arrays.
  var storedBytes: Int {
    tensors.reduce(0) { sum, tensor in
      switch tensor.elements {
      case .raw(let bytes): sum + bytes.count
      case .texts(let texts): sum + texts.reduce(0) { $0 + $1.utf8.count }
      }
    }
  }

  /// The whole model as a `ModelProto`.
  ///
  /// - Parameters:
  ///   - name: What the graph is called.
  ///   - description: What the model is, for people.
  ///   - metadata: Texts by name.
  func model(named name: String, description: String, metadata: [(key: String, value: String)]) -> [UInt8] {
    var model = ProtobufMessage()
    model.add(1, integer: Self.formatVersion)
    model.add(2, text: "trainer")
    model.add(3, text: Program.version)
    model.add(5, integer: 1)
    model.add(6, text: description)
    model.add(7) { graph in
      for node in nodes { graph.add(1, bytes: node, evenIfEmpty: true) }
      graph.add(2, text: name)
      for tensor in tensors { graph.add(5) { tensor.write(to: &$0) } }
      for port in inputs { graph.add(11) { port.write(to: &$0) } }
      for port in outputs { graph.add(12) { port.write(to: &$0) } }
    }
    model.add(8) { $0.add(2, integer: Self.opset) }
    if usesTables {
      model.add(8) {
        $0.add(1, text: Self.tableDomain)
        $0.add(2, integer: Self.tableOpset)
      }
    }
    for entry in metadata {
      model.add(14) {
        $0.add(1, text: entry.key)
        $0.add(2, text: entry.value, evenIfEmpty: true)
      }
    }
    return model.bytes
  }
}
