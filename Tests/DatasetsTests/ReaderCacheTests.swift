import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// What a reader keeps of a file changes nothing: a reader that finds everything anew gives the same.
@Suite struct ReaderCacheTests {
  private static func files(_ folder: String) throws -> [(path: String, proposal: LayoutProposal)] {
    let directory = "\(Repository.path)/Tests/Fixtures/\(folder)"
    return try FileManager.default.contentsOfDirectory(atPath: directory).sorted().compactMap { name in
      let path = "\(directory)/\(name)"
      guard HDF5.File.isHDF5(at: path) else { return nil }
      do {
        guard case .usable(let proposal) = try LayoutRecognition(path: path) else { return nil }
        return (path, proposal)
      } catch is TrainerError {
        // Of the files that cannot be read there is nothing to compare.
        return nil
      }
    }
  }

  private static func reader(_ path: String, _ proposal: LayoutProposal) throws -> DatasetReader {
    try DatasetReader(
      path: path, externalFiles: proposal.externalFiles, places: proposal.places, inputs: proposal.inputs,
      targets: proposal.targets)
  }

  /// What is read in an order, each twice, as text; errors as their sentences.
  private static func contents(_ reader: DatasetReader, _ names: [String]) -> [String] {
    var found: [String] = []
    func note<Value>(_ value: () throws -> Value) {
      do { found.append("\(try value())") } catch { found.append("\(error)") }
    }
    for _ in 0..<2 {
      for group in reader.groups {
        for name in names {
          note { try reader.shape(of: name, in: group) }
          note { try reader.classNames(of: name, in: group) }
          note {
            let rows = try reader.shape(of: name, in: group).rows
            return try reader.elements(of: name, in: group, rows: 0..<min(rows, 50), as: Double.self)
          }
          note { try reader.arrayFeatures(of: name, in: group) }
        }
      }
    }
    return found
  }

  @Test func rowsThatWereFoundAreThoseThatWouldBeFound() throws {
    let files = try Self.files("foreign/h5") + Self.files("places")
    #expect(files.count > 25)
    for (path, proposal) in files {
      let reader = try Self.reader(path, proposal)
      let names = [proposal.inputs, proposal.targets]
      let kept = Self.contents(reader, names)
      #expect(kept == Self.contents(reader.withoutCaches, names), "\(path)")
      // Whatever came first.
      let later = try Self.reader(path, proposal)
      _ = Self.contents(later, names.reversed())
      #expect(kept == Self.contents(later, names), "\(path)")
    }
  }

  @Test func labelsThatWereMadeAreThoseThatWouldBeMade() throws {
    let files = try Self.files("labels")
    #expect(files.count > 15)
    var classes = 0
    for (path, proposal) in files {
      for reading in [LabelReading(), LabelReading(areClasses: true), LabelReading(areClasses: true, firstLabel: 1)] {
        let reader = try Self.reader(path, proposal).reading(reading)
        let kept = Self.contents(reader, [proposal.targets])
        #expect(kept == Self.contents(reader.withoutCaches, [proposal.targets]), "\(path)")
        classes += kept.count { $0.hasPrefix("Optional([") }
      }
    }
    #expect(classes > 30)
  }
}
