import ArgumentParser
import Datasets

/// `trainer data shuffle FILE -o OUT`.
struct DataShuffleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shuffle", abstract: "Stores the samples of a dataset file in a random order.",
    discussion: """
      For data that are sorted, by class for example, and too large to be shuffled anew in each epoch: when they were \
      shuffled once, an order of blocks mixes them as well. The rows of each of the groups train, validation and test are \
      permuted, in all their datasets alike; what else is in the file is copied as it is. The order follows from --seed and \
      the number of rows alone.

      Memory is bounded. Where a dataset does not fit, its rows are kept for a while in a file without a name beside the \
      output, which needs as much room as the dataset takes uncompressed. The output is complete or absent.

      EXAMPLES
        trainer data shuffle sorted.h5 -o shuffled.h5
        trainer data shuffle sorted.h5 -o shuffled.h5 --seed 7 --memory 1GB
      """)

  @Argument(help: "An HDF5 file with the groups train, and others.", completion: .file()) var file: String
  @Option(help: "What the order is drawn with.") var seed: Int = 0
  @OptionGroup var options: RewritingOptions

  func run() throws {
    try LongWork.run(isQuiet: options.showing.quiet) {
      let shuffle = Shuffle(path: file, seed: seed, options: try options.rewriting(inputs: [file]))
      try options.report(shuffle.write(to: options.output))
    }
  }
}
