import Checkpoints
import DataParallel
import Foundations

/// The parameters that a run takes from a file before its first step.
struct InitialParameters: Sendable, Equatable {
  /// Where they go in the flat vector, in layout order, and their values.
  let parts: [(range: Range<Int>, values: [Double])]
  /// The file, or the checkpoint that was chosen of a run.
  let place: String
  /// The SHA-256 over names, shapes and values of what was taken: the same parameters in another file, or another format, have
  /// the same.
  let digest: Digest

  /// The name of the digest in a checkpoint's provenance.
  static let provenanceName = "initialContents"

  static func == (left: InitialParameters, right: InitialParameters) -> Bool { left.digest == right.digest }

  /// Reads them.
  ///
  /// - Returns: `nil` if the settings name no file.
  /// - Throws: `TrainerError` with code `.usage` if the file cannot be read, or does not have what is to be taken from it.
  init?(_ settings: InitialSettings, layout: ParameterLayout, registries: Registries) throws {
    guard let path = settings.path else { return nil }
    let file = try TensorFile(path, registries: registries)
    place = file.place
    var tensors: [String: TensorFile.Tensor] = [:]
    for tensor in file.tensors { tensors[Self.ownName(of: tensor.name, settings.rename)] = tensor }
    var parts: [(range: Range<Int>, values: [Double])] = []
    var digest = Digest.Stream()
    for entry in layout.entries where settings.takes(entry.name) {
      let names = entry.isState ? ["state/\(entry.name)", entry.name] : [entry.name]
      guard let tensor = names.lazy.compactMap({ tensors[$0] }).first else {
        throw Self.missing(entry.name, in: file, tensors.keys.sorted())
      }
      let values = try Self.values(of: tensor, for: entry, isTransposed: settings.transposes(entry.name), file)
      parts.append((entry.range, values))
      digest.update(Array("\(entry.name)\(entry.shape)\n".utf8))
      let bits = values.map(\.bitPattern.littleEndian)
      digest.update(bits.span.bytes)
    }
    self.parts = parts
    self.digest = digest.digest
  }

  /// Whether there is something at a path.
  static func isThere(_ path: String) throws -> Bool {
    do {
      return try SystemFileSystem().status(of: path) != nil
    } catch let error as FileError {
      throw TrainerError(.usage, "initial.path: \(path) cannot be read: \(error.reason)")
    }
  }

  /// What the model calls a tensor of the file: by its whole name, or by what stands in front of a `/` or a `.`.
  private static func ownName(of name: String, _ rename: [String: String]) -> String {
    if let own = rename[name] { return own }
    // The longest part first.
    for index in name.indices.reversed() where name[index] == "/" || name[index] == "." {
      if let own = rename[String(name[..<index])] { return "\(own)/\(name[name.index(after: index)...])" }
    }
    return name
  }

  private static func missing(_ name: String, in file: TensorFile, _ names: [String]) -> TrainerError {
    let near = suggestion(for: name, among: names).map { "; the nearest is '\($0.onOneLine)'" } ?? ""
    return TrainerError(
      .usage,
      "initial: \(file.place) has no tensor '\(name)', which \"match\" takes for the model\(near); it has "
        + "\(InitialSettings.listed(names.map(\.onOneLine))); take less by \"match\", or name it in \"rename\"")
  }

  private static func values(
    of tensor: TensorFile.Tensor, for entry: ParameterLayout.Entry, isTransposed: Bool, _ file: TensorFile
  ) throws -> [Double] {
    // PyTorch's [outputs, inputs, kernel] as [kernel, inputs, outputs].
    let rank = tensor.shape.count
    let order = isTransposed && rank >= 2 ? Array(2..<rank) + [1, 0] : Array(0..<rank)
    guard order.map({ tensor.shape[$0] }) == entry.shape else {
      let turned = rank >= 2 ? (Array(2..<rank) + [1, 0]).map { tensor.shape[$0] } : []
      let hint =
        !isTransposed && turned == entry.shape
        ? "; if it is in PyTorch's order of axes, add it to \"transpose\"" : "; leave it out by \"match\""
      throw TrainerError(
        .usage,
        "initial: '\(tensor.name.onOneLine)' of \(file.place) has the shape \(tensor.shape)"
          + "\(isTransposed ? ", transposed \(turned)" : ""), and the model's '\(entry.name)' has \(entry.shape)\(hint)"
      )
    }
    let values = try file.values(of: tensor)
    if let wrong = values.first(where: { !$0.isFinite }) {
      throw TrainerError(
        .usage, "initial: '\(tensor.name.onOneLine)' of \(file.place) holds \(wrong), and parameters are finite numbers"
      )
    }
    guard isTransposed, rank >= 2 else { return values }
    let strides = order.map { axis in tensor.shape[(axis + 1)...].reduce(1, *) }
    return (0..<values.count).map { index in
      var (rest, place) = (index, 0)
      for axis in entry.shape.indices.reversed() {
        place += rest % entry.shape[axis] * strides[axis]
        rest /= entry.shape[axis]
      }
      return values[place]
    }
  }
}

extension InitialParameters {
  /// What rank 0 has read, on all ranks: one message with the values in layout order.
  ///
  /// - Parameter own: On rank 0 what it has read.
  /// - Throws: `RankFailure`.
  init?(
    shared own: InitialParameters?, _ settings: InitialSettings, layout: ParameterLayout, ranks: any Communicator
  ) throws {
    guard settings.path != nil else { return nil }
    guard ranks.rankCount > 1 else {
      guard let own else { return nil }
      self = own
      return
    }
    let facts = try ranks.fromFirst { [own?.place ?? "", own?.digest.description ?? ""] }
    let bytes = try ranks.broadcast(own?.bytes ?? [])
    var place = 0
    parts = layout.entries.filter { settings.takes($0.name) }.map { entry in
      let end = place + 8 * entry.count
      defer { place = end }
      return (
        entry.range,
        bytes[place..<end].withUnsafeBytes { raw in
          (0..<entry.count).map { Double(bitPattern: raw.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)) }
        }
      )
    }
    self.place = facts[0]
    guard let digest = Digest(facts[1]) else {
      throw TrainerError(.usage, "initial: rank 0 tells no digest; start the same build on all hosts")
    }
    self.digest = digest
  }

  private var bytes: [UInt8] {
    parts.flatMap { part in part.values.withUnsafeBytes { Array($0) } }
  }
}
