import ArgumentParser
import Datasets
import Foundations

/// `trainer data split FILE -o OUT`.
struct DataSplitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "split", abstract: "Divides the samples of a dataset file into groups for training and testing.",
    discussion: """
      The rows of the group train are stored in the groups train, validation and test, in their order. Which row goes where \
      is what "split" in a config's data does with the same settings. What else is in the file is copied as it is. The output \
      is complete or absent.

      EXAMPLES
        trainer data split all.h5 -o divided.h5 --validation 0.1
        trainer data split all.h5 -o divided.h5 --validation 0.1 --test 0.2 --seed 7
        trainer data split all.h5 -o divided.h5 --test 0.2 --by order
        trainer data split all.h5 -o divided.h5 --test 0.2 --by column patient
      """)

  @Argument(help: "An HDF5 file with the group train.", completion: .file()) var file: String
  @Option(help: "The share of the rows for the group validation, more than 0.") var validation: Double?
  @Option(help: "The share of the rows for the group test, more than 0.") var test: Double?
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      """
      By what a row's group is chosen: random; order (the last rows are tested); every (at even distances); or column NAME \
      (rows with one value of it stay together). (default: random)
      """, valueName: "way"))
  var by: [String] = []
  @Option(help: "What is drawn with.") var seed: Int = 0
  @Flag(
    inversion: .prefixedNo,
    help: "Whether each class is divided by itself. (default: yes where the classes have names, by random and every)")
  var stratify: Bool?
  @OptionGroup var options: RewritingOptions

  func run() throws {
    try LongWork.run(isQuiet: options.showing.quiet) {
      let split = try parsedSplit
      let command = SplitFile(path: file, split: split, options: try options.rewriting(inputs: [file]))
      do {
        try options.report(command.write(to: options.output))
      } catch let error as TrainerError {
        throw Self.inOptions(error)
      }
    }
  }

  private var parsedSplit: DataSplit {
    get throws {
      for (option, share) in [("--validation", validation), ("--test", test)] {
        guard let share else { continue }
        guard share > 0, share < 1 else {
          throw TrainerError(.usage, "\(option) is \(share), expected a share of the rows, more than 0 and less than 1")
        }
      }
      guard validation != nil || test != nil else {
        throw TrainerError(
          .usage, "there is nothing to divide; say how much with --validation 0.1, --test 0.2, or both")
      }
      guard (validation ?? 0) + (test ?? 0) < 1 else {
        throw TrainerError(
          .usage,
          "--validation \(validation ?? 0) and --test \(test ?? 0) leave no row to train on; together they are less than 1"
        )
      }
      let method: DataSplit.Method
      switch (by.first, by.count) {
      case (nil, _), ("random", 1): method = .random
      case ("order", 1): method = .order
      case ("every", 1): method = .every
      case ("column", 2): method = .column(by[1])
      default:
        throw TrainerError(
          .usage, "--by is '\(by.joined(separator: " "))', expected random, order, every or column NAME")
      }
      guard seed >= 0 else { throw TrainerError(.usage, "--seed is \(seed), expected a whole number from 0") }
      let canStratify = method == .random || method == .every
      guard stratify != true || canStratify else {
        throw TrainerError(.usage, "--stratify goes with --by random and --by every alone, not with '\(by[0])'")
      }
      return DataSplit(
        .fractions(validation: validation ?? 0, test: test ?? 0), by: method, isStratified: stratify, seed: seed)
    }
  }

  /// An error in the words of a config in those of this command.
  private static func inOptions(_ error: TrainerError) -> TrainerError {
    let words = [
      ("set data.split.stratify to false", "add --no-stratify"), ("data.split.by.column", "--by column"),
      ("data.split.validation", "--validation"), ("data.split.test", "--test"),
      ("leave it out of the split", "leave the option out"), ("data.split", "this"),
    ]
    return TrainerError(
      error.code, words.reduce(error.fault) { $0.replacing($1.0, with: $1.1) },
      remedy: error.remedy?.name == "split" ? .init("shares", error.remedy?.advice ?? "") : error.remedy)
  }
}
