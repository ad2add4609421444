/// Which element-wise nodes are computed together.
///
/// A node joins the group of its consumers when all of them are element-wise, in one group, and of its shape: then
/// nothing else ever reads it, and it needs no buffer. The last node of a group is its root, which gives it its name.
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
  }

  private func commonRoot(of consumers: [Int], like index: Int, _ graph: Graph) -> Int? {
    guard let first = consumers.first, let root = roots[first], consumers.allSatisfy({ roots[$0] == root }),
      graph.records[root].shape == graph.records[index].shape, members[root, default: []].count < Self.longestChain
    else { return nil }
    return root
  }
}
