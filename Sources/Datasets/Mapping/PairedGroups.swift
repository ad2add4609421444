import Foundations
import HDF5

/// The pairing of datasets that are one sample a group: row k of each is of the same group.
extension DatasetReader {
  /// Makes sure that a pattern of a group of samples fits the same groups of the file as the other patterns there.
  ///
  /// They are the same by the names in the place of the parts with `*` (`*/x` and `*/y`), or by what is in the place of each
  /// `*` (`x_*` and `y_*`).
  ///
  /// - Throws: `TrainerError` with code `.data` that names those that only one has; `HDF5Error`.
  func requirePairs(_ paths: [String], in group: String, of parent: HDF5.Group) throws {
    guard paths.contains(where: { $0.contains("*") }) else { return }
    var names = roles.others + [roles.inputs] + [roles.targets].compactMap(\.self)
    if case .datasets(let datasets)? = places.groups[group]?.contents { names = datasets.keys.sorted() }
    let elsewhere = names.flatMap { pathsIfNamed($0, in: group) ?? [] }
    let patterns = Set(elsewhere + paths).filter { $0.contains("*") }.sorted()
    guard patterns.count > 1, let first = try paths.lazy.compactMap({ try pattern($0, in: parent) }).first else {
      return
    }
    for path in patterns where path != first.path {
      guard let other = try pattern(path, in: parent) else { continue }
      let (left, right) = (first.matches, other.matches)
      guard left.map(\.names) != right.map(\.names),
        left.map(first.pattern.texts) != right.map(other.pattern.texts)
      else { continue }
      func lacking(_ one: Pattern, _ other: Pattern) -> String? {
        let theirs = Set(other.matches.map(\.names))
        let missing = one.matches.map(\.names).filter { !theirs.contains($0) }
        guard !missing.isEmpty else { return nil }
        return "\(listed(missing.map { $0.joined(separator: "/") }, atMost: 5)) \(missing.count == 1 ? "has" : "have") "
          + "a dataset for '\(one.path)' but none for '\(other.path)'"
      }
      let faults = [lacking(first, other), lacking(other, first)].compactMap(\.self)
      throw TrainerError(
        .data,
        "\(self.path): data.groups.\(group): '\(first.path)' and '\(path)' do not pair: "
          + (faults.isEmpty ? "their groups come in different orders" : faults.joined(separator: "; "))
          + "; a sample is one dataset of each, so give each group all of them, or take a pattern that fits those that have"
      )
    }
  }

  private struct Pattern {
    let path: String
    let pattern: PathPattern
    let matches: [PathPattern.Match]
  }

  /// What a path stands for if it is a pattern; `nil` if it is something else.
  private func pattern(_ path: String, in parent: HDF5.Group) throws -> Pattern? {
    guard path.contains("*"), case .samples(let matches, let selection)? = try found.place(path, in: parent) else {
      return nil
    }
    // The brackets are no part of it.
    let head = selection == nil ? path : PlacedPath.selection(path)?.head
    return head.flatMap(PathPattern.init).map { Pattern(path: path, pattern: $0, matches: matches) }
  }
}
