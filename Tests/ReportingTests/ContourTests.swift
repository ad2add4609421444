import Autodiff
import Formulas
import Foundation
import Foundations
import Reporting
import Testing

/// What pictures of formulas and of their contours show.
@Suite struct ContourTests {
  private static func grid(_ function: (Double, Double) -> Double, goal: Plot.Contours.Goal = .minimum) -> Plot.Contours
  {
    let places = (0...80).map { -2 + Double($0) / 20 }
    return Plot.Contours(
      x: places, y: places, values: places.flatMap { y in places.map { function($0, y) } }, goal: goal)
  }

  @Test func theLinesOfABowlAreEvenlySpaced() {
    let radii = Self.grid { $0 * $0 + $1 * $1 }.levels.map { $0.squareRoot() }
    // As long as whole circles are in the picture.
    let gaps = zip(radii, radii.dropFirst()).map { $1 - $0 }.prefix(10)
    #expect(gaps.allSatisfy { abs($0 - gaps[0]) < 0.03 }, "\(gaps)")
  }

  @Test func aNarrowValleyHasLines() {
    let levels = Self.grid { pow(1 - $0, 2) + 100 * pow($1 - $0 * $0, 2) }.levels
    // The bottom of Rosenbrock's valley is below 9 here, while its walls are as high as 3600.
    #expect(levels.count == 15 && levels.filter { $0 < 9 }.count >= 4, "\(levels)")
    #expect(levels == levels.sorted())
  }

  @Test func aHillHasItsLinesAtTheTop() {
    let hill = Self.grid({ -$0 * $0 - $1 * $1 }, goal: .maximum).levels
    let bowl = Self.grid { $0 * $0 + $1 * $1 }.levels
    #expect(hill == bowl.reversed().map { -$0 })
  }

  @Test func hillsAndHollowsHaveLinesAlike() {
    let levels = Self.grid({ $0 * $1 }, goal: .either).levels
    for (low, high) in zip(levels, levels.reversed()) { #expect(abs(low + high) < 1e-9) }
  }

  @Test func aPlateauHasOneLine() {
    #expect(Self.grid { _, _ in 3 }.levels == [3])
    #expect(Self.grid { x, _ in x > 0 ? 1 : 0 }.levels.count == 1)
  }

  @Test func aFormulaIsDrawnWithItsDerivative() throws {
    let plot = try Plot.formula(Formula("x^2"), over: { _ in -1...3 }, hasDerivative: true)
    #expect(plot.series.map(\.title) == ["x^2", "derivative: 2*x"])
    #expect(plot.xRange == -1...3 && plot.xLabel == "x")
    for point in plot.series[0].points { #expect(abs(point.y - point.x * point.x) < 1e-12) }
    for point in plot.series[1].points { #expect(abs(point.y - 2 * point.x) < 1e-12) }
  }

  @Test func aPoleLeavesTheRestVisible() throws {
    let plot = try Plot.formula(Formula("1/x"), over: { _ in -2.013...2 })
    let range = try #require(plot.yRange)
    #expect(range.upperBound < 30 && range.lowerBound > -30)
    #expect(plot.series[0].points.contains { $0.y.isNaN })
  }

  @Test func twoNamesHaveContoursAndOthersValues() throws {
    let plot = try Plot.formula(
      Formula("a*w[0] + w[1]^2"), over: { $0 == "w" ? 0...1 : 5...6 }, at: [(name: "a", value: 2)])
    let contours = try #require(plot.contours)
    #expect(plot.xLabel == "w[0]" && plot.yLabel == "w[1]" && contours.x.first == 0 && contours.y.last == 1)
    // At w = (1, 1).
    #expect(contours.values.last == 3)
  }

  @Test func whatCannotBeDrawnIsSaid() {
    func message(_ text: String, derivative: Bool = false) -> String {
      do {
        _ = try Plot.formula(Formula(text), over: { _ in 0...1 }, hasDerivative: derivative)
        return ""
      } catch {
        return "\(error)"
      }
    }
    #expect(message("x*y*z").contains("needs one or two free names, and this has 3: x, y, z"))
    #expect(message("2^10").contains("needs one or two free names, and this has none"))
    #expect(message("x*y", derivative: true).contains("of one free name; this has x and y"))
    #expect(message("[x, 1]").contains("only a scalar can be drawn"))
    #expect(message("sqrt(-1 - x)").contains("no finite value for x from 0 to 1"))
  }
}
