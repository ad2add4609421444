import Foundations

/// What sentences say of a file's contents.
extension FileInventory {
  /// Whether there is something at a path.
  func has(_ path: String) -> Bool { groups.contains { $0.path == path } || entries.contains { $0.path == path } }

  /// What is there, for a sentence.
  var list: String {
    guard !entries.isEmpty else { return "nothing that has rows" }
    let names = entries.prefix(12).map { entry in
      let shape = entry.shape.map(String.init).joined(separator: " x ")
      let type = entry.type.map { ", \($0)" } ?? ""
      return "'\(entry.path.onOneLine)' (\(shape.isEmpty ? "a single value" : shape)\(type))"
    }
    return names.joined(separator: ", ")
      + (entries.count > names.count ? " and \(entries.count - names.count) more" : "")
  }

  /// What was left out, as the end of a sentence; empty if nothing was.
  var leftOutText: String {
    guard !leftOut.isEmpty else { return "" }
    let count = leftOut.reduce(0) { $0 + $1.count }
    let groups = leftOut.map { $0.path.isEmpty ? "/" : $0.path }
    return
      "\(count) \(count == 1 ? "object" : "objects") of \(listed(groups, atMost: 5)) were not looked at, for want of time"
  }
}
