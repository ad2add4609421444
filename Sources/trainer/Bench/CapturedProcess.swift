import Foundation
import Foundations

/// What a program printed, and how it ended.
struct CapturedProcess {
  let end: ChildProcess.End
  let output: String
  let errors: String

  /// Runs a program to its end.
  ///
  /// - Throws: `TrainerError` with code `.usage` if it cannot be started.
  init(_ program: String, _ arguments: [String], environment: [String: String]) throws {
    let files = SystemFileSystem()
    do {
      // Files, not pipes: a full pipe would stop it.
      (end, output, errors) = try files.withFile(files.openNameless()) { output in
        try files.withFile(files.openNameless()) { errors in
          var surroundings = ChildProcess.Surroundings()
          surroundings.environment = environment
          surroundings.output = output
          surroundings.errors = errors
          let end = try ChildProcess(program, arguments, in: surroundings).wait()
          return (end, try Self.contents(of: output), try Self.contents(of: errors))
        }
      }
    } catch let error as FileError {
      throw TrainerError(.usage, "\(program) cannot be started: \(error)")
    }
  }

  private static func contents(of file: Int32) throws -> String {
    let size = lseek(file, 0, SEEK_END)
    guard size >= 0, lseek(file, 0, SEEK_SET) == 0 else { throw FileError(operation: "read", path: "", number: errno) }
    let bytes = try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = try SystemFileSystem().readAll(file, into: UnsafeMutableRawBufferPointer(buffer))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
