/// How many steps a region takes: few enough that the coordinator looks around about ten times a second.
struct RegionPace {
  /// Of the next region, at most; of several ranks rank 0 decides.
  var steps = 1
  private static let seconds = 0.1

  mutating func note(steps done: Int, elapsed: Duration) {
    let perStep = max(elapsed.seconds, 1e-9) / Double(done)
    // Growing at most twofold a region, a slow first step never makes the second one unresponsive.
    steps = max(1, min(2 * done, Int(Self.seconds / perStep)))
  }
}

extension Duration {
  /// The duration in seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
