import Foundations

/// The names in the first line of a table.
enum HeaderNames {
  /// So many numbers that count up from 0 are names, as pandas writes them where a table has none; fewer can be data.
  private static let fewestOfPandas = 3

  /// The names with those that occur again numbered from the second: `x`, `x_2`. An empty one is a name like others. Import
  /// and prediction number whole lines, so that a column has the same name in both.
  static func numbered(_ names: [String]) -> [String] {
    var taken = Set(names)
    var counts: [String: Int] = [:]
    return names.map { name in
      guard var count = counts[name] else {
        counts[name] = 1
        return name
      }
      repeat { count += 1 } while taken.contains("\(name)_\(count)")
      counts[name] = count
      taken.insert("\(name)_\(count)")
      return "\(name)_\(count)"
    }
  }

  /// Whether each of these names is a number, so that the line may be one of data.
  static func areNumbers(_ names: some Sequence<String>) -> Bool {
    names.allSatisfy { DecimalField($0, mark: UInt8(ascii: ".")) != nil }
  }

  /// Whether those of the names that are numbers are 0, 1, 2 and so on.
  static func countUp(_ names: [String]) -> Bool {
    let numbers = names.filter { areNumbers([$0]) }
    return numbers.count >= fewestOfPandas && numbers.enumerated().allSatisfy { $1 == "\($0)" }
  }

  /// What is said where names were expected.
  static func fault(_ path: String) -> TrainerError {
    TrainerError(
      .data, "'\(path)', line 1: a header was expected, and these are numbers",
      remedy: .init("hasHeader", "if there is none, set hasHeader to false; if they are names, set namesMayBeNumbers"))
  }
}

extension CSVImport.Column {
  /// The place of the column with a number, counted from 1 or, if negative, from the last, which is -1.
  ///
  /// - Throws: `TrainerError` with code `.usage` if there is none.
  static func place(of number: Int, among count: Int, in path: String) throws -> Int {
    let place = number > 0 ? number - 1 : count + number
    guard number != 0, (0..<count).contains(place) else {
      throw TrainerError(.usage, "there is no column \(number) in '\(path)', which has \(count)")
    }
    return place
  }
}
