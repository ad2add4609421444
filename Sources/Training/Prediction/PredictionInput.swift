import Datasets
import Foundation
import Foundations
import HDF5

/// What `predict` takes rows from.
extension PredictionModel {
  /// Opens the rows to predict.
  ///
  /// - Parameter input: A path, or `-` for standard input.
  /// - Throws: `TrainerError` if they cannot be read or do not fit.
  func source(
    _ input: String, group: String?, settings: PredictionSettings, options: RunOptions
  ) throws -> any PredictionSource {
    let isArray = predictor.takesArrays
    let inputShape = predictor.inputShape
    let wanted = WantedColumns(
      features: predictor.model.takenFeatures ?? TableReader.unnamedFeatures(predictor.inputCount),
      areNamed: predictor.features != nil, allowsMissing: !isArray,
      besides: schema.otherNames.union(schema.transforms?.ignored ?? []), kept: settings.kept,
      ignored: settings.ignored, spelling: schema.spelling)
    if input != "-", HDF5.File.isHDF5(at: input) {
      try requireNoKept(settings, from: "an HDF5 file")
      try requireNoResizing(settings, unless: false, input)
      return try DatasetPredictionSource(
        data.reader(ofOther: input, group: group, externalFiles: options.externalFiles), inputs: data.inputs,
        group: group, inputShape: inputShape, wanted: wanted, isArray: isArray,
        ignored: Set(try names(settings.ignored, "cannot be ignored by its place in an HDF5 file")))
    }
    func images(_ images: ImageInput, _ name: String) throws -> ImagePredictionSource {
      try requireNoKept(settings, from: "images")
      return try ImagePredictionSource(
        images, namesRows: settings.format != .hdf5, isArray: isArray, source: name)
    }
    if input != "-", try isFolder(input) {
      try requireOwn(settings, group: group, .image, "'\(input)'")
      return try images(
        ImageInput(folder: input, shape: inputShape, resizes: settings.resizesImages), "'\(input)'")
    }
    let stream = try StreamedInput(path: input == "-" ? nil : input, allowsPipes: true)
    let format = try StreamedFormat(of: stream)
    try requireOwn(settings, group: group, format, stream.name)
    let places = schema.transforms?.arrayPlaces
    func rows(_ format: TextRowFormat) throws -> TextPredictionSource {
      try TextPredictionSource(stream, as: format, settings: settings.table, wanted: wanted, isArray: isArray)
    }
    switch format {
    case .hdf5:
      throw TrainerError(
        .data,
        stream.isPacked
          ? "\(stream.name) is a gzipped HDF5 file, as it seems; unpack it first, with gunzip"
          : "\(stream.name) is an HDF5 file, as it seems, which can be read only from a file; save it and name it")
    case .image:
      let name = input == "-" ? stream.name : fileName(of: input)
      let file = try StreamedBytes(stream).bytes(stream.largestLength ?? Int.max)
      return try images(
        ImageInput(file: file, name: name, shape: inputShape, resizes: settings.resizesImages), stream.name)
    case .array:
      try requireNoKept(settings, from: "an array")
      let array = try NPYFile(StreamedBytes(stream))
      return try ArrayPredictionSource(
        [{ array }], inputShape: inputShape, places: places, wanted: wanted, isArray: isArray)
    case .archive:
      try requireNoKept(settings, from: "an array")
      let archive = try NPZInputs(stream.seekable(), array: settings.array, group: group)
      return try ArrayPredictionSource(
        archive.names.map { name in { try archive.open(name) } }, inputShape: inputShape, places: places,
        wanted: wanted, isArray: isArray)
    case .jsonLines:
      _ = try names(settings.kept, "cannot be kept by its place from JSON lines")
      _ = try names(settings.ignored, "cannot be ignored by its place in JSON lines")
      return try rows(.jsonLines)
    case .sparse:
      try requireNoKept(settings, from: "a sparse table")
      try ArrayPredictionSource.requireNumbers(wanted, source: stream.name)
      let taken = places?.places ?? Array(wanted.features.indices)
      return try rows(
        .sparse(
          SparseColumns(
            stream, path: stream.isRegularFile ? input : nil, firstIndex: settings.firstIndex, places: taken,
            of: places?.width ?? taken.count)))
    case .table: return try rows(.table)
    }
  }

  private func isFolder(_ path: String) throws -> Bool {
    do {
      return try SystemFileSystem().status(of: path)?.isDirectory ?? false
    } catch let error as FileError {
      throw TrainerError(.data, "\(path): it cannot be read: \(error.reason)")
    }
  }

  private func requireNoResizing(_ settings: PredictionSettings, unless isImage: Bool, _ name: String) throws {
    guard settings.resizesImages, !isImage else { return }
    throw TrainerError(.usage, "only images are resized, and \(name) holds none")
  }

  private func requireNoKept(_ settings: PredictionSettings, from what: String) throws {
    guard let column = settings.kept.first else { return }
    throw TrainerError(
      .usage, "\(column) cannot be kept from \(what)",
      remedy: .init("kept", "only a table of text has columns to keep"))
  }

  /// The names of columns, of which none is given by its place.
  private func names(_ columns: [CSVImport.Column], _ fault: String) throws -> [String] {
    try columns.map { column in
      guard let name = column.name else { throw TrainerError(.usage, "\(column) \(fault); give its name") }
      return name
    }
  }

  /// Refuses settings for inputs of other kinds.
  private func requireOwn(
    _ settings: PredictionSettings, group: String?, _ format: StreamedFormat, _ name: String
  ) throws {
    try requireNoResizing(settings, unless: format == .image, name)
    if let group, format != .archive {
      throw TrainerError(
        .usage,
        "only an HDF5 file and an archive of arrays have groups, and \(name) is none; leave '\(group)' out")
    }
    if let array = settings.array, format != .archive {
      throw TrainerError(
        .usage, "only an archive of arrays (NPZ) has arrays by name, and \(name) is none; leave '\(array)' out")
    }
    if let index = settings.firstIndex {
      guard format == .sparse else {
        throw TrainerError(
          .usage, "only a sparse table (LIBSVM) has a first index, and \(name) is none; leave \(index) out")
      }
      guard (0...1).contains(index) else {
        throw TrainerError(.usage, "the first index is \(index), expected 0 or 1")
      }
    }
  }
}
