import Foundation
import Foundations
import HDF5
import Synchronization

/// Checkpoint files: written whole or not at all, read only if every byte is the one that was written.
public enum CheckpointFile {
  /// What the first 512 bytes of a checkpoint say.
  public struct Summary: Sendable, Equatable {
    /// Completed steps.
    public let step: Int
    /// Completed epochs.
    public let epoch: Int
    /// The file's size in bytes.
    package let size: Int
  }

  /// Writes a checkpoint in place of any file at the path. What libhdf5 made of it is read as a checkpoint and compared,
  /// and the file is read back and compared byte by byte, before it takes its name.
  ///
  /// - Throws: `TrainerError` with code `.checkpoint`; what was at the path is untouched then.
  package static func write(
    _ checkpoint: Checkpoint, to path: String, fileSystem: some FileSystem = SystemFileSystem()
  ) throws {
    func failure(_ reason: String) -> TrainerError {
      TrainerError(.checkpoint, "\(path): the checkpoint cannot be saved: \(reason)")
    }
    do {
      let pieces = try encode(checkpoint)
      let written = try CheckpointTree.contents(of: pieces[1][...], name: path, isTrusted: true).checkpoint
      guard written == checkpoint else {
        throw failure("it does not read back as it was")
      }
      try AtomicFile.replace(path, contents: pieces, fileSystem: fileSystem)
    } catch let error as FileError {
      throw failure(error.reason)
    } catch let error as HDF5Error {
      throw failure(error.message)
    } catch let fault as CheckpointFault {
      throw failure(fault.error(path: path).message)
    }
  }

  /// Reads a checkpoint.
  ///
  /// - Throws: `TrainerError` with code `.checkpoint` if the file is missing, cannot be read, is damaged in any byte or
  ///   has another format version.
  public static func read(_ path: String) throws -> Checkpoint { try read(path, fileSystem: SystemFileSystem()) }

  /// The same over a file layer that tests make fail.
  ///
  /// - Parameter isTriedOnce: Whether bytes that this process has read are not tried again.
  package static func read(
    _ path: String, fileSystem: some FileSystem, isTriedOnce: Bool = true
  ) throws -> Checkpoint {
    do {
      return try load(path, fileSystem, isTriedOnce: isTriedOnce)
    } catch let fault as CheckpointFault {
      throw fault.error(path: path)
    }
  }

  /// Checks every byte of a checkpoint.
  ///
  /// - Returns: A sentence that says what is damaged; `nil` if nothing is.
  /// - Throws: `TrainerError` with code `.checkpoint` if the file is missing, cannot be read or has another format
  ///   version.
  package static func damage(in path: String, fileSystem: some FileSystem = SystemFileSystem()) throws -> String? {
    do {
      _ = try load(path, fileSystem)
      return nil
    } catch let fault as CheckpointFault {
      let error = fault.error(path: path)
      guard case .damaged = fault else { throw error }
      return error.message
    }
  }

  /// Reads what a checkpoint's first 512 bytes say; of the rest only the length is checked.
  ///
  /// - Throws: like ``read(_:)``.
  package static func summary(of path: String, fileSystem: some FileSystem = SystemFileSystem()) throws -> Summary {
    do {
      let block = try block(of: path, fileSystem)
      return Summary(step: block.step, epoch: block.epoch, size: block.length + CheckpointBlock.size)
    } catch let fault as CheckpointFault {
      throw fault.error(path: path)
    }
  }

  /// About how many bytes a checkpoint's file has; at least as many as it really has.
  public static func estimatedSize(of checkpoint: Checkpoint) -> Int {
    let tensors = checkpoint.sections.flatMap(\.tensors)
    let numbers = tensors.reduce(0) { $0 + $1.count * $1.elementType.byteCount }
    // Each object of HDF5 has a header, a group besides a heap and a tree.
    return numbers + checkpoint.config.utf8.count + (checkpoint.schema?.utf8.count ?? 0) + 2048
      * (tensors.count + checkpoint.sections.count) + 16_384
  }

  /// The bytes of a checkpoint's file: the block and the HDF5 part.
  package static func encode(_ checkpoint: Checkpoint) throws -> [[UInt8]] {
    let image = try CheckpointTree.image(of: checkpoint)
    let block = CheckpointBlock(
      length: image.count, digest: Digest(of: image), step: checkpoint.step, epoch: checkpoint.epoch)
    return [block.bytes, image]
  }

  /// Reads a checkpoint from bytes that `encode` has made, in this process or in another rank of it. They are checked for
  /// what may happen to them on their way.
  ///
  /// - Throws: `TrainerError` with code `.checkpoint` if they are damaged.
  package static func decode(_ bytes: [UInt8], of path: String) throws -> Checkpoint {
    do {
      let block = try CheckpointBlock(bytes, fileLength: bytes.count)
      let image = bytes[CheckpointBlock.size...]
      guard Digest(of: image) == block.digest else {
        throw CheckpointFault.damaged("it did not arrive as it was sent")
      }
      return try CheckpointTree.checkpoint(in: image, name: path, isTrusted: true)
    } catch let fault as CheckpointFault {
      throw fault.error(path: path)
    } catch let error as HDF5Error {
      throw CheckpointFault.damaged(error.message).error(path: path)
    }
  }

  /// Reads a checkpoint from a file's bytes, which are checked before libhdf5 sees one of them.
  static func decode(_ bytes: [UInt8], name: String, isTriedOnce: Bool = true) throws -> Checkpoint {
    let block = try CheckpointBlock(bytes, fileLength: bytes.count)
    let image = bytes[CheckpointBlock.size...]
    guard digest(of: image, name) == block.digest else {
      throw CheckpointFault.damaged("the SHA-256 of its contents does not fit")
    }
    let checkpoint: Checkpoint
    do {
      checkpoint = try CheckpointTree.checkpoint(
        in: image, name: name, isTrusted: isTriedOnce && readBefore.withLock { $0.contains(block.digest) })
    } catch let error as HDF5Error {
      throw CheckpointFault.damaged(error.message)
    }
    guard checkpoint.step == block.step, checkpoint.epoch == block.epoch else {
      throw CheckpointFault.damaged(
        "its first block says step \(block.step) and epoch \(block.epoch), and its attributes step "
          + "\(checkpoint.step) and epoch \(checkpoint.epoch)")
    }
    readBefore.withLock { _ = $0.insert(block.digest) }
    return checkpoint
  }

  /// The digest of a file's contents.
  private static func digest(of image: ArraySlice<UInt8>, _ name: String) -> Digest {
    let part = WorkProgress.begin("checking \(fileName(of: name))", of: image.count, "bytes")
    defer { part?.end() }
    var stream = Digest.Stream()
    for start in stride(from: image.startIndex, to: image.endIndex, by: piece) {
      let end = min(image.endIndex, start + piece)
      stream.update(image[start..<end])
      part?.add(end - start)
    }
    return stream.digest
  }

  /// Bytes that are hashed at once.
  private static let piece = 1 << 24

  /// Whether a file begins as a checkpoint does; no if it cannot be read, which whoever reads it tells.
  package static func isCheckpoint(_ path: String) -> Bool {
    let files = SystemFileSystem()
    do {
      let file = try files.retryingWhenInterrupted { try files.openForReading(path) }
      var start = [UInt8](repeating: 0, count: CheckpointBlock.mark.count)
      let count = try files.withFile(file) { file in
        try start.withUnsafeMutableBytes { try files.readAll(file, into: $0) }
      }
      return count == start.count && start == CheckpointBlock.mark
    } catch _ {
      return false
    }
  }

  /// The contents that this process has read whole without a fault, by their digest, which is compared with the bytes each
  /// time: they need no second trial in a process of their own. A command that looks into a run for its best checkpoint
  /// reads one twice.
  private static let readBefore = Mutex<Set<Digest>>([])

  static func load(_ path: String, _ fileSystem: some FileSystem, isTriedOnce: Bool = true) throws -> Checkpoint {
    let part = WorkProgress.begin("reading \(fileName(of: path))")
    defer { part?.end() }
    let bytes: [UInt8]
    do {
      bytes = try fileSystem.contents(of: path)
    } catch let error as FileError {
      throw CheckpointFault.system(error)
    }
    return try decode(bytes, name: path, isTriedOnce: isTriedOnce)
  }

  private static func block(of path: String, _ fileSystem: some FileSystem) throws -> CheckpointBlock {
    do {
      guard let length = try fileSystem.status(of: path)?.size else {
        throw FileError(operation: "open", path: path, number: ENOENT)
      }
      let file = try fileSystem.retryingWhenInterrupted { try fileSystem.openForReading(path) }
      let bytes = try fileSystem.withFile(file) { file in
        try [UInt8](unsafeUninitializedCapacity: CheckpointBlock.size) { buffer, count in
          count = try fileSystem.readAll(file, into: UnsafeMutableRawBufferPointer(buffer))
        }
      }
      return try CheckpointBlock(bytes, fileLength: length)
    } catch let error as FileError {
      throw CheckpointFault.system(error)
    }
  }
}
