import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// Data are told by what they are, not by how and where they are stored.
@Suite struct DatasetFingerprintTests {
  private let values: [Float] = [1, 2, 3, 4, 5, 6]

  /// The fingerprint of a file that `make` writes.
  private func fingerprint(of names: [String] = ["inputs"], _ make: (HDF5.Group) throws -> Void) throws -> Digest {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/d.h5", make)
      return try DatasetReader(path: "\(directory)/d.h5").fingerprint(of: names)
    }
  }

  private func inputs(
    _ values: [Float], shape: [Int] = [3, 2], type: Datatype? = nil, properties: PropertyList? = nil
  ) throws -> Digest {
    try fingerprint {
      try $0.createDataset(
        "train/inputs", shape: shape, type: type ?? .number(.float32), properties: properties
      ).write(values)
    }
  }

  @Test func storageMakesNoDifference() throws {
    let plain = try inputs(values)
    #expect(try inputs(values, type: .number(.float32, order: .bigEndian)) == plain)
    #expect(
      try inputs(values, properties: .datasetCreation(chunk: [2, 1], deflate: 4, shuffle: true, fletcher32: true))
        == plain)
    let besides = try fingerprint {
      try $0.createDataset("train/other", shape: [1], values: [1])
      try $0.createDataset("train/inputs", shape: [3, 2], values: values)
      try $0.setAttribute("note", to: "made on a Tuesday")
    }
    #expect(besides == plain)
  }

  @Test func contentMakesADifference() throws {
    let plain = try inputs(values)
    #expect(try inputs([1, 2, 3, 4, 5, 7]) != plain)
    #expect(try inputs(values, shape: [2, 3]) != plain)
    #expect(try inputs(values, type: .number(.float64)) != plain)
    #expect(try fingerprint { try $0.createDataset("test/inputs", shape: [3, 2], values: values) } != plain)
    func named(_ classes: [String]) throws -> Digest {
      try fingerprint {
        try $0.createDataset("train/inputs", shape: [3, 2], values: values).setAttribute("classes", to: classes)
      }
    }
    #expect(try named(["a", "bc"]) != plain)
    #expect(try named(["a", "bc"]) != named(["ab", "c"]))
  }

  @Test func itGoesThroughLinksAndOtherFiles() throws {
    func fixture(_ name: String) throws -> Digest {
      try DatasetReader(path: "\(Fixture.directory)/hostile/\(name).h5", externalFiles: .allowed)
        .fingerprint(of: ["inputs", "targets"])
    }
    let plain = try fixture("plain")
    for name in ["soft-links", "external-link", "virtual", "virtual-same-file", "hard-cycle"] {
      #expect(try fixture(name) == plain, "\(name)")
    }
    // Other content behind the same link is another fingerprint.
    try withScratchDirectory { directory in
      try FileManager.default.copyItem(
        atPath: "\(Fixture.directory)/hostile/virtual.h5", toPath: "\(directory)/virtual.h5")
      try writeFile("\(directory)/plain.h5") {
        try $0.createDataset("train/inputs", shape: [6, 2], values: [Float](repeating: 1, count: 12))
      }
      let reader = try DatasetReader(path: "\(directory)/virtual.h5", externalFiles: .allowed)
      #expect(try reader.fingerprint(of: ["inputs", "targets"]) != plain)
    }
  }

  /// The SHA-256 of the file as `sha256sum` computes it, which earlier versions kept.
  @Test func theEarlierFingerprintIsStillThere() throws {
    let path = "\(Fixture.directory)/hostile/plain.h5"
    let digest = try DatasetReader(path: path).fileFingerprint()
    #expect(digest == Digest(of: try Data(contentsOf: URL(filePath: path))))
  }
}
