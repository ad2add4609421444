import Foundations
import HDF5

/// Tables of named columns: of records, and as pandas writes them.
extension LayoutRules {
  /// Records, of which one field is the target.
  func records() throws -> LayoutProposal? {
    let tables = entries.filter { !$0.columns.isEmpty && $0.shape.count == 1 }
    let trains = tables.filter { DatasetNames($0.path).part == .train }
    guard let train = trains.first ?? tables.max(by: { $0.shape[0] < $1.shape[0] }) else { return nil }
    let own = target.flatMap { $0.hasPrefix(train.path + "/") ? String($0.dropFirst(train.path.count + 1)) : $0 }
    guard let (column, doubt) = Self.target(among: train.columns, named: own) else {
      throw Fault(
        sentence: own.map {
          "the table '\(train.path.onOneLine)' has no column '\($0.onOneLine)' to take as target; it has "
            + listed(train.columns.map(\.name), atMost: 20)
        } ?? "the table '\(train.path.onOneLine)' has one column alone, and inputs and a target are two")
    }
    var proposal = LayoutProposal(
      layout: "the table \(train.path.onOneLine) of records, with the column \(column.name.onOneLine) as target")
    if let doubt { proposal.doubts.append(doubt) }
    let inputs = train.columns.filter { $0.name != column.name }
    let texts = inputs.filter { !$0.isNumeric }
    func place(_ path: String) -> DataPlaces.Group {
      // Of a whole table the columns of numbers are taken, without the target.
      let paths = texts.count < inputs.count ? [path] : inputs.map { "\(path)/\($0.name)" }
      return .init(.datasets(["inputs": paths, "targets": ["\(path)/\(column.name)"]]))
    }
    proposal.places.groups["train"] = place(train.path)
    let names = train.columns.map(\.name)
    for part in [DatasetNames.Part.validation, .test] where trains.contains(where: { $0.path == train.path }) {
      guard let other = tables.first(where: { DatasetNames($0.path).part == part && $0.columns.map(\.name) == names })
      else {
        continue
      }
      proposal.places.groups[part.rawValue] = place(other.path)
    }
    if !texts.isEmpty, texts.count < inputs.count {
      proposal.doubts.append(
        "the columns of text \(listed(texts.map(\.name), atMost: 10)) are not used; where they are categories, list them among "
          + "the inputs by their paths")
    }
    return proposal
  }

  /// The column to predict: the one that is named; else by its name; else the only one of text; else the last, with a doubt.
  private static func target(
    among columns: [FileInventory.Column], named name: String?
  ) -> (FileInventory.Column, doubt: String?)? {
    guard columns.count >= 2 else { return nil }
    if let name { return columns.first { $0.name == name }.map { ($0, nil) } }
    let choice = TargetNames(columns.map(\.name))
    // A name that inputs have as well says less than texts in the last place.
    if let place = choice.strong
      ?? choice.weak.flatMap({ columns[columns.count - 1].isNumeric || $0 == columns.count - 1 ? $0 : nil })
    {
      let others = choice.all.filter { $0 != place }.map { columns[$0].name }
      return (
        columns[place],
        others.isEmpty ? nil : "by their names \(listed(others, atMost: 5)) could be the target as well"
      )
    }
    let texts = columns.filter { !$0.isNumeric }
    let chosen = texts.count == 1 ? texts[0] : columns[columns.count - 1]
    return (
      chosen,
      "no column has the name of a target, so '\(chosen.name.onOneLine)' was taken for it, "
        + (texts.count == 1 ? "the only one of text" : "the last")
    )
  }

  /// A frame of pandas in the format `fixed`: blocks of columns of one type.
  func pandasFixed() throws -> LayoutProposal? {
    guard
      let frame = inventory.groups.first(where: { group in
        ["axis0", "axis1", "block0_items", "block0_values"].allSatisfy { inventory.has("\(group.path)/\($0)") }
      })
    else { return nil }
    var blocks: [(path: String, names: [String])] = []
    for number in 0..<20 {
      let path = "\(frame.path)/block\(number)_values"
      guard let values = entries.first(where: { $0.path == path }), values.isNumeric, values.shape.count == 2,
        let names = entries.first(where: { $0.path == "\(frame.path)/block\(number)_items" })?.texts,
        names.count == values.shape[1]
      else { continue }
      blocks.append((path, names))
    }
    let columns = blocks.flatMap(\.names)
    guard
      let (column, doubt) = Self.target(
        among: columns.map { FileInventory.Column(name: $0, isNumeric: true) }, named: target)
    else {
      throw Fault(
        sentence:
          "it is a frame of pandas with the columns of numbers \(listed(columns)), among which there is no target"
          + (target.map { " '\($0.onOneLine)'" } ?? "")
          + "; texts in this format are Python's own, so write it with to_hdf(…, format='table')")
    }
    var (inputs, targets): ([String], [String]) = ([], [])
    for (path, names) in blocks {
      guard let place = names.firstIndex(of: column.name) else {
        inputs.append(path)
        continue
      }
      targets = ["\(path)[:, \(place)]"]
      if place > 0 { inputs.append("\(path)[:, 0:\(place)]") }
      if place + 1 < names.count { inputs.append("\(path)[:, \(place + 1):\(names.count)]") }
    }
    var proposal = LayoutProposal(layout: "a frame of pandas with the column \(column.name.onOneLine) as target")
    proposal.places.groups["train"] = .init(.datasets(["inputs": inputs, "targets": targets]))
    if let doubt { proposal.doubts.append(doubt) }
    return proposal
  }
}
