import CMPI
import Foundations

/// Bytes over MPI. There is one in a process; its state is the library's.
package struct MPITransport: Transport {
  /// The number of this process, from 0.
  package let rank: Int
  /// How many ranks there are.
  package let rankCount: Int
  /// What MPI calls this rank's host.
  package let hostName: String
  /// The library.
  package let library: MPILibrary
  private let isOurs: Bool
  private let watch: StallWatch

  /// Starts MPI. All ranks call it, and it waits for them.
  ///
  /// - Throws: `TrainerError` if MPI cannot be started or does not fit the launcher.
  package init(_ library: MPILibrary, launcher: RankLauncher?, watch: StallWatch) throws {
    self.library = library
    self.watch = watch
    func require(_ code: Int32, _ what: String) throws {
      guard code != 0 else { return }
      throw TrainerError(.usage, "the MPI in '\(library.path)' (\(library.version)) \(what): \(Self.text(of: code))")
    }
    var flag: Int32 = 0
    try require(cmpi_initialized(&flag), "does not answer")
    isOurs = flag == 0
    if isOurs {
      try require(watch.guardingStart { cmpi_init(&flag) }, "does not start")
      guard flag != 0 else {
        throw TrainerError(
          .usage, "the MPI in '\(library.path)' (\(library.version)) takes calls from the main thread alone",
          remedy: .init("mpiLibrary", "use one that was built with support for threads"))
      }
    }
    var (rank, size): (Int32, Int32) = (0, 0)
    try require(cmpi_size(&size), "does not say how many ranks there are")
    try library.requireSize(Int(size), launcher: launcher)
    try require(watch.guardingStart { cmpi_duplicate_world() }, "makes no communicator")
    try require(cmpi_rank(&rank), "does not say which rank this is")
    self.rank = Int(rank)
    rankCount = Int(size)
    var text = [CChar](repeating: 0, count: Int(cmpi_text_size))
    try require(cmpi_processor(&text), "does not say what the host is called")
    hostName = MPILibrary.string(text)
  }

  private static func text(of code: Int32) -> String {
    var text = [CChar](repeating: 0, count: Int(cmpi_text_size))
    guard cmpi_error_text(code, &text) == 0 else { return "error \(code)" }
    return MPILibrary.string(text)
  }

  private func check(_ code: Int32) throws {
    if code != 0 { throw TransportError(Self.text(of: code)) }
  }

  package func send(
    _ bytes: UnsafeRawBufferPointer, to peer: Int, tag: Int, _ request: UnsafeMutablePointer<UInt64>
  ) throws {
    try check(cmpi_send(bytes.baseAddress, Int32(bytes.count), Int32(peer), Int32(tag), request))
  }

  package func receive(
    _ bytes: UnsafeMutableRawBufferPointer, from peer: Int, tag: Int, _ request: UnsafeMutablePointer<UInt64>
  ) throws {
    try check(cmpi_receive(bytes.baseAddress, Int32(bytes.count), Int32(peer), Int32(tag), request))
  }

  package func test(_ request: UnsafeMutablePointer<UInt64>) throws -> Bool {
    var isDone: Int32 = 0
    try check(cmpi_test(request, &isDone))
    return isDone != 0
  }

  package func testSome(
    _ requests: UnsafeMutableBufferPointer<UInt64>, isDone: UnsafeMutablePointer<UInt8>
  ) throws -> Int {
    var count: Int32 = 0
    try check(cmpi_test_some(requests.baseAddress, Int32(requests.count), isDone, &count))
    return Int(count)
  }

  /// MPICH 4.0 over UCX hangs in its end if a rank comes late: each has its connections answered by the others, and then
  /// waits for all without answering. A rank that still tests requests answers one that is in the end already, and is left
  /// without an answer itself. After a pause none tests any more, so that none can leave before all have come.
  package var pauseBeforeEnd: Double { library.interface == .openMPI ? 0 : 0.25 }

  package func finish(code: Int32) throws {
    if isOurs { try check(watch.guardingEnd(code: code) { cmpi_finalize() }) }
  }
}

/// Ranks over MPI.
package typealias MPICommunicator = RankCommunicator<MPITransport>

/// What the environment says that this process is: one by itself, for which no MPI is opened, or a rank.
///
/// - Parameters:
///   - library: The MPI library that the user wants, if one: by itself a reason to start MPI, whatever the environment says.
///   - environment: The environment.
///   - deadline: The seconds after which a silent rank counts as lost.
///   - watch: What ends the process if MPI's start or end hangs.
/// - Throws: `TrainerError` if MPI cannot be started or does not fit the launcher, `RankFailure`.
package func startRanks(
  library: String? = nil, environment: [String: String], deadline: Double = MPICommunicator.standardDeadline,
  watch: StallWatch
) throws -> any Communicator {
  let launcher = RankLauncher(environment: environment)
  let isAlone = launcher.map { $0.processes == 1 } ?? true
  if isAlone, library == nil { return SingleProcess() }
  // Open MPI would end the process in such a place, and MPICH would take each for the only one.
  if let launcher, launcher.kind == .slurmAlone {
    throw TrainerError(
      .usage, "srun started \(launcher.processes ?? 0) processes without telling MPI of them",
      remedy: .init("launcher", "let it start them with PMIx for Open MPI, or with PMI-2 for MPICH"))
  }
  let transport = try MPITransport(
    try MPILibrary.open(named: library, launcher: launcher), launcher: launcher, watch: watch)
  return try RankCommunicator(transport, deadline: deadline)
}
