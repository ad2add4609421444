import CZlib
import Checkpoints
import Foundations

/// An archive of arrays as NumPy's `savez` writes it: a ZIP archive of NPY files, not packed.
enum NPZ {
  /// Sizes and places in a plain ZIP archive are numbers of 32 bits.
  private static let mostBytes = Int(UInt32.max) - (1 << 20)
  /// And members are counted in 16.
  private static let mostMembers = Int(UInt16.max) - 1

  /// The bytes of a file.
  ///
  /// - Parameter place: How messages call what is written.
  /// - Throws: `TrainerError` with code `.usage` if it is more than an archive holds.
  static func bytes(_ tensors: [NamedTensor], place: String) throws -> [UInt8] {
    let size = tensors.reduce(0) { $0 + $1.byteCount + 512 + 2 * $1.name.utf8.count }
    guard size < mostBytes, tensors.count <= mostMembers else {
      throw TrainerError(
        .usage,
        "\(place): \(ByteText.text(size)) in \(tensors.count) arrays are more than an NPZ archive holds; export them to safetensors"
      )
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size)
    var directory: [UInt8] = []
    for tensor in tensors {
      let start = bytes.count
      let name = Array("\(tensor.name).npy".utf8)
      let header = npyHeader(tensor)
      let length = header.count + tensor.byteCount
      // The local header, whose checksum is known when the member is written.
      append([0x0403_4b50], as: UInt32.self, to: &bytes)
      let facts = bytes.count
      appendFacts(checksum: 0, length, name, to: &bytes)
      append([0], as: UInt16.self, to: &bytes)
      bytes += name
      let first = bytes.count
      bytes += header
      tensor.append(to: &bytes)
      let checksum = checksum(bytes[first...])
      withUnsafeBytes(of: checksum.littleEndian) { bytes.replaceSubrange(facts + 10..<facts + 14, with: $0) }
      // Its entry in the directory.
      append([0x0201_4b50], as: UInt32.self, to: &directory)
      append([20], as: UInt16.self, to: &directory)
      appendFacts(checksum: checksum, length, name, to: &directory)
      // No extra field, no comment, the first disk, no attributes.
      append([0, 0, 0, 0], as: UInt16.self, to: &directory)
      append([0, UInt32(start)], as: UInt32.self, to: &directory)
      directory += name
    }
    let start = bytes.count
    bytes += directory
    append([0x0605_4b50], as: UInt32.self, to: &bytes)
    append([0, 0, UInt16(tensors.count), UInt16(tensors.count)], as: UInt16.self, to: &bytes)
    append([UInt32(directory.count), UInt32(start)], as: UInt32.self, to: &bytes)
    append([0], as: UInt16.self, to: &bytes)
    return bytes
  }

  /// What a local header and an entry of the directory share: version, flags (names are UTF-8), method (none), the first time
  /// that there is, so that the same parameters give the same file, checksum, sizes, length of the name.
  private static func appendFacts(checksum: UInt32, _ length: Int, _ name: [UInt8], to bytes: inout [UInt8]) {
    append([20, 0x0800, 0, 0, 0x0021], as: UInt16.self, to: &bytes)
    append([checksum, UInt32(length), UInt32(length)], as: UInt32.self, to: &bytes)
    append([UInt16(name.count)], as: UInt16.self, to: &bytes)
  }

  private static func append<Number: FixedWidthInteger>(
    _ numbers: [Number], as type: Number.Type, to bytes: inout [UInt8]
  ) {
    for number in numbers { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } }
  }

  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.withUnsafeBufferPointer { bytes in
      // zlib counts in 32 bits.
      stride(from: 0, to: bytes.count, by: 1 << 30).reduce(UInt32(0)) { sum, start in
        let count = min(bytes.count - start, 1 << 30)
        return UInt32(crc32(UInt(sum), bytes.baseAddress?.advanced(by: start), UInt32(count)))
      }
    }
  }

  /// Mark, version, length and the dictionary of an NPY file, 64 bytes or a multiple of it.
  private static func npyHeader(_ tensor: NamedTensor) -> [UInt8] {
    let type = tensor.values.elementType == .float32 ? "<f4" : "<f8"
    let extents = tensor.values.shape.map { "\($0)," }.joined(separator: " ")
    // As Python writes tuples: one element has a comma behind it, several have none behind the last.
    let shape = tensor.values.shape.count == 1 ? extents : String(extents.dropLast())
    var text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape)), }"
    text += String(repeating: " ", count: (64 - (10 + text.utf8.count + 1) % 64) % 64) + "\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count & 0xff), UInt8(text.utf8.count >> 8)]
      + Array(text.utf8)
  }
}
