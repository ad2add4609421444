import Foundations

/// The arrays of inputs in NumPy's archive of arrays, for what needs no targets.
package struct NPZInputs {
  /// The names of the arrays, in the order of their groups: train, validation, test.
  package let names: [String]
  private let path: String
  private let archive: ZIPArchive

  private static let remedy = TrainerError.Remedy("inputArray", "name the array of inputs")

  /// Looks at an archive.
  ///
  /// - Parameters:
  ///   - input: The archive, which can be read at any place.
  ///   - array: The name of the array; `nil` for those of the usual names that an import takes, or for the only one that
  ///     there is.
  ///   - group: The group to take; `nil` for all.
  /// - Throws: `TrainerError` with code `.data` if the archive is damaged or nothing tells which arrays are meant, `.usage` if
  ///   a group is asked for that it does not have.
  package init(_ input: StreamedInput, array: String?, group: String?) throws {
    path = input.name
    archive = try ZIPArchive(StreamedBytes(input))
    let arrays = NPZImport.arrays(of: archive)
    if let array {
      guard group == nil else {
        throw TrainerError(
          .usage, "the array '\(array.onOneLine)' is named, and a group would name another; give one of both")
      }
      names = [array]
      return
    }
    let found = try Self.groups(among: arrays, path)
    guard !found.isEmpty else {
      throw TrainerError(
        .data, "'\(path)' has \(NPZImport.list(arrays)), and no inputs of a usual name, such as x", remedy: Self.remedy)
    }
    guard let group else {
      names = found.map(\.name)
      return
    }
    names = found.filter { $0.group == group }.map(\.name)
    guard !names.isEmpty else {
      throw TrainerError(
        .usage, "'\(path)' has no group '\(group.onOneLine)', but \(listed(found.map(\.group)))")
    }
  }

  /// Begins to read an array; one can be read at a time.
  ///
  /// - Throws: `TrainerError` with code `.data` if there is no such array, or it cannot be read.
  package func open(_ name: String) throws -> NPYFile { try NPZImport.array(name, in: archive, path) }

  /// The arrays that an import would take for inputs; where targets are missing, the first of the usual names.
  private static func groups(among arrays: [String], _ path: String) throws -> [(group: String, name: String)] {
    func find(_ name: String) throws -> String? { try NPZImport.find(name, among: arrays, path, remedy: remedy) }
    let usual = NPZImport.usualNames
    for names in try usual.filter({ try find($0.1) != nil }) + usual {
      var found: [(group: String, name: String)] = []
      if let name = try find(names.0) { found.append(("train", name)) }
      for (group, words) in NPZImport.otherGroups where names.0.contains("train") {
        let others = try words.compactMap { try find(names.0.replacing("train", with: $0)) }
        guard others.count < 2 else {
          throw TrainerError(
            .data, "'\(path)' has several arrays for one group: \(NPZImport.list(others))", remedy: remedy)
        }
        found += others.map { (group, $0) }
      }
      if !found.isEmpty { return found }
    }
    return arrays.count == 1 ? [("train", arrays[0])] : []
  }
}
