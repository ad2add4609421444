import Foundations
import Kernels

/// The rewrites that make a graph smaller before it is compiled. Each can be switched off; none changes a value beyond
/// rounding.
public struct Simplification: OptionSet, Sendable {
  /// The passes as bits.
  public let rawValue: Int
  /// Creates a set from its bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// Evaluates operations on constants, in double precision, and drops what constants make idle: additions of 0,
  /// multiplications by 1, choices that are made already.
  public static let constants = Simplification(rawValue: 1)
  /// Computes equal operations on equal operands once.
  public static let commonSubexpressions = Simplification(rawValue: 2)
  /// Runs chains of element-wise operations in one pass over memory.
  public static let fusion = Simplification(rawValue: 4)
  /// Leaves out nodes that no output needs.
  public static let deadNodes = Simplification(rawValue: 8)
  /// Masks and sums what goes back through a pooling before it is spread over the windows, as Note [Pooled gradients] says.
  public static let pooling = Simplification(rawValue: 16)
  /// All of them.
  public static let all: Simplification = [.constants, .commonSubexpressions, .fusion, .deadNodes, .pooling]
}

extension Graph {
  /// A new graph that computes the same outputs with the rewrites of `passes`.
  ///
  /// - Returns: The nodes of the new graph that stand for `outputs`.
  /// - Throws: `TrainerError` if an operation on constants cannot be evaluated.
  public func simplified(_ outputs: [Node], _ passes: Simplification = .all) throws -> [Node] {
    var rewriter = Rewriter(passes: passes)
    for index in order(for: outputs, passes) { try rewriter.rewrite(Node(graph: self, index: index)) }
    return outputs.compactMap { rewriter.replacements[$0.index] }
  }

  /// The indices of the nodes to compute, ascending.
  func order(for outputs: [Node], _ passes: Simplification) -> [Int] {
    passes.contains(.deadNodes) ? reachable(from: outputs) : Array(records.indices)
  }

  /// The indices of all nodes that an output needs, ascending.
  func reachable(from outputs: [Node]) -> [Int] {
    var needed = [Bool](repeating: false, count: count)
    for output in outputs { needed[output.index] = true }
    for index in records.indices.reversed() where needed[index] {
      for input in records[index].inputs { needed[input] = true }
    }
    return needed.indices.filter { needed[$0] }
  }
}

extension Node {
  /// The constant whose elements, and no others, this node has: itself, or what broadcasting and views show of it.
  fileprivate var repeatedConstant: Constant? {
    if let constant = operation as? Constant { return constant }
    return operation is Broadcast || operation.isView ? inputs[0].repeatedConstant : nil
  }
}

/// Copies a graph node by node, simplifying as it goes.
struct Rewriter {
  private struct Expression: Hashable {
    let operation: AnyHashable
    let inputs: [Int]
  }

  let passes: Simplification
  let graph = Graph()
  var replacements: [Int: Node] = [:]
  private var known: [Expression: Node] = [:]

  init(passes: Simplification) { self.passes = passes }

  mutating func rewrite(_ node: Node) throws {
    let inputs = node.inputs.compactMap { replacements[$0.index] }
    replacements[node.index] =
      try (passes.contains(.constants) ? folded(node, inputs) : nil)
      ?? (passes.contains(.pooling) ? pooled(node.operation, inputs) : nil) ?? shared(node.operation, inputs)
  }

  /// The node of an operation on these operands, if the graph has it.
  func existing(_ operation: any GraphOperation, _ inputs: [Node]) -> Node? {
    known[Expression(operation: AnyHashable(operation), inputs: inputs.map(\.index))]
  }

  mutating func shared(_ operation: any GraphOperation, _ inputs: [Node]) throws -> Node {
    if passes.contains(.commonSubexpressions), let node = existing(operation, inputs) { return node }
    let node = try graph.apply(operation, to: inputs)
    known[Expression(operation: AnyHashable(operation), inputs: inputs.map(\.index))] = node
    return node
  }

  private mutating func folded(_ node: Node, _ inputs: [Node]) throws -> Node? {
    let constants = inputs.map { $0.operation as? Constant }
    // Large constants stay unevaluated: folding a broadcast would only trade arithmetic for memory.
    if !inputs.isEmpty, constants.allSatisfy({ $0 != nil }), node.shape.elementCount <= 64, !node.operation.isRandom {
      let values = try evaluate(node.operation, constants.compactMap { $0 })
      return try shared(Constant(values: values, shape: node.shape), [])
    }
    func isAll(_ position: Int, _ value: Double) -> Bool {
      inputs[position].repeatedConstant?.values.allSatisfy { $0 == value } ?? false
    }
    func whole(_ position: Int) -> Node? { inputs[position].shape == node.shape ? inputs[position] : nil }
    switch node.operation {
    case let unary as UnaryOperation where unary.function == .negate:
      return (inputs[0].operation as? UnaryOperation)?.function == .negate ? inputs[0].inputs[0] : nil
    case let binary as BinaryOperation:
      switch binary.function {
      case .add: return isAll(1, 0) ? whole(0) : isAll(0, 0) ? whole(1) : nil
      case .subtract: return isAll(1, 0) ? whole(0) : nil
      case .multiply: return isAll(1, 1) ? whole(0) : isAll(0, 1) ? whole(1) : nil
      case .divide: return isAll(1, 1) ? whole(0) : nil
      case .power:
        if isAll(1, 1) { return whole(0) }
        return isAll(1, 2) && whole(0) != nil ? try shared(UnaryOperation(function: .square), [inputs[0]]) : nil
      case .less where isAll(0, 0): return try positivePart(of: inputs[1]).map { try shared(binary, [inputs[0], $0]) }
      default: return nil
      }
    case is SelectOperation:
      guard let condition = constants[0], !condition.values.isEmpty else { return nil }
      if condition.values.allSatisfy({ $0 == 0 }) { return whole(2) }
      return condition.values.allSatisfy { $0 != 0 } ? whole(1) : nil
    default: return nil
    }
  }

  /// relu(x), if the graph has it: it is above 0 where x is, and then nothing needs to keep x.
  private func positivePart(of x: Node) -> Node? {
    passes.contains(.commonSubexpressions) ? existing(UnaryOperation(function: .relu), [x]) : nil
  }

  private func evaluate(_ operation: any GraphOperation, _ inputs: [Constant]) throws -> [Double] {
    let small = Graph()
    let output = try small.apply(operation, to: inputs.map { try small.apply($0) })
    return try small.evaluate(output, simplifications: [])
  }
}
