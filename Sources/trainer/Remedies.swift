import Foundations

/// What to do about an error, in the words of the command line: the library knows no option.
enum Remedies {
  /// By the property or argument of the library that mends the error.
  private static let options = [
    "drop": "inputs are numbers; leave the column out with --drop, or name it as the target with --target",
    "inputs":
      "name the character between its fields with --delimiter, or another column with --target, or leave a --drop out",
    "comment": "if lines that begin with # are comments, add --comment '#'; or name the delimiter with --delimiter",
    "type": "leave the column out with --drop if it holds names of things, or round the number with --type float64",
    "hasHeader": "if the first line holds data, add --no-header",
    "task": "choose another column with --target, or add --task regression",
    "images": "name the images, and the other files with --labels, --test-images and --test-labels",
    "path": "for the loss of any run leave --path out",
    "point": "give it one with --at NAME=VALUE",
    "functions": "'trainer gradient --help' lists the functions",
    "testImages": "give both --test-images and --test-labels, or neither",
  ]

  /// By the property of the library whose advice the option carries out.
  private static let carriers = ["output": "--output"]

  /// The sentence of an error with what to do about it.
  static func sentence(_ error: TrainerError) -> String {
    guard let remedy = error.remedy else { return error.message }
    if let option = carriers[remedy.name] { return "\(error.message) with \(option)" }
    return options[remedy.name].map { "\(error.fault); \($0)" } ?? error.message
  }
}
