import ArgumentParser
import Datasets
import Foundations
import Training

/// `trainer data stats FILE`.
struct DataStatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Measures the columns of a dataset: mean, deviation, quartiles, classes.",
    discussion: """
      For each group of samples: of each column the values that are missing, the mean, the deviation (the square root of the \
      mean square distance from the mean, by which standardize divides), the smallest and the greatest value, and quartiles \
      where all values fit into memory; of categories and classes how many samples each has. More than 100 columns without \
      names, such as pixels, are measured together. Rows are read a stretch at a time.

      EXAMPLES
        trainer data stats data/passengers.h5
        trainer data stats theirs.h5 --config configs/theirs.json --group test
        trainer data stats 'parts/*.h5' --format json
      """)

  @Argument(help: "An HDF5 file, or a pattern of several in quotes.", completion: .file()) var file: String

  @OptionGroup var config: DataConfigOptions

  @Option(help: "The only group of samples to measure. (default: all)") var group: String?

  @Option(help: "How the result is printed.") var format: ResultFormat = .text

  @OptionGroup var showing: QuietOption

  func run() throws { try LongWork.run(isQuiet: showing.quiet, measure) }

  private func measure() throws {
    let opened = try config.configuration(for: file).map { try OpenedDataset(file, for: $0) }
    let statistics = try DatasetStatistics(opened ?? OpenedDataset(file: file), group: group)
    switch format {
    case .text: try printResult(statistics.text)
    case .json: try printResult(statistics.json, .indented)
    }
  }
}
