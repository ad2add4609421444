import Autodiff
import Testing

/// Thousands of random expressions: their gradients against central differences, and simplified against unsimplified.
@Suite struct RandomExpressionTests {
  @Test func gradientsEqualDifferences() throws {
    var compared = 0
    var skipped = 0
    for seed in 0..<2500 as Range<UInt64> {
      var random = try RandomGraph(seed: seed, size: 12)
      let objective = try random.objective()
      let check = try GradientCheck(
        of: objective, withRespectTo: random.parameters, parameters: random.point.parameters,
        layout: random.point.layout)
      for entry in check.entries {
        compared += 1
        if entry.isNearKink {
          skipped += 1
          continue
        }
        #expect(
          entry.relativeError <= 1e-7, "seed \(seed), coordinate \(entry.index): \(entry.analytic), \(entry.numeric)")
      }
    }
    #expect(compared == 25_000)
    #expect(skipped < compared / 50, "\(skipped) of \(compared) were skipped")
  }

  @Test func simplifiedEqualsUnsimplified() throws {
    for seed in 10_000..<12_500 as Range<UInt64> {
      var random = try RandomGraph(seed: seed, size: 12)
      let objective = try random.objective()
      let nodes = try [objective] + random.graph.gradient(of: objective, withRespectTo: random.parameters)
      let values = try [Simplification.all, []].map { passes in
        try random.graph.evaluate(
          nodes, parameters: random.point.parameters, layout: random.point.layout, simplifications: passes)
      }
      for (simplified, plain) in zip(values[0], values[1]) {
        #expect(simplified.isClose(to: plain, within: 1e-12), "seed \(seed)")
      }
    }
  }

  @Test func secondDerivativesEqualDifferences() throws {
    for seed in 5000..<5300 as Range<UInt64> {
      var random = try RandomGraph(seed: seed, size: 8, usesKinks: false)
      let objective = try random.objective()
      let vector = try random.parameters.map { try random.graph.constant(0.7).broadcast(to: $0.shape) }
      let products = try random.graph.hessianVectorProduct(
        of: objective, withRespectTo: random.parameters, vector: vector)
      // The product with v is the derivative of the gradient along v.
      var along = try random.graph.constant(0)
      for (gradient, direction) in zip(
        try random.graph.gradient(of: objective, withRespectTo: random.parameters), vector)
      {
        along = try along + (gradient * direction).sum()
      }
      let check = try GradientCheck(
        of: along, withRespectTo: random.parameters, parameters: random.point.parameters, layout: random.point.layout)
      let found = try random.graph.evaluate(
        products, parameters: random.point.parameters, layout: random.point.layout
      ).flatMap { $0 }
      for entry in check.entries {
        #expect(entry.relativeError <= 1e-7, "seed \(seed), coordinate \(entry.index)")
        #expect(found[entry.index].isClose(to: entry.analytic, within: 1e-12), "seed \(seed)")
      }
    }
  }
}
