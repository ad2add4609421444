import Foundations
import Reporting

/// Prints a command's result.
///
/// - Throws: `TrainerError` if standard output cannot take it, such as a file on a full disk.
func printResult(_ text: String) throws {
  do {
    try StandardStream.output.write(text)
  } catch let error as FileError {
    throw TrainerError(.usage, "standard output cannot be written: \(error.reason)")
  }
}
