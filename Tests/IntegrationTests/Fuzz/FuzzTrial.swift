import Foundation
import Synchronization
import TestSupport
import Testing

/// Many cases of one kind, run by the release binary on all cores, each with a limit of time and of memory.
///
/// Whatever the input: the program ends by itself, with a documented code; says one sentence that begins `error: ` if it
/// fails, and nothing that a terminal would take for a command; and leaves nothing half-written.
struct FuzzTrial: Sendable {
  /// What a case does: writes its files into a directory, and says how to call the program there.
  struct Call {
    var arguments: [String]
    /// Whether a failure before training must leave the directory as it was.
    var leavesNothing = true
  }

  /// Exit codes that the program documents; a run that is told to stop after a while ends with 75.
  private static let codes: Set<Int32> = [0, 1, 2, 3, 4, 5, 75]
  private static let seconds = 20
  /// Kilobytes of address space: more than any case needs, less than the machine has.
  private static let memory = 6_000_000

  private struct Findings: Sendable {
    var failures: [String] = []
    var codes: [Int32: Int] = [:]
  }

  /// Runs `count` cases and expects nothing to be wrong.
  ///
  /// - Parameters:
  ///   - kind: The kind's name, with which `FUZZ_CASE=kind:seed` runs one case alone; `FUZZ_KEEP=folder` then keeps a copy
  ///     of what it begins with.
  ///   - make: Makes a case from its seed in a fresh directory.
  static func run(
    _ kind: String, count: Int,
    _ make: @escaping @Sendable (_ directory: String, _ random: inout FuzzRandom) throws -> Call
  ) throws {
    var seeds = Array(0..<count)
    if let chosen = ProcessInfo.processInfo.environment["FUZZ_CASE"]?.split(separator: ":"), chosen.count == 2 {
      guard chosen[0] == kind, let seed = Int(chosen[1]) else { return }
      seeds = [seed]
    }
    let cases = seeds
    let findings = Mutex(Findings())
    DispatchQueue.concurrentPerform(iterations: cases.count) { index in
      let name = "\(kind):\(cases[index])"
      do {
        let (code, failure) = try withMemoryDirectory { directory in
          var random = FuzzRandom(
            UInt64(cases[index]) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(kind.utf8.reduce(0) { $0 * 31 + Int($1) }))
          let call = try make(directory, &random)
          if cases.count == 1, let copy = ProcessInfo.processInfo.environment["FUZZ_KEEP"] {
            try FileManager.default.copyItem(atPath: directory, toPath: copy)
            print("fuzz: in \(copy): trainer \(call.arguments.map { "'\($0)'" }.joined(separator: " "))")
          }
          return try judge(call, in: directory)
        }
        findings.withLock {
          $0.codes[code, default: 0] += 1
          if let failure { $0.failures.append("\(name): \(failure)") }
        }
      } catch {
        findings.withLock { $0.failures.append("\(name): the case could not be made: \(error)") }
      }
    }
    let found = findings.withLock { $0 }
    let codes = found.codes.sorted { $0.key < $1.key }.map { "\($0.value) with code \($0.key)" }
    print("fuzz: \(cases.count) cases of \(kind): \(codes.joined(separator: ", ")); \(found.failures.count) failed")
    for failure in found.failures.sorted().prefix(20) { Issue.record("\(failure)") }
    #expect(found.failures.isEmpty, "\(found.failures.count) of \(cases.count) cases of \(kind)")
  }

  /// Runs one case; says what was wrong with it, if something was.
  private static func judge(_ call: Call, in directory: String) throws -> (code: Int32, failure: String?) {
    let before = try files(in: directory)
    let script = "ulimit -c 0; ulimit -v \(memory); exec timeout -s KILL \(seconds) \"$0\" \"$@\""
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", script, TrainerBinary.path] + call.arguments
    process.currentDirectoryURL = URL(filePath: directory)
    process.standardInput = FileHandle.nullDevice
    let outputs = try withScratchDirectory { folder in
      let paths = [folder + "/output", folder + "/errors"]
      for path in paths { try Data().write(to: URL(filePath: path)) }
      let handles = try paths.map { try FileHandle(forWritingTo: URL(filePath: $0)) }
      (process.standardOutput, process.standardError) = (handles[0], handles[1])
      try process.run()
      process.waitUntilExit()
      return try paths.map { [UInt8](try Data(contentsOf: URL(filePath: $0))) }
    }
    let code = process.terminationStatus
    let said = String(decoding: outputs[1], as: UTF8.self)
    func fault(_ what: String) -> (Int32, String?) {
      (
        code,
        "\(what): trainer \(call.arguments.map { $0.debugDescription }.joined(separator: " ")): \(said.prefix(400).debugDescription)"
      )
    }
    guard process.terminationReason == .exit, code < 124 || code == 137 else {
      return fault("ended by a signal (\(code))")
    }
    guard code != 137 else { return fault("did not end within \(seconds) s, or was killed") }
    guard codes.contains(code) else { return fault("code \(code)") }
    for bytes in outputs where String(validating: bytes, as: UTF8.self) == nil {
      return fault("text that is not UTF-8")
    }
    let control = outputs.joined().contains { $0 < 32 && $0 != 10 && $0 != 9 || $0 == 127 }
    let isHidden = outputs.contains {
      String(decoding: $0, as: UTF8.self).unicodeScalars.contains {
        (0x80..<0xA0).contains($0.value) || (0x202A...0x202E).contains($0.value) || (0x2066...0x2069).contains($0.value)
      }
    }
    guard !control, !isHidden else { return fault("control characters") }
    let errors = said.split(separator: "\n").count { $0.hasPrefix("error: ") }
    // A config may have several faults, each told on a line of its own.
    let expected = [0, 75].contains(code) ? 0...0 : code == 2 ? 1...1000 : 1...1
    guard expected.contains(errors) else { return fault("\(errors) lines begin 'error: '") }
    let after = try files(in: directory)
    let temporary = after.filter { $0.contains(".tmp") || $0.contains(".partial") || $0.hasSuffix(".lock~") }
    guard temporary.isEmpty else { return fault("left \(temporary)") }
    if call.leavesNothing, [2, 3, 4].contains(code), after != before {
      return fault("left \(after.symmetricDifference(before).sorted().prefix(5))")
    }
    return (code, nil)
  }
}
