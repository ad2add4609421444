import Foundations
import TestSupport
import Testing

@Suite struct MemoryLimitTests {
  private func error(_ bytes: Double) throws -> String? {
    try trainerError { try MemoryLimit.require(bytes, for: "it", code: .data, advice: "take less") }?.message
  }

  @Test func aBudgetIsALimit() throws {
    #expect(try error(1e8) == nil)
    try MemoryLimit.$budget.withValue(50_000_000) {
      #expect(MemoryLimit.current.source == .budget && MemoryLimit.current.bytes <= 50_000_000)
      let message = try error(1e8)
      #expect(message?.hasPrefix("it needs 100 MB of memory, but only ") == true, "\(message ?? "nil")")
      #expect(message?.hasSuffix("the budget in data.memory, less what the program takes already; take less") == true)
    }
    #expect(try error(1e8) == nil)
    // A budget beyond what there is changes nothing.
    MemoryLimit.$budget.withValue(.max) { #expect(MemoryLimit.current.source != .budget) }
  }

  @Test func runsAtOnceNeedTheSumOfAll() throws {
    let free = Double(MemoryLimit.current.bytes)
    #expect(try error(free / 3) == nil)
    try MemoryLimit.$runsAtOnce.withValue(4) {
      let message = try error(free / 3)
      #expect(message?.contains("of memory for each of 4 runs at once, but only") == true, "\(message ?? "nil")")
    }
  }

  @Test(
    arguments: [
      ("512MB", 512_000_000), ("1.5 GB", 1_500_000_000), ("4GiB", 4 << 30), ("10kB", 10_000), ("10KB", 10_000),
      ("7", 7), ("3 B", 3), ("0.5TB", 500_000_000_000),
    ] as [(String, Int)]) func amountsAreRead(text: String, bytes: Int)
  {
    #expect(ByteText.bytes(text) == bytes)
  }

  @Test(arguments: ["", "GB", "-1GB", "4 gigabytes", "4G", "0", "1e9", "1..5GB", "99999999999TB", "inf", "4GB "])
  func whatIsNoAmountIsNone(text: String) { #expect(ByteText.bytes(text) == nil) }
}
