import DataParallel
import Foundation
import Foundations
import HDF5
import Synchronization

/// How a run is carried out; nothing here changes a bit of its result.
public struct RunOptions: Sendable {
  /// Which checkpoint a run begins from.
  public enum Resume: Sendable, Equatable {
    /// The newest valid one of the run directory, or none.
    case automatic
    /// None; the directory must not hold a run.
    case never
    /// A file.
    case file(String)
  }

  /// The number of workers; `nil` for one on each core that the process may use.
  public var workers: Int?
  /// Where to begin.
  public var resume: Resume
  /// Starts the workers.
  public var starter: WorkerStarter
  /// Stops the run from outside.
  public var control: RunControl
  /// How long after its start the run saves and ends, as if asked to stop; `nil` if it may take as long as it takes.
  public var stopAfter: Duration?
  /// After how many steps of the whole run it saves and ends, as if asked to stop; `nil` for its whole length. Unlike a
  /// shorter length it changes nothing else: a schedule goes by the length, and the same call without it goes on to the
  /// same bits.
  public var stopAtStep: Int?
  /// Whether `evaluate` and `predict` read contents that a dataset file keeps in other files; `nil` for what the
  /// checkpoint's config says.
  public var externalFiles: ExternalFiles?
  /// What a checkpoint's config can choose from, for `evaluate` and `predict`; whoever reads a config from a file gives it
  /// there.
  public var registries: Registries
  /// Where the run's files are; tests make it fail.
  package var fileSystem: any FileSystem = SystemFileSystem()
  /// The clock that saves go by; tests have one of their own.
  package var now: @Sendable () -> ContinuousClock.Instant = { .now }
  /// The ranks that train together, of which this process is one.
  package var communicator: any Communicator = SingleProcess()

  /// Creates options.
  public init(
    workers: Int? = nil, resume: Resume = .automatic, starter: @escaping WorkerStarter = standardStarter,
    control: RunControl = RunControl(), stopAfter: Duration? = nil, externalFiles: ExternalFiles? = nil,
    registries: Registries = .standard
  ) {
    self.workers = workers
    self.resume = resume
    self.starter = starter
    self.control = control
    self.stopAfter = stopAfter
    self.externalFiles = externalFiles
    self.registries = registries
  }

  var workerCount: Int { workers ?? availableCores() }
}

/// Asks a run from outside to save or to stop; the coordinator looks at it between regions, several times a second.
public final class RunControl: Sendable {
  private let stopping = Atomic<Bool>(false)
  private let saving = Atomic<Bool>(false)

  /// No request.
  public init() {}

  /// Asks the run to finish its step, save and end.
  public func stop() { stopping.store(true, ordering: .relaxed) }
  /// Asks the run to save and go on.
  public func save() { saving.store(true, ordering: .relaxed) }

  var isStopping: Bool { stopping.load(ordering: .relaxed) }
  func takeSaveRequest() -> Bool { saving.exchange(false, ordering: .relaxed) }
}
