import ArgumentParser
import Datasets

/// `trainer data rechunk FILE -o OUT`.
struct DataRechunkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rechunk", abstract: "Stores a dataset file in other chunks, or without any.",
    discussion: """
      The groups train, validation and test are stored anew; what else is in the file is copied as it is. A file without \
      such groups is stored anew as a whole. Samples, names and attributes stay: training on the new file gives the same \
      bits, and a run can go on with it. The output is complete or absent.

      EXAMPLES
        trainer data rechunk big.h5 -o better.h5
        trainer data rechunk big.h5 -o better.h5 --chunk 256 --compression gzip:4
        trainer data rechunk small.h5 -o plain.h5 --contiguous
      """)

  @Argument(help: "An HDF5 file.", completion: .file()) var file: String
  @OptionGroup var storage: StorageOptions
  @OptionGroup var options: RewritingOptions

  func run() throws {
    try LongWork.run(isQuiet: options.showing.quiet) {
      let rechunk = Rechunk(
        path: file, storage: try storage.request, options: try options.rewriting(inputs: [file]))
      try options.report(rechunk.write(to: options.output))
    }
  }
}
