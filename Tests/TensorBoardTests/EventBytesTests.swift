import Foundations
import TensorBoard
import TestSupport
import Testing

/// Bytes that TensorBoard's own code has made of the same events (`scripts/references/tensorboard_events.py`).
@Suite struct EventBytesTests {
  static let fixture = Result { try TensorBoardFixture() }

  private static func event(_ name: String, _ time: Double) -> Event? {
    switch name {
    case "version": .version(time: time)
    case "restart": .restart(step: 41, time: time)
    case "scalars":
      .summary(
        [
          .scalar("train/loss", 0.5), .scalar("validation/loss", 0), .scalar("learningRate", 1e-3),
          .scalar("test/é", .infinity),
        ], step: 300, time: time)
    case "image":
      .summary(
        [
          .image(
            "test/confusion", png: [0x89] + Array("PNG".utf8), width: 300, height: 200,
            description: "a row for each class")
        ], step: 7, time: time)
    case "sessionStart":
      .summary(
        [
          .sessionStart(
            [
              ("seed", 0), ("optimizer.type", "sgd"), ("optimizer.learningRate", 0.1), ("optimizer.nesterov", false),
              ("training.shape", [1, 2]),
            ], time: time)
        ], step: 0, time: time)
    case "sessionEnd": .summary([.sessionEnd(time: time)], step: 9, time: time)
    case "charts":
      .summary(
        [
          .charts(
            "groups",
            ["loss", "f1", "a.b"].map { ($0, ["train/\($0)"] + ($0 == "a.b" ? [] : ["validation/\($0)"])) })
        ], step: 0, time: time)
    case "graph":
      .graph(
        [
          GraphNode("inputs", "Placeholder", shape: [-1, 784]),
          GraphNode("dense1/weight", "Parameter", shape: [784, 10]),
          GraphNode(
            "dense1/dense", "dense", inputs: ["inputs", "dense1/weight"], shape: [-1, 10],
            attributes: [("units", "10"), ("activation", "none")]),
          GraphNode("loss", "softmaxCrossEntropy", inputs: ["dense1/dense"], shape: []),
        ], time: time)
    default: nil
    }
  }

  @Test func eventsAreThoseOfItsWriter() throws {
    let fixture = try Self.fixture.get()
    var count = 0
    for row in fixture.events where row.name != "histogram" {
      let event = try #require(Self.event(row.name, fixture.time), "no event \(row.name)")
      #expect(hex(event.bytes) == row.event, "\(row.name)")
      #expect(hex(event.record) == row.record, "\(row.name)")
      count += 1
    }
    #expect(count == 8)
  }

  // Two of the three quarters 1.5 below and one 2.5 above: what the fixture's message says by hand.
  @Test func aHistogramIsThatOfItsWriter() throws {
    let fixture = try Self.fixture.get()
    let row = try #require(fixture.events.first { $0.name == "histogram" })
    let histogram = Histogram(
      smallest: -1.5, largest: 2.5, count: 4, sum: 0, sumOfSquares: 3.25, limits: [0.5, 2.5], counts: [3, 1])
    let event = Event.summary([.histogram("parameters/dense1/weight", histogram)], step: 1 << 40, time: fixture.time)
    #expect(hex(event.bytes) == row.event)
    #expect(hex(event.record) == row.record)
    #expect(Event.step(of: event.bytes[...]) == 1 << 40)
  }

  @Test func checksumsAreThoseOfItsWriter() throws {
    for row in try Self.fixture.get().checksums {
      #expect(CRC32C.checksum(row.text.utf8) == row.crc32c, "\(row.text)")
      #expect(CRC32C.masked(row.text.utf8) == row.masked, "\(row.text)")
    }
    // RFC 3720, B.4: 32 bytes of zeros.
    #expect(CRC32C.checksum(repeatElement(0, count: 32)) == 0x8a91_36aa)
  }

  @Test func histogramsAreThoseOfItsFunction() throws {
    let rows = try Self.fixture.get().histograms
    #expect(rows.count == 6)
    for row in rows {
      let made = Histogram(row.values.indices) { row.values[$0] }
      #expect(made.counts == row.counts, "\(row.name)")
      #expect(made.limits.count == row.limits.count, "\(row.name)")
      let width = (row.values.max() ?? 0) - (row.values.min() ?? 0)
      for (limit, expected) in zip(made.limits, row.limits) {
        #expect(abs(limit - expected) <= 1e-14 * max(abs(expected), width), "\(row.name)")
      }
      #expect(made.count == row.values.count && made.smallest == row.values.min() && made.largest == row.values.max())
      #expect(abs(made.sum - row.sum) <= 1e-12 * row.values.reduce(0) { $0 + abs($1) })
      #expect(abs(made.sumOfSquares - row.squares) <= 1e-12 * row.squares)
    }
  }

  @Test func whatIsNotFiniteIsLeftOut() {
    let values = [Double.nan, 1, .infinity, 3, -.infinity]
    let made = Histogram(values.indices) { values[$0] }
    #expect(made.count == 2 && made.smallest == 1 && made.largest == 3 && made.counts.reduce(0, +) == 2)
    let none = Histogram(0..<1) { _ in .nan }
    #expect(none.count == 0 && none.limits == [] && none.sum == 0)
    // The distance between both ends is not finite.
    let ends = [-Double.greatestFiniteMagnitude, .greatestFiniteMagnitude, 0]
    let wide = Histogram(ends.indices) { ends[$0] }
    #expect(wide.limits.allSatisfy(\.isFinite) && wide.counts.reduce(0, +) == 3)
    #expect(wide.counts.first == 1 && wide.counts.last == 1)
  }

  @Test func namesOfNodesHaveNoCharactersThatMeanSomething() {
    let node = GraphNode("^a b:0/ü", "x", inputs: ["^a b:0/ü"], shape: [])
    #expect(node.name == "_a_b_0/_" && node.inputs == [node.name])
  }
}

/// What the fixture holds.
struct TensorBoardFixture {
  let time: Double
  let events: [(name: String, event: String, record: String)]
  let checksums: [(text: String, crc32c: UInt32, masked: UInt32)]
  let histograms: [(name: String, values: [Double], limits: [Double], counts: [Double], sum: Double, squares: Double)]

  init() throws {
    let root = try Fixture.read("tensorboard")
    func numbers(_ value: JSONValue?) -> [Double] { value?.elements?.compactMap(\.double) ?? [] }
    time = root["time"]?.double ?? 0
    events = (root["events"]?.elements ?? []).map { row in
      (row["name"]?.text ?? "", row["event"]?.text ?? "", row["record"]?.text ?? "")
    }
    checksums = (root["checksums"]?.elements ?? []).map { row in
      (row["text"]?.text ?? "", UInt32(row["crc32c"]?.int ?? 0), UInt32(row["masked"]?.int ?? 0))
    }
    histograms = (root["histograms"]?.elements ?? []).map { row in
      (
        row["name"]?.text ?? "", numbers(row["values"]), numbers(row["limits"]), numbers(row["counts"]),
        row["sum"]?.double ?? 0, row["squares"]?.double ?? 0
      )
    }
  }
}

/// Bytes as hexadecimal digits.
func hex(_ bytes: [UInt8]) -> String {
  bytes.map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined()
}
