import Foundation
import Foundations

/// How a picture is stored, as its file's suffix says.
public enum PictureFormat: String, CaseIterable, Sendable {
  /// Vector graphics; equal input gives equal text on any machine.
  case svg
  /// Pixels, twice as many a side as the SVG has units.
  case png

  /// The format of a file.
  ///
  /// - Throws: `TrainerError` with code `.usage` if the suffix is another.
  public init(path: String) throws {
    let name = fileName(of: path)
    let suffix = name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() }
    guard let format = suffix.flatMap(PictureFormat.init) else {
      throw TrainerError(.usage, "\(path): no picture can be written in this format, expected a name in .svg or .png")
    }
    self = format
  }

  fileprivate var terminal: String {
    let (width, height) = Gnuplot.size
    switch self {
    case .svg:
      return "set terminal svg size \(width),\(height) fixed font \"\(Gnuplot.font),13\" background \"#ffffff\""
    case .png:
      return "set terminal pngcairo size \(2 * width),\(2 * height) fontscale 2 linewidth 2 pointscale 2 "
        + "font \"\(Gnuplot.font),10\" background \"#ffffff\""
    }
  }
}

/// Draws with gnuplot, which is found along PATH when a picture is asked for.
enum Gnuplot {
  static let size = (width: 720, height: 460)
  static let font = "DejaVu Sans"

  /// Draws what a script plots and puts the picture in place whole, or leaves what was there.
  ///
  /// - Throws: `TrainerError` with code `.usage` if gnuplot is missing or fails, or the file cannot be written.
  static func draw(_ script: String, to path: String) throws {
    let format = try PictureFormat(path: path)
    let program = try find()
    do {
      let picture = try withTemporaryDirectory { directory in
        try render("\(format.terminal)\nset output \"picture\"\n\(script)", with: program, in: directory)
      }
      try AtomicFile.replace(path, contents: format == .svg ? Array(plain(picture).utf8) : Array(picture))
    } catch let error as FileError {
      throw TrainerError(.usage, "\(path): the picture cannot be written: \(error.reason)")
    } catch let error as CocoaError {
      throw TrainerError(.usage, "\(path): the picture cannot be drawn: \(error.localizedDescription)")
    }
  }

  private static func find() throws -> String {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let found = folders.map { "\($0)/gnuplot" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    guard let found else {
      throw TrainerError(
        .usage,
        "gnuplot, which draws the pictures, is not on the PATH: install it, on Debian and Ubuntu with "
          + "apt-get install gnuplot-nox")
    }
    return found
  }

  private static func withTemporaryDirectory<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let files = FileManager.default
    let directory = files.temporaryDirectory.appending(path: "trainer-plot-\(UUID().uuidString)")
    try files.createDirectory(at: directory, withIntermediateDirectories: true)
    // What stays behind in the system's temporary directory if this fails does no harm.
    defer { do { try files.removeItem(at: directory) } catch _ {} }
    return try body(directory)
  }

  private static func render(_ script: String, with program: String, in directory: URL) throws -> Data {
    // Files, not pipes: both sides of a full pipe would wait for each other.
    let messages = directory.appending(path: "messages")
    try Data(script.utf8).write(to: directory.appending(path: "script"))
    try Data().write(to: messages)
    let process = Process()
    process.executableURL = URL(filePath: program)
    // Without the user's own start-up files, which could change fonts and colours.
    process.arguments = ["--default-settings", "script"]
    process.currentDirectoryURL = directory
    process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("GNUPLOT") }
      .merging(["LC_ALL": "C.UTF-8"]) { _, new in new }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = try FileHandle(forWritingTo: messages)
    try process.run()
    process.waitUntilExit()
    let picture = directory.appending(path: "picture")
    guard process.terminationStatus == 0, FileManager.default.fileExists(atPath: picture.path) else {
      let text = String(decoding: try Data(contentsOf: messages), as: UTF8.self)
      let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
      throw TrainerError(.usage, "\(program) failed: \(lines.suffix(3).joined(separator: " "))")
    }
    return try Data(contentsOf: picture)
  }

  /// An SVG without what depends on gnuplot's version or is only for its own viewer, and with fonts to fall back on.
  static func plain(_ picture: Data) -> String {
    var lines: [String] = []
    for line in String(decoding: picture, as: UTF8.self).split(separator: "\n") {
      var text = String(line)
      while text.last?.isWhitespace == true { text.removeLast() }
      guard !text.isEmpty, !text.hasPrefix("<desc>"), !text.hasPrefix("<title>") else { continue }
      lines.append(
        text.replacing("font-family=\"\(font)\"", with: "font-family=\"\(font), Verdana, sans-serif\""))
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
