import Foundations
import HDF5

/// What all commands have in common that write a dataset file anew.
package struct Rewriting: Sendable {
  /// Whether a file that is there is replaced.
  package var overwrite = false
  /// The most bytes of memory that the program may take; `nil` for a quarter of what there is.
  package var memory: Int?
  /// The bytes that rows on their way may take, where a test wants them few; `nil` for what ``memory`` leaves.
  package var roomOfRows: Int?
  /// Whether contents in other files are read.
  package var externalFiles: ExternalFiles = .refused

  /// Creates the value; without arguments for a file that replaces nothing.
  package init() {}

  /// With less nothing can be done.
  private static let leastRoom = 16 << 20

  /// The bytes that the work may take beside what the program takes already.
  ///
  /// - Throws: `TrainerError` with code `.usage` if they are too few.
  func room() throws -> Int {
    guard let memory else { return max(Self.leastRoom, min(1 << 32, MemoryLimit.current.bytes / 4)) }
    let limit = MemoryLimit.$budget.withValue(memory) { MemoryLimit.current }
    guard limit.bytes >= Self.leastRoom else {
      throw TrainerError(
        .usage,
        "\(ByteText.text(memory)) of memory leave \(ByteText.text(limit.bytes)) for the work beside what the program takes "
          + "already, and it needs \(ByteText.text(Self.leastRoom))",
        remedy: .init("rewritingMemory", "allow more memory"))
    }
    return limit.bytes
  }

  /// Makes a file that is complete or absent.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - inputs: The files that it is made of, which it cannot replace.
  ///   - largeAttributes: Whether an object has attributes of more than 64 KiB.
  ///   - fill: Writes what is in it.
  /// - Throws: `TrainerError`; with code `.usage` if it cannot be written.
  func write(
    _ path: String, from inputs: [String], largeAttributes: Bool, _ fill: (HDF5.File) throws -> Void
  ) throws {
    do {
      try OutputFile(path, mayReplace: overwrite, inputs: inputs).write { temporary in
        let file = try File.create(at: temporary, alignment: 64, largeAttributes: largeAttributes)
        try fill(file)
        try file.close()
      } verify: { temporary in
        let file = try File.open(at: temporary, isTrusted: true)
        _ = try file.root.memberCount()
        try file.close()
      }
    } catch let refusal as OutputFile.Refusal {
      throw TrainerError(.usage, refusal.description)
    } catch let error as HDF5Error {
      throw TrainerError(.usage, "\(path) cannot be written: \(error.cause)")
    }
  }

  /// Runs `body`, turning errors of reading into errors about a file.
  static func reading<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as HDF5Error where error.reason == .externalFile && error.message.hasSuffix("not allowed here") {
      throw refused(error.message)
    } catch {
      return try DatasetReader.translating(path) { throw error }
    }
  }

  /// The error for contents in other files that are not to be read.
  static func refused(_ sentence: String) -> TrainerError {
    TrainerError(.data, sentence, remedy: .init("externalFiles", "allow external files if they are to be read"))
  }

  /// Opens a file to be read.
  func open(_ path: String) throws -> HDF5.File {
    try Self.reading(path) { try File.open(at: path, externalFiles: externalFiles) }
  }
}

/// Counts the bytes that are moved, for whoever watches.
final class RewritingProgress {
  private let total: Double
  private var done = 0
  private let part: WorkProgress.Part?

  init(_ path: String, total: Double) {
    self.total = max(1, total)
    part = WorkProgress.begin("storing \(fileName(of: path)) anew", "bytes")
  }

  deinit { part?.end() }

  func add(_ bytes: Int) {
    done += bytes
    // What was made ready is not there before it is in its place.
    part?.set(done, share: min(0.999, Double(done) / total))
  }

  /// All is done.
  func finish() { part?.set(done, share: 1) }
}

/// What a file was that was written anew, and what it is.
package struct RewritingSummary: Sendable, CustomStringConvertible {
  /// The file's groups of samples and their rows.
  package var groups: [(name: String, rows: Int)] = []
  /// How the inputs are stored; `nil` where that is as it was.
  package var storage: String?
  /// The bytes of the files that were read, and of the one that was written.
  package var bytes: (read: Int, written: Int) = (0, 0)
  /// What a user should know: sentences without a full stop.
  package var notes: [String] = []

  /// `train 60000, test 10000 rows; inputs in chunks of 512 rows, gzip 4; 47.9 MB, before 55.0 MB`.
  package var description: String {
    var parts: [String] = []
    if !groups.isEmpty {
      parts.append(groups.map { "\($0.name) \($0.rows)" }.joined(separator: ", ") + " rows")
    }
    if let storage { parts.append(storage) }
    parts.append("\(ByteText.text(bytes.written)), before \(ByteText.text(bytes.read))")
    return parts.joined(separator: "; ")
  }
}

extension RewritingSummary {
  /// The same as one object.
  ///
  /// - Parameter output: The file that was written.
  package func json(of output: String) -> JSONValue {
    [
      "output": .string(output), "groups": .object(JSONObject(groups.map { ($0.name, .integer($0.rows)) })),
      "storage": storage.map(JSONValue.string) ?? .null, "bytesRead": .integer(bytes.read),
      "bytesWritten": .integer(bytes.written), "notes": .array(notes.map(JSONValue.string)),
    ]
  }
}
