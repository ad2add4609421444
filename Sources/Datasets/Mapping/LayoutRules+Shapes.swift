import Foundations
import HDF5

/// Layouts that are known by shapes, or by how a program writes.
extension LayoutRules {
  /// AnnData: the matrix `X`, dense or in compressed rows, and columns of `obs`.
  func annData() throws -> LayoutProposal? {
    guard let inputs = entries.first(where: { $0.path == "X" }), inventory.has("obs"), inventory.has("var"),
      inputs.shape.count == 2
    else { return nil }
    if inputs.kind == .sparse(byRow: false) {
      throw Fault(
        sentence: "its matrix X is stored by column (CSC), and samples are rows; write it by row, with "
          + "adata.X = adata.X.tocsr() and adata.write_h5ad(…)")
    }
    let rows = inputs.shape[0]
    let columns = entries.filter { entry in
      entry.path.hasPrefix("obs/") && entry.shape == [rows] && entry.name != "_index"
        && entry.path.split(separator: "/").count == 2
    }
    func rank(_ entry: FileInventory.Entry) -> Int {
      // The fewest categories that are more than one and less than half of the samples.
      guard case .categorical(let count) = entry.kind, count >= 2, 2 * count <= rows else { return Int.max }
      return count
    }
    let known = columns.filter { rank($0) < Int.max }
    let others = columns.filter { !isTarget($0) }.map { "obs/\($0.name)" }
    guard let chosen = target == nil ? known.min(by: { rank($0) < rank($1) }) : columns.first(where: isTarget) else {
      throw Fault(
        sentence: "it is of AnnData, and none of its columns of obs has categories that could be classes; it has "
          + (others.isEmpty ? "none" : listed(others, atMost: 10)) + ", of which one can be the target",
        isAboutTarget: true)
    }
    var proposal = LayoutProposal(layout: "AnnData: the matrix X and the column \(chosen.path.onOneLine)")
    proposal.places.groups["train"] = .init(.datasets(["inputs": ["X"], "targets": [chosen.path]]))
    if target == nil {
      let rest = others.filter { $0 != chosen.path }
      proposal.doubts.append(
        "the target is '\(chosen.path.onOneLine)', the column with the fewest categories"
          + (rest.isEmpty ? "" : "; others are \(listed(rest, atMost: 10))"))
    }
    note(unusedBeside: ["X", chosen.path, "obs/_index", "var"], in: &proposal)
    return proposal
  }

  /// A group for each sample, called by its number, maybe behind a word that all have: `0001`, `sample_1`.
  func groupPerSample() throws -> LayoutProposal? {
    let top = inventory.groups.filter { !$0.path.isEmpty && !$0.path.contains("/") }
    guard top.count >= 3, let first = top.first else { return nil }
    let digits = first.path.reversed().prefix(while: \.isNumber).count
    let word = String(first.path.dropLast(digits))
    guard digits > 0,
      top.allSatisfy({ group in
        group.path.hasPrefix(word) && group.path.count > word.count
          && group.path.dropFirst(word.count).allSatisfy(\.isNumber)
      })
    else { return nil }
    // A label may be a single value.
    let own = inventory.entries.filter { entry in
      entry.path.hasPrefix(first.path + "/") && entry.isNumeric && entry.kind == .array
        && entry.shape.allSatisfy { $0 > 0 }
    }
    func pattern(_ entry: FileInventory.Entry) -> String { word + "*" + entry.path.dropFirst(first.path.count) }
    // The word in front says nothing of what is in the group.
    let named = own.map { ($0, DatasetNames(String($0.path.dropFirst(first.path.count + 1)))) }
    let target = own.first(where: isTarget) ?? named.first { $0.1.role == .targets }?.0
    var paths: (inputs: String, targets: String)
    var proposal = LayoutProposal(layout: "a group for each sample")
    if let target, let input = named.first(where: { $0.1.role == .inputs && $0.0.path != target.path })?.0 {
      paths = (pattern(input), pattern(target))
    } else if self.target == nil, let states = own.first(where: { $0.shape.count >= 2 }) {
      paths = ("\(pattern(states))[:, 0]", "\(pattern(states))[:, -1]")
      proposal.doubts.append(
        "the first axis of '\(states.path)' was taken for time, of which the first state is the input and the last the target"
      )
    } else {
      return nil
    }
    proposal.places.groups["train"] = .init(.datasets(["inputs": [paths.inputs], "targets": [paths.targets]]))
    return proposal
  }

  /// One matrix and one vector of as many rows, whatever they are called.
  func matrixAndVector() throws -> LayoutProposal? {
    for axis in [0, -1] {
      let matrices = entries.filter { entry in
        entry.isNumeric && !Self.isVector(entry, axis) && entry.shape.count >= 2 && !isTarget(entry)
      }.sorted { $0.shape.reduce(1, *) > $1.shape.reduce(1, *) }
      for matrix in matrices {
        let rows = Self.rows(of: matrix, axis)
        let vectors = entries.filter { entry in
          entry.path != matrix.path && Self.rows(of: entry, axis) == rows
            && (target == nil ? Self.isVector(entry, axis) : isTarget(entry))
        }
        guard let vector = vectors.first else { continue }
        if vectors.count > 1, target == nil {
          throw Fault(
            sentence: "which of its datasets is the target cannot be told: "
              + "\(listed(vectors.map(\.path))) have as many rows as "
              + "'\(matrix.path.onOneLine)'", isAboutTarget: true)
        }
        var pair = Pair(inputs: matrix, targets: vector, paths: (matrix.path, vector.path), axis: axis)
        if target == nil {
          pair.doubts.append(
            "'\(matrix.path.onOneLine)' and '\(vector.path.onOneLine)' were taken for inputs and targets by their shapes"
          )
        }
        return try proposal(of: [(.train, pair)])
      }
    }
    return nil
  }

  /// Columns as datasets of one number a row, one of which is the target.
  func vectors() throws -> LayoutProposal? {
    let vectors = entries.filter { $0.kind == .array && $0.shape.count == 1 }
    guard let rows = vectors.first?.shape.first, rows > 1 else { return nil }
    let own = vectors.filter { $0.shape == [rows] }
    guard own.count >= 3 else { return nil }
    let chosen = target == nil ? own.filter { DatasetNames($0.path).role == .targets } : own.filter(isTarget)
    guard chosen.count == 1, let target = chosen.first else {
      throw Fault(
        sentence: "it has \(own.count) columns, \(listed(own.map(\.path), atMost: 10)), and which is the "
          + "target cannot be told", isAboutTarget: true)
    }
    var proposal = LayoutProposal(layout: "\(own.count - 1) columns of inputs and the target \(target.path.onOneLine)")
    let inputs = own.filter { $0.path != target.path && $0.isNumeric }.map(\.path)
    proposal.places.groups["train"] = .init(.datasets(["inputs": inputs, "targets": [target.path]]))
    note(unusedBeside: Set(inputs + [target.path]), in: &proposal)
    return proposal
  }
}
