import DataParallel
import Foundation

/// What to tell a launcher, in its own options: of the one that has started this process, where there is one.
enum LauncherAdvice {
  private static var kind: RankLauncher.Kind? {
    RankLauncher(environment: ProcessInfo.processInfo.environment)?.kind
  }

  /// How ranks get more cores than one.
  static var moreCores: String {
    switch kind {
    case .openMPI: "give mpirun --bind-to none, or --map-by slot:PE=n for n cores a rank"
    case .hydra: "give mpirun -bind-to none"
    case .slurmWithPMIx, .slurmWithPMI, .slurmAlone: "give srun --cpus-per-task=n for n cores a rank"
    case nil: "let the launcher bind it to more of them, or to none"
    }
  }

  /// How Slurm tells processes of each other.
  static let slurm = "start them by srun --mpi=pmix with Open MPI, or by srun --mpi=pmi2 with MPICH"

  /// Who starts processes that have Open MPI's library.
  static var openMPI: String {
    switch kind {
    case .slurmAlone, .slurmWithPMI: "start it by srun --mpi=pmix, or by Open MPI's own mpirun"
    default: "start it by Open MPI's mpirun (mpirun.openmpi on Debian), or use the launcher's own library"
    }
  }

  /// Who starts processes that have MPICH's library, or one like it.
  static var mpich: String {
    switch kind {
    case .slurmWithPMIx: "start it by srun --mpi=pmi2, or by MPICH's own mpirun"
    default: "start it by MPICH's mpirun (mpirun.mpich on Debian), or use the launcher's own library"
    }
  }
}
