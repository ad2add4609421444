import Foundations

/// A computational graph: nodes in topological order, each an operation on earlier nodes.
///
/// Graphs are built with the operators and functions on `Node`. A graph is built on one thread and is then turned
/// into a `Plan`, which any thread may run.
public final class Graph {
  struct Record {
    let operation: any GraphOperation
    let inputs: [Int]
    let shape: Shape
  }

  private(set) var records: [Record] = []

  /// Creates an empty graph.
  public init() {}

  /// The number of nodes.
  public var count: Int { records.count }

  /// All nodes, inputs before their uses.
  public var nodes: [Node] { records.indices.map { Node(graph: self, index: $0) } }

  /// Floating-point operations that compute some nodes, each by itself and from its operands, a multiply-add counting as two.
  package func floatingPointOperations(of nodes: Range<Int>) -> Int {
    records[nodes].reduce(0) { sum, record in
      sum
        + record.operation.floatingPointOperations(
          inputs: record.inputs.map { records[$0].shape }, output: record.shape)
    }
  }

  /// The elements of all inputs.
  package var inputElementCount: Int {
    records.reduce(0) { $0 + ($1.operation is Input ? $1.shape.elementCount : 0) }
  }

  /// The node whose elements a chain of views, which may have no link, shows.
  func viewed(_ index: Int) -> Int {
    var index = index
    while records[index].operation.isView { index = records[index].inputs[0] }
    return index
  }

  /// Adds a node.
  ///
  /// - Throws: `TrainerError` if the operation does not take inputs of these shapes.
  package func apply(_ operation: any GraphOperation, to inputs: [Node] = []) throws -> Node {
    precondition(inputs.allSatisfy { $0.graph === self }, "a node of another graph")
    let shape = try operation.shape(of: inputs.map(\.shape))
    guard shape.allSatisfy({ $0 >= 0 }), shape.elementCount <= Shape.mostElements else {
      throw TrainerError(
        .usage,
        "'\(operation.name)' would make an array of shape \(shape), "
          + (shape.contains { $0 < 0 } ? "but no extent can be negative" : "which is larger than any memory"))
    }
    records.append(Record(operation: operation, inputs: inputs.map(\.index), shape: shape))
    return Node(graph: self, index: records.count - 1)
  }

  /// An array given at each run.
  public func input(_ name: String, shape: Shape) throws -> Node { try apply(Input(name: name, shape: shape)) }

  /// A trained array: a stretch of the flat parameter vector.
  public func parameter(_ name: String, shape: Shape) throws -> Node { try apply(Parameter(name: name, shape: shape)) }

  /// A constant array; `values` in row-major order.
  public func constant(_ values: [Double], shape: Shape) throws -> Node {
    try apply(Constant(values: values, shape: shape))
  }

  /// A constant scalar, which broadcasts against any shape.
  public func constant(_ value: Double) throws -> Node { try constant([value], shape: []) }
}

/// A value of a graph.
public struct Node {
  /// The graph that it belongs to.
  public let graph: Graph
  /// Its position in the graph; inputs have smaller ones.
  public let index: Int

  var record: Graph.Record { graph.records[index] }

  /// The extents of the value.
  public var shape: Shape { record.shape }
  /// What computes the value.
  package var operation: any GraphOperation { record.operation }
  /// The values that it is computed from.
  public var inputs: [Node] { record.inputs.map { Node(graph: graph, index: $0) } }

  func apply(_ operation: any GraphOperation, _ others: Node...) throws -> Node {
    try graph.apply(operation, to: [self] + others)
  }
}
