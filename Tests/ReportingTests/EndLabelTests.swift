import Reporting
import Testing

/// Names at the ends of many lines, and points that are left out of long ones.
@Suite struct EndLabelTests {
  @Test func namesKeepTheirDistanceAndTheirOrder() {
    #expect(Plot.spread([0.2, 0.8], gap: 0.1) == [0.2, 0.8])
    let crowd = Plot.spread([0.5, 0.5, 0.51, 0.1], gap: 0.1)
    #expect(crowd[3] == 0.1 && crowd[0] == 0.5 && abs(crowd[1] - 0.6) < 1e-12 && abs(crowd[2] - 0.7) < 1e-12)
    // Those at the top are moved down, not out of the picture.
    let top = Plot.spread([1, 0.99, 0.98], gap: 0.1)
    #expect(top[0] == 1 && abs(top[1] - 0.9) < 1e-12 && abs(top[2] - 0.8) < 1e-12)
  }

  @Test func manyLinesHaveColoursOfTheirOwn() {
    let series = (0..<40).map {
      Plot.Series(
        "", [.init(x: 0, y: 0), .init(x: 1, y: Double($0))], .line(color: $0, dash: 0, width: 1), endLabel: "run \($0)")
    }
    let script = Plot(title: "", xLabel: "step", yLabel: "loss", series: series).script
    let labels = script.split(separator: "\n").filter { $0.hasPrefix("set label") }
    #expect(labels.count == 40)
    let colors = Set(labels.compactMap { $0.split(separator: " ").last })
    #expect(colors.count == 40)
    // A line has the colour of its name.
    for color in colors { #expect(script.contains("lc rgb \(color)")) }
    let few = Plot(title: "", xLabel: "step", yLabel: "loss", series: Array(series.prefix(3)))
    #expect(few.script.contains("#0072b2"))
  }

  @Test func noPeakIsLost() {
    var points = (0..<100_000).map { Plot.Point(x: Double($0), y: Double($0 % 10) / 10) }
    points[4321] = .init(x: 4321, y: 50)
    points[77_777] = .init(x: 77_777, y: -50)
    points[50_001] = .init(x: 50_001, y: .nan)
    let thinned = Plot.thinned(points)
    #expect(thinned.count <= 2100 && thinned.first == points[0] && thinned.last == points[99_999])
    #expect(thinned.contains(points[4321]) && thinned.contains(points[77_777]))
    #expect(thinned.contains { $0.y.isNaN })
    #expect(zip(thinned, thinned.dropFirst()).allSatisfy { $0.x < $1.x })
    #expect(Plot.thinned(Array(points.prefix(100))) == Array(points.prefix(100)))
  }
}
