import Foundations
import HDF5
import TestSupport
import Training

extension TrainingCase {
  /// The config without places: for data from memory, and for a run that writes no file unless `output` names a place.
  func configurationInMemory(output: String? = nil, seed: Int = 3) throws -> RunConfiguration {
    try RunConfiguration(
      json: #"{"seed": \#(seed), "data": {"preprocessing": \#(preprocessing)}, \#(settings)}"#, name: "test",
      output: output)
  }
}

extension TrainingArrays {
  /// The numbers of a dataset file in the types that they have there.
  init(file path: String) throws {
    let file = try HDF5.File.open(at: path)
    func group(_ name: String) throws -> Group? {
      guard try file.root.exists(name) else { return nil }
      let (inputs, targets) = (try file.root.dataset("\(name)/inputs"), try file.root.dataset("\(name)/targets"))
      func group<Input: NativeScalar>(_ type: Input.Type) throws -> Group {
        func group<Target: NativeScalar>(_ type: Target.Type) throws -> Group {
          try Group(
            inputs: inputs.read(as: Input.self), inputShape: Array(inputs.shape.dropFirst()),
            targets: targets.read(as: Target.self), targetShape: Array(targets.shape.dropFirst()))
        }
        return try targets.datatype.numberType == .uint8 ? group(UInt8.self) : group(Double.self)
      }
      return switch inputs.datatype.numberType {
      case .uint8: try group(UInt8.self)
      case .float32: try group(Float.self)
      default: try group(Double.self)
      }
    }
    guard let train = try group("train") else { throw TrainerError(.data, "\(path): no training group") }
    let targets = try file.root.dataset("train/targets")
    self.init(
      train: train, validation: try group("validation"), test: try group("test"),
      classes: try targets.hasAttribute("classes") ? targets.attribute("classes").readStrings() : nil)
    try file.close()
  }
}
