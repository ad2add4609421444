import Foundations

/// A line of such a table.
struct SparseLine {
  /// Indices from here on are taken for a mistake; no row of so many inputs is stored dense.
  private static let largestIndex = 1 << 30

  struct Input {
    let index: Int
    let value: Double
  }

  enum Fault: Error {
    case noLabel(String), label(String), severalLabels(String), query, input(String), value(String), index(String)

    /// Whether the line is of the format, with something that is not read.
    var isOfFormat: Bool {
      switch self {
      case .severalLabels, .query, .index: true
      default: false
      }
    }

    var description: String {
      switch self {
      case .noLabel(let text): "it begins with '\(text)' and has no label in front of it"
      case .label(let text): "the label '\(text)' is not a finite number"
      case .severalLabels(let text):
        "it has several labels ('\(text)'), and a sample has one; import each label's file of its own"
      case .query: "it is of a ranking ('qid:'), which is not trained here; remove the field if the samples stand alone"
      case .input(let text): "'\(text)' is no index with a value, such as 3:0.5"
      case .value(let text): "the value of '\(text)' is not a finite number"
      case .index(let text): "the index of '\(text)' is no whole number from 0 to \(SparseLine.largestIndex)"
      }
    }
  }

  let label: Double
  let inputs: [Input]

  /// Reads a line; `nil` if there is nothing in it but a comment.
  ///
  /// - Parameter needsLabel: Whether it begins with a label; otherwise it may, and the label is 0 where it does not.
  init?(_ line: UnsafeRawBufferPointer, needsLabel: Bool = true) throws {
    let text = line.prefix { $0 != UInt8(ascii: "#") }
    let fields = text.split { $0 == 0x20 || $0 == 0x09 }
    guard let first = fields.first else { return nil }
    let hasLabel = !first.contains(UInt8(ascii: ":"))
    guard hasLabel || !needsLabel else { throw Fault.noLabel(Self.excerpt(first)) }
    var inputs: [Input] = []
    inputs.reserveCapacity(fields.count)
    for field in fields.dropFirst(hasLabel ? 1 : 0) {
      guard let colon = field.firstIndex(of: UInt8(ascii: ":")), colon > field.startIndex else {
        throw Fault.input(Self.excerpt(field))
      }
      let name = field[..<colon]
      if name.elementsEqual("qid".utf8) { throw Fault.query }
      guard name.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
        throw Fault.input(Self.excerpt(field))
      }
      let digits = name.drop { $0 == UInt8(ascii: "0") }
      let index = digits.count > 10 ? Int.max : digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
      guard index <= Self.largestIndex else { throw Fault.index(Self.excerpt(field)) }
      guard let value = Self.number(field[(colon + 1)...]) else { throw Fault.value(Self.excerpt(field)) }
      inputs.append(Input(index: index, value: value))
    }
    guard hasLabel else {
      (label, self.inputs) = (0, inputs)
      return
    }
    // The rest tells whether a line of another format was taken for one of this.
    guard let label = Self.number(first) else {
      // Without inputs it is a line of another table, whose fields have commas between them.
      let isList =
        !inputs.isEmpty && first.contains(UInt8(ascii: ","))
        && first.split(separator: UInt8(ascii: ",")).allSatisfy { Self.number($0) != nil }
      throw isList ? Fault.severalLabels(Self.excerpt(first)) : Fault.label(Self.excerpt(first))
    }
    (self.label, self.inputs) = (label, inputs)
  }

  private static func number(_ field: Slice<UnsafeRawBufferPointer>) -> Double? {
    DecimalField(UnsafeRawBufferPointer(rebasing: field), mark: UInt8(ascii: "."))?.value
  }

  private static func excerpt(_ field: Slice<UnsafeRawBufferPointer>) -> String {
    String(decoding: field.prefix(40), as: UTF8.self)
  }
}
