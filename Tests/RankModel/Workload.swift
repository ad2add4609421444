import DataParallel

/// The large MLP of docs/performance.md, 784-2048-2048-10 with biases, in float32.
package struct LargeMLP: Sendable {
  /// What its step takes one rank for 128 samples, and the parts of it.
  package var secondsFor128 = 23e-3
  /// The share of the gradient phase.
  package var gradientShare = 0.54
  /// The share of writing the parameters in the kernels' order, which does not grow with the samples.
  package var copiesShare = 0.08

  /// Creates it.
  package init() {}

  /// The blocks of its parameters, as the engine cuts them.
  ///
  /// - Parameters:
  ///   - samples: Samples of a batch.
  ///   - ranks: For how many they are cut, as the engine cuts them; `nil` for the blocks of one process.
  package func blocks(samples: Int, ranks: Int? = nil) -> [Range<Int>] {
    var (matrices, position): ([BlockPartition.Matrix], Int) = ([], 0)
    for (rows, columns) in [(784, 2048), (2048, 2048), (2048, 10)] {
      let range = position..<position + rows * columns
      matrices.append(.init(range: range, columns: columns, gradient: range.count > 16_384 ? .product : .slots))
      position = range.upperBound + columns
    }
    let blocks = BlockPartition(count: position, matrices: matrices, samples: samples)
    return (ranks.map(blocks.divided(forRanks:)) ?? blocks).blocks.map(\.range)
  }

  /// The exchange of its step by that many ranks, with two shards each.
  package func plan(ranks: Int, samples: Int) -> ExchangePlan {
    ExchangePlan(
      RankPartition(shards: 2 * ranks, ranks: ranks), blocks: blocks(samples: samples * ranks, ranks: ranks),
      elementBytes: MemoryLayout<Float>.size)
  }

  /// The computing of a rank with that many samples.
  package func costs(samples: Int, _ network: RankCosts) -> RankCosts {
    var costs = network
    let scale = Double(samples) / 128
    costs.gradient = secondsFor128 * gradientShare * scale
    costs.reduce = secondsFor128 * (1 - gradientShare - copiesShare) * scale
    costs.copies = secondsFor128 * copiesShare
    return costs
  }

  /// The share of a rank's time in which it computes, if each has that many samples.
  package func efficiency(ranks: Int, samples: Int, _ network: RankCosts) -> Double {
    let costs = costs(samples: samples, network)
    return costs.computing / SimulatedStep(plan(ranks: ranks, samples: samples), costs).seconds
  }

  /// The least samples of a rank, in steps of 16, with which it computes nine tenths of its time.
  package func samplesForNineTenths(ranks: Int, _ network: RankCosts) -> Int? {
    func isEnough(_ samples: Int) -> Bool {
      efficiency(ranks: ranks, samples: samples, network) >= 0.9
    }
    var upper = 16
    while !isEnough(upper) {
      guard upper < 1 << 16 else { return nil }
      upper *= 2
    }
    var lower = upper / 2
    while upper - lower > 16 {
      let middle = (lower + upper) / 32 * 16
      if isEnough(middle) { upper = middle } else { lower = middle }
    }
    return upper
  }
}
