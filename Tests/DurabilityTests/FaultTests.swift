import Foundation
import Foundations
import Synchronization
import TestSupport
import Testing
import Training

/// Every call of the file layer made to fail in turn, in whole runs.
@Suite struct FaultTests {
  enum Fault: CaseIterable {
    case noSpace, ioError, interrupted, short

    var number: Int32? {
      switch self {
      case .noSpace: ENOSPC
      case .ioError: EIO
      case .interrupted: EINTR
      case .short: nil
      }
    }
  }

  /// Fails the call of that number, counted from 0, and with `forever` every one of the same name from there.
  private final class Saboteur: Sendable {
    private struct State {
      var events: [FileEvent] = []
      var failed: FileEvent?
    }
    private let state = Mutex(State())
    private let index: Int
    private let fault: Fault
    private let lasts: Bool

    init(index: Int, fault: Fault, lasts: Bool = false) {
      self.index = index
      self.fault = fault
      self.lasts = lasts
    }

    var events: [FileEvent] { state.withLock { $0.events } }
    var failed: FileEvent? { state.withLock { $0.failed } }

    func judge(_ event: FileEvent) throws -> InstrumentedFileSystem.Verdict {
      let fails = state.withLock { state in
        defer { state.events.append(event) }
        let fails = state.events.count == index || lasts && state.failed?.name == event.name
        if fails, state.failed == nil { state.failed = event }
        return fails
      }
      guard fails else { return .proceed }
      guard let number = fault.number else { return .atMost(1) }
      throw FileError(operation: event.name, path: "", number: number)
    }

    var fileSystem: InstrumentedFileSystem { InstrumentedFileSystem { [self] in try judge($0) } }
  }

  /// The numbers of the calls of a run that are made to fail: in the short form the first and the last of each kind
  /// on each kind of file.
  private func calls(in directory: String) throws -> [Int] {
    let counter = Saboteur(index: -1, fault: .short)
    _ = try SmallRun.train(in: directory + "/count", fileSystem: counter.fileSystem)
    let events = counter.events
    #expect(events.count > 100, "the run makes \(events.count) calls")
    // As saves are made beside the training, calls come in another order each time; some more are tried.
    if Torture.isOn { return Array(0..<events.count + 20) }
    let kinds = Dictionary(grouping: events.indices) { events[$0].kind }
    return kinds.values.flatMap { [$0[0], $0[$0.count - 1]] }.sorted()
  }

  @Test(arguments: Fault.allCases)
  func anyCallMayFailOnce(fault: Fault) throws {
    try withMemoryDirectory { directory in
      let whole = try SmallRun.train(in: directory + "/whole")
      for index in try Set(calls(in: directory)) {
        try expectSurvived(Saboteur(index: index, fault: fault), whole, "\(directory)/\(index)")
        try FileManager.default.removeItem(atPath: "\(directory)/\(index)")
      }
    }
  }

  // From some call on none of its kind works: the disk stays full, or is broken.
  @Test(arguments: [Fault.noSpace, .ioError])
  func anyKindOfCallMayFailForGood(fault: Fault) throws {
    try withMemoryDirectory { directory in
      let whole = try SmallRun.train(in: directory + "/whole")
      for index in try Set(calls(in: directory)) where Torture.isOn || index % 3 == 0 {
        try expectSurvived(Saboteur(index: index, fault: fault, lasts: true), whole, "\(directory)/\(index)")
        try FileManager.default.removeItem(atPath: "\(directory)/\(index)")
      }
    }
  }

  /// The run ends as the whole one, or with an error that says why; then the same command ends as the whole one.
  private func expectSurvived(_ saboteur: Saboteur, _ whole: SmallRun.Result, _ directory: String) throws {
    let warnings = Warnings()
    let what = { "call \(saboteur.failed?.name ?? "none") of \(directory)" }
    do {
      let result = try SmallRun.train(in: directory, fileSystem: saboteur.fileSystem, observer: warnings)
      #expect(result == whole, "\(what())")
    } catch let error as TrainerError {
      #expect([.usage, .checkpoint].contains(error.code), "\(what()): \(error)")
      // Nothing fails without a reason that the user can read.
      #expect(error.message.contains(directory), "\(what()): \(error)")
    }
    let after = Warnings()
    #expect(try SmallRun.train(in: directory, observer: after) == whole, "after \(what())")
    #expect(after.sentences == [], "nothing is damaged after \(what())")
    #expect(try leftovers(in: directory) == [], "after \(what())")
  }

  private func leftovers(in directory: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: directory).filter { $0.contains(".partial") || $0 == ".lock" }
  }
}

extension FileEvent {
  /// The call and the kind of file that it is made on.
  fileprivate var kind: String {
    let text = "\(self)"
    let files = ["config.json", "metrics.jsonl", "step-", "checkpoints"]
    return name + " " + (files.first { text.contains($0) } ?? "directory")
      + (text.contains(".partial") ? " partial" : "")
  }
}
