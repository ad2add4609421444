import Foundations
import HDF5

/// Finding a target that was not met on the way.
extension FileInventory {
  /// Looks for the target where nothing was looked at, and then first at what is beside it, since its inputs may be there.
  mutating func addTarget(_ root: HDF5.Group) throws {
    guard let target else { return }
    limit = InventoryLimit(seconds: Self.secondsForTarget)
    if let found = entries.first(where: { $0.path == target.path || $0.name == target.path }) {
      let group = found.path.split(separator: "/").dropLast().joined(separator: "/")
      rest = rest.filter { $0.path == group } + rest.filter { $0.path != group }
      return
    }
    let parts = target.path.split(separator: "/").map(String.init)
    if parts.count > 1 {
      let parent = parts.dropLast().joined(separator: "/")
      guard try root.exists(target.path), try root.kind(of: parent) == .group else { return }
      return try addTarget(in: root.group(parent), path: parent)
    }
    var seen: Set<ObjectIdentity> = [try root.identity()]
    var open: [(group: HDF5.Group, path: String)] = [(root, "")]
    // Groups near the root come first.
    var place = 0
    while place < open.count, !limit.isReached {
      let (group, path) = open[place]
      place += 1
      if try group.exists(target.name), try group.kind(of: target.name) == .dataset {
        return try addTarget(in: group, path: path)
      }
      for name in try group.memberNames(atMost: Self.mostNames) {
        guard !limit.isReached else { return }
        guard try group.kind(of: name) == .group, case let child = try group.group(name),
          seen.insert(try child.identity()).inserted
        else { continue }
        open.append((child, path.isEmpty ? name : "\(path)/\(name)"))
      }
    }
  }

  /// Looks at the target, and at what is beside it that may be its inputs.
  private mutating func addTarget(in group: HDF5.Group, path: String) throws {
    guard let target else { return }
    let known = Set(entries.map(\.path))
    let names = try group.memberNames(atMost: Self.mostNames).filter { $0 != target.name }
    // It comes first; of the others, those that may be inputs by their names.
    let telling = names.filter(isTelling)
    let others = names.prefix(Self.mostMembers).filter { !isTelling($0) }
    for name in [target.name] + telling + others where !known.contains(path.isEmpty ? name : "\(path)/\(name)") {
      guard name == target.name || !limit.isReached else { return }
      add(name, of: group, path: path, depth: Self.mostDepth)
    }
  }
}
