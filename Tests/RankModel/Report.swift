import DataParallel
import Foundation
import Kernels

/// What the program prints.
struct Report {
  private let values: [String: Double]
  private let model: LargeMLP
  private let network: RankCosts

  init(_ values: [String: Double]) {
    func value(_ key: String) -> Double { values[key] ?? 0 }
    self.values = values
    var model = LargeMLP()
    model.secondsFor128 = value("milliseconds") * 1e-3
    var network = RankCosts()
    network.overhead = value("overhead") * 1e-6
    network.latency = value("latency") * 1e-6
    network.addedBytesPerSecond = value("adding") * 1e9
    network.bytesPerSecond = value("gigabits") / 8 * 1e9
    network.isRotated = value("rotated") != 0
    network.overlaps = value("overlap") != 0
    (self.model, self.network) = (model, network)
  }

  private var ranks: Int { Int(values["ranks"] ?? 0) }
  private var samples: Int { Int(values["samples"] ?? 0) }

  /// Weak scaling with 16 to 1024 ranks on three networks.
  func table() {
    print("| network | ranks | messages | sent, MB | bound, ms | at the bound | no overlap | overlap | 90 % from |")
    print("|---|---|---|---|---|---|---|---|---|")
    for gigabits in [10.0, 25, 100] {
      var network = network
      network.bytesPerSecond = gigabits / 8 * 1e9
      for ranks in [16, 64, 256, 1024] {
        let plan = model.plan(ranks: ranks, samples: samples)
        let costs = model.costs(samples: samples, network)
        let step = SimulatedStep(plan, costs)
        let bytes = Double(plan.pieces.reduce(0) { $0 + $1.elements.count } * MemoryLayout<Float>.size)
        let bound = 2 * Double(ranks - 1) / Double(ranks) * bytes / network.bytesPerSecond
        var serial = network
        serial.overlaps = false
        func percent(_ share: Double) -> String { String(format: "%.0f %%", 100 * share) }
        print(
          "| \(Int(gigabits)) Gbit/s | \(ranks) | \(step.mostMessages) | \(String(format: "%.1f", Double(step.mostBytes) / 1e6)) "
            + "| \(String(format: "%.1f", bound * 1e3)) | \(percent(costs.computing / max(costs.computing, bound))) "
            + "| \(percent(model.efficiency(ranks: ranks, samples: samples, serial))) "
            + "| \(percent(costs.computing / step.seconds)) "
            + "| \(model.samplesForNineTenths(ranks: ranks, network).map { "\($0) samples" } ?? "-") |"
        )
      }
    }
  }

  /// One step.
  func step() {
    let costs = model.costs(samples: samples, network)
    let step = SimulatedStep(model.plan(ranks: ranks, samples: samples), costs)
    print(String(format: "%.3f ms, %.3f of them computing", step.seconds * 1e3, costs.computing * 1e3))
  }

  /// `sum|parameter SENDER RECEIVER BYTES PIECE`, each sender's in the order in which it sends; before them what computing
  /// takes, in seconds, and the pieces' owners and elements.
  func lists() {
    let costs = model.costs(samples: samples, network)
    let plan = model.plan(ranks: ranks, samples: samples)
    print("costs \(costs.gradient) \(costs.reduce) \(costs.copies) \(costs.addedBytesPerSecond)")
    print("counts \(ranks) \(plan.pieces.count) \(plan.partition.partials.count)")
    for piece in plan.pieces { print("piece \(piece.owner) \(piece.elements.count * MemoryLayout<Float>.size)") }
    for rank in 0..<ranks {
      func turn(_ peer: Int) -> Int { network.isRotated ? (peer - rank - 1 + ranks) % ranks : peer }
      for (kind, transfers) in [("sum", plan.partialSums(sentBy: rank)), ("parameter", plan.parameters(sentBy: rank))] {
        for transfer in transfers.enumerated().sorted(by: {
          (turn($0.element.receiver), $0.offset) < (turn($1.element.receiver), $1.offset)
        }) {
          print("\(kind) \(rank) \(transfer.element.receiver) \(transfer.element.byteCount) \(transfer.element.piece)")
        }
      }
    }
  }

  /// How fast an owner adds the partial sums of its share, by one thread.
  func adding() {
    let ranks = 64
    let count = 5_824_522 / ranks
    let partition = RankPartition(shards: ranks, ranks: ranks)
    let sums = (0..<ranks).map { _ in SharedBuffer<Float>(repeating: 1, count: count) }
    let out = SharedBuffer<Float>(repeating: 0, count: count)
    let merge = PartialSums<Float>(partition, kernels: .best)
    var best = Double.infinity
    for _ in 0..<9 {
      let time = ContinuousClock().measure {
        withExtendedLifetime((sums, out)) {
          // As the engine does: a few kilobytes of all sums at once stay in the cache.
          for start in stride(from: 0, to: count, by: 4096) {
            merge.add(
              sums.map { $0.pointer + start }, count: min(4096, count - start), scaledBy: 1, into: out.pointer + start)
          }
        }
      }
      best = min(best, Double(time.components.attoseconds) * 1e-18 + Double(time.components.seconds))
    }
    print(
      String(format: "%.1f GB/s of others' sums are added by one thread", Double((ranks - 1) * count * 4) / best / 1e9))
  }
}
