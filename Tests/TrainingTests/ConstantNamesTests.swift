import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// The constants of formulas give way to what the caller has of their name.
@Suite struct ConstantNamesTests {
  @Test(arguments: [
    // A dataset called e is meant, and one that is not there is not: pi is the constant.
    ("w*e + 0*x", #"{"w": 2}"#, 2 * (10.0 + 20) / 2), ("w*pi + 0*x", #"{"w": 2}"#, 2 * Double.pi),
    // A parameter comes before both.
    ("e*x", #"{"e": 3}"#, 3 * (1.0 + 2) / 2),
  ])
  func aDatasetIsMeantRatherThanAConstant(objective: String, parameters: String, expected: Double) throws {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/data.h5") { root in
        let group = try root.createGroup("train")
        try group.createDataset("x", shape: [2], values: [1.0, 2])
        try group.createDataset("e", shape: [2], values: [10.0, 20])
      }
      let configuration = try RunConfiguration(
        text: """
          {"data": {"path": "data.h5"}, "parameters": \(parameters), "objective": "\(objective)", "output": "run"}
          """, source: "x.json", directory: directory)
      let start = try JSONDocument(text: parameters, source: "parameters").root
      guard case .object(let members) = start else { throw TrainerError(.usage, "no parameters") }
      let value = try ObjectiveFunction(configuration).value(at: members.members.flatMap(\.value.numbers))
      #expect(value.isClose(to: expected, within: 1e-12))
    }
  }
}
