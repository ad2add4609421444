import ArgumentParser
import Datasets
import Foundations

/// `trainer data merge FILES -o OUT`.
struct DataMergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Stores the samples of several dataset files in one.",
    discussion: """
      The rows of each group follow each other in the order of the files. Columns, categories and classes are matched by \
      their names and counted as the first file has them; classes that come only in later files follow. Numbers of different \
      types become those of one that holds all. A run whose data.path is the list of the files trains on the same samples. \
      The output is complete or absent.

      EXAMPLES
        trainer data merge monday.h5 tuesday.h5 -o week.h5
        trainer data merge parts/*.h5 -o all.h5
      """)

  @Argument(help: "HDF5 files, or a pattern of several in quotes.", completion: .file()) var files: [String]
  @OptionGroup var options: RewritingOptions

  func run() throws {
    try LongWork.run(isQuiet: options.showing.quiet) {
      let paths = try DatasetFiles(expanding: files).paths
      let merge = MergeFiles(paths: paths, options: try options.rewriting(inputs: paths))
      try options.report(merge.write(to: options.output))
    }
  }
}
