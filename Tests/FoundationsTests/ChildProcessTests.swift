import Foundation
import Foundations
import TestSupport
import Testing

@Suite struct ChildProcessTests {
  private func run(_ script: String, killedAfter limit: Duration? = nil) throws -> ChildProcess.End {
    try ChildProcess("/bin/sh", ["-c", script]).wait(killedAfter: limit)
  }

  @Test func endsAreToldApart() throws {
    #expect(try run("exit 0") == .exited(0))
    #expect(try run("exit 7") == .exited(7))
    #expect(try run("kill -TERM $$") == .killed(SIGTERM))
    #expect(try run("exec sleep 1000", killedAfter: .milliseconds(20)) == .timedOut)
    #expect(try ChildProcess("/bin/sh", ["-c", "exec sleep 1000"]).wait { true } == .killed(SIGKILL))
  }

  @Test func aProgramThatIsNotThereIsAnError() {
    #expect(throws: FileError(operation: "start", path: "/no/program", number: ENOENT)) {
      try ChildProcess("/no/program", [])
    }
  }

  @Test func streamsAndEnvironmentAreThoseThatAreGiven() throws {
    let files = SystemFileSystem()
    try files.withFile(files.openNameless()) { output in
      var surroundings = ChildProcess.Surroundings()
      surroundings.output = output
      surroundings.environment = ["GREETING": "hello"]
      let child = try ChildProcess("/bin/sh", ["-c", "echo \"$GREETING $1\"; cat"], in: surroundings)
      #expect(try child.wait() == .exited(0))
      #expect(lseek(output, 0, SEEK_SET) == 0)
      var bytes = [UInt8](repeating: 0, count: 100)
      let count = try bytes.withUnsafeMutableBytes { try files.readAll(output, into: $0) }
      #expect(String(decoding: bytes[..<count], as: UTF8.self) == "hello \n")
    }
  }
}
