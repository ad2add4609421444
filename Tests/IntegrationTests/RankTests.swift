import Foundation
import TestSupport
import Testing

/// The program under the launchers of this machine. `scripts/setup --for ranks` installs both.
@Suite(.serialized) struct RankTests {
  /// An MPI, as Debian names it.
  enum MPI: String, CaseIterable, Sendable {
    case openMPI = "mpirun.openmpi"
    case mpich = "mpirun.mpich"

    var options: [String] { self == .openMPI ? ["--oversubscribe", "--bind-to", "none"] : [] }
    /// Where the launcher says which rank a process is.
    var rankVariable: String { self == .openMPI ? "OMPI_COMM_WORLD_RANK" : "PMI_RANK" }
    /// The library of the other one.
    var otherLibrary: String { self == .openMPI ? "libmpich.so.12" : "libmpi.so.40" }

    /// The command in front of the program's own; `timeout` ends what hangs.
    func launching(_ ranks: Int) -> [String] {
      [
        "timeout", "-s", "KILL", "240", "env", "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", rawValue,
      ] + options + ["-n", String(ranks)]
    }
  }

  static let installed = MPI.allCases.filter { Tool.path(of: $0.rawValue) != nil }
  static let isMissing: Comment = "neither mpirun.openmpi nor mpirun.mpich is installed (scripts/setup --for ranks)"

  private func run(_ mpi: MPI, _ ranks: Int, _ arguments: String...) throws -> CommandResult {
    try TrainerBinary.run(arguments, under: mpi.launching(ranks))
  }

  /// The sentences of the program, among what launchers say.
  private func errors(_ result: CommandResult) -> [Substring] {
    result.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }
  }

  private func digest(_ result: CommandResult) throws -> String {
    try #require(result.output.firstMatch(of: /"digest": "(sha256:[0-9a-f]{64})"/), "\(result)").1.description
  }

  @Test(.enabled(if: !installed.isEmpty, isMissing), arguments: installed)
  func ranksGiveTheDigestOfOneProcess(mpi: MPI) throws {
    try withScratchDirectory { directory in
      let config = Repository.config("softmax")
      let epochs = "training.epochs=2"
      let alone = try digest(
        TrainerBinary.run("run", config, "--set", epochs, "--output", "\(directory)/alone", "--format", "json"))
      for ranks in 1...3 {
        let result = try run(
          mpi, ranks, "run", config, "--set", epochs, "--output", "\(directory)/\(ranks)", "--format", "json")
        #expect(result.status == 0, "\(result)")
        #expect(try digest(result) == alone, "\(ranks) ranks")
        #expect(result.output.contains("\"ranks\": \(ranks),"), "\(result)")
        #expect(result.output.contains("\"bytesSent\": 0,") == (ranks == 1), "\(result)")
      }
      // The same command in its directory, with other ranks.
      let again = try run(mpi, 2, "run", config, "--set", epochs, "--output", "\(directory)/3", "--format", "json")
      #expect(try again.status == 0 && digest(again) == alone, "\(again)")
    }
  }

  @Test(.enabled(if: !installed.isEmpty, isMissing), arguments: installed)
  func figuresAndPredictionsAreThoseOfOneProcess(mpi: MPI) throws {
    try withScratchDirectory { directory in
      let run = "\(directory)/run"
      try TrainerBinary.run("run", Repository.config("softmax"), "--set", "training.epochs=1", "--output", run)
      let figures = try TrainerBinary.run("evaluate", run, "--format", "json")
      let ranked = try self.run(mpi, 3, "evaluate", run, "--format", "json")
      #expect(ranked.status == 0 && ranked.output == figures.output, "\(ranked)")
      let rows = try TrainerBinary.run("predict", run, Repository.data("digits"), "--group", "test")
      let predicted = try self.run(mpi, 3, "predict", run, Repository.data("digits"), "--group", "test")
      #expect(predicted.status == 0 && predicted.output == rows.output, "\(predicted.errors)")
      let file = "\(directory)/out.csv"
      #expect(
        try self.run(mpi, 2, "predict", run, Repository.data("digits"), "--group", "test", "-o", file).status == 0)
      #expect(try String(contentsOfFile: file, encoding: .utf8) == rows.output)
    }
  }

  @Test(.enabled(if: !installed.isEmpty, isMissing), arguments: installed)
  func errorsAreToldOnce(mpi: MPI) throws {
    try withScratchDirectory { directory in
      let config = Repository.config("softmax")
      let output = "\(directory)/run"
      let shards = try run(mpi, 3, "run", config, "--set", "training.shards=2", "--output", output)
      #expect(shards.status == 2 && errors(shards).count == 1, "\(shards)")
      #expect(errors(shards).first?.contains("set it to 3 or more, which changes the trained bits") == true)
      let data = try run(mpi, 2, "run", config, "--set", "data.path=none.h5", "--output", output)
      #expect(data.status == 3 && errors(data).count == 1, "\(data)")
      let model = try run(mpi, 2, "evaluate", "\(directory)/none.h5")
      #expect(model.status == 4 && errors(model).count == 1, "\(model)")
      #expect(!FileManager.default.fileExists(atPath: output))
    }
  }

  @Test(
    .enabled(if: installed.count == 2, "mpirun.openmpi and mpirun.mpich are not both installed"), arguments: installed)
  func aLibraryOfAnotherMPIIsRefused(mpi: MPI) throws {
    try withScratchDirectory { directory in
      let result = try run(
        mpi, 2, "run", Repository.config("softmax"), "--output", "\(directory)/run", "--mpi", mpi.otherLibrary)
      #expect(result.status == 2, "\(result)")
      #expect(errors(result).first?.contains("started 2 processes, but the MPI in '") == true, "\(result)")
      let right = "mpirun.\(mpi == .openMPI ? "mpich" : "openmpi") on Debian), or use the launcher's own library "
      #expect(errors(result).first?.hasSuffix(right + "(--mpi FILE names another library)") == true, "\(result)")
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/run"))
    }
  }

  /// One rank is stopped, or asked to stop, while all train; then the run goes on in one process, or in
  /// two.
  @Test(.enabled(if: !installed.isEmpty, isMissing), arguments: installed)
  func aRankThatIsStoppedOrAskedToStopEndsAll(mpi: MPI) throws {
    try withScratchDirectory { directory in
      let settings = [
        "run", Repository.config("softmax"), "--set", "training.epochs=600", "--set",
        #"checkpoints={"every": {"steps": 200}, "keep": 2}"#,
      ]
      let alone = try digest(TrainerBinary.run(settings + ["--output", "\(directory)/alone", "--format", "json"]))
      for (signal, lost) in [(SIGSTOP, 1), (SIGSTOP, 0), (SIGTERM, 2)] {
        let output = "\(directory)/\(signal)-\(lost)"
        let log = "\(directory)/log"
        try Data().write(to: URL(filePath: log))
        let handle = try FileHandle(forWritingTo: URL(filePath: log))
        let process = try TrainerBinary.start(
          settings + ["--output", output, "--quiet", "--deadline", "3s"], under: mpi.launching(3), errors: handle)
        let number = try #require(try pid(ofRank: lost, of: mpi, in: output, process), "no such rank")
        let start = ContinuousClock.now
        kill(number, signal)
        process.waitUntilExit()
        let errors = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
          .filter { $0.hasPrefix("error: ") }
        // MPICH's launcher may tell of the stopped rank that it ends instead.
        let codes: [Int32] = mpi == .mpich && signal == SIGSTOP ? [75, 9] : [75]
        #expect(codes.contains(process.terminationStatus), "\(process.terminationStatus): \(errors)")
        if signal == SIGSTOP {
          #expect(start.duration(to: .now) < .seconds(15))
          #expect(errors.count == 1, "\(errors)")
          let sentence = String(errors.first ?? "")
          #expect(
            sentence.hasPrefix("error: rank \(lost) on host ")
              && sentence.contains(" has not answered for 3 s: it was killed or stopped, or its host is cut off; ")
              && sentence.contains("the last good checkpoint is \(output)/checkpoints/step-")
              && sentence.hasSuffix("; go on from it with 'trainer resume \(output)' under the same launcher"),
            "\(sentence)")
          // The launcher ends a stopped rank; where it does not, the lock of rank 0 would stay.
          kill(number, SIGKILL)
        }
        let rest =
          signal == SIGSTOP
          ? try TrainerBinary.run("resume", output, "--format", "json")
          : try run(mpi, 2, "resume", output, "--format", "json")
        #expect(try rest.status == 0 && digest(rest) == alone, "\(rest)")
      }
    }
  }

  /// The process of a rank, once all ranks know of a checkpoint: they are told of one behind its end, so that they know of the
  /// first two at the latest when another two have been written.
  private func pid(ofRank rank: Int, of mpi: MPI, in output: String, _ process: Process) throws -> pid_t? {
    let files = FileManager.default
    var seen: Set<String> = []
    while process.isRunning {
      usleep(5000)
      let names = (try? files.contentsOfDirectory(atPath: "\(output)/checkpoints")) ?? []
      seen.formUnion(names.filter { $0.hasPrefix("step-") && $0.hasSuffix(".h5") })
      guard seen.count > 3 else { continue }
      for name in try files.contentsOfDirectory(atPath: "/proc") {
        // A process may end while its files are looked at.
        guard let number = pid_t(name), let command = try? Data(contentsOf: URL(filePath: "/proc/\(name)/cmdline")),
          let environment = try? Data(contentsOf: URL(filePath: "/proc/\(name)/environ")),
          // The helper that tries files is a copy of the rank.
          let title = try? String(contentsOfFile: "/proc/\(name)/comm", encoding: .utf8), title == "trainer\n"
        else { continue }
        let words = command.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        let variables = environment.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        guard words.first == TrainerBinary.path, words.contains(output),
          variables.contains("\(mpi.rankVariable)=\(rank)")
        else { continue }
        return number
      }
    }
    return nil
  }
}
