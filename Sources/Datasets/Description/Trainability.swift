import Foundations
import HDF5

/// Whether a file can be trained on as it is, as a sentence: by shapes and types alone, so without reading elements.
struct Trainability {
  /// Whether it can.
  private(set) var isTrainable = false
  /// With which `data` of a config it can otherwise; `nil` if none is known.
  private(set) var settings: JSONValue?
  /// All of it for people.
  let sentence: String

  /// Of several files as one dataset.
  init(together paths: [String]) {
    do {
      let contents = try Self.contents(of: DatasetReader(paths: paths))
      sentence = "Together they can be trained on as they are, by their shapes and types: \(contents)."
      isTrainable = true
    } catch {
      let message = (error as? TrainerError)?.message ?? "\(error)"
      sentence = "Together they cannot be trained on as they are: \(message)."
    }
  }

  init(path: String) {
    do {
      let contents = try Self.contents(of: DatasetReader(path: path))
      sentence = "It can be trained on as it is, by its shapes and types: \(contents)."
      isTrainable = true
    } catch {
      do {
        settings = try Self.settings(path: path)
        sentence =
          settings.map { "It cannot be trained on as it is, but with this in the config: \"data\": \($0.lineText)" }
          ?? Self.refusal(error, path)
      } catch {
        sentence = Self.refusal(error, path)
      }
    }
  }

  private static func refusal(_ error: any Error, _ path: String) -> String {
    let message = (error as? TrainerError)?.message ?? "\(error)"
    let cause = message.hasPrefix(path + ": ") ? String(message.dropFirst(path.count + 2)) : message
    return "It cannot be trained on as it is: \(cause)."
  }

  /// The lines of a config with which it can; `nil` if none are known.
  ///
  /// - Throws: `TrainerError` for what is wrong with what they name.
  private static func settings(path: String) throws -> JSONValue? {
    guard case .usable(let proposal) = try LayoutRecognition(path: path), !proposal.settings.members.isEmpty else {
      return nil
    }
    // What a name promises may not be there.
    _ = try contents(
      of: DatasetReader(
        path: path, externalFiles: proposal.externalFiles, places: proposal.places, inputs: proposal.inputs,
        targets: proposal.targets))
    let data = JSONObject([("path", .string(path))] + proposal.settings.members.map { ($0.key, $0.value) })
    return .object(data)
  }

  /// The samples of each group.
  ///
  /// - Throws: `TrainerError` for what a run would refuse.
  private static func contents(of reader: DatasetReader) throws -> String {
    let (inputs, targets) = (reader.roles.inputs, reader.roles.targets ?? "")
    // The error for a group that is not there lists what is.
    guard reader.groups.contains("train") else { throw try missing("train", inputs, in: reader) }
    var samples: [String] = []
    var columns = ""
    for group in reader.groups {
      let (rows, rowShape) = try reader.inputShape(of: inputs, in: group)
      if try !reader.isTable(inputs, in: group) { try check(inputs, in: group, of: reader) }
      let found = try reader.shape(of: targets, in: group)
      guard found.rows == rows else {
        throw TrainerError(
          .data,
          "in the group '\(group)', '\(inputs)' has \(rows) rows, but '\(targets)' has \(found.rows); a row of each is "
            + "one sample")
      }
      try check(targets, in: group, of: reader)
      samples.append("\(rows) samples in '\(group)'")
      if columns.isEmpty { columns = rowShape.isEmpty ? "1" : rowShape.map(String.init).joined(separator: " x ") }
    }
    // Inputs that are larger than memory stay in the file.
    try reader.requireMemory(
      reader.groups.reduce(0) { try $0 + reader.memoryNeed(of: targets, in: $1, as: Float.self) }, isAll: false)
    return "\(samples.joined(separator: ", ")), each of \(columns) \(columns == "1" ? "input" : "inputs")"
  }

  private static func missing(_ group: String, _ inputs: String, in reader: DatasetReader) throws -> TrainerError {
    do {
      _ = try reader.shape(of: inputs, in: group)
      return TrainerError(.data, "there is no group '\(group)'")
    } catch let error as TrainerError {
      return error
    }
  }

  private static func check(_ name: String, in group: String, of reader: DatasetReader) throws {
    let rows = try DatasetReader.translating(reader.path) { try reader.plainRows(name, in: group) }
    try DatasetReader.translating(reader.path) {
      // What is text may be classes or categories.
      if try rows.values == .other { _ = try reader.numberType(of: name, in: group) }
      try (rows as? DatasetRows)?.dataset.requireReadableElements()
    }
  }
}
