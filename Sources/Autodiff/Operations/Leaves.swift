import Foundations
import Kernels

/// An operation without inputs and without code: its value is in memory before the run.
protocol StoredLeaf: GraphOperation {
  var storedShape: Shape { get }
}

extension StoredLeaf {
  func shape(of inputs: [Shape]) throws -> Shape { storedShape }
  func gradient(of node: Node, upstream: Node) throws -> [Node?] { [] }
  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> { { _ in } }
  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 0 }
}

/// An array given at each run.
struct Input: StoredLeaf {
  let inputName: String
  let storedShape: Shape
  var name: String { "input" }
  var detail: String { inputName }

  init(name: String, shape: Shape) {
    inputName = name
    storedShape = shape
  }
}

/// A stretch of the flat parameter vector.
struct Parameter: StoredLeaf {
  let parameterName: String
  let storedShape: Shape
  var name: String { "parameter" }
  var detail: String { parameterName }

  init(name: String, shape: Shape) {
    parameterName = name
    storedShape = shape
  }
}

extension Node {
  /// The name of the parameter that this node is; `nil` if it is none.
  public var parameterName: String? { (operation as? Parameter)?.parameterName }
}

/// A constant array.
struct Constant: StoredLeaf {
  let values: [Double]
  let storedShape: Shape
  var name: String { "constant" }
  var detail: String {
    let shown = values.prefix(4).map(JSONValue.text(of:)).joined(separator: ", ")
    return storedShape.isEmpty ? shown : "[\(shown)\(values.count > 4 ? ", …" : "")]"
  }

  init(values: [Double], shape: Shape) throws {
    guard values.count == shape.elementCount else {
      throw TrainerError(.usage, "a constant of shape \(shape) needs \(shape.elementCount) values, not \(values.count)")
    }
    self.values = values
    storedShape = shape
  }

  // Equal means the same bits: 0 and -0 differ in what they divide to, and NaN is one value.
  static func == (x: Constant, y: Constant) -> Bool { x.storedShape == y.storedShape && x.bits == y.bits }
  func hash(into hasher: inout Hasher) {
    hasher.combine(storedShape)
    hasher.combine(bits)
  }
  private var bits: [UInt64] { values.map(\.bitPattern) }
}
