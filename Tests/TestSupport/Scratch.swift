import Foundation

/// Runs the body with the path of a fresh directory and removes it afterwards.
public func withScratchDirectory<Result>(
  in parent: URL = FileManager.default.temporaryDirectory, _ body: (String) throws -> Result
) throws -> Result {
  let directory = parent.appending(path: "trainer-test-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer {
    do {
      try FileManager.default.removeItem(at: directory)
    } catch {
      print("could not remove \(directory.path): \(error)")
    }
  }
  return try body(directory.path)
}

/// Another program that tests read the trainer's files back with.
public enum Tool {
  /// Where a program lies, searched along `PATH`; nil if it is not installed.
  public static func path(of name: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Runs a program and gives its standard output and error, one after the other, and its exit status.
  public static func run(_ name: String, _ arguments: [String]) throws -> (output: String, status: Int32) {
    let process = Process()
    process.executableURL = URL(filePath: path(of: name) ?? name)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (String(decoding: output, as: UTF8.self), process.terminationStatus)
  }

  /// Whether the Python found along `PATH` has a module; false without Python.
  public static func pythonHas(_ module: String) -> Bool {
    guard path(of: "python3") != nil else { return false }
    do {
      return try run("python3", ["-c", "import \(module)"]).status == 0
    } catch {
      return false
    }
  }
}
