import Foundation
import Foundations
import HDF5
import Kernels

/// What tells one dataset file from another.
struct DatasetFingerprint {
  /// Up to this many bytes a file is hashed whole.
  static let wholeLimit = 1_000_000_000
  /// Rows of each dataset of a larger file that are hashed.
  static let sampledRows = 1024

  let path: String
  let file: HDF5.File

  func digest() throws -> Digest {
    let handle: FileHandle
    do {
      handle = try FileHandle(forReadingFrom: URL(filePath: path))
    } catch {
      throw TrainerError(.data, "\(path): the file cannot be read: \(error.localizedDescription)")
    }
    defer { handle.closeFile() }
    guard handle.seekToEndOfFile() <= UInt64(Self.wholeLimit) else { return try sampledDigest() }
    handle.seek(toFileOffset: 0)
    var stream = Digest.Stream()
    do {
      while let chunk = try handle.read(upToCount: 1 << 22), !chunk.isEmpty { stream.update(chunk) }
    } catch {
      throw TrainerError(.data, "\(path): the file cannot be read: \(error.localizedDescription)")
    }
    return stream.digest
  }

  /// Shapes, types and a fixed random choice of rows of every dataset in the groups.
  func sampledDigest() throws -> Digest {
    var stream = Digest.Stream()
    for group in DatasetReader.groupNames where try file.root.exists(group) {
      let parent = try file.root.group(group)
      for member in try parent.members() where member.kind == .dataset {
        let dataset = try parent.dataset(member.name)
        let shape = try dataset.shape
        stream.update(Data("\(group)/\(member.name) \(shape) \(dataset.datatype)\n".utf8))
        guard let rows = shape.first, rows > 0, dataset.datatype.isNumeric else { continue }
        let random = Philox(seed: 0, stream: UInt64(rows))
        let chosen = Set((0..<UInt64(Self.sampledRows)).map { Int(random.uniform(at: $0) * Double(rows)) })
        for row in chosen.sorted() {
          let values = try dataset.read(as: Double.self, selecting: .range(row..<row + 1))
          stream.update(values.withUnsafeBytes { Data($0) })
        }
      }
    }
    return stream.digest
  }
}
