import Foundation
import HDF5
import Testing

/// What a crash inside libhdf5, which no trial has found, does to a program that has enabled trials: Note [Last resort].
@Suite struct LastResortTests {
  @Test func aCrashInsideTheLibraryEndsWithItsSentenceAndCode() async throws {
    let result = try await #require(
      processExitsWith: .exitCode(3), observing: [\.standardErrorContent]
    ) {
      LastResort.enable()
      LastResort.note("error: d.h5 crashed the library\n", exitCode: 3)
      LastResort.guarding { _ = raise(SIGSEGV) }
    }
    // Whatever else the process prints, the sentence is there, whole and once.
    let text = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(text.split(separator: "\n").count { $0 == "error: d.h5 crashed the library" } == 1, "\(text)")
  }

  @Test func aCrashOfTheProgramItselfStaysOne() async {
    await #expect(processExitsWith: .signal(SIGBUS)) {
      LastResort.enable()
      LastResort.note("error: d.h5 crashed the library\n", exitCode: 3)
      LastResort.guarding {}
      // Outside the library: the handler puts the system's own in its place, and the second one ends the process.
      raise(SIGBUS)
      raise(SIGBUS)
    }
  }
}
