import Foundations

extension DataPlaces {
  /// Reads the keys of `data` that say where samples are, but for `inputs` itself.
  ///
  /// - Parameters:
  ///   - settings: The config's `data`.
  ///   - joinedInputs: The value of `inputs`, where it is a list.
  /// - Throws: `TrainerError` for a faulty setting.
  package init(from settings: Settings, joinedInputs: [String]?) throws {
    var groups: [String: Group] = [:]
    if let all = try settings.optionalObject(
      "groups", hasNames: true,
      help: "Where each group of samples is: the path of a group, or the paths of its datasets.")
    {
      guard !all.keys.isEmpty else { throw settings.error("groups", "found no group, expected one at least") }
      for name in all.keys {
        groups[name] = try all.attempt(or: nil) { try Self.group(name, of: all) }
      }
      try all.finish()
    }
    let layoutHelp = "The order of an image's axes; channelsFirst is reordered on reading."
    _ = settings.value(
      "layout", kind: "channelsLast or channelsFirst", as: .choice(ImageLayout.allCases.map(\.rawValue)),
      help: layoutHelp)
    self.init(
      groups: groups, joinedInputs: joinedInputs,
      rowAxis: try settings.optionalInteger(
        "rowAxis", in: -32...31,
        help: "The axis of samples in each dataset, from the end if negative; MATLAB's files have it last.") ?? 0,
      layout: settings.contains("layout")
        ? try settings.choice("layout", of: ImageLayout.self, help: layoutHelp) : .channelsLast,
      labels: try settings.attempt(or: nil) { try TargetLabels(from: settings) })
    guard joinedInputs == nil || !groups.values.contains(where: \.namesDatasets) else {
      throw settings.error(
        "inputs", "found a list beside \"groups\" that name their datasets; write the list in the groups")
    }
  }

  private static func group(_ name: String, of groups: Settings) throws -> Group {
    let help = "The group \(name): the path of a group, or an object with the paths of its datasets."
    switch groups.value(name, kind: "a path or an object", as: .either([.string, .object()]), help: help) {
    case .string(let path)?: return Group(.group(path))
    case .object?:
      let group = try groups.object(name, hasNames: true, help: help)
      var datasets: [String: [String]] = [:]
      for key in group.keys where !Self.groupKeys.contains(key) {
        datasets[key] = try paths(key, of: group, help: "The path of a dataset, or several that are joined by column.")
      }
      let path = try group.optionalString("group", help: "A group of the file, in place of paths of datasets.")
      guard path == nil || datasets.isEmpty, path != nil || !datasets.isEmpty else {
        throw groups.error(
          name, "expected \"inputs\" and \"targets\" with the paths of datasets, or \"group\" with that of a group")
      }
      let rows = try group.optionalIntegers(
        "rows", in: 0 ... .max, count: 2...2, help: "The first row, and the one behind the last.")
      if let rows, rows[0] >= rows[1] {
        throw group.error("rows", "found [\(rows[0]), \(rows[1])], expected the first row and the one behind the last")
      }
      return Group(
        path.map { .group($0) } ?? .datasets(datasets), rows: rows.map { $0[0]..<$0[1] },
        split: try group.optionalString("split", help: "The part of the file's attribute split that has its rows."))
    case let value?: throw groups.error(name, "found \(value.compactText), expected the path of a group, or an object")
    case nil: throw groups.error(name, "found null, expected the path of a group, or an object")
    }
  }

  private static let groupKeys: Set<String> = ["group", "rows", "split"]

  /// A path, or a list of them.
  package static func paths(_ key: String, of settings: Settings, help: String) throws -> [String] {
    switch settings.value(key, kind: "a path or a list of paths", as: .paths, help: help) {
    case .string(let path)? where !path.isEmpty: return [path]
    case .array(let elements)? where !elements.isEmpty && elements.allSatisfy({ $0.text?.isEmpty == false }):
      return elements.compactMap(\.text)
    case let value:
      throw settings.error(key, "found \(value?.compactText ?? "null"), expected a path or a list of paths")
    }
  }

  /// The places as the config's `data` writes them, but for `inputs`.
  package var json: JSONObject {
    var json = JSONObject()
    if !groups.isEmpty {
      json["groups"] = .object(JSONObject(groups.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) }))
    }
    if rowAxis != 0 { json["rowAxis"] = .integer(rowAxis) }
    if layout != .channelsLast { json["layout"] = .string(layout.rawValue) }
    if let labels { json["labels"] = labels.json }
    return json
  }
}

extension DataPlaces.Group {
  var namesDatasets: Bool { if case .datasets = contents { true } else { false } }

  /// The members of the file's root that it reads from.
  var topNames: [String] {
    let paths: [String] =
      switch contents {
      case .group(let path): [path]
      case .datasets(let datasets): datasets.values.flatMap(\.self)
      }
    return paths.compactMap { $0.split(separator: "/").first.map(String.init) }
  }

  var json: JSONValue {
    var json = JSONObject()
    switch contents {
    case .group(let path):
      guard rows != nil || split != nil else { return .string(path) }
      json["group"] = .string(path)
    case .datasets(let datasets):
      for (name, paths) in datasets.sorted(by: { $0.key < $1.key }) {
        json[name] = paths.count == 1 ? .string(paths[0]) : .array(paths.map(JSONValue.string))
      }
    }
    json["rows"] = rows.map { .array([.integer($0.lowerBound), .integer($0.upperBound)]) }
    json["split"] = split.map(JSONValue.string)
    return .object(json)
  }
}

extension TargetLabels {
  /// Reads `labels`; `nil` if there is none.
  ///
  /// - Throws: `TrainerError` for a faulty setting.
  init?(from settings: Settings) throws {
    let kind = "\"sorted\", or an object from values to names"
    let values = SettingKind.either([.choice(["sorted"]), .named(.string)])
    switch settings.value("labels", kind: kind, as: values, help: "What the values of the targets mean as classes.") {
    case nil: return nil
    case "sorted"?: self = .sorted
    case .object(let names)? where names.members.count >= 2:
      self = .codes(
        try names.members.map { member in
          guard let name = member.value.text else {
            throw settings.error(
              "labels", "found \(member.value.compactText) for \"\(member.key)\", expected the name of a class")
          }
          return Code(member.key, named: name)
        })
    case let value?: throw settings.error("labels", "found \(value.compactText), expected \(kind)")
    }
  }

  var json: JSONValue {
    switch self {
    case .sorted: "sorted"
    case .codes(let codes): .object(JSONObject(codes.map { ($0.value, .string($0.name)) }))
    }
  }
}
