import DataParallel
import Foundation
import Foundations

/// The `mpirun` of this machine.
struct LocalLauncher {
  /// The program.
  let path: String
  /// Its options but for the number of ranks: more ranks than cores are let run, and none is bound to a core.
  let options: [String]
  /// The environment that it is started with.
  let environment: [String: String]

  /// The names under which MPI's launchers are installed; Debian has one of each MPI beside the other.
  private static let names = ["mpirun", "mpiexec", "mpirun.openmpi", "mpirun.mpich"]

  /// The first along `PATH`.
  ///
  /// - Throws: `TrainerError` with code `.usage` if there is none, or one of an MPI that is not known.
  static func find() throws -> LocalLauncher {
    guard let path = names.lazy.compactMap(ChildProcess.path(of:)).first else {
      throw TrainerError(
        .usage,
        "ranks are started by MPI's mpirun, which is not on the PATH; install one, on Debian and Ubuntu with apt-get "
          + "install openmpi-bin or mpich")
    }
    var environment = RankLauncher.withoutRanks(ProcessInfo.processInfo.environment)
    let version = try CapturedProcess(path, ["--version"], environment: environment)
    let text = version.output + version.errors
    if text.contains("Open MPI") || text.contains("OpenRTE") {
      // In a container the user is often root, which Open MPI refuses.
      environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
      environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
      return LocalLauncher(
        path: path, options: ["--oversubscribe", "--bind-to", "none"], environment: environment)
    }
    if text.uppercased().contains("HYDRA") || text.contains("Intel(R) MPI") {
      return LocalLauncher(path: path, options: ["-bind-to", "none"], environment: environment)
    }
    throw TrainerError(
      .usage, "\(path) is neither Open MPI's launcher nor MPICH's; put one of these first on the PATH")
  }

  /// Runs this program with some arguments as so many ranks; as one process without a launcher.
  func run(_ arguments: [String], ranks: Int) throws -> CapturedProcess {
    let program = "/proc/self/exe"
    guard ranks > 1 else {
      return try CapturedProcess(
        program, arguments, environment: RankLauncher.withoutRanks(ProcessInfo.processInfo.environment))
    }
    // The launcher's own `self` is another program.
    let file = try FileManager.default.destinationOfSymbolicLink(atPath: program)
    return try CapturedProcess(
      path, options + ["-n", String(ranks), file] + arguments, environment: environment)
  }
}
