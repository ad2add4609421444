import Foundations

/// The order in which an epoch visits the samples: `data.shuffle` of a config.
///
/// It is a setting, and follows from nothing that a machine or a file's chunks decide.
public enum SampleOrder: Sendable, Equatable {
  /// As they are stored, in every epoch.
  case none
  /// One permutation of all rows, another in each epoch.
  case rows
  /// Permuted blocks of `rows` consecutive rows each, whose rows are permuted within windows of `window` blocks: an order
  /// that data larger than memory can be read in. Both are at least 1.
  case blocks(rows: Int, window: Int)

  /// The order as a config writes it.
  public var json: JSONValue {
    switch self {
    case .none: "none"
    case .rows: "rows"
    case .blocks(let rows, let window): ["block": .integer(rows), "window": .integer(window)]
    }
  }

  /// The order as the old key `training.shuffle` wrote it.
  package init(isShuffling: Bool) { self = isShuffling ? .rows : .none }

  /// Reads the key `shuffle`.
  ///
  /// - Returns: `nil` if it is absent.
  /// - Throws: `TrainerError` with code `.usage` for anything but an order.
  package static func read(from settings: Settings) throws -> SampleOrder? {
    let kind = "\"rows\", \"none\" or an object with \"block\" and \"window\""
    let values = SettingKind.either([.choice(["rows", "none"]), .object()])
    let help = "The order in which an epoch visits the samples."
    guard let value = settings.value("shuffle", kind: kind, as: values, help: help) else { return nil }
    switch value {
    case "rows": return .rows
    case "none": return SampleOrder.none
    case .string(let text):
      let hint = suggestion(for: text, among: ["rows", "none"]).map { "; did you mean \"\($0)\"?" } ?? ""
      throw settings.error("shuffle", "found \(value.compactText), expected \(kind)\(hint)")
    case .object:
      let own = try settings.object("shuffle")
      let order = try blocks(
        rows: own.integer("block", in: .positive, help: "The consecutive rows of a block."),
        window: own.integer("window", in: .positive, help: "The blocks within which rows are permuted."))
      try own.finish()
      // Declares it as it is once more, and says it in whole numbers.
      _ = settings.value("shuffle", kind: kind, as: values, help: help)
      settings.resolve("shuffle", to: order.json)
      return order
    default: throw settings.error("shuffle", "found \(value.lineText), expected \(kind)")
    }
  }

  // MARK: The default

  /// The order of data whose config gives none. It depends on the data's size alone, never on a machine or on how a file
  /// stores them: all rows, or where the training group's inputs take 1 GiB or more, blocks whose inputs take at most 1 MiB.
  ///
  /// - Parameters:
  ///   - rows: The rows of the training group.
  ///   - rowBytes: The bytes of a row's inputs as they are stored, unpacked.
  package static func standard(rows: Int, rowBytes: Double) -> SampleOrder {
    Double(rows) * rowBytes < 0x1p30 ? .rows : standardBlocks(rowBytes: rowBytes)
  }

  /// Blocks whose inputs take at most 1 MiB.
  ///
  /// - Parameter rowBytes: The bytes of a row's inputs.
  package static func standardBlocks(rowBytes: Double) -> SampleOrder {
    var block = 1
    while Double(2 * block) * rowBytes <= 0x1p20 { block *= 2 }
    return .blocks(rows: block, window: 8)
  }
}

extension SampleOrder: CustomStringConvertible {
  /// For people: `blocks of 1024 rows, windows of 8 blocks`.
  public var description: String {
    switch self {
    case .none: "as stored"
    case .rows: "rows"
    case .blocks(let rows, let window):
      "blocks of \(rows) \(rows == 1 ? "row" : "rows"), windows of \(window) \(window == 1 ? "block" : "blocks")"
    }
  }
}

extension DatasetReader {
  /// The order of the training group's rows where the config gives none.
  ///
  /// - Parameter names: The datasets that are the inputs.
  /// - Throws: `TrainerError` with code `.data` if the group has no such rows.
  package func standardOrder(of names: [String]) throws -> SampleOrder {
    guard groups.contains("train") else { return .rows }
    var rows = 0
    var rowBytes = 0.0
    for name in names {
      let (count, rowShape) = try inputShape(of: name, in: "train")
      rows = count
      if try isTable(name, in: "train") {
        // Whatever their columns are stored as, so that the order of a table does not depend on it.
        rowBytes += Double(8 * rowShape[0])
      } else if let matrix = try sparse(name, in: "train") {
        rowBytes += try Double(matrix.storedCount) * 8 / Double(max(1, matrix.rowCount))
      } else {
        rowBytes += try Self.translating(path) {
          let stored = try plainRows(name, in: "train")
          return try stored.byteCount / Double(max(1, stored.shape.first ?? 1))
        }
      }
    }
    return .standard(rows: rows, rowBytes: rowBytes)
  }
}
