import Foundation
import Foundations
import Synchronization

/// Reads a file in another process before this one does.
///
/// Note [Trials]: libhdf5 is not made for damaged files. Some make it crash, others make it compute for ever, most of
/// them by variable-length data, trees and filters. Once trials are enabled, every call that takes something out of a
/// file from outside is therefore made first in a helper process with limits on time and memory, and in this one only
/// after it has ended well there; a crash there is an error here. Elements that lie in one place and are numbers of a
/// type that has been checked are the exception: copying them is safe, and they may be large. One helper serves one open
/// file, and what has been tried once is not tried again.
///
/// A helper that cannot be started, under a limit of processes for example, is no error: the file is read without it.
///
/// A helper is the program started anew, since a copy of a process holds what its other threads had locked. That takes some
/// 15 ms, half of them to link libraries. While there is only one thread, when the program begins, a copy is safe and takes
/// one: so ``prepare()`` makes it there, and the first file that is opened has it.
public final class ReadingTrial: Sendable {
  /// What is read.
  enum Action: UInt8 {
    case open, group, memberNames, member, dataset, attributeNames, attribute, attributeElements, elements
    case chunks
    case sources
    /// A group or a dataset, whichever it is, and the number of a dataset's attributes.
    case object
    /// Elements of any type, as they are stored.
    case storedElements, storedAttribute
  }

  /// Something to read.
  struct Request: Hashable {
    var action: Action
    /// The object's path.
    var path: String
    /// The name of a member or an attribute.
    var name = ""
    /// The most names.
    var limit = Int.max
    /// The rows of elements; `nil` for all.
    var rows: Range<Int>?
  }

  /// What is opened.
  enum Source {
    case path(String)
    case image(UnsafeRawBufferPointer)
  }

  /// The codes that a program ends with should a file crash it all the same; see Note [Last resort].
  public struct ExitCodes: Sendable {
    /// For a file on disk.
    public var file: Int32
    /// For a file that was opened from memory.
    public var image: Int32

    /// Creates the codes.
    public init(file: Int32, image: Int32) {
      self.file = file
      self.image = image
    }
  }

  private struct Helper {
    var executable: String
    var arguments: [String]
    var exitCodes: ExitCodes
  }

  private struct State {
    var process: TrialProcess?
    var passed: Set<Request> = []
    /// Rows that have been read well, by a request for all.
    var passedRows: [Request: RangeSet<Int>] = [:]
    var deaths = 0
    var spent = 0

    /// Counts a helper that has died; what does not come to an end twice, for it takes its time.
    mutating func noteDeath(by signal: Int32 = 0) {
      process = nil
      deaths += signal == SIGPROF ? 2 : 1
    }

    /// Ends a helper that has asked for too much memory. The library may keep half of what it could not read, and then
    /// opens it as if it were whole.
    mutating func giveUpSpentProcess() {
      guard spent < ReadingTrial.mostSpent else { return }
      spent += 1
      process = nil
    }
  }

  private static let helper = Mutex<Helper?>(nil)
  /// A helper that no file has been given to.
  private static let prepared = Mutex<TrialProcess?>(nil)
  /// So many crashes are survived: a file may be damaged in one place and good in others, or damaged everywhere.
  private static let mostDeaths = 4
  /// So many helpers are ended for the memory that they asked for; each costs some milliseconds.
  private static let mostSpent = 16

  private let name: String
  private let externalFiles: ExternalFiles
  /// Whether another helper can be given the file again.
  private let path: String?
  private let state: Mutex<State>

  /// Has every file that is opened from now on read in trial by processes of a program that calls ``serve()``, and a
  /// crash inside libhdf5 end this program with a sentence.
  public static func enable(
    executable: String = "/proc/self/exe", arguments: [String], exitCodes: ExitCodes
  ) {
    LastResort.enable()
    helper.withLock { $0 = Helper(executable: executable, arguments: arguments, exitCodes: exitCodes) }
  }

  /// Makes the helper of the first file that will be opened ahead of time, as a copy of this process.
  ///
  /// Call it after ``enable(executable:arguments:exitCodes:)``, and before the program makes a thread; where there is
  /// another one, it does nothing, and so if `TRAINER_TRIALS` is `anew` in the environment.
  public static func prepare() {
    guard getenv("TRAINER_TRIALS").map({ String(cString: $0) }) != "anew" else { return }
    prepared.withLock { process in
      process = TrialProcess(copyDoing: {
        helper.withLock { $0 = nil }
        serve()
      })
    }
  }

  /// What a helper process does: it answers until its parent has closed the file or has ended.
  public static func serve() -> Never {
    var server = TrialServer()
    server.serve()
  }

  private init(_ process: TrialProcess, name: String, externalFiles: ExternalFiles, path: String?) {
    self.name = name
    self.externalFiles = externalFiles
    self.path = path
    state = Mutex(State(process: process))
  }

  /// Opens a file in a helper process; `nil` if trials are not enabled or no helper can be started.
  ///
  /// - Throws: `HDF5Error` if the file cannot be opened there.
  static func begin(_ source: Source, name: String, externalFiles: ExternalFiles) throws -> ReadingTrial? {
    guard let codes = helper.withLock({ $0?.exitCodes }) else { return nil }
    let path: String? = if case .path(let path) = source { path } else { nil }
    LastResort.note(
      "error: cannot read '\(name.onOneLine)': the HDF5 library crashes on it, so the file is damaged; copy or make it "
        + "again\n", exitCode: path == nil ? codes.image : codes.file)
    guard let process = start() else { return nil }
    let trial = ReadingTrial(process, name: name, externalFiles: externalFiles, path: path)
    try trial.open(source, in: process)
    return trial
  }

  private static func start() -> TrialProcess? {
    if let process = takePrepared(), process.becomesReady() { return process }
    let new = helper.withLock { $0 }.flatMap { TrialProcess(executable: $0.executable, arguments: $0.arguments) }
    return new?.becomesReady() == true ? new : nil
  }

  private static func takePrepared() -> TrialProcess? {
    prepared.withLock { process in
      defer { process = nil }
      return process
    }
  }

  private func open(_ source: Source, in process: TrialProcess) throws {
    var message = TrialMessage()
    message.append(name)
    message.append(externalFiles == .allowed ? 1 : 0)
    switch source {
    case .path(let path):
      message.append(0)
      message.append(path)
    case .image(let bytes):
      message.append(1)
      message.append(bytes)
    }
    try judge(process.exchange(message), Request(action: .open, path: "/"))
  }

  /// Reads something in the helper process.
  ///
  /// - Throws: `HDF5Error` if that fails, crashes or does not end.
  func attempt(_ request: Request) throws {
    try state.withLock { state in
      guard !state.passed.contains(request) else { return }
      try exchange(request, &state)
      state.passed.insert(request)
    }
  }

  /// Reads rows in the helper process, those that have not been.
  ///
  /// - Parameter request: The one for all rows.
  /// - Throws: `HDF5Error` if that fails, crashes or does not end.
  func attempt(_ request: Request, rows: RangeSet<Int>) throws {
    try state.withLock { state in
      guard !state.passed.contains(request) else { return }
      let new = rows.subtracting(state.passedRows[request] ?? RangeSet())
      for range in new.ranges {
        var part = request
        part.rows = range
        try exchange(part, &state)
        state.passedRows[request, default: RangeSet()].insert(contentsOf: range)
      }
    }
  }

  private func exchange(_ request: Request, _ state: inout State) throws {
    if state.process == nil {
      guard state.deaths < Self.mostDeaths, let path, let process = Self.start() else {
        throw HDF5Error(.trial, "'\(name)' is damaged in several places, so no more of it is read")
      }
      try open(.path(path), in: process)
      state.process = process
    }
    var message = TrialMessage()
    message.append(0)
    request.append(to: &message)
    let reply = state.process?.exchange(message) ?? .died(0)
    if case .died(let signal) = reply { state.noteDeath(by: signal) }
    if case .failed(let error) = reply, error.reason == .memory, path != nil { state.giveUpSpentProcess() }
    try judge(reply, request)
  }

  /// Reads many things in the helper process at once. What fails there, or was not come to, is tried again by itself when
  /// it is needed, and its error told then.
  func prepare(_ requests: [Request]) {
    state.withLock { state in
      let new = requests.filter { !state.passed.contains($0) }
      // Another helper cannot be given an image again.
      guard !new.isEmpty, path != nil, let process = state.process else { return }
      var message = TrialMessage()
      message.append(new.count)
      for request in new { request.append(to: &message) }
      guard case .passed(let flags) = process.exchange(message), flags.count == new.count else {
        state.noteDeath()
        return
      }
      let isSpent = flags.contains(Request.Flag.isSpent)
      for (request, flags) in zip(new, flags)
      where flags & Request.Flag.passed != 0 || (request.action == .object && !isSpent) {
        state.passed.insert(request)
        for implied in request.implied(by: flags) { state.passed.insert(implied) }
      }
      if isSpent { state.giveUpSpentProcess() }
    }
  }

  private func judge(_ reply: TrialProcess.Reply, _ request: Request) throws {
    switch reply {
    case .passed: return
    case .failed(let error): throw error
    case .died(let signal):
      let fate = signal == SIGPROF ? "does not come to an end" : "crashes"
      throw HDF5Error(
        .trial,
        "cannot read \(request.subject(in: name)): the HDF5 library \(fate) there, so the file is damaged; copy or "
          + "make it again")
    }
  }
}

extension ReadingTrial.Request {
  /// What has gone well, of many: an object is a group, or a dataset, or one whose attributes can be counted.
  enum Flag {
    static let passed: UInt8 = 1
    static let isGroup: UInt8 = 2
    static let isDataset: UInt8 = 4
    static let countsAttributes: UInt8 = 8
    /// It asked for too much memory, and nothing was tried after it.
    static let isSpent: UInt8 = 128
  }

  /// What else has gone well with this one.
  func implied(by flags: UInt8) -> [Self] {
    guard action == .object else { return [] }
    var all: [Self] = []
    if flags & Flag.isGroup != 0 { all.append(Self(action: .group, path: path)) }
    if flags & Flag.isDataset != 0 { all.append(Self(action: .dataset, path: path)) }
    if flags & Flag.countsAttributes != 0 { all.append(Self(action: .attributeNames, path: path, limit: 0)) }
    return all
  }

  /// Takes one out of a message; `nil` if there is none.
  init?(_ message: inout TrialMessage) {
    guard let action = message.number().flatMap({ UInt8(exactly: $0) }).flatMap(ReadingTrial.Action.init),
      let path = message.text(), let name = message.text(), let limit = message.number(),
      let first = message.number(), let end = message.number()
    else { return nil }
    self.init(action: action, path: path, name: name, limit: limit, rows: first < end ? first..<end : nil)
  }

  func append(to message: inout TrialMessage) {
    message.append(Int(action.rawValue))
    message.append(path)
    message.append(name)
    message.append(limit)
    message.append(rows?.lowerBound ?? 0)
    message.append(rows?.upperBound ?? 0)
  }

  func subject(in file: String) -> String {
    let holder = path == "/" ? "'\(file)'" : "'\(path)' of '\(file)'"
    return switch action {
    case .open: "'\(file)'"
    case .group, .memberNames: path == "/" ? "the members of '\(file)'" : "group \(holder)"
    case .member: "the member '\(name)' of \(holder)"
    case .dataset, .object: "dataset \(holder)"
    case .attributeNames: "the attributes of \(holder)"
    case .attribute, .attributeElements, .storedAttribute: "attribute '\(name)' of \(holder)"
    case .elements, .storedElements: "the elements of dataset \(holder)"
    case .chunks: "the chunks of dataset \(holder)"
    case .sources: "the sources of dataset \(holder)"
    }
  }
}
