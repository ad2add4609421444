import Datasets
import Foundation
import Foundations
import HDF5

/// Writes an HDF5 file by hand, for what `DatasetWriter` would refuse to write.
public func writeFile(_ path: String, _ body: (HDF5.Group) throws -> Void) throws {
  let file = try HDF5.File.create(at: path)
  try body(file.root)
  try file.close()
}

/// The error that `body` throws, as its exit code and message; `nil` if it throws none.
public func trainerError<Result>(_ body: () throws -> Result) throws -> TrainerError? {
  do {
    _ = try body()
    return nil
  } catch let error as TrainerError {
    return error
  }
}
