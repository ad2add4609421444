import ArgumentParser
import Autodiff
import Formulas
import Foundations

/// The values of a formula's names, as commands take them.
struct PointOptions: ParsableArguments {
  @Option(
    name: .customLong("at"),
    help: ArgumentHelp(
      "The value of a name: a number or an expression such as pi/2, several with commas, or an array. Once for each name.",
      valueName: "name=value"))
  var values: [String] = []

  @Option(help: "The type to compute in: float64 or float32.")
  var precision: ElementType = .float64

  /// The names with their values, in order.
  ///
  /// - Throws: `TrainerError` for a value that cannot be read, or a name that is given twice.
  func point() throws -> [(name: String, value: ArrayValue)] { try Self.point(values) }

  /// The names with their values, in order, of texts such as `x=pi/2`.
  ///
  /// - Throws: `TrainerError` for a value that cannot be read, or a name that is given twice.
  static func point(_ values: [String]) throws -> [(name: String, value: ArrayValue)] {
    var point: [(name: String, value: ArrayValue)] = []
    for text in values {
      guard let split = text.firstIndex(of: "="), split > text.startIndex else {
        throw TrainerError(.usage, "--at \(text): expected NAME=VALUE, such as w=-5,5")
      }
      let name = text[..<split].trimmingWhitespace
      let number = String(text[text.index(after: split)...])
      guard name.wholeMatch(of: /[\p{L}_][\p{L}_0-9]*/) != nil else {
        throw TrainerError(.usage, "--at \(text): '\(name)' cannot be a name in a formula")
      }
      let value = try ArrayValue(commandLine: number, of: text)
      guard !point.contains(where: { $0.name == name }) else {
        throw TrainerError(.usage, "--at \(text): the name '\(name)' is given twice; give each name one value")
      }
      point.append((name, value))
    }
    return point
  }
}

extension ElementType: ExpressibleByArgument {}

/// Arguments as a person writes them around a formula, brought into the form that the argument parser reads.
///
/// A formula may begin with a minus, which would make it an option; and one `--at` may be followed by several values.
enum FormulaArguments {
  private static let valued = ["--at", "--format", "--precision", "--config", "--output", "-o", "--theme"]

  /// The same arguments with any formula behind `--`, and each value of `--at` behind one of its own.
  static func normalized(_ arguments: [String]) -> [String] {
    guard let command = arguments.first, command == "gradient" || command == "graph" else { return arguments }
    var options = [command]
    var operands: [String] = []
    var rest = arguments.dropFirst()
    while let argument = rest.popFirst() {
      if argument == "--" {
        operands += rest
        break
      }
      if argument == "--at" {
        // The first word behind it is its value whatever it looks like; more must look like values.
        repeat {
          options.append(argument)
          if let value = rest.popFirst() { options.append(value) }
        } while rest.first.map(isAssignment) == true
      } else if valued.contains(argument) {
        options.append(argument)
        if let value = rest.popFirst() { options.append(value) }
      } else if isOption(argument) {
        options.append(argument)
      } else {
        operands.append(argument)
      }
    }
    return options + (operands.isEmpty ? [] : ["--"] + operands)
  }

  /// `w=1`, but no comparison `w==1`.
  private static func isAssignment(_ text: String) -> Bool { text.prefixMatch(of: /[\p{L}_][\p{L}_0-9]*=[^=]/) != nil }

  /// `-h` and words behind two dashes; `-x` and `--(x)` are formulas.
  private static func isOption(_ text: String) -> Bool {
    text == "-h" || text.wholeMatch(of: /--[a-z][a-z\-]*(=.*)?/) != nil
  }
}

extension Substring {
  fileprivate var trimmingWhitespace: String {
    var rest = drop { $0.isWhitespace }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}

extension ArrayValue {
  /// Reads what stands behind `NAME=`: one number is a scalar, several separated by commas are a vector, anything in
  /// brackets is an array. In place of a number there may be a formula without names, such as `pi/2`.
  ///
  /// - Throws: `TrainerError` that begins with the option and its whole argument.
  init(commandLine text: String, of argument: String, option: String = "--at") throws {
    if let plain = Self.plain(text) {
      self = plain
      return
    }
    func refused(_ fault: String) -> TrainerError {
      TrainerError(
        .usage,
        "\(option) \(argument): found '\(text)', expected a number, an expression such as pi/2, several separated by commas, "
          + "or an array whose rows are equally long (\(fault))")
    }
    guard let last = text.last(where: { !$0.isWhitespace }) else { throw refused("there is nothing") }
    guard last != "," else { throw refused("there is nothing behind the last comma") }
    let value: ArrayValue
    do {
      // Which commas separate values and which those of a call, the parser knows.
      value = try Formula("[\(text)]").constantValue()
    } catch let error as FormulaError {
      throw refused(error.fault)
    } catch let error as TrainerError {
      throw refused(error.fault)
    }
    guard value.values.allSatisfy(\.isFinite) else {
      throw TrainerError(.usage, "\(option) \(argument): the value of '\(text)' is not finite; give a number that is")
    }
    self = value.shape.first == 1 ? ArrayValue(value.values, shape: Shape(value.shape.dropFirst())) : value
  }

  /// Numbers as they are, without the limits of formulas; `nil` if there is anything else.
  private static func plain(_ text: String) -> ArrayValue? {
    let trimmed = String(text.drop { $0.isWhitespace })
    if trimmed.hasPrefix("[") { return parse(trimmed) }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      decimalNumber(part.trimmingWhitespace)
    }
    let numbers = parts.compactMap { $0 }
    guard numbers.count == parts.count, numbers.allSatisfy(\.isFinite) else { return nil }
    return ArrayValue(numbers, shape: numbers.count == 1 ? [] : [numbers.count])
  }

  private static func parse(_ text: String) -> ArrayValue? {
    do {
      return ArrayValue(try JSONDocument(text: text, source: "--at").root)
    } catch {
      return nil
    }
  }
}

/// Runs `body` and shows where a formula is wrong.
///
/// - Throws: `TrainerError` whose text goes on with the formula and a caret under the place.
func showingFormulaErrors<Result>(_ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch let error as FormulaError {
    throw error.shown
  }
}
