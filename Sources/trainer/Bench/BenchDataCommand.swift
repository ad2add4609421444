import ArgumentParser
import DataParallel
import Foundations
import Reporting
import Training

/// `trainer bench data FILE`.
struct BenchDataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Measures how fast the rows of a dataset are read from the file, without training.",
    discussion: """
      One thread fetches what is stored, others decode it. All rows are loaded again and again, with one worker and with as \
      many as the process has cores, by turns. Chunks that deflate has packed are also unpacked by libdeflate alone.

      EXAMPLES
        trainer bench data data/fashion-mnist.h5
        trainer bench data theirs.h5 --dataset images --group test --format json
      """)

  @Argument(help: "A dataset file, HDF5.", completion: .file(extensions: ["h5", "hdf5"]))
  var file: String

  @Option(help: "The dataset in the group.")
  var dataset = "inputs"

  @Option(help: "The group of samples.")
  var group = "train"

  @Option(
    help: ArgumentHelp("Numbers of workers. (default: 1 and the cores that the process may use)", valueName: "n,n,…"))
  var workers: CountList?

  @Option(help: "About how long to measure; at most 86400.")
  var seconds = 3.0

  @Option(help: "How the result is printed.")
  var format: ResultFormat = .text

  func validate() throws {
    for count in workers?.counts ?? [] { try require(count, of: "--workers", in: OptionRanges.workers) }
    try require(seconds, of: "--seconds", in: OptionRanges.seconds)
  }

  func run() throws {
    let cores = availableCores()
    let result = try LoadBenchmark(
      path: file, dataset: dataset, group: group, workers: workers?.counts ?? (cores > 1 ? [1, cores] : [1]),
      seconds: seconds)
    switch format {
    case .json: try printResult(result.json, .oneLine)
    case .text: try printResult(result.text)
    }
  }
}
