import CSystem
import Foundation

/// Another program that runs for this one. It never outlives this process, however that ends: the system kills it.
///
/// Start it and wait for it on one thread: it is the end of the thread that started it which ends it.
package struct ChildProcess: Sendable {
  /// What became of a process.
  package enum End: Sendable, Equatable {
    /// It ended by itself.
    case exited(Int32)
    /// A signal ended it.
    case killed(Int32)
    /// It took longer than it may, and was killed.
    case timedOut
  }

  /// How a process is started beside its arguments.
  package struct Surroundings: Sendable {
    /// The environment; `nil` for this process's own.
    package var environment: [String: String]?
    /// The open file that is its standard input; `nil` for none, which is always at its end.
    package var input: Int32?
    /// The open file that its standard output goes to; `nil` for this process's own.
    package var output: Int32?
    /// The open file that its standard error goes to; `nil` for this process's own.
    package var errors: Int32?

    /// Creates the value: this process's own surroundings but for the input.
    package init() {}
  }

  /// Its number.
  package let process: pid_t

  /// Starts a program.
  ///
  /// - Parameter path: The program's file.
  /// - Throws: ``FileError`` if it cannot be started, such as where a limit of processes or of open files is reached.
  package init(_ path: String, _ arguments: [String], in surroundings: Surroundings = Surroundings()) throws {
    // Numbers below 3 are those of standard streams, which are open in every program.
    let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
    guard nothing >= 0 else { throw FileError(operation: "open", path: "/dev/null", number: errno) }
    defer { close(nothing) }
    let environment = surroundings.environment ?? ProcessInfo.processInfo.environment
    var process: pid_t = 0
    let failure = Self.withCStrings([path] + arguments) { arguments in
      Self.withCStrings(environment.map { "\($0)=\($1)" }) { environment in
        cs_spawn(
          path, arguments, environment, surroundings.input ?? nothing, surroundings.output ?? STDOUT_FILENO,
          surroundings.errors ?? STDERR_FILENO, &process)
      }
    }
    guard failure == 0 else { throw FileError(operation: "start", path: path, number: failure) }
    self.process = process
  }

  /// Waits until it has ended.
  ///
  /// - Parameters:
  ///   - limit: How long it may take before it is killed; `nil` for as long as it takes.
  ///   - isDue: Asked about every millisecond whether it is to be killed now.
  /// - Throws: ``FileError`` if the system does not tell its end.
  package func wait(killedAfter limit: Duration? = nil, killedWhen isDue: () throws -> Bool = { false }) throws -> End {
    let start = ContinuousClock.now
    var isLate = false
    while true {
      var status: Int32 = 0
      let ended = waitpid(process, &status, WNOHANG)
      if ended == process {
        let signal = status & 0x7F
        if signal == 0 { return .exited(status >> 8 & 0xFF) }
        return isLate && signal == SIGKILL ? .timedOut : .killed(signal)
      }
      guard ended == 0 || errno == EINTR else { throw FileError(operation: "wait", path: "", number: errno) }
      do {
        if try isDue() { kill(process, SIGKILL) }
      } catch {
        kill(process, SIGKILL)
        waitpid(process, &status, 0)
        throw error
      }
      if let limit, !isLate, start.duration(to: .now) >= limit {
        isLate = true
        kill(process, SIGKILL)
      }
      usleep(500)
    }
  }

  /// A program along `PATH`; `nil` if there is none of that name.
  package static func path(of name: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  private static func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    // Allocated before the process is forked: between fork and exec nothing may be.
    var pointers = texts.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    pointers.append(nil)
    return pointers.withUnsafeBufferPointer { buffer in
      // It has at least the end's null pointer.
      buffer.baseAddress.map(body)!
    }
  }
}
