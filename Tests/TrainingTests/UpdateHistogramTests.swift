import Foundation
import TestSupport
import Testing
import Training

/// The histograms of updates say what a step has added to the parameters.
@Suite struct UpdateHistogramTests {
  /// The least and the greatest number of a histogram, as `HistogramProto` has them: two doubles behind their keys 0x09 and 0x11.
  private func range(of value: EventFiles.Value) -> [Double] {
    // The message's own key and its length of one or two bytes come first.
    guard let start = value.bytes.prefix(4).firstIndex(of: 0x09), value.bytes.count > start + 17,
      value.bytes[start + 9] == 0x11
    else { return [] }
    return [start + 1, start + 10].map { place in
      Double(bitPattern: value.bytes[place..<place + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }
  }

  @Test func aStepOfGradientDescentGoesDownhill() throws {
    try withScratchDirectory { directory in
      // The gradient of w^2 is 2w: a step of 0.1 takes a fifth of w away.
      let configuration = try RunConfiguration(
        json: """
          {"parameters": {"w": [2, 1]}, "objective": "w[0]^2 + w[1]^2", "training": {"steps": 3}, "precision": "float64",
           "optimizer": {"type": "sgd", "learningRate": 0.1}, "observers": ["tensorboard"]}
          """, output: "\(directory)/run")
      _ = try train(configuration)
      let values = try EventFiles("\(directory)/run/tensorboard").values
      for step in 1...3 {
        let before = pow(0.8, Double(step - 1))
        let updates = try #require(values.first { $0.tag == "updates/w" && $0.step == step })
        let parameters = try #require(values.first { $0.tag == "parameters/w" && $0.step == step })
        for (found, expected) in zip(
          range(of: updates) + range(of: parameters), [-0.4 * before, -0.2 * before, 0.8 * before, 1.6 * before])
        {
          #expect(abs(found - expected) < 1e-12)
        }
        #expect(range(of: updates).count == 2 && range(of: parameters).count == 2)
      }
    }
  }
}
