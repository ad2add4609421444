import Foundations
import HDF5

extension LayoutRecognition {
  /// Looks at a file by its metadata.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - target: The path of the targets, or the last part of it; `nil` to find them by their names and shapes.
  /// - Throws: `TrainerError` with code `.data` if it cannot be opened.
  package init(path: String, target: String? = nil) throws {
    self = try DatasetReader.translating(path) {
      let inventory = try FileInventory(File.open(at: path), target: target)
      let recognition = Self(inventory, target: target)
      guard case .unusable = recognition, !inventory.external.isEmpty else { return recognition }
      let names = inventory.external.map { "/\($0)" }
      let whole = try FileInventory(File.open(at: path, externalFiles: .allowed), target: target)
      guard case .usable(var proposal) = Self(whole, target: target) else { return Self(whole, target: target) }
      proposal.externalFiles = .allowed
      proposal.doubts.append(
        "\(listed(names, atMost: 5)) \(names.count == 1 ? "lies" : "lie") in other files, which are read because the config "
          + "sets externalFiles; take the key out if you do not know where the file comes from")
      return .usable(proposal)
    }
  }

  init(_ inventory: FileInventory, target: String?) {
    let rules = LayoutRules(inventory, target: target)
    do {
      for rule in [
        rules.own, rules.annData, rules.records, rules.pandasFixed, rules.named, rules.groupPerSample,
        rules.matrixAndVector, rules.vectors,
      ] {
        if var proposal = try rule() {
          if !inventory.leftOut.isEmpty {
            proposal.doubts.append(
              "\(inventory.leftOutText), so that what is there is neither used nor named here; name the target if it is "
                + "another one")
          }
          self = .usable(proposal)
          return
        }
      }
      self = .unusable(rules.fault + (inventory.leftOut.isEmpty ? "" : "; \(inventory.leftOutText)"))
    } catch let fault as LayoutRules.Fault {
      self = .unusable(
        fault.sentence + (inventory.leftOut.isEmpty ? "" : "; \(inventory.leftOutText)"),
        remedy: fault.isAboutTarget ? .init("target", "name the target") : nil)
    } catch {
      self = .unusable("\(error)")
    }
  }
}

extension DatasetReader {
  /// What to write in a config for a file that has no such groups as a run looks for, as the end of a sentence.
  var layoutHint: String {
    let general = "; name the places of its samples in data.groups"
    do {
      guard case .usable(let proposal) = LayoutRecognition(try FileInventory(file), target: nil),
        !proposal.settings.members.isEmpty
      else { return general }
      return "; its samples seem to be where this says, written in data: \(proposal.settingsText)"
    } catch {
      // What is wrong with other objects of the file is beside the point here.
      return general
    }
  }
}

/// How samples are recognised, one rule after the other.
struct LayoutRules {
  /// Why a file of a layout that is known cannot be trained on.
  struct Fault: Error {
    let sentence: String
    /// Whether naming the target mends it.
    var isAboutTarget = false
  }

  /// Inputs and targets that belong to each other.
  struct Pair {
    let inputs: FileInventory.Entry
    let targets: FileInventory.Entry
    /// What the config calls them, with a selection where only a part is meant.
    var paths: (inputs: String, targets: String)
    /// The axis of samples.
    let axis: Int
    var doubts: [String] = []

    var rows: Int { LayoutRules.rows(of: inputs, axis) ?? 0 }
  }

  let inventory: FileInventory
  let target: String?
  /// What could be inputs or targets.
  let entries: [FileInventory.Entry]

  init(_ inventory: FileInventory, target: String?) {
    self.inventory = inventory
    self.target = target
    // Indices of PyTables begin like this, beside their tables.
    entries = inventory.entries.filter { $0.hasRows && !$0.isScale && !$0.path.contains("_i_table/") }
  }

  /// The number of rows of something along an axis, 0 or -1.
  static func rows(of entry: FileInventory.Entry, _ axis: Int) -> Int? {
    guard entry.kind == .array else { return axis == 0 ? entry.shape.first : nil }
    return axis == 0 ? entry.shape.first : entry.shape.last
  }

  /// Whether something has one value a row.
  static func isVector(_ entry: FileInventory.Entry, _ axis: Int) -> Bool {
    if case .categorical = entry.kind { return true }
    guard entry.kind == .array, let rows = rows(of: entry, axis) else { return false }
    return entry.shape.reduce(1, *) == rows
  }

  /// Whether the target that was named is this one.
  func isTarget(_ entry: FileInventory.Entry) -> Bool {
    guard let target else { return false }
    let path = target.hasPrefix("/") ? String(target.dropFirst()) : target
    return entry.path == path || entry.name == path
  }

  /// What is said of a file of which no rule knows the layout.
  var fault: String {
    if let target, !inventory.entries.contains(where: isTarget) {
      return "there is no dataset '\(target.onOneLine)' to take as target; it has \(inventory.list)"
    }
    if let first = inventory.unreadable.first {
      return "its samples are not found: \(first); beside that it has \(inventory.list)"
    }
    guard !inventory.entries.isEmpty else { return "it holds no dataset" }
    guard !entries.isEmpty else { return "it holds no dataset with rows; it has \(inventory.list)" }
    if let (inputs, targets) = unequalPair {
      func text(_ entry: FileInventory.Entry) -> String {
        "'\(entry.path.onOneLine)' is \(entry.shape.map(String.init).joined(separator: " x "))"
      }
      return
        "\(text(inputs)) and \(text(targets)): as inputs and targets they need as many rows, one of each for a sample; it "
        + "has \(inventory.list)"
    }
    return
      "its layout is not known: it has \(inventory.list). Write a config that names them, such as \"data\": {\"path\": …, "
      + "\"groups\": {\"train\": {\"inputs\": PATH, \"targets\": PATH}}}"
  }

  /// Inputs and targets by their names whose rows are not as many.
  private var unequalPair: (FileInventory.Entry, FileInventory.Entry)? {
    let named = entries.map { (entry: $0, names: DatasetNames($0.path)) }
    for inputs in named where inputs.names.role == .inputs {
      if let targets = named.first(where: { $0.names.role == .targets && $0.names.part == inputs.names.part }),
        Self.axis(inputs.entry, targets.entry) == nil
      {
        return (inputs.entry, targets.entry)
      }
    }
    return nil
  }

  // MARK: The trainer's own layout

  /// Groups of the names that a run looks for, with datasets of the names that it looks for, whatever they hold.
  func own() throws -> LayoutProposal? {
    guard target == nil || target == "targets", inventory.has("train/inputs"), inventory.has("train/targets"),
      !inventory.entries.contains(where: { $0.isMATLAB })
    else { return nil }
    let pair = inventory.entries.filter { $0.path == "train/inputs" || $0.path == "train/targets" }
    // A validation group of another name has to be named.
    let parts = inventory.entries.compactMap { entry in
      DatasetNames(entry.path).part.flatMap { part in
        entry.path.hasSuffix("/inputs") && !inventory.has("\(part)/inputs") ? part : nil
      }
    }
    guard parts.isEmpty, pair.count == 2 else { return nil }
    let names = ["train", "validation", "test"].filter { inventory.has("\($0)/inputs") }
    var proposal = LayoutProposal(
      layout:
        "the trainer's own: \(names.count == 1 ? "a group" : "groups") \(names.joined(separator: ", ")) with inputs "
        + "and targets")
    proposal.mayMissValues = pair[0].hasFill
    note(unusedBeside: Set(names.flatMap { ["\($0)/inputs", "\($0)/targets"] }), in: &proposal)
    return proposal
  }

  /// Says what else is there.
  func note(unusedBeside used: Set<String>, in proposal: inout LayoutProposal) {
    proposal.unused = entries.map(\.path).filter { path in
      var part = path[...]
      while !used.contains(String(part)) {
        guard let end = part.lastIndex(of: "/") else { return true }
        part = part[..<end]
      }
      return false
    }
  }
}
