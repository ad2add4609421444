import CHDF5
import Foundation

/// Moves texts between Swift and a dataset or attribute of fixed- or variable-length strings.
struct StringTransfer {
  /// Runs the library's read or write with that memory type on that buffer.
  typealias Move = (_ memoryType: hid_t, _ buffer: UnsafeMutableRawPointer) throws -> Void

  private let type: Datatype
  private let space: Dataspace
  private let label: String
  private let isVariableLength: Bool

  /// - Throws: `HDF5Error` if the type is no string.
  init(type: Datatype, space: Dataspace, label: String) throws {
    guard case .string(let isVariableLength, _) = type.kind else {
      throw HDF5Error(.datatype, "\(label) holds \(type), not text")
    }
    self.type = type
    self.space = space
    self.label = label
    self.isVariableLength = isVariableLength
  }

  /// Reads that many texts.
  func read(count: Int, _ move: Move) throws -> [String] { try read(count: count, move, as: decode) }

  /// Reads the bytes of that many texts, in whatever encoding.
  func readBytes(count: Int, _ move: Move) throws -> [[UInt8]] { try read(count: count, move) { Array($0) } }

  /// The file's own type serves as memory type: text needs no conversion.
  private func read<Text>(
    count: Int, _ move: Move, as decode: (UnsafeRawBufferPointer) throws -> Text
  ) throws -> [Text] {
    guard count > 0 else { return [] }
    try Dataspace.checkMemory(count: count, byteCount: max(type.byteCount, MemoryLayout<String>.stride), label: label)
    let typeID = try type.handle.id
    if isVariableLength {
      var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
      return try pointers.withUnsafeMutableBytes { bytes in
        guard let base = bytes.baseAddress else { return [] }
        // The library allocates each text.
        defer {
          for pointer in bytes.bindMemory(to: UnsafeMutableRawPointer?.self) {
            _ = Library.value { H5free_memory(pointer) }
          }
        }
        try move(typeID, base)
        return try bytes.bindMemory(to: UnsafeMutablePointer<CChar>?.self).map { pointer in
          guard let pointer else { return try decode(UnsafeRawBufferPointer(start: nil, count: 0)) }
          return try decode(UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)))
        }
      }
    }
    let width = type.byteCount
    let padding = Library.value { H5Tget_strpad(typeID) }
    var bytes = [UInt8](repeating: 0, count: count * width)
    try bytes.withUnsafeMutableBytes { buffer in
      if let base = buffer.baseAddress { try move(typeID, base) }
    }
    return try (0..<count).map { index in
      var field = bytes[index * width..<(index + 1) * width]
      switch padding {
      case H5T_STR_SPACEPAD: while field.last == UInt8(ascii: " ") { field.removeLast() }
      case H5T_STR_NULLPAD: while field.last == 0 { field.removeLast() }
      default: field = field.prefix { $0 != 0 }
      }
      return try field.withUnsafeBytes(decode)
    }
  }

  /// Writes the texts.
  ///
  /// - Throws: `HDF5Error` if a text is longer than a fixed length, or holds a zero character, which ends a text of
  ///   variable length.
  func write(_ texts: [String], _ move: Move) throws {
    guard !texts.isEmpty else { return }
    let typeID = try type.handle.id
    if let text = texts.first(where: { $0.utf8.contains(0) }) {
      throw HDF5Error(.datatype, "cannot write \(label): the text \(text.debugDescription) holds a zero character")
    }
    if isVariableLength {
      var pointers = texts.map { strdup($0) }
      defer { for pointer in pointers { free(pointer) } }
      try pointers.withUnsafeMutableBytes { bytes in
        if let base = bytes.baseAddress { try move(typeID, base) }
      }
      return
    }
    let width = type.byteCount
    let isSpacePadded = Library.value { H5Tget_strpad(typeID) } == H5T_STR_SPACEPAD
    var bytes = [UInt8](repeating: isSpacePadded ? UInt8(ascii: " ") : 0, count: texts.count * width)
    for (index, text) in texts.enumerated() {
      guard text.utf8.count <= width else {
        throw HDF5Error(
          .datatype, "cannot write \(label): '\(text)' has \(text.utf8.count) bytes, and there is room for \(width)")
      }
      bytes.replaceSubrange(index * width..<index * width + text.utf8.count, with: text.utf8)
    }
    try bytes.withUnsafeMutableBytes { buffer in
      if let base = buffer.baseAddress { try move(typeID, base) }
    }
  }

  private func decode(_ bytes: UnsafeRawBufferPointer) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw HDF5Error(.datatype, "cannot read \(label): it holds text that is not UTF-8")
    }
    return text
  }
}
