import Training

/// An observer: remembers the epoch with the best value of a metric.
final class BestEpoch: RunObserver {
  let metric: String
  private(set) var epoch = 0
  private(set) var value = -Double.infinity

  init(of metric: String) { self.metric = metric }

  func observe(_ event: RunEvent) throws {
    guard case .epoch(let report) = event,
      let found = report.evaluations.first(where: { $0.group == "test" })?.measurement[metric], found > value
    else { return }
    (epoch, value) = (report.epoch, found)
  }
}
