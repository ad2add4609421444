import ArgumentParser
import Datasets
import Foundations

/// The options for arrays of NumPy.
struct ArrayOptions: ParsableArguments {
  @Option(
    help:
      "The array of inputs in an NPZ file. (default: x_train, x, inputs, data or such, with the targets' name beside it)"
  )
  var inputs: String?
  @Option(
    help:
      "The array of targets in an NPZ file; or the NPY file of targets that belongs to INPUT. (default: of an NPY file, --target)",
    completion: .file())
  var targets: String?
  @Option(help: "The test group's inputs: an array in an NPZ file, or an NPY file.", completion: .file())
  var testInputs: String?
  @Option(help: "The test group's targets, likewise.", completion: .file()) var testTargets: String?

  /// The options that were used.
  var given: [String] {
    [("--inputs", inputs), ("--targets", targets), ("--test-inputs", testInputs), ("--test-targets", testTargets)]
      .filter { $0.1 != nil }.map(\.0)
  }

  func makeNPYImport(
    input: String, target: CSVImport.Column?, task: CSVImport.LearningTask?, split: Split
  ) throws -> NPYImport {
    guard targets == nil || target == nil else {
      throw TrainerError(.usage, "--target names a column of INPUT and --targets another file; give one of them")
    }
    return NPYImport(
      path: input, targets: targets, target: target ?? .number(-1), testInputs: testInputs, testTargets: testTargets,
      task: task ?? .automatic, split: split)
  }

  func makeNPZImport(input: String, task: CSVImport.LearningTask?, split: Split) -> NPZImport {
    NPZImport(
      path: input, inputs: inputs, targets: targets, testInputs: testInputs, testTargets: testTargets,
      task: task ?? .automatic, split: split)
  }
}
