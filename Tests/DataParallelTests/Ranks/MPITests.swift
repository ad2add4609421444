import Foundation
import TestSupport
import Testing

/// Real ranks of this machine, under each MPI whose launcher is installed. `scripts/setup --for ranks` installs both.
@Suite(.serialized) struct MPITests {
  /// An MPI, as Debian names it.
  enum MPI: String, CaseIterable, Sendable {
    case openMPI = "mpirun.openmpi"
    case mpich = "mpirun.mpich"

    var options: [String] { self == .openMPI ? ["--oversubscribe", "--bind-to", "none"] : [] }
    /// The library of the other one.
    var otherLibrary: String { self == .openMPI ? "libmpich.so.12" : "libmpi.so.40" }
  }

  static let installed = MPI.allCases.filter { Tool.path(of: $0.rawValue) != nil }
  static let isMissing: Comment = "neither mpirun.openmpi nor mpirun.mpich is installed (scripts/setup --for ranks)"

  /// The program that stands beside the tests, under a launcher. `timeout` ends what hangs.
  private func run(
    _ mpi: MPI, ranks: Int, _ command: [String], deadline: Double = 10, library: String? = nil
  ) throws -> (output: String, status: Int32) {
    let folder = URL(filePath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
    var environment = [
      "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "RANK_PROBE_DEADLINE=\(deadline)",
    ]
    if let library { environment.append("TRAINER_MPI=\(library)") }
    return try Tool.run(
      "timeout",
      ["-s", "KILL", "60", "env"] + environment + [mpi.rawValue] + mpi.options
        + ["-n", String(ranks), folder.appending(path: "RankProbe").path] + command)
  }

  private func expectLine(_ line: String, _ result: (output: String, status: Int32), status: Int32 = 0) {
    #expect(result.status == status && result.output.split(separator: "\n").contains { $0 == line }, "\(result)")
  }

  @Test(.enabled(if: !installed.isEmpty, isMissing), arguments: installed)
  func bytesArriveAndSumsAreTheTrees(mpi: MPI) throws {
    expectLine("exchanged by 3", try run(mpi, ranks: 3, ["exchange"]))
    for (ranks, shards) in [(2, 8), (3, 7), (5, 8)] {
      expectLine("the tree of \(shards) by \(ranks)", try run(mpi, ranks: ranks, ["tree", String(shards)]))
    }
  }

  @Test(.enabled(if: !installed.isEmpty, isMissing), arguments: installed)
  func aStoppedRankIsNamedByOneSentence(mpi: MPI) throws {
    for lost in [0, 1] {
      let result = try run(mpi, ranks: 3, ["stop", String(lost)], deadline: 4)
      let lines = result.output.split(separator: "\n").filter { $0.hasPrefix("lost: ") }
      #expect(lines.count == 1 && lines[0].hasPrefix("lost: rank \(lost) on host "), "\(result)")
      #expect(
        lines.first?.hasSuffix(" has not answered for 4 s: it was killed or stopped, or its host is cut off") == true)
    }
  }

  @Test(.enabled(if: !installed.isEmpty, isMissing), arguments: installed)
  func aKilledRankOrAnErrorEndsAll(mpi: MPI) throws {
    let start = Date()
    #expect(try run(mpi, ranks: 3, ["die", "1"]).status != 0)
    let left = try run(mpi, ranks: 3, ["leave", "2"])
    #expect(left.status != 0 && left.output.contains("error: rank 2: this is what the test wants"), "\(left)")
    #expect(Date().timeIntervalSince(start) < 30)
  }

  @Test(
    .enabled(if: installed.count == 2, "mpirun.openmpi and mpirun.mpich are not both installed"), arguments: installed)
  func aLibraryOfAnotherMPIIsRefused(mpi: MPI) throws {
    let result = try run(mpi, ranks: 2, ["hosts"], library: mpi.otherLibrary)
    #expect(result.status != 0)
    #expect(result.output.contains("started 2 processes, but the MPI in '"), "\(result)")
    #expect(result.output.contains("a launcher of \(mpi == .openMPI ? "MPICH" : "Open MPI")"), "\(result)")
  }
}
