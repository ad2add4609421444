import Foundations

/// What to do about an error, in the words of the command line: the library knows no option.
enum Remedies {
  /// By the property or argument of the library that mends the error.
  private static let options = [
    "drop": "leave the column out with --drop",
    "kinds":
      "say what the column is with --kind NAME=KIND, such as category or ignore, or name the text with --na if it stands for a missing value",
    "decimalMark": "name it with --decimal, or say what the column is with --kind NAME=KIND",
    "fractionMark": "if the mark in it stands before fractions, name it with --decimal",
    "targetMark": "name it with --decimal, or add --task classification if these are names of classes",
    "classTask":
      "mend or remove the row, name what stands for a missing value with --na, or add --task classification if these are names of classes",
    "thousands":
      "name the mark with --thousands if it stands between thousands, or with --decimal if before fractions, or say what the column is with --kind NAME=KIND",
    "targetThousands":
      "name the mark with --thousands if it stands between thousands, or with --decimal if before fractions, or add --task classification if these are names of classes",
    "dropRowsWithoutTargets": "leave such rows out with --drop-missing-targets, or name another column with --target",
    "dropMissingTargets":
      "leave such rows out with --drop-missing-targets, name another column with --target, or add --no-default-na if it is a value",
    "inputs":
      "name the character between its fields with --delimiter, or another column with --target, or leave a --drop out",
    "comment": "if lines that begin with # are comments, add --comment '#'; or name the delimiter with --delimiter",
    "commentLines": "if lines that begin with # are comments, add --comment '#'",
    "type":
      "say --kind NAME=category or NAME=ignore if it holds names of things, or round the number with --type float64",
    "hasHeader": "if the first line holds data, add --no-header; if it holds names, add --header",
    "header": "if this one has one, add --header",
    "target": "name it with --target",
    "targetColumn": "name another one with --target",
    "task": "choose another column with --target, or add --task regression",
    "size": "give all one size with --resize HEIGHTxWIDTH",
    "resize": "resize images to the model's size with --resize",
    "images": "name the images, and the other files with --labels, --test-images and --test-labels",
    "path": "for the loss of any run leave --path and --parameters out",
    "point": "give it one with --at NAME=VALUE",
    "fixed": "give the others a value with --at NAME=VALUE",
    "functions": "'trainer gradient --help' lists the functions",
    "group": "name it with --group",
    "format": "let it end with .csv, .tsv, .jsonl, .ndjson, .h5 or .hdf5, or name the format with --to",
    "ignored": "leave out columns that are no inputs with --ignore, or keep them beside the predictions with --keep",
    "kept": "leave --keep out, or choose another format with --to",
    "inputArray": "name the array of inputs with --inputs",
    "firstIndex": "say which index is the first with --first-index 0 or --first-index 1",
    "columnKind": "import the table with --kind NAME=KIND",
    "missing": "if it stands for a missing value, say so with --na",
    "targets": "name the file of its targets with --targets; only an array of rows and columns can have them as one",
    "testInputs": "give --test-inputs, and --test-targets exactly if there is --targets",
    "arrays":
      "name them with --inputs and --targets, and those of the test group with --test-inputs and --test-targets",
    "importer": "make one of it with 'trainer data import'",
    "externalFiles": "add --external-files if they are to be read",
    "rewritingMemory": "allow more with --memory",
    "testImages": "give both --test-images and --test-labels, or neither",
    "trainedData": "name the dataset file with --data",
    "launcher": LauncherAdvice.slurm,
    "openMPILauncher": "\(LauncherAdvice.openMPI) \(otherLibrary)",
    "mpichLauncher": "\(LauncherAdvice.mpich) \(otherLibrary)",
  ]

  private static let otherLibrary = "(--mpi FILE names another library)"

  /// By the property of the library whose advice the option carries out.
  private static let carriers = ["output": "with --output", "mpiLibrary": otherLibrary]

  /// The sentence of an error with what to do about it.
  static func sentence(_ error: TrainerError) -> String {
    guard let remedy = error.remedy else { return error.message }
    if let option = carriers[remedy.name] { return "\(error.message) \(option)" }
    return options[remedy.name].map { "\(error.fault); \($0)" } ?? error.message
  }
}
