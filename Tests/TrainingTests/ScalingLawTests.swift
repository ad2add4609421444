import Testing
import Training

@Suite struct ScalingLawTests {
  @Test(arguments: [0.0, 0.02, 0.3, 1])
  func amdahlFindsTheShareThatMadeTheSpeedups(serial: Double) throws {
    let workers = [1, 2, 4, 8]
    let speedups = workers.map { 1 / (serial + (1 - serial) / Double($0)) }
    let fit = try #require(AmdahlFit(workers: workers, speedups: speedups))
    #expect(abs(fit.serialShare - serial) < 1e-12)
    #expect(abs(fit.speedup(workers: 100) - 1 / (serial + (1 - serial) / 100)) < 1e-9)
  }

  @Test(arguments: [(0.0, 0.0), (0.05, 0.0), (0.0, 0.003), (0.1, 0.002)])
  func scalabilityFindsTheCostsThatMadeTheSpeedups(sigma: Double, kappa: Double) throws {
    let workers = [1, 2, 3, 6, 12]
    let speedups = workers.map { count in
      let n = Double(count)
      return n / (1 + sigma * (n - 1) + kappa * n * (n - 1))
    }
    let fit = try #require(ScalabilityFit(workers: workers, speedups: speedups))
    #expect(abs(fit.contention - sigma) < 1e-10)
    #expect(abs(fit.coherency - kappa) < 1e-10)
    if kappa > 1e-6 {
      let best = try #require(fit.bestWorkers)
      // The law's own maximum: neither neighbour is faster.
      let around = [best - 1, best, best + 1].map { n in n / (1 + sigma * (n - 1) + kappa * n * (n - 1)) }
      #expect(around[1] >= around[0] && around[1] >= around[2])
    }
  }

  @Test func neitherCostIsBelowZero() throws {
    // Faster than linear: caches that grow with the workers.
    let workers = [1, 2, 4, 8]
    let speedups = [1, 2.1, 4.4, 9.1]
    let fit = try #require(ScalabilityFit(workers: workers, speedups: speedups))
    #expect(fit.contention == 0 && fit.coherency == 0 && fit.bestWorkers == nil)
    #expect(try #require(AmdahlFit(workers: workers, speedups: speedups)).serialShare == 0)
  }

  @Test func fewMeasurementsFitNoLaw() {
    #expect(AmdahlFit(workers: [1, 2], speedups: [1, 2]) == nil)
    #expect(AmdahlFit(workers: [1, 2, 2], speedups: [1, 2, 2]) == nil)
    #expect(ScalabilityFit(workers: [1, 2, 4], speedups: [1, 2, 3]) == nil)
  }

  @Test func defaultWorkersArePowersOfTwoAndTheCores() {
    #expect(ScalingBenchmark.defaultWorkers(cores: 1) == [1])
    #expect(ScalingBenchmark.defaultWorkers(cores: 2) == [1, 2])
    #expect(ScalingBenchmark.defaultWorkers(cores: 6) == [1, 2, 4, 6])
    #expect(ScalingBenchmark.defaultWorkers(cores: 16) == [1, 2, 4, 8, 16])
  }

  @Test func spreadsHaveTheirMiddle() {
    #expect(Spread([3, 1, 2]).median == 2)
    #expect(Spread([4, 1, 2, 3]).median == 2.5)
    #expect(Spread([4, 1, 2, 3]).least == 1 && Spread([4, 1, 2, 3]).greatest == 4)
  }
}
