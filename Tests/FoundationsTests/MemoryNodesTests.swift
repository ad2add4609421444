import Foundations
import Testing

@Suite struct MemoryNodesTests {
  private static let folder = "/sys/devices/system/node"
  /// Two nodes with two stretches of cores each, and one that has memory alone.
  private static let files = [
    "\(folder)/has_memory": "0-2\n", "\(folder)/node0/cpulist": "0-3,8-11\n", "\(folder)/node1/cpulist": "4-7,12-15\n",
    "\(folder)/node2/cpulist": "\n",
  ]

  @Test func nodesAreThoseOfTheCores() {
    let nodes = MemoryNodes(reading: { Self.files[$0] })
    #expect(nodes.count(near: Array(0..<16)) == 2)
    #expect(nodes.count(near: [3, 4]) == 2)
    #expect(nodes.count(near: [0, 1, 11]) == 1)
    #expect(nodes.count(near: [12]) == 1)
    #expect(nodes.count(near: []) == 1 && nodes.count(near: [99]) == 1)
  }

  @Test func ofOneNodeNoMoreIsRead() {
    let nodes = MemoryNodes { path in
      #expect(path == "\(Self.folder)/has_memory")
      return "0\n"
    }
    #expect(nodes.count(near: [0, 1]) == 1)
  }

  @Test func whatIsNoListIsNone() {
    for text in [
      "", "x", "-", "3-", "-3", "3-1", "0-1-2", "0,,", "0-9223372036854775807", "9223372036854775807", "0-1e9",
    ] {
      var files = Self.files
      files["\(Self.folder)/has_memory"] = text
      #expect(MemoryNodes(reading: { files[$0] }).count(near: Array(0..<16)) == 1, "\(text)")
      files = Self.files
      files["\(Self.folder)/node1/cpulist"] = text
      #expect(MemoryNodes(reading: { files[$0] }).count(near: Array(4..<8)) == 1, "\(text)")
    }
    #expect(MemoryNodes(reading: { _ in nil }).count(near: [0]) == 1)
  }
}
