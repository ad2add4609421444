import Checkpoints
import Foundations
import Training

/// A format that other programs read.
public enum ExportFormat: String, CaseIterable, Sendable {
  /// The model with its preprocessing and the names of its classes, for ONNX Runtime and its like.
  case onnx
  /// The parameters, for PyTorch, JAX and whatever reads Hugging Face's format.
  case safetensors
  /// The parameters, for NumPy.
  case npz

  /// The format that the ending of a file's name tells; `nil` if it tells none.
  public init?(path: String) {
    guard let format = Self.allCases.first(where: { path.lowercased().hasSuffix(".\($0.rawValue)") }) else {
      return nil
    }
    self = format
  }
}

/// What `export` wrote.
public struct ExportReport: Sendable {
  /// An input or an output of a model.
  public struct Port: Sendable, Equatable {
    /// Its name.
    public let name: String
    /// The type of its elements, such as `float`.
    public let type: String
    /// The extents, such as `samples` and `10`.
    public let extents: [String]
  }

  /// The file.
  public let output: String
  /// Its format.
  public let format: ExportFormat
  /// Its bytes.
  public let byteCount: Int
  /// How many tensors of parameters and state it has, and how many numbers these have.
  public let tensors: Int, numbers: Int
  /// What an ONNX model takes and gives; empty for parameters alone.
  public let inputs: [Port], outputs: [Port]
  /// What the reader of the file should know.
  public let notes: [String]
}

/// Writes a checkpoint's model, or its parameters, for other programs.
///
/// Parameters are those that predictions use: their moving average, where the run kept one.
///
/// - Parameters:
///   - path: The checkpoint's path; see `ModelCheckpoint` for that of a run.
///   - output: The file to write, which is complete or absent.
///   - format: Its format.
///   - overwriting: Whether a file that is there already is replaced; otherwise its presence is an error. The run's own files
///     are never replaced.
///   - registries: The components that the config can choose from.
/// - Throws: `TrainerError` if the checkpoint is missing or damaged, the format has no room for the model, or the output cannot
///   be written.
public func export(
  checkpoint path: String, to output: String, as format: ExportFormat, overwriting: Bool = false,
  registries: Registries = .standard
) throws -> ExportReport {
  let file = OutputFile(output, mayReplace: overwriting, inputs: ModelCheckpoint.files(of: path))
  try OutputFile.explaining { try file.check() }
  let trained = try TrainedTensors(checkpoint: path, registries: registries)
  var notes: [String] = []
  if trained.areAverages { notes.append("the parameters are the run's moving averages, which predictions use") }
  let bytes: [UInt8]
  var ports: (inputs: [ONNXPort], outputs: [ONNXPort]) = ([], [])
  switch format {
  case .onnx:
    let model = try ONNXModel(PortableModel(trained))
    bytes = model.bytes
    ports = (model.inputs, model.outputs)
    if model.isPartlySingle {
      notes.append("the model computes in float64, but for some operators that ONNX Runtime has for float32 alone")
    }
  case .safetensors: bytes = Safetensors.bytes(trained.named, metadata: try ModelMetadata(trained).entries)
  case .npz: bytes = try NPZ.bytes(trained.named, place: path)
  }
  try OutputFile.explaining { try file.write(bytes) }
  return ExportReport(
    output: output, format: format, byteCount: bytes.count, tensors: trained.tensors.count,
    numbers: trained.tensors.reduce(0) { $0 + $1.count }, inputs: ports.inputs.map(ExportReport.Port.init),
    outputs: ports.outputs.map(ExportReport.Port.init), notes: notes)
}

extension ExportReport.Port {
  init(_ port: ONNXPort) {
    (name, type, extents) = (port.value.name, port.value.type.text, port.extents.map(\.text))
  }
}

extension TrainedTensors {
  /// The tensors under the names that they have in files: those of the state within `state`.
  var named: [NamedTensor] {
    parameters.map { NamedTensor(name: $0.name, values: $0) }
      + state.map { NamedTensor(name: "state/\($0.name)", values: $0) }
  }
}
