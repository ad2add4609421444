import Foundations
import HDF5

/// The samples of a folder of images: where they are and what is stored of them. Pixels are decoded when they are written.
struct ImageSamples {
  /// The names of the classes in the order of their indices.
  let classes: [String]
  /// What was left out, one sentence each.
  let notes: [String]
  private let groups: [ImageFolder.Group]
  private let rows: ImageRows

  /// Divides the images where the folder names no groups.
  init(_ folder: ImageFolder, rows: ImageRows, split: Split) {
    (classes, notes, self.rows) = (folder.classes, folder.notes, rows)
    guard !folder.hasGroups, let all = folder.groups.first?.images else {
      groups = folder.groups
      return
    }
    let indices = split.indices(count: all.count, labels: all.map(\.label))
    groups = [("train", indices.train), ("test", indices.test)].map { name, places in
      ImageFolder.Group(name: name, images: places.map { all[$0] })
    }
  }

  /// What is stored, `train` first.
  var layouts: [GroupLayout] {
    let inputs = ArrayLayout(rowShape: [rows.size.height, rows.size.width, rows.channels], type: .uint8)
    return groups.map { group in
      GroupLayout(
        name: group.name, rowCount: group.images.count, inputs: .array(inputs),
        targets: labels(of: group).layout)
    }
  }

  private func labels(of group: ImageFolder.Group) -> NumberTable {
    NumberTable(labels: group.images.map(\.label), classCount: classes.count)
  }

  /// Decodes a group's images, some at a time.
  private func forEachBlock(of group: ImageFolder.Group, rows size: Int, _ body: ([UInt8], Range<Int>) throws -> Void)
    throws
  {
    let part = WorkProgress.begin("storing \(group.name)", of: group.images.count, "images")
    defer { part?.end() }
    for range in RowStretches(0..<group.images.count, of: size) {
      let images = group.images[range].map(\.path)
      try body(rows.decoded(images.count) { (try PixelImage(path: images[$0]), "'\(images[$0])'") }, range)
      part?.add(range.count)
    }
  }

  /// Writes them as a dataset file.
  ///
  /// - Throws: `TrainerError` for an image that cannot be decoded, or that says why the file cannot be written.
  func write(to output: String, with writer: DatasetWriter) throws {
    let name = fileName(of: output)
    let groups = groups.filter { !$0.images.isEmpty }
    // Whoever names an image as the output does not mean to lose it.
    let inputs = groups.flatMap { $0.images.lazy.map(\.path).filter { fileName(of: $0) == name } }
    try writer.write(
      layouts: layouts, classes: classes.count <= maximumNamedClassCount ? classes : nil, features: nil,
      unusedColumns: [], targetName: nil, spelling: nil, to: output, from: inputs
    ) { datasets in
      for (group, stored) in zip(groups, datasets) {
        guard let inputs = stored.inputs.first?.dataset else { continue }
        let step = rows.blockRows(chunk: try inputs.chunkShape?.first ?? 1)
        try forEachBlock(of: group, rows: step) { bytes, range in
          try bytes.withUnsafeBytes { try inputs.write(bytes: $0, of: .uint8, selecting: .range(range)) }
        }
        let labels = labels(of: group)
        try labels.bytes.withUnsafeBytes { try stored.targets.write(bytes: $0, of: labels.type) }
      }
    }
  }

  /// The samples in memory.
  ///
  /// - Throws: `TrainerError` with code `data` if they do not fit, or for an image that cannot be decoded.
  func inMemory() throws -> ImportedSamples {
    let count = groups.reduce(0) { $0 + $1.images.count }
    try MemoryLimit.require(
      Double(count) * Double(rows.rowByteCount), for: "\(count) images of \(rows.size) pixels", code: .data,
      advice: "give them a smaller size")
    return ImportedSamples(
      groups: try groups.map { group in
        var bytes: [UInt8] = []
        bytes.reserveCapacity(group.images.count * rows.rowByteCount)
        try forEachBlock(of: group, rows: rows.blockRows()) { block, _ in bytes += block }
        return DatasetWriter.Group(
          name: group.name,
          inputs: NumberTable(
            shape: [group.images.count, rows.size.height, rows.size.width, rows.channels], type: .uint8, bytes: bytes),
          targets: labels(of: group))
      }, classes: classes)
  }
}
