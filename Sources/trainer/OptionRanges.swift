import ArgumentParser
import Foundations

/// The numbers that options take. Each has a bound, which its help names: beyond it a program could only run out of
/// memory or of time.
enum OptionRanges {
  /// Threads: more than any machine has cores.
  static let workers = 1...4096
  /// Machines of a batch job.
  static let nodes = 1...4096
  /// Ranks of one of them.
  static let tasks = 1...1024
  /// Processes that are killed.
  static let kills = 1...10_000
  /// Turns of a measurement.
  static let rounds = 1...10_000
  /// Samples or coordinates that a check compares.
  static let compared = 1...1_000_000
  /// Runs of a sweep.
  static let runs = 1...10_000
  /// Of how many runs successive halving goes on with one.
  static let halvingFactor = 2...1000
  /// Steps of a search for a learning rate.
  static let searchSteps = 10...1_000_000
  /// Rows of a chunk.
  static let rows = 1...1_000_000_000
  /// A level of compression.
  static let deflate = 0...9
  /// A measurement of at most a day.
  static let seconds = NumberRange(0, 86_400, includesLower: false, includesUpper: true)
  /// A relative error.
  static let tolerance = NumberRange(0, 1, includesLower: false, includesUpper: true)

  /// For an option's help: `1 to 4096`.
  static func text(_ range: ClosedRange<Int>) -> String { "\(range.lowerBound) to \(range.upperBound)" }
}

extension ParsableArguments {
  /// Refuses a number of an option that is out of its range; an option that is not given has none.
  func require(_ value: Int?, of option: String, in range: ClosedRange<Int>) throws {
    guard let value, !range.contains(value) else { return }
    throw ValidationError("\(option) is \(value), expected \(OptionRanges.text(range))")
  }

  /// Refuses a number of an option that is out of its range.
  func require(_ value: Double, of option: String, in range: NumberRange) throws {
    guard !range.contains(value) else { return }
    throw ValidationError("\(option) is \(value), expected \(range)")
  }
}
