/// What started this process beside others, told from the environment that each launcher leaves.
package struct RankLauncher: Sendable, Equatable {
  /// The kinds that differ in what they need.
  package enum Kind: Sendable {
    /// Open MPI's `mpirun`, or another that serves PMIx.
    case openMPI
    /// Hydra, the `mpirun` of MPICH, Intel MPI and MVAPICH.
    case hydra
    /// Slurm's `srun`, with PMIx, which Open MPI needs.
    case slurmWithPMIx
    /// Slurm's `srun`, with PMI-1 or PMI-2, which MPICH needs.
    case slurmWithPMI
    /// Slurm's `srun` without any of them.
    case slurmAlone
  }

  /// Which it is.
  package let kind: Kind
  /// How many processes it started, if it says so.
  package let processes: Int?
  /// Where it says that its library lies.
  let libraryFolders: [String]

  /// Finds the launcher; `nil` if nothing says that there is one.
  ///
  /// Launchers of MPI come before Slurm, whose variables their processes inherit in a Slurm job. A batch script has
  /// `SLURM_NTASKS`, and is one process all the same; only processes of `srun` have a number of their step.
  package init?(environment: [String: String]) {
    func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
    var folders = [environment["OMPI_LIBDIR_LOC"]]
    let hasPMI = environment["PMI_RANK"] != nil || environment["PMI_FD"] != nil
    let hasPMIx = environment["PMIX_RANK"] != nil
    let inSlurm = number("SLURM_STEP_NUM_TASKS")
    if let size = number("OMPI_COMM_WORLD_SIZE") {
      (kind, processes) = (.openMPI, size)
      folders.append(environment["OPAL_PREFIX"].map { $0 + "/lib" })
    } else if environment["HYDI_CONTROL_FD"] != nil || (hasPMI && inSlurm == nil) {
      (kind, processes) = (.hydra, number("PMI_SIZE"))
    } else if let inSlurm {
      (kind, processes) = (hasPMIx ? .slurmWithPMIx : hasPMI ? .slurmWithPMI : .slurmAlone, inSlurm)
    } else if hasPMIx {
      (kind, processes) = (.openMPI, nil)
    } else {
      return nil
    }
    libraryFolders = folders.compactMap { $0 }
  }

  /// Its name in a sentence.
  package var name: String {
    switch kind {
    case .openMPI: "Open MPI's mpirun"
    case .hydra: "MPICH's mpirun"
    case .slurmWithPMIx: "srun with PMIx"
    case .slurmWithPMI: "srun with PMI-2"
    case .slurmAlone: "srun without PMIx or PMI-2"
    }
  }

  /// The environment for a process that is to be no rank, though a rank starts it: a second `MPI_Init` under the same
  /// launcher's number fails.
  package static func withoutRanks(_ environment: [String: String]) -> [String: String] {
    let prefixes = ["OMPI_", "PMIX_", "PMI_", "PRTE_", "HYDI_", "HYDRA_", "MPIR_", "MPI_LOCAL", "OPAL_"]
    let names: Set = ["SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_NTASKS", "SLURM_NPROCS"]
    return environment.filter { name, _ in !names.contains(name) && !prefixes.contains { name.hasPrefix($0) } }
  }
}
