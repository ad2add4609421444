import Foundation
import Foundations

/// A program that reads the description of a picture from its standard input and writes the picture to its standard
/// output.
struct DrawingProgram {
  /// Its name, looked for along PATH.
  let name: String
  /// The package of Debian and Ubuntu that has it.
  let package: String
  /// Its arguments.
  let arguments: [String]
  /// Its environment; `nil` for this process's own.
  var environment: [String: String]?

  /// A picture that people look at is drawn in seconds. Layouts of large graphs may take days.
  static let limit = Duration.seconds(30)

  /// Draws a picture.
  ///
  /// - Parameters:
  ///   - description: What is drawn, in the program's language.
  ///   - advice: What to do if it takes too long.
  ///   - limit: How long it may take.
  /// - Throws: `TrainerError` with code `.usage` if the program is missing, fails or takes too long.
  func draw(_ description: String, advice: String, limit: Duration = Self.limit) throws -> [UInt8] {
    guard let program = ChildProcess.path(of: name) else {
      throw TrainerError(
        .usage,
        "drawing needs the program '\(name)', which is not on the PATH; install it, on Debian and Ubuntu with apt-get "
          + "install \(package)")
    }
    let files = SystemFileSystem()
    do {
      // Files, not pipes: both sides of a full pipe would wait for each other.
      return try files.withFile(files.openNameless()) { input in
        try files.writeAll(input, Array(description.utf8).span.bytes)
        try rewind(input)
        return try files.withFile(files.openNameless()) { output in
          try files.withFile(files.openNameless()) { messages in
            try run(program, input, output, messages, advice: advice, limit: limit)
            return try contents(of: output)
          }
        }
      }
    } catch let error as FileError {
      throw TrainerError(.usage, "the picture cannot be drawn: \(error)")
    }
  }

  private func run(
    _ program: String, _ input: Int32, _ output: Int32, _ messages: Int32, advice: String, limit: Duration
  ) throws {
    var surroundings = ChildProcess.Surroundings()
    surroundings.environment = environment
    surroundings.input = input
    surroundings.output = output
    surroundings.errors = messages
    switch try ChildProcess(program, arguments, in: surroundings).wait(killedAfter: limit) {
    case .exited(0): if try !contents(of: output).isEmpty { return }
    case .timedOut:
      throw TrainerError(
        .usage, "\(program) has not drawn the picture within \(limit.components.seconds) s, and was stopped; \(advice)")
    case .exited, .killed: break
    }
    let text = String(decoding: try contents(of: messages), as: UTF8.self)
    let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    throw TrainerError(.usage, "\(program) failed: \(lines.suffix(3).joined(separator: " "))")
  }

  private func contents(of file: Int32) throws -> [UInt8] {
    let size = try rewind(file)
    return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = try SystemFileSystem().readAll(file, into: UnsafeMutableRawBufferPointer(buffer))
    }
  }

  /// Goes to a file's beginning.
  ///
  /// - Returns: Its size in bytes.
  @discardableResult
  private func rewind(_ file: Int32) throws -> Int {
    let size = lseek(file, 0, SEEK_END)
    guard size >= 0, lseek(file, 0, SEEK_SET) == 0 else { throw FileError(operation: "seek", path: "", number: errno) }
    return Int(size)
  }
}
