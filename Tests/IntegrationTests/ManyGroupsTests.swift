import Foundation
import HDF5
import TestSupport
import Testing

/// Files of one group a sample.
@Suite(.enabled(if: Tool.path(of: "time") != nil, "GNU time is not installed"))
struct ManyGroupsTests {
  // A question to the trial process for each took 2 ms a group.
  @Test func manyGroupsAreReadInLittleTime() throws {
    try withWorkshop { workshop in
      let count = 5000
      try writeFile(workshop.dataset) { root in
        for index in 0..<count {
          let group = try root.createGroup("s\(index)")
          try group.createDataset("x", shape: [4], values: (0..<4).map { Float((index * 7 + $0) % 11) })
          try group.createDataset("y", shape: [1], values: [UInt8(index % 3)])
        }
      }
      let config = workshop.path("config.json")
      try workshop.write(
        "config.json",
        #"""
        {"data": {"path": "data.h5", "groups": {"train": {"inputs": "*/x", "targets": "*/y"}}},
         "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy",
         "training": {"epochs": 1, "batchSize": 100}}
        """#)
      let path = workshop.path("measure")
      let result = try TrainerBinary.run(
        ["run", config, "--quiet", "--output", workshop.path("run")], under: ["time", "-f", "%U %S", "-o", path])
      #expect(result.status == 0, "\(result.errors)")
      let times = try String(contentsOfFile: path, encoding: .utf8).split(whereSeparator: \.isWhitespace)
      let seconds = times.compactMap { Double($0) }.reduce(0, +)
      // About 3 s on the machine where this was written.
      #expect(seconds < 6, "\(seconds) s")
    }
  }
}
