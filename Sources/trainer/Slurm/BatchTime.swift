import ArgumentParser

/// How long a batch job may take, as people write it (`90m`, `1h`, `1h30m`, `2d`) or as Slurm does (`1:30:00`,
/// `2-12:00:00`).
///
/// Slurm also takes `30` for minutes and `1:30` for a minute and a half, which many take for something else: they are
/// refused.
struct BatchTime: Equatable {
  let seconds: Int

  /// No queue takes a job of more than a year.
  private static let most = 365 * 86_400

  init(seconds: Int) { self.seconds = seconds }

  /// Reads the value of an option.
  init(argument: String) throws {
    guard let seconds = Self.units(argument) ?? Self.clock(argument) else {
      throw ValidationError("expected a time such as 30m, 1h, 1h30m, 1:30:00 or 2-12:00:00")
    }
    guard (1...Self.most).contains(seconds) else { throw ValidationError("expected 1s to 365d") }
    self.seconds = seconds
  }

  /// As Slurm writes it.
  var slurmText: String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
    return (days > 0 ? "\(days)-" : "") + "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))"
  }

  /// As the trainer's own options take it.
  var text: String {
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")]
    return parts.filter { $0.0 > 0 }.map { "\($0)\($1)" }.joined()
  }

  private static func units(_ text: String) -> Int? {
    guard !text.isEmpty, let match = text.wholeMatch(of: #/(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?/#) else {
      return nil
    }
    return sum([(match.1, 86_400), (match.2, 3600), (match.3, 60), (match.4, 1)])
  }

  private static func clock(_ text: String) -> Int? {
    guard let match = text.wholeMatch(of: #/(?:(\d+)-)?(\d{1,4}):([0-5]\d):([0-5]\d)/#) else { return nil }
    // Beside days there are less than 24 hours.
    if match.1 != nil, Int(match.2) ?? 24 >= 24 { return nil }
    return sum([(match.1, 86_400), (match.2, 3600), (match.3, 60), (match.4, 1)])
  }

  private static func sum(_ parts: [(number: Substring?, unit: Int)]) -> Int? {
    var total = 0
    for (text, unit) in parts {
      guard let text else { continue }
      guard let number = Int(text), number <= most else { return nil }
      total += number * unit
    }
    return total
  }
}
