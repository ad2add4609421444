import DataParallel
import Foundation
import Foundations
import TestSupport
import Testing

@Suite struct RankLauncherTests {
  private func startRanks(library: String? = nil, environment: [String: String]) throws -> any Communicator {
    try DataParallel.startRanks(
      library: library, environment: environment, watch: StallWatch(onStall: { _ in }, onStalledEnd: { _ in }))
  }

  @Test func launchersAreToldByWhatTheyLeaveInTheEnvironment() {
    func launcher(_ environment: [String: String]) -> RankLauncher? { RankLauncher(environment: environment) }
    #expect(launcher([:]) == nil)
    // A batch script is one process, however many tasks its job has.
    #expect(launcher(["SLURM_NTASKS": "4", "SLURM_JOB_ID": "7", "SLURM_PROCID": "0"]) == nil)
    let cases: [([String: String], RankLauncher.Kind, Int?)] = [
      (["OMPI_COMM_WORLD_SIZE": "4", "PMIX_RANK": "1"], .openMPI, 4),
      // Open MPI's daemons are started by srun, and so their ranks inherit a step of two tasks.
      (["OMPI_COMM_WORLD_SIZE": "4", "PMIX_RANK": "1", "SLURM_STEP_NUM_TASKS": "2"], .openMPI, 4),
      (["PMI_SIZE": "3", "PMI_RANK": "0", "PMI_FD": "6", "HYDI_CONTROL_FD": "7"], .hydra, 3),
      (["PMI_SIZE": "3", "PMI_RANK": "0", "HYDI_CONTROL_FD": "7", "SLURM_STEP_NUM_TASKS": "2"], .hydra, 3),
      (["PMI_SIZE": "3", "PMI_RANK": "0"], .hydra, 3),
      (["SLURM_STEP_NUM_TASKS": "5", "PMIX_RANK": "1"], .slurmWithPMIx, 5),
      (["SLURM_STEP_NUM_TASKS": "5", "PMI_RANK": "1", "PMI_SIZE": "5"], .slurmWithPMI, 5),
      (["SLURM_STEP_NUM_TASKS": "5", "SLURM_PROCID": "1"], .slurmAlone, 5),
      (["PMIX_RANK": "0"], .openMPI, nil),
    ]
    for (environment, kind, processes) in cases {
      #expect(launcher(environment)?.kind == kind, "\(environment)")
      #expect(launcher(environment)?.processes == processes, "\(environment)")
      // A child that is to be no rank sees no launcher.
      #expect(launcher(RankLauncher.withoutRanks(environment.merging(["HOME": "/"]) { $1 })) == nil, "\(environment)")
      #expect(RankLauncher.withoutRanks(environment.merging(["HOME": "/"]) { $1 })["HOME"] == "/")
    }
  }

  @Test func aProcessByItselfOpensNoMPI() throws {
    #expect(try startRanks(environment: [:]) is SingleProcess)
    #expect(try startRanks(environment: ["OMPI_COMM_WORLD_SIZE": "1"]) is SingleProcess)
  }

  @Test func processesOfSrunThatKnowNothingOfEachOtherAreRefused() throws {
    let error = #expect(throws: TrainerError.self) {
      _ = try startRanks(environment: ["SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "2"])
    }
    #expect(error?.message.hasPrefix("srun started 4 processes without telling MPI of them; ") == true)
    #expect(error?.remedy?.name == "launcher" && error?.message.hasSuffix("with PMI-2 for MPICH") == true)
    #expect(try startRanks(environment: ["SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"]) is SingleProcess)
  }

  @Test func aLibraryThatIsNoneIsNamed() throws {
    let error = #expect(throws: TrainerError.self) {
      _ = try startRanks(library: "/nowhere/libmpi.so", environment: ["PMI_SIZE": "2", "PMI_RANK": "0"])
    }
    #expect(error?.code == .usage)
    #expect(error?.message.hasPrefix("'/nowhere/libmpi.so' cannot be opened as an MPI library: ") == true)
    #expect(error?.remedy?.name == "mpiLibrary")
    let none = #expect(throws: TrainerError.self) { _ = try startRanks(library: "libz.so.1", environment: [:]) }
    #expect(none?.message.contains("it is no MPI library") == true)
  }
}
