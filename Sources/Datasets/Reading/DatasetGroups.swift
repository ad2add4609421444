import Foundations
import HDF5

/// The groups of a file, those of samples and others.
extension DatasetReader {
  func group(_ name: String) throws -> HDF5.Group {
    if !files.isEmpty { return try holder(of: name).group(selections[name]?.source ?? name) }
    let root = try file.root
    guard name != Self.root else { return root }
    let source = selections[name]?.source ?? name
    var (name, key) = (source, "")
    if case .group(let path)? = places.groups[source]?.contents { (name, key) = (path, "data.groups.\(source): ") }
    guard name != Self.root else { return root }
    guard let kind = try Self.kind(of: name, in: root) else {
      guard try root.memberCount() > 0 else {
        throw TrainerError(
          .data,
          "\(path): the file has no group and no dataset, so that there is nothing to read; is it the right file, and "
            + "did the program that made it end well?")
      }
      let names = try root.memberNames(atMost: 1000)
      let hint =
        key.isEmpty
        ? name == "train" && !names.isEmpty ? layoutHint : ""
        : suggestion(for: name, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
      throw TrainerError(
        .data,
        "\(path): \(key)there is no group '\(name.onOneLine)'; the file has \(try root.memberList(expecting: .group))\(hint)"
      )
    }
    guard kind == .group || kind == .unreadable else {
      throw try wrongKind("'\(name)'", name, kind, in: root, expected: "a group")
    }
    return try root.group(name)
  }

  func wrongKind(
    _ place: String, _ name: String, _ kind: HDF5.Group.MemberKind, in parent: HDF5.Group, expected: String
  ) throws -> TrainerError {
    let found = try parent.description(of: name)
    let advice = found.hasSuffix("not allowed here") ? Self.externalFilesAdvice : "; expected \(expected)"
    return TrainerError(.data, "\(path): \(place) is \(found)\(advice)")
  }

  static let externalFilesAdvice = "; set data.externalFiles to true if they are to be read"

  /// What a member is; `nil` if there is none of that name.
  static func kind(of name: String, in group: HDF5.Group) throws -> HDF5.Group.MemberKind? {
    do {
      return try group.kind(of: name)
    } catch let error as HDF5Error where error.reason == .notFound {
      return nil
    }
  }

  /// Groups of the file that hold such a dataset too and are not read, as a validation group of another name is.
  package func otherGroups(with dataset: String) throws -> [String] {
    try Self.translating(path) {
      let root = try file.root
      let read = places.groups.isEmpty ? Self.groupNames : places.groups.values.flatMap(\.topNames)
      return try root.memberNames(atMost: 100).filter { name in
        guard !read.contains(name), places.groups[name] == nil, try root.kind(of: name) == .group else { return false }
        return try hasDataset(dataset, in: name) || isTable(dataset, in: name)
      }
    }
  }

  /// Whether there is a group of samples of that name.
  package func hasGroup(_ name: String) throws -> Bool {
    try Self.translating(path) {
      let source = selections[name]?.source ?? name
      if !files.isEmpty { return try files.contains { try $0.hasGroup(source) } }
      switch places.groups[source]?.contents {
      case .datasets: return true
      case .group(let path): return try path == Self.root || Self.kind(of: path, in: file.root) == .group
      case nil: return try Self.kind(of: source, in: file.root) == .group
      }
    }
  }

  /// Makes sure that a group that is asked for is there, where the config names the groups.
  ///
  /// - Throws: `TrainerError` with code `.usage` that says which are named.
  package func requireGroupIfNamed(_ group: String) throws {
    guard !places.groups.isEmpty, selections[group] == nil, try !hasGroup(group) else { return }
    throw TrainerError(
      .usage,
      "\(path): there is no group '\(group.onOneLine)'; data.groups of the model's config names "
        + listed(places.groups.keys.sorted(), atMost: 20), remedy: .init("group", "ask for one of those"))
  }

  /// Makes sure that a group is trained on, where the config names the groups.
  ///
  /// - Throws: `TrainerError` with code `.usage`.
  package func requireTrainingGroupIfNamed() throws {
    guard !places.groups.isEmpty, !groups.contains("train") else { return }
    throw TrainerError(
      .usage,
      "data.groups: there is no \"train\", which training needs; it names \(listed(places.groups.keys.sorted())), "
        + "and only those groups of \(path) are read")
  }

  /// What the file's root has, for a sentence: `the file has 'x_train', 'meta' (a group)`.
  package func contents() throws -> String {
    try Self.translating(path) { "the file has \(try file.root.memberList(expecting: .dataset))" }
  }

  /// Whether the file's root itself has such a dataset or table, as files without groups do.
  package func hasRootDataset(_ name: String) throws -> Bool {
    try hasDataset(name, in: Self.root) || isTable(name, in: Self.root)
  }
}
