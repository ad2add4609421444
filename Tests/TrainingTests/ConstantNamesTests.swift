import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// The constants of formulas give way to what the caller has of their name.
@Suite struct ConstantNamesTests {
  /// Objective, parameters, and the mean over the samples x = 1, e = 10 and x = 2, e = 20.
  private static let cases: [(objective: String, parameters: String, mean: Double)] = [
    // A dataset called e is meant; there is none called pi, and so the constant is.
    ("w*e + 0*x", #"{"w": 2}"#, 30), ("w*pi + 0*x", #"{"w": 2}"#, 6.283185307179586),
    // A parameter comes before both.
    ("e*x", #"{"e": 3}"#, 4.5),
  ]

  @Test(arguments: cases)
  func aDatasetIsMeantRatherThanAConstant(objective: String, parameters: String, mean: Double) throws {
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
      #expect(value.isClose(to: mean, within: 1e-12))
    }
  }
}
