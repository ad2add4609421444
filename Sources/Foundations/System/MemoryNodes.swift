/// The memory nodes of this machine: parts of its memory, each near some of its cores and further from the others.
package struct MemoryNodes {
  /// Reads a file of the kernel's; `nil` if it is not there.
  private let read: (String) -> String?

  package init(reading read: @escaping (String) -> String? = ControlGroup.contents) { self.read = read }

  /// How many nodes have memory near some of these cores; at least 1, also where the system does not say.
  package func count(near cores: [Int]) -> Int {
    let folder = "/sys/devices/system/node"
    let nodes = numbers("\(folder)/has_memory")
    // Most machines: then nothing more is to be read.
    guard nodes.count > 1 else { return 1 }
    let cores = Set(cores)
    return max(1, nodes.count { !cores.isDisjoint(with: numbers("\(folder)/node\($0)/cpulist")) })
  }

  /// The numbers of a list such as `0-3,8`; none of what is no such list.
  private func numbers(_ path: String) -> [Int] {
    let list = (read(path) ?? "").filter { !$0.isWhitespace }
    return list.split(separator: ",").flatMap { part -> Range<Int> in
      let bounds = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard bounds.count <= 2, let first = bounds.first ?? nil, let last = bounds.last ?? nil, first >= 0,
        last >= first, last < Self.most
      else { return 0..<0 }
      return first..<last + 1
    }
  }

  /// More than a kernel can have of either.
  private static var most: Int { 1 << 16 }
}
