import Foundation
import TestSupport
import Testing

/// What a run of the release binary gave.
struct CommandResult {
  let status: Int32
  let output: String
  let errors: String

  /// Expects an error: the exit code, one sentence on standard error that contains `parts`, nothing on standard output.
  func expectError(_ code: Int32, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(status == code, "\(errors)\(output)", sourceLocation: sourceLocation)
    #expect(output == "", sourceLocation: sourceLocation)
    #expect(errors.hasPrefix("error: "), "\(errors)", sourceLocation: sourceLocation)
    #expect(errors.hasSuffix("\n") && errors.count { $0 == "\n" } == 1, "\(errors)", sourceLocation: sourceLocation)
    for part in parts { #expect(errors.contains(part), "\(errors)", sourceLocation: sourceLocation) }
  }
}

/// The real program, as `swift build -c release` makes it, run as a user runs it.
enum TrainerBinary {
  /// The binary beside the test bundle.
  static let path: String = {
    let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
    let directory = bundle.map { URL(filePath: $0).deletingLastPathComponent().path }
    return (directory ?? "\(FileManager.default.currentDirectoryPath)/.build/release") + "/trainer"
  }()

  /// Starts the program.
  static func start(
    _ arguments: [String], in directory: String? = nil, under prefix: [String] = [],
    output: Any = FileHandle.nullDevice, errors: Any = FileHandle.nullDevice
  ) throws -> Process {
    let process = Process()
    let program = prefix.first.map { Tool.path(of: $0) ?? $0 } ?? path
    process.executableURL = URL(filePath: program)
    process.arguments = prefix.isEmpty ? arguments : prefix.dropFirst() + [path] + arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    if let directory { process.currentDirectoryURL = URL(filePath: directory) }
    try process.run()
    return process
  }

  /// Runs the program to its end.
  @discardableResult
  static func run(_ arguments: String..., in directory: String? = nil) throws -> CommandResult {
    try run(arguments, in: directory)
  }

  /// Runs the program to its end.
  ///
  /// - Parameter prefix: A command that runs the program with its own arguments, such as `prlimit --as=1`.
  @discardableResult
  static func run(
    _ arguments: [String], in directory: String? = nil, under prefix: [String] = []
  ) throws -> CommandResult {
    // Files, not pipes: a full pipe would stop the program, and two cannot be read at once by one thread.
    let folder = FileManager.default.temporaryDirectory
    let outputs = [folder.appending(path: UUID().uuidString), folder.appending(path: UUID().uuidString)]
    for output in outputs { try Data().write(to: output) }
    defer {
      for output in outputs {
        do { try FileManager.default.removeItem(at: output) } catch { print("could not remove \(output): \(error)") }
      }
    }
    let handles = try outputs.map { try FileHandle(forWritingTo: $0) }
    let process = try start(arguments, in: directory, under: prefix, output: handles[0], errors: handles[1])
    process.waitUntilExit()
    let texts = try outputs.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
    #expect(process.terminationReason == .exit, "\(arguments) was ended by a signal")
    return CommandResult(status: process.terminationStatus, output: texts[0], errors: texts[1])
  }
}

/// The files of a directory and below, as relative paths; hidden ones too.
func files(in directory: String) throws -> Set<String> {
  Set(try FileManager.default.subpathsOfDirectory(atPath: directory))
}
