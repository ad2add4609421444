import Foundations
import Reporting

/// How JSON stands on standard output.
enum JSONLayout {
  case compact, oneLine, indented
}

/// Prints a command's result as JSON. Infinities and NaN are the strings "inf", "-inf" and "nan".
///
/// - Throws: `TrainerError` if standard output cannot take it.
func printResult(_ json: JSONValue, _ layout: JSONLayout) throws {
  let named = json.namingNonFinite
  let text =
    switch layout {
    case .compact: named.compactText
    case .oneLine: named.lineText
    case .indented: named.prettyText
    }
  try printResult(text + "\n")
}

/// Prints a command's result, without what a terminal would act on.
///
/// - Throws: `TrainerError` if standard output cannot take it, such as a file on a full disk.
func printResult(_ text: String) throws {
  do {
    try Console.whileCleared { try StandardStream.output.write(text.withoutControls) }
  } catch let error as FileError {
    throw TrainerError(.usage, "standard output cannot be written: \(error.reason)")
  }
}
