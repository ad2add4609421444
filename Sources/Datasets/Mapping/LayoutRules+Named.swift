import Foundations
import HDF5

/// Layouts that are known by the names of datasets and groups.
extension LayoutRules {
  private struct Named {
    let entry: FileInventory.Entry
    let names: DatasetNames
  }

  /// Inputs and targets by the words in their paths: `x_train`, `train/data`, `X/train`, `train_set_x`, `data` and so on.
  func named() throws -> LayoutProposal? {
    let all = entries.map { Named(entry: $0, names: DatasetNames($0.path)) }
    let hasTrain = all.contains { $0.names.part == .train }
    var pairs: [(part: DatasetNames.Part, pair: Pair)] = []
    var patterns: Set<String>?
    for part in DatasetNames.Part.allCases {
      let own = all.filter { hasTrain ? $0.names.part == part : part == .train && $0.names.part == nil }
      // Of `val` and `valid` the first that has both counts.
      for rank in Set(own.map(\.names.partRank)).sorted() {
        let candidates = own.filter { $0.names.partRank == rank }
        // A group is as the training group is, where it can be.
        let alike = candidates.filter { patterns?.contains($0.names.pattern) ?? true }
        guard let pair = pair(of: alike) ?? (patterns == nil ? nil : pair(of: candidates)) else { continue }
        pairs.append((part, pair))
        if patterns == nil {
          patterns = [DatasetNames(pair.inputs.path).pattern, DatasetNames(pair.targets.path).pattern]
        }
        break
      }
      if part == .train, pairs.isEmpty { return nil }
    }
    return try proposal(of: pairs)
  }

  /// Inputs and targets with as many rows, by their names, else by their shapes.
  private func pair(of candidates: [Named]) -> Pair? {
    if let pair = fieldPair(candidates.map(\.entry)) { return pair }
    let given = candidates.filter { isTarget($0.entry) }
    let targets =
      given.isEmpty
      ? candidates.filter { $0.names.role == .targets }.sorted { $0.names.rank < $1.names.rank } : given
    let inputs = candidates.filter { candidate in
      candidate.names.role == .inputs && !targets.contains { $0.entry.path == candidate.entry.path }
    }.sorted { $0.names.rank < $1.names.rank }
    for target in targets {
      for input in inputs {
        guard let axis = Self.axis(input.entry, target.entry) else { continue }
        var pair = Pair(
          inputs: input.entry, targets: target.entry, paths: (input.entry.path, target.entry.path), axis: axis)
        let others = targets.filter {
          $0.entry.path != target.entry.path && Self.axis(input.entry, $0.entry) != nil
        }
        if !others.isEmpty, given.isEmpty {
          pair.doubts.append(
            "'\(target.entry.path.onOneLine)' was taken for the targets, and \(listed(others.map(\.entry.path))) could "
              + "be, too")
        }
        return pair
      }
    }
    return pairByShape(candidates.map(\.entry), named: targets.map(\.entry), inputs.map(\.entry))
  }

  /// One of both by its name, and the only other that fits it.
  private func pairByShape(
    _ candidates: [FileInventory.Entry], named targets: [FileInventory.Entry], _ inputs: [FileInventory.Entry]
  ) -> Pair? {
    func only(_ fits: [FileInventory.Entry]) -> FileInventory.Entry? { fits.count == 1 ? fits[0] : nil }
    if let target = targets.first, inputs.isEmpty,
      let input = only(
        candidates.filter { entry in
          entry.path != target.path && entry.isNumeric
            && Self.axis(entry, target).map { !Self.isVector(entry, $0) } ?? false
        }),
      let axis = Self.axis(input, target)
    {
      return Pair(
        inputs: input, targets: target, paths: (input.path, target.path), axis: axis,
        doubts: ["'\(input.path.onOneLine)' was taken for the inputs because it is the only array with as many rows"])
    }
    if let input = inputs.first, targets.isEmpty, target == nil,
      let target = only(
        candidates.filter { entry in
          entry.path != input.path && Self.axis(input, entry).map { Self.isVector(entry, $0) } ?? false
        }),
      let axis = Self.axis(input, target)
    {
      return Pair(
        inputs: input, targets: target, paths: (input.path, target.path), axis: axis,
        doubts: ["'\(target.path.onOneLine)' was taken for the targets because it alone has one value a row"])
    }
    return nil
  }

  /// The axis along which both have as many rows: the first; the last of what MATLAB wrote, and of what else agrees in it
  /// alone; `nil` if they agree in neither.
  static func axis(_ inputs: FileInventory.Entry, _ targets: FileInventory.Entry) -> Int? {
    let axes = inputs.isMATLAB || targets.isMATLAB ? [-1, 0] : [0, -1]
    return axes.first { axis in
      guard let rows = rows(of: inputs, axis) else { return false }
      return rows == self.rows(of: targets, axis)
    }
  }

  /// Fields of simulations, as PDEBench stores them: a coefficient and the solution, or the states over time.
  func fieldPair(_ candidates: [FileInventory.Entry]) -> Pair? {
    guard target == nil, let tensor = candidates.first(where: { $0.name == "tensor" && $0.shape.count >= 3 }),
      tensor.isNumeric
    else { return nil }
    if let coefficient = candidates.first(where: { $0.name == "nu" && $0.shape.first == tensor.shape[0] }) {
      return Pair(
        inputs: coefficient, targets: tensor, paths: (coefficient.path, tensor.path), axis: 0,
        doubts: ["each point of the solution is a number to predict, so that the model has as many outputs"])
    }
    return Pair(
      inputs: tensor, targets: tensor, paths: ("\(tensor.path)[:, 0]", "\(tensor.path)[:, -1]"), axis: 0,
      doubts: [
        "the second axis of '\(tensor.path)' was taken for time, of which the first state is the input and the last the target"
      ])
  }

  // MARK: What the config says

  /// The places of pairs, in the shortest words that a config has for them.
  func proposal(of pairs: [(part: DatasetNames.Part, pair: Pair)]) throws -> LayoutProposal? {
    guard let first = pairs.first?.pair else { return nil }
    let paths = pairs.map { "\($0.pair.paths.inputs.onOneLine) with \($0.pair.paths.targets.onOneLine)" }
    var proposal = LayoutProposal(layout: "by name: \(paths.joined(separator: ", "))")
    if let names = Self.commonNames(pairs) {
      (proposal.inputs, proposal.targets) = (names.inputs, names.targets)
      if zip(pairs, names.groups).contains(where: { $0.part.rawValue != $1 }) {
        for (pair, group) in zip(pairs, names.groups) {
          proposal.places.groups[pair.part.rawValue] = .init(.group(group))
        }
      }
    } else {
      for (part, pair) in pairs {
        proposal.places.groups[part.rawValue] = .init(
          .datasets(["inputs": [pair.paths.inputs], "targets": [pair.paths.targets]]))
      }
    }
    if pairs.contains(where: { $0.pair.axis != 0 }) {
      proposal.places.rowAxis = -1
      let isMATLAB = first.inputs.isMATLAB || first.targets.isMATLAB
      if isMATLAB {
        proposal.reasons.append(
          "MATLAB wrote the file, which stores axes in reverse, so that samples lie along the last")
      } else {
        proposal.doubts.append(
          "inputs and targets agree in their last axis alone, so it was taken for that of the samples")
      }
    }
    noteImages(first, in: &proposal)
    if pairs.count == 1, proposal.places.groups.count == 1 { noteFuel(in: &proposal) }
    noteClassNames(first, in: &proposal)
    proposal.doubts += first.doubts
    proposal.mayMissValues = first.inputs.hasFill
    note(
      unusedBeside: Set(pairs.flatMap { [$0.pair.inputs.path, $0.pair.targets.path] }), in: &proposal)
    return proposal
  }

  /// The names that inputs and targets have in every group, where each pair is in a group of its own.
  private static func commonNames(
    _ pairs: [(part: DatasetNames.Part, pair: Pair)]
  ) -> (inputs: String, targets: String, groups: [String])? {
    var names: (inputs: String, targets: String)?
    var groups: [String] = []
    for (_, pair) in pairs {
      let parts = [pair.paths.inputs, pair.paths.targets].map {
        $0.split(separator: "/", maxSplits: 1).map(String.init)
      }
      guard parts.allSatisfy({ $0.count == 2 }), parts[0][0] == parts[1][0] else { return nil }
      if let names, names != (parts[0][1], parts[1][1]) { return nil }
      names = (parts[0][1], parts[1][1])
      groups.append(parts[0][0])
    }
    // A path that goes on with a selection is none of a dataset in a group.
    return names.flatMap { $0.inputs.contains("[") ? nil : ($0.inputs, $0.targets, groups) }
  }

  /// Images whose channels come first, as Caffe and PyTorch have them.
  private func noteImages(_ pair: Pair, in proposal: inout LayoutProposal) {
    let shape = pair.inputs.shape
    guard pair.inputs.kind == .array, pair.axis == 0, shape.count == 4, [1, 3, 4].contains(shape[1]) else { return }
    let mayBeLast = [1, 3, 4].contains(shape[3])
    let isCaffe = pair.inputs.name == "data" && pair.targets.name == "label"
    guard !mayBeLast || isCaffe else { return }
    proposal.places.layout = .channelsFirst
    proposal.reasons.append("rows of \(shape[1]) x \(shape[2]) x \(shape[3]) are images with their channels first")
  }

  /// The rows of each part by the file's attribute, as Fuel writes it.
  private func noteFuel(in proposal: inout LayoutProposal) {
    guard case .datasets(let datasets)? = proposal.places.groups["train"]?.contents,
      inventory.splitParts.contains(where: { DatasetNames($0).part == .train })
    else { return }
    for part in inventory.splitParts {
      guard let name = DatasetNames(part).part?.rawValue else {
        proposal.doubts.append(
          "what the part '\(part.onOneLine)' of the file's attribute 'split' is for; it is not used")
        continue
      }
      proposal.places.groups[name] = .init(.datasets(datasets), split: part)
    }
    proposal.reasons.append("the file's attribute 'split', as Fuel writes it, says which rows are of which group")
  }

  /// Names of classes in a dataset of their own, such as `list_classes`.
  private func noteClassNames(_ pair: Pair, in proposal: inout LayoutProposal) {
    guard pair.targets.isNumeric, Self.isVector(pair.targets, pair.axis) else { return }
    let words = ["class", "label", "target"]
    let lists = inventory.entries.filter { entry in
      guard let texts = entry.texts, texts.count >= 2, Set(texts).count == texts.count else { return false }
      return words.contains { entry.name.lowercased().contains($0) } && entry.path != pair.targets.path
    }
    guard lists.count == 1, let names = lists[0].texts, names.count < pair.rows else { return }
    proposal.places.labels = .codes(names.enumerated().map { TargetLabels.Code("\($0)", named: $1) })
    proposal.reasons.append("the dataset '\(lists[0].path.onOneLine)' names the classes, from 0")
  }
}
