import Foundation
import Models
import TestSupport
import Testing

@Suite struct InitializerTests {
  private static let (fanIn, fanOut) = (300, 100)
  private static let count = fanIn * fanOut

  private func values(_ initialization: Initialization, seed: UInt64 = 1, ordinal: Int = 0) -> [Double] {
    initialization.values(count: Self.count, fanIn: Self.fanIn, fanOut: Self.fanOut, seed: seed, ordinal: ordinal)
  }

  // Limits and deviations as the papers give them for 300 inputs and 100 outputs.
  @Test(arguments: [
    (Initialization(.glorotUniform), (6 / 400.0).squareRoot()), (Initialization(.heUniform), (6 / 300.0).squareRoot()),
    (Initialization(.lecunUniform), (3 / 300.0).squareRoot()), (Initialization(.uniform, scale: 0.2), 0.2),
  ])
  func uniformOnesFillTheirRange(initialization: Initialization, limit: Double) {
    let values = values(initialization)
    #expect(values.allSatisfy { abs($0) <= limit })
    // The extremes of 30000 draws lie within a thousandth of the limits but for a chance of e^-15.
    #expect((values.max() ?? 0) > 0.999 * limit && (values.min() ?? 0) < -0.999 * limit)
    expectMoments(values, deviation: limit / 3.0.squareRoot(), kurtosis: 1.8)
  }

  @Test(arguments: [
    (Initialization(.glorotNormal), (2 / 400.0).squareRoot()), (Initialization(.heNormal), (2 / 300.0).squareRoot()),
    (Initialization(.lecunNormal), (1 / 300.0).squareRoot()), (Initialization(.normal, scale: 0.2), 0.2),
  ])
  func normalOnesHaveTheirDeviation(initialization: Initialization, deviation: Double) {
    let values = values(initialization)
    expectMoments(values, deviation: deviation, kurtosis: 3)
    let beyondTwo = Double(values.filter { abs($0) > 2 * deviation }.count) / Double(values.count)
    #expect(abs(beyondTwo - 0.0455) < 0.006)
  }

  // Mean and variance within five standard errors, the fourth moment within a tenth.
  private func expectMoments(_ values: [Double], deviation: Double, kurtosis: Double) {
    let count = Double(values.count)
    func moment(_ power: Int) -> Double { values.reduce(0) { $0 + pow($1 / deviation, Double(power)) } / count }
    #expect(abs(moment(1)) < 5 / count.squareRoot())
    #expect(abs(moment(2) - 1) < 5 * ((kurtosis - 1) / count).squareRoot())
    #expect(abs(moment(4) - kurtosis) < 0.1 * kurtosis)
  }

  @Test func constants() {
    #expect(values(.init(.constant, scale: 0.5)).allSatisfy { $0 == 0.5 })
    #expect(values(.zeros).allSatisfy { $0 == 0 })
  }

  @Test(arguments: Initializer.allCases.filter { $0 != .constant })
  func valuesDependOnSeedAndOrdinalOnly(initializer: Initializer) {
    let initialization = Initialization(initializer, scale: 0.1)
    let first = values(initialization)
    #expect(values(initialization) == first)
    #expect(values(initialization, seed: 2) != first)
    #expect(values(initialization, ordinal: 1) != first)
    // A longer parameter begins with the same values: an element is a function of its index.
    let more = initialization.values(
      count: Self.count + 10, fanIn: Self.fanIn, fanOut: Self.fanOut, seed: 1, ordinal: 0)
    #expect(Array(more.prefix(Self.count)) == first)
  }
}
