import Foundation

/// What TensorBoard's event files hold, read without the code that writes them, and without checking checksums.
public struct EventFiles {
  /// A value of a summary, or the graph.
  public struct Value: Equatable, Sendable {
    /// Completed steps.
    public let step: Int
    /// The tag; `graph` for the graph.
    public let tag: String
    /// The bytes of the value without its tag.
    public let bytes: [UInt8]

    /// The number of a scalar; `nil` for other values.
    public var scalar: Float? {
      guard bytes.count == 5, bytes[0] == 0x15 else { return nil }
      return Float(bitPattern: bytes[1...].reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
  }

  /// The files of a directory in the order in which TensorBoard reads them.
  public let names: [String]
  /// All values in order.
  public private(set) var values: [Value] = []
  /// The steps from which a process went on, minus one.
  public private(set) var restarts: [Int] = []

  /// Reads the event files of a directory; it has none if it is not there.
  public init(_ directory: String) throws {
    names =
      FileManager.default.fileExists(atPath: directory)
      ? try FileManager.default.contentsOfDirectory(atPath: directory).sorted() : []
    for name in names { try read([UInt8](Data(contentsOf: URL(filePath: "\(directory)/\(name)")))[...]) }
  }

  /// The values but for those that depend on the clock.
  public var timeless: [Value] {
    values.filter { $0.tag != "samplesPerSecond" && !$0.tag.hasPrefix("_hparams_") }
  }

  private mutating func read(_ file: ArraySlice<UInt8>) throws {
    var rest = file
    while !rest.isEmpty {
      let length = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      guard rest.count >= length + 16 else { throw CocoaError(.fileReadCorruptFile) }
      let body = rest.dropFirst(12).prefix(length)
      rest = rest.dropFirst(length + 16)
      let event = Self.fields(body)
      let step = event.first { $0.number == 2 }?.integer ?? 0
      for field in event {
        switch field.number {
        case 4: values.append(Value(step: step, tag: "graph", bytes: Array(field.bytes)))
        case 5:
          for value in Self.fields(field.bytes) {
            let tag = Self.fields(value.bytes).first { $0.number == 1 }?.bytes ?? []
            let name = String(decoding: tag, as: UTF8.self)
            values.append(Value(step: step, tag: name, bytes: Array(value.bytes.dropFirst(2 + tag.count))))
          }
        case 7: restarts.append(step - 1)
        default: break
        }
      }
    }
  }

  private typealias Field = (number: Int, integer: Int, bytes: ArraySlice<UInt8>)

  /// The fields of a message, whose tags take a byte.
  private static func fields(_ message: ArraySlice<UInt8>) -> [Field] {
    var (rest, fields) = (message, [Field]())
    func integer() -> Int {
      var (value, shift) = (0, 0)
      while let byte = rest.popFirst() {
        value |= Int(byte & 0x7f) << shift
        shift += 7
        if byte < 0x80 { break }
      }
      return value
    }
    while let tag = rest.popFirst() {
      let number = Int(tag >> 3)
      switch tag & 7 {
      case 0: fields.append((number, integer(), []))
      case 1: rest = rest.dropFirst(8)
      case 5: rest = rest.dropFirst(4)
      default:
        let size = integer()
        fields.append((number, 0, rest.prefix(size)))
        rest = rest.dropFirst(size)
      }
    }
    return fields
  }
}
