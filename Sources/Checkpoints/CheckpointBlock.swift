import Foundation
import Foundations

/// The first 512 bytes of a checkpoint, before the HDF5 part; byte by byte in `docs/file-format.md`.
///
/// It lets a reader tell a whole file from a damaged one before libhdf5, which is not made for damaged files, sees a
/// byte.
struct CheckpointBlock: Equatable {
  static let size = 512
  /// The version that this program writes and reads.
  static let version = 1
  /// Not text, and with both kinds of line end, so that a transfer that changes them is noticed (as PNG's mark does).
  static let mark: [UInt8] = [0x93] + Array("TRN\r\n".utf8) + [0x1A, 0x0A]
  /// For people who look into the file.
  private static let note = Array("trainer checkpoint: an HDF5 file follows these 512 bytes\n".utf8)
  private static let noteOffset = 128
  private static let checksumOffset = size - 32

  var version = CheckpointBlock.version
  /// The bytes behind the block.
  let length: Int
  /// The SHA-256 of the bytes behind the block.
  let digest: Digest
  /// Completed steps, so that a directory can be surveyed without reading whole files.
  let step: Int
  /// Completed epochs.
  let epoch: Int

  /// The 512 bytes.
  var bytes: [UInt8] {
    var bytes = Self.mark
    append(version, byteCount: 4)
    append(Self.size, byteCount: 4)
    append(length, byteCount: 8)
    bytes += digest.bytes
    append(step, byteCount: 8)
    append(epoch, byteCount: 8)
    pad(to: Self.noteOffset)
    bytes += Self.note
    pad(to: Self.checksumOffset)
    return bytes + Digest(of: bytes).bytes

    func append(_ value: Int, byteCount: Int) {
      for index in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
    func pad(to count: Int) { bytes += [UInt8](repeating: 0, count: count - bytes.count) }
  }
}

extension CheckpointBlock {
  /// Reads a file's first bytes, at least 512 if it has so many, and checks them.
  ///
  /// - Throws: `CheckpointFault`.
  init(_ file: some Collection<UInt8>, fileLength: Int) throws {
    let bytes = Array(file.prefix(Self.size))
    guard bytes.starts(with: Self.mark.prefix(bytes.count)), !bytes.isEmpty || fileLength > 0 else {
      throw fileLength == 0
        ? CheckpointFault.damaged("it is empty")
        : CheckpointFault.damaged("it does not begin as a checkpoint of this program")
    }
    guard bytes.count == Self.size else {
      throw CheckpointFault.damaged("it ends after \(fileLength) bytes, within its first block of \(Self.size)")
    }
    guard Digest(of: bytes[..<Self.checksumOffset]).bytes == Array(bytes[Self.checksumOffset...]) else {
      throw CheckpointFault.damaged("the checksum of its first \(Self.size) bytes does not fit")
    }
    func integer(at offset: Int, byteCount: Int) -> Int {
      (0..<byteCount).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
    version = integer(at: 8, byteCount: 4)
    guard version == Self.version else { throw CheckpointFault.version(version) }
    length = integer(at: 16, byteCount: 8)
    // 32 bytes always make a digest.
    digest = Digest(bytes: Array(bytes[24..<56]))!
    step = integer(at: 56, byteCount: 8)
    epoch = integer(at: 64, byteCount: 8)
    // A checksum that fits makes no number sensible. Negative ones have their highest bit set in the file.
    guard length >= 0, length <= Int.max - Self.size else {
      throw CheckpointFault.damaged("its first block says that \(UInt64(bitPattern: Int64(length))) bytes follow")
    }
    guard step >= 0, epoch >= 0 else {
      throw CheckpointFault.damaged(
        "its first block says \(UInt64(bitPattern: Int64(step))) completed steps and "
          + "\(UInt64(bitPattern: Int64(epoch))) completed epochs")
    }
    guard fileLength - Self.size == length else {
      let whole = length + Self.size
      throw CheckpointFault.damaged(
        fileLength < whole
          ? "it ends after \(fileLength) of its \(whole) bytes"
          : "it has \(fileLength - whole) bytes behind its end at \(whole)")
    }
  }
}

/// Why a checkpoint cannot be read.
enum CheckpointFault: Error {
  /// Its bytes are not what was written.
  case damaged(String)
  /// It is whole, as far as one can tell, and of another format version.
  case version(Int)
  /// The system refuses to give its bytes.
  case system(FileError)

  /// The fault as a user's error.
  func error(path: String) -> TrainerError {
    switch self {
    case .damaged(let reason):
      return TrainerError(
        .checkpoint, "\(path): the checkpoint is damaged: \(reason); use another checkpoint of the run")
    case .version(let version):
      return TrainerError(
        .checkpoint,
        "\(path): the checkpoint has format version \(version), expected \(CheckpointBlock.version); use the program "
          + "version that wrote it")
    case .system(let error):
      guard error.number == ENOENT else {
        return TrainerError(.checkpoint, "\(path): the checkpoint cannot be read: \(error.reason)")
      }
      return TrainerError(.checkpoint, "\(path): there is no such checkpoint\(neighbourHint(of: path))")
    }
  }
}
