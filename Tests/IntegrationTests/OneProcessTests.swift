import Foundation
import TestSupport
import Testing

/// Commands that are one process say so where a launcher starts several, once.
@Suite struct OneProcessTests {
  @Test(arguments: [
    ["sweep", "--over", "seed=[1,2]"], ["lr-find"], ["cross-validate", "--folds", "2"], ["verify-resume"],
  ])
  func severalAreRefusedByTheFirst(arguments: [String]) throws {
    try withScratchDirectory { directory in
      let command = [arguments[0], Repository.config("softmax")] + arguments.dropFirst()
      for rank in 0...1 {
        let result = try TrainerBinary.run(
          command, in: directory,
          under: ["env", "OMPI_COMM_WORLD_SIZE=2", "OMPI_COMM_WORLD_RANK=\(rank)"])
        if rank == 0 {
          result.expectError(2, "Open MPI's mpirun has started 2 processes, and 'trainer \(arguments[0])' is one")
        } else {
          #expect(result.status == 2 && result.errors.isEmpty && result.output.isEmpty)
        }
      }
      #expect(try files(in: directory).isEmpty)
    }
  }
}
