import Foundation
import Foundations
import HDF5

/// What checkpoints told dataset files by before contents were hashed: such checkpoints are still compared so.
struct FileFingerprint {
  let path: String
  let file: HDF5.File

  func digest() throws -> Digest {
    let files = SystemFileSystem()
    do {
      guard let size = try files.status(of: path)?.size, size <= DatasetFingerprint.wholeLimit else {
        return try sampledDigest()
      }
      return Digest(of: try files.contents(of: path))
    } catch let error as FileError {
      throw TrainerError(.data, "\(path): the file cannot be read: \(error.reason)")
    }
  }

  /// Shapes, types and a fixed random choice of rows of every dataset in the groups.
  private func sampledDigest() throws -> Digest {
    var stream = Digest.Stream()
    for group in DatasetReader.groupNames where try file.root.exists(group) {
      let parent = try file.root.group(group)
      for member in try parent.members() where member.kind == .dataset {
        let dataset = try parent.dataset(member.name)
        let shape = try dataset.shape
        stream.update(Data("\(group)/\(member.name) \(shape) \(dataset.datatype)\n".utf8))
        guard let rows = shape.first, rows > 0, dataset.datatype.isNumeric else { continue }
        for row in DatasetFingerprint.sample(of: rows) {
          let values = try dataset.read(as: Double.self, selecting: .range(row..<row + 1))
          stream.update(values.withUnsafeBytes { Data($0) })
        }
      }
    }
    return stream.digest
  }
}
