import Foundations
import HDF5

/// A checkpoint as a tree of HDF5 groups, datasets and attributes; the tree is drawn in `docs/file-format.md`.
enum CheckpointTree {
  static let format = "trainer-checkpoint"
  /// Root attributes that are the checkpoint's own; every other text there is provenance.
  private static let ownAttributes = ["format", "version", "step", "epoch", "seed", "digest"]

  // MARK: - Writing

  /// The bytes of an HDF5 file, made in memory, that lies behind a user block.
  ///
  /// - Throws: `HDF5Error`, or `TrainerError` if names collide.
  static func image(of checkpoint: Checkpoint) throws -> [UInt8] {
    try check(checkpoint)
    let file = try File.inMemory(userBlock: CheckpointBlock.size)
    let root = try file.root
    try root.setAttribute("format", to: format)
    try root.setAttribute("version", to: CheckpointBlock.version)
    try root.setAttribute("step", to: checkpoint.step)
    try root.setAttribute("epoch", to: checkpoint.epoch)
    try root.setAttribute("seed", to: checkpoint.seed)
    try root.setAttribute("digest", to: checkpoint.digest.description)
    for (name, text) in checkpoint.provenance.sorted(by: { $0.key < $1.key }) {
      try root.setAttribute(name, to: text)
    }
    try root.createDataset("config", text: checkpoint.config)
    if let schema = checkpoint.schema { try root.createDataset("schema", text: schema) }
    for (name, tensors) in checkpoint.sections {
      let group = try root.createGroup(name)
      for tensor in tensors { try write(tensor, to: group) }
    }
    let progress = try root.createGroup("progress")
    for (name, value) in checkpoint.progress.sorted(by: { $0.key < $1.key }) {
      switch value {
      case .integer(let value): try progress.setAttribute(name, to: value)
      case .number(let value): try progress.setAttribute(name, to: value)
      }
    }
    let image = try file.image()
    try file.close()
    return image
  }

  private static func write(_ tensor: CheckpointTensor, to group: Group) throws {
    let dataset: Dataset
    switch tensor.values {
    case .float32(let values):
      dataset = try group.createDataset(tensor.name, shape: tensor.shape, type: .number(.float32))
      try dataset.write(values)
    case .float64(let values):
      dataset = try group.createDataset(tensor.name, shape: tensor.shape, type: .number(.float64))
      try dataset.write(values)
    }
    try dataset.setAttribute("offset", to: tensor.offset)
    try dataset.close()
  }

  private static func check(_ checkpoint: Checkpoint) throws {
    func failure(_ reason: String) -> TrainerError {
      TrainerError(.checkpoint, "the checkpoint of step \(checkpoint.step) cannot be stored: \(reason)")
    }
    for (section, tensors) in checkpoint.sections {
      for tensor in tensors where tensor.name.split(separator: "/", omittingEmptySubsequences: false).contains("") {
        throw failure("the name \"\(tensor.name)\" in \(section) has an empty part")
      }
    }
    var end = 0
    for tensor in checkpoint.parameters + checkpoint.state {
      guard tensor.offset == end else {
        throw failure("the parameter \(tensor.name) has offset \(tensor.offset), expected \(end)")
      }
      end += tensor.count
    }
    for name in checkpoint.provenance.keys where ownAttributes.contains(name) {
      throw failure("\"\(name)\" is no name for a provenance entry")
    }
  }

  // MARK: - Reading

  /// The checkpoint in the bytes of an HDF5 file that have been found to be whole.
  ///
  /// - Parameter isTrusted: Whether this process has made them, or has read the same ones before.
  /// - Throws: `HDF5Error`, or `CheckpointFault.damaged` if the tree is not a checkpoint's.
  static func checkpoint(in image: ArraySlice<UInt8>, name: String, isTrusted: Bool = false) throws -> Checkpoint {
    let (checkpoint, digest) = try contents(of: image, name: name, isTrusted: isTrusted)
    guard checkpoint.digest.description == digest else {
      throw CheckpointFault.damaged("its parameters have the digest \(checkpoint.digest), expected \(digest)")
    }
    return checkpoint
  }

  /// What the bytes of an HDF5 file hold, and the digest that they say the parameters have.
  ///
  /// - Parameter isTrusted: Whether this process has just made them.
  /// - Throws: like ``checkpoint(in:name:)``.
  static func contents(
    of image: ArraySlice<UInt8>, name: String, isTrusted: Bool = false
  ) throws -> (checkpoint: Checkpoint, digest: String) {
    let file = try File.open(image: image, name: name, isTrusted: isTrusted)
    let root = try file.root
    guard try root.attribute("format").readString() == format else {
      throw CheckpointFault.damaged("its HDF5 part is no checkpoint")
    }
    let version = try root.attribute("version").readScalar(as: Int.self)
    guard version == CheckpointBlock.version else {
      throw CheckpointFault.damaged("its first block says version \(CheckpointBlock.version), its attribute \(version)")
    }
    let checkpoint = try Checkpoint(
      step: root.attribute("step").readScalar(), epoch: root.attribute("epoch").readScalar(),
      seed: root.attribute("seed").readScalar(), config: text(of: root.dataset("config")),
      schema: root.exists("schema") ? text(of: root.dataset("schema")) : nil,
      parameters: tensors(in: root, "parameters").sorted { $0.offset < $1.offset },
      state: root.exists("state") ? tensors(in: root, "state").sorted { $0.offset < $1.offset } : [],
      optimizer: tensors(in: root, "optimizer"), preprocessing: tensors(in: root, "preprocessing"),
      history: tensors(in: root, "history"), progress: progress(in: root.group("progress")),
      provenance: provenance(of: root))
    let digest = try root.attribute("digest").readString()
    try file.close()
    var end = 0
    for (section, tensors) in [("parameters", checkpoint.parameters), ("state", checkpoint.state)] {
      for tensor in tensors {
        guard tensor.offset == end else {
          throw CheckpointFault.damaged("/\(section)/\(tensor.name) has offset \(tensor.offset), expected \(end)")
        }
        end += tensor.count
      }
    }
    return (checkpoint, digest)
  }

  private static func text(of dataset: Dataset) throws -> String {
    let texts = try dataset.readStrings()
    guard let text = texts.first, texts.count == 1 else {
      throw CheckpointFault.damaged("\(dataset.path) holds \(texts.count) texts, expected one")
    }
    return text
  }

  private static func tensors(in root: Group, _ section: String) throws -> [CheckpointTensor] {
    var tensors: [CheckpointTensor] = []
    var seen: Set<ObjectIdentity> = []
    func walk(_ group: Group, prefix: String) throws {
      for name in try group.memberNames() {
        let path = "\(group.path)/\(name)"
        // Links would let one object count twice, and groups hold themselves.
        guard try group.link(of: name) == .hard else { throw CheckpointFault.damaged("\(path) is a link") }
        let kind = try group.kind(of: name)
        guard kind == .group || kind == .dataset else {
          throw CheckpointFault.damaged("\(path) is neither a group nor a dataset")
        }
        let object: any Object = kind == .group ? try group.group(name) : try group.dataset(name)
        guard try seen.insert(object.identity()).inserted else {
          throw CheckpointFault.damaged("\(path) is there under another name, too")
        }
        if let dataset = object as? Dataset {
          tensors.append(try tensor(dataset, name: prefix + name))
        } else if let group = object as? Group {
          try walk(group, prefix: prefix + name + "/")
        }
      }
    }
    let group = try root.group(section)
    seen.insert(try group.identity())
    try walk(group, prefix: "")
    return tensors
  }

  private static func tensor(_ dataset: Dataset, name: String) throws -> CheckpointTensor {
    let space = try dataset.dataspace
    guard !space.isNull else { throw CheckpointFault.damaged("\(dataset.path) has no extents") }
    let values: CheckpointTensor.Values
    switch dataset.datatype.numberType {
    case .float32: values = try .float32(dataset.elements(space))
    case .float64: values = try .float64(dataset.elements(space))
    default:
      throw CheckpointFault.damaged("\(dataset.path) holds \(dataset.datatype), expected float32 or float64")
    }
    let offset = try dataset.attribute("offset").readScalar(as: Int.self)
    try dataset.close()
    return CheckpointTensor(name: name, shape: space.shape, offset: offset, values: values)
  }

  private static func progress(in group: Group) throws -> [String: ProgressValue] {
    var progress: [String: ProgressValue] = [:]
    for name in try group.attributeNames() {
      let attribute = try group.attribute(name)
      progress[name] =
        attribute.datatype.numberType?.isFloatingPoint == true
        ? try .number(attribute.readScalar()) : try .integer(attribute.readScalar())
    }
    return progress
  }

  private static func provenance(of root: Group) throws -> [String: String] {
    var provenance: [String: String] = [:]
    for name in try root.attributeNames() where !ownAttributes.contains(name) {
      provenance[name] = try root.attribute(name).readString()
    }
    return provenance
  }
}

extension Dataset {
  /// The elements, if they are stored as a checkpoint's are: all of them, as they are. Extents that nothing is stored for
  /// would ask for any amount of memory.
  fileprivate func elements<T: NativeScalar>(_ space: Dataspace) throws -> [T] {
    let stored = try storageSize
    guard try layout == .contiguous || layout == .compact, stored / datatype.byteCount == space.count else {
      throw CheckpointFault.damaged("\(path) has \(space.count) elements, of which \(stored) bytes are stored")
    }
    return try read()
  }
}
