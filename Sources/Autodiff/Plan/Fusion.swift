/// Which element-wise nodes are computed together.
///
/// A node joins the group of its consumers when all of them are element-wise, in one group, and of its shape: then
/// nothing else ever reads it, and it needs no buffer. The last node of a group is its root, which gives it its name.
///
/// A group that is a layer's bias, alone or with a ReLU, takes in the matrix product or the convolution in front of it: the
/// kernel adds the bias as the product leaves the registers. The product is then the group's first member.
struct Fusion {
  /// The longest chain of one group: it bounds the scratch space.
  static let longestChain = 48

  /// For each node of a group the root's index.
  private(set) var roots: [Int: Int] = [:]
  /// For each root the members in topological order, itself last.
  private(set) var members: [Int: [Int]] = [:]

  init(_ graph: Graph, nodes: [Int], outputs: Set<Int>, isEnabled: Bool) {
    var consumers: [Int: [Int]] = [:]
    for index in nodes {
      for input in graph.records[index].inputs { consumers[input, default: []].append(index) }
    }
    for index in nodes.reversed() where graph.records[index].operation is any ElementwiseOperation {
      let root =
        isEnabled && !outputs.contains(index) ? commonRoot(of: consumers[index] ?? [], like: index, graph) : nil
      roots[index] = root ?? index
      members[root ?? index, default: []].insert(index, at: 0)
    }
    guard isEnabled else { return }
    for (root, group) in members {
      guard let product = product(in: front(of: group), of: graph), !outputs.contains(product),
        consumers[product]?.count == 1
      else { continue }
      roots[product] = root
      members[root, default: []].insert(product, at: 0)
    }

    /// The node that adds the bias, if the group is such a one.
    func front(of group: [Int]) -> Int? {
      let functions = group.map { graph.records[$0].operation }
      guard (functions.first as? BinaryOperation)?.function == .add else { return nil }
      switch functions.count {
      case 1: return group[0]
      case 2: return (functions[1] as? UnaryOperation)?.function == .relu ? group[0] : nil
      default: return nil
      }
    }
  }

  /// The product to whose rows `sum` adds a vector, if it does.
  private func product(in sum: Int?, of graph: Graph) -> Int? {
    guard let sum else { return nil }
    let (record, shape) = (graph.records[sum], graph.records[sum].shape)
    let product = record.inputs.first {
      let operation = graph.records[$0].operation
      return (operation is MatrixMultiply && shape.count == 2 || operation is any BiasedOperation)
        && graph.records[$0].shape == shape
    }
    guard let product, let columns = shape.last, let bias = record.inputs.first(where: { $0 != product }) else {
      return nil
    }
    let extents = graph.records[bias].shape
    return extents.last == columns && extents.dropLast().allSatisfy { $0 == 1 } && extents.count <= shape.count
      ? product : nil
  }

  private func commonRoot(of consumers: [Int], like index: Int, _ graph: Graph) -> Int? {
    guard let first = consumers.first, let root = roots[first], consumers.allSatisfy({ roots[$0] == root }),
      graph.records[root].shape == graph.records[index].shape, members[root, default: []].count < Self.longestChain
    else { return nil }
    return root
  }
}
