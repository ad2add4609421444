import ArgumentParser
import Datasets
import Foundations
import HDF5
import Reporting

/// What the commands have in common that write a dataset file anew.
struct RewritingOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: "The dataset file to write.", completion: .file(extensions: ["h5"]))
  var output: String

  @OptionGroup var overwriting: OverwriteOption

  @Option(
    help: ArgumentHelp(
      "The most memory that the program may take, such as 256MB. (default: a quarter of what is free)",
      valueName: "amount"))
  var memory: String?

  @Flag(help: "Also read what the file keeps in other files.") var externalFiles = false

  @Option(help: "How to print what was made.") var format: ResultFormat = .text

  @OptionGroup var showing: QuietOption

  /// The options for the library, when the output has been found fit.
  ///
  /// - Parameter inputs: The files that are read.
  /// - Throws: `TrainerError` with code `.usage`.
  func rewriting(inputs: [String]) throws -> Rewriting {
    _ = try overwriting.file(output, inputs: inputs)
    var options = Rewriting()
    options.overwrite = overwriting.overwrite
    options.externalFiles = externalFiles ? .allowed : .refused
    if let memory {
      guard let bytes = ByteText.bytes(memory) else {
        throw TrainerError(.usage, "--memory takes an amount such as 256MB, not '\(memory)'")
      }
      options.memory = bytes
    }
    return options
  }

  /// Prints what was made, and what a user should know of it.
  func report(_ summary: RewritingSummary) throws {
    switch format {
    case .text: try printResult("\(output): \(summary)\n")
    case .json: try printResult(summary.json(of: output), .indented)
    }
    for note in summary.notes { Console().warn(note) }
  }
}

/// How datasets are stored, on the command line.
struct StorageOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Store in chunks of so many rows, \(OptionRanges.text(OptionRanges.rows)); of short rows, such as targets, so many times \
      as many. (default: as many as take 256 to 512 KiB)
      """, valueName: "rows"))
  var chunk: Int?

  @Option(
    help: ArgumentHelp(
      """
      What chunks are compressed with: none, gzip, or gzip:LEVEL with a level of 0 to 9. (default: as it is; without \
      compression and --chunk storage is contiguous)
      """))
  var compression: String?

  @Flag(help: "Store without chunks and compression, where elements can be mapped.") var contiguous = false

  func validate() throws { try require(chunk, of: "--chunk", in: OptionRanges.rows) }

  /// The request for the library.
  ///
  /// - Throws: `TrainerError` with code `.usage`.
  var request: StorageRequest {
    get throws {
      if contiguous, chunk != nil || compression.map({ $0 != "none" }) ?? false {
        throw TrainerError(
          .usage, "--contiguous does not go with \(chunk != nil ? "--chunk" : "--compression"), which needs chunks")
      }
      return StorageRequest(chunkRows: chunk, isContiguous: contiguous, compression: try parsedCompression)
    }
  }

  private var parsedCompression: StorageRequest.Compression? {
    get throws {
      guard let compression else { return nil }
      if compression == "none" { return StorageRequest.Compression.none }
      if compression == "gzip" { return .gzip(StorageRequest.usualLevel) }
      if compression.hasPrefix("gzip:"), let level = Int(compression.dropFirst(5)),
        OptionRanges.deflate.contains(level)
      {
        return .gzip(level)
      }
      throw TrainerError(
        .usage, "--compression is '\(compression)', expected none, gzip, or gzip:LEVEL with a level of 0 to 9")
    }
  }
}
