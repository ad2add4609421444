import Foundation
import Foundations

/// The helper's side of reading trials: it does what it is told to a file, and says whether that went well.
struct TrialServer {
  /// Seconds of computing after which reading anything but elements and long lists is given up. What is not
  /// damaged takes a hundredth of them.
  private static let seconds = 0.4
  private static let secondsForMany = 1.0
  /// Elements of which a second may take no fewer bytes than this; the slowest filters manage ten times as many.
  static let bytesPerSecond = 10_000_000.0
  /// Sources of a virtual dataset that are looked at in a second, at least.
  private static let sourcesPerSecond = 200.0
  /// What this process may take before it has opened a file, which may come as an image.
  static let addressSpace = 2 << 30
  /// What reading anything but elements may take above what this process took when it began. The headers of an object are
  /// read whole when it is opened, and their parts are allocated by numbers that are in the file.
  static let room = 96 << 20
  private static let roomForNames = 160 << 20

  private let channel = TrialChannel(descriptor: TrialProcess.descriptor)
  /// The address space that this process took before it read anything, but for an image; 0 if that is not known.
  private var base = 0
  /// Some groups that are open.
  private var groups: [String: Group] = [:]
  private static let mostGroups = 64

  mutating func serve() -> Never {
    endWithParent()
    limit(RLIMIT_CORE, 0)
    limit(RLIMIT_AS, Self.addressSpace)
    base = MemoryLimit.addressSpaceTaken
    guard channel.send(TrialMessage()), var opening = channel.receive(), let file = open(&opening) else { _exit(1) }
    if base == 0 { base = MemoryLimit.addressSpaceTaken }
    while var message = channel.receive() {
      guard let count = message.number() else { _exit(1) }
      if count == 0 {
        guard let request = ReadingTrial.Request(&message) else { _exit(1) }
        answer(request.subject(in: file.name)) { _ = try read(request, in: file) }
      } else {
        answerMany(&message, in: file)
      }
    }
    _exit(0)
  }

  /// Does many things, each for itself, and says what of each went well.
  private mutating func answerMany(_ message: inout TrialMessage, in file: File) {
    var flags: [UInt8] = []
    var isSpent = false
    while let request = ReadingTrial.Request(&message) {
      guard !isSpent else {
        flags.append(0)
        continue
      }
      limitTime(Self.seconds)
      limitMemory(Self.room)
      do {
        flags.append(try read(request, in: file))
      } catch {
        isSpent = (error as? HDF5Error)?.isOfMemory == true
        flags.append(isSpent ? ReadingTrial.Request.Flag.isSpent : 0)
      }
    }
    var reply = TrialMessage()
    reply.append(0)
    flags.withUnsafeBytes { reply.append($0) }
    guard channel.send(reply) else { _exit(1) }
  }

  /// Does something and says what came of it.
  private func answer(_ subject: String, _ body: () throws -> Void) {
    limitTime(Self.seconds)
    limitMemory(Self.room)
    var reply = TrialMessage()
    do {
      try body()
      reply.append(0)
    } catch {
      var error = error as? HDF5Error ?? HDF5Error(.library, "\(error)")
      if error.isOfMemory {
        error = HDF5Error(
          .memory,
          "cannot read \(subject): the HDF5 library asks for more memory than that can need, so the file is damaged or "
            + "made to take memory; copy or make it again")
      }
      reply.append(1)
      reply.append(error.reason.rawValue)
      reply.append(error.message)
    }
    guard channel.send(reply) else { _exit(1) }
  }

  private mutating func open(_ message: inout TrialMessage) -> File? {
    guard let name = message.text(), let allows = message.number(), let isImage = message.number(),
      let content = message.content()
    else { return nil }
    // An image is as large as it is.
    if isImage != 0 { base = 0 }
    var file: File?
    answer("'\(name)'") {
      file =
        try isImage != 0
        ? File.open(image: Array(content), name: name)
        : File.open(
          at: String(decoding: content, as: UTF8.self), externalFiles: allows != 0 ? .allowed : .refused)
    }
    return file
  }

  /// - Returns: What has gone well; see ``ReadingTrial/Request/Flag``.
  private mutating func read(_ request: ReadingTrial.Request, in file: File) throws -> UInt8 {
    let (path, name, limit) = (request.path, request.name, request.limit)
    switch request.action {
    case .open: break
    case .group: _ = try group(path, of: file)
    case .memberNames:
      limitTime(Self.secondsForMany)
      limitMemory(Self.roomForNames)
      let group = try group(path, of: file)
      _ = (try group.memberCount(), try group.memberNames(atMost: limit))
    case .member:
      let group = try group(path, of: file)
      if try !group.kinds(along: [name]).isEmpty { _ = try group.link(of: name) }
    case .object: return try readObject(path, of: file)
    case .dataset: try look(at: dataset(path, of: file))
    case .attributeNames:
      let object = try object(path, of: file)
      _ = (try object.identity(), try object.attributeCount(), try object.attributeNames(atMost: limit))
    case .attribute: _ = try object(path, of: file).attribute(name)
    case .attributeElements:
      let attribute = try object(path, of: file).attribute(name)
      limitTime(
        Self.seconds + Double(attribute.dataspace.count) * Double(attribute.datatype.byteCount) / Self.bytesPerSecond)
      if case .string = attribute.datatype.kind {
        _ = try attribute.readTextBytes()
      } else if attribute.datatype.isNumeric {
        _ = try attribute.read(as: Double.self)
      } else {
        for member in try attribute.datatype.members() where member.shape.isEmpty {
          switch member.datatype.kind {
          case .string: _ = try attribute.readStrings(member: member.name)
          case .other("reference"): _ = try attribute.readObjectPaths(member: member.name)
          default:
            if member.datatype.isNumeric { _ = try attribute.read(member: member.name, as: Double.self) }
          }
        }
      }
    case .elements, .storedElements:
      let dataset = try dataset(path, of: file)
      // Of chunks that were never written there is nothing to unpack.
      if try dataset.layout == .chunked, try dataset.storageSize == 0 { break }
      let trial = try ElementsTrial(
        of: dataset, rows: request.rows, asStored: request.action == .storedElements, in: file)
      limitTime(Self.seconds + trial.seconds)
      limitMemory(trial.byteCount)
      try trial.read()
    case .storedAttribute:
      let attribute = try object(path, of: file).attribute(name)
      try attribute.requireModestSize()
      limitTime(
        Self.seconds + Double(attribute.dataspace.count) * Double(attribute.datatype.byteCount) / Self.bytesPerSecond)
      var bytes = [UInt8](repeating: 0, count: max(1, attribute.dataspace.count * attribute.datatype.byteCount))
      try bytes.withUnsafeMutableBytes { buffer in
        guard let base = buffer.baseAddress, attribute.dataspace.count > 0 else { return }
        try attribute.readStored(into: base)
        guard try !attribute.datatype.isOfFixedSize else { return }
        try attribute.datatype.release(base, attribute.dataspace, label: attribute.label)
      }
    case .chunks:
      limitTime(Self.secondsForMany)
      _ = try dataset(path, of: file).unwritten
    case .sources:
      let dataset = try dataset(path, of: file)
      limitTime(Self.seconds + Double(try dataset.sources.count) / Self.sourcesPerSecond)
      try dataset.requireSources(depth: 0)
    }
    return ReadingTrial.Request.Flag.passed
  }

  private mutating func readObject(_ path: String, of file: File) throws -> UInt8 {
    var flags = ReadingTrial.Request.Flag.passed
    let (holder, name) = try place(path, of: file)
    switch try holder.kinds(along: [name]).last {
    case .group:
      _ = try group(path, of: file)
      flags |= ReadingTrial.Request.Flag.isGroup
    case .dataset:
      let dataset = try holder.openDataset(name)
      try look(at: dataset)
      flags |= ReadingTrial.Request.Flag.isDataset
      do {
        _ = (try dataset.identity(), try dataset.attributeCount(), try dataset.attributeNames(atMost: 0))
        flags |= ReadingTrial.Request.Flag.countsAttributes
      } catch _ {
        // Then they are tried by themselves when they are needed.
      }
    default: break
    }
    return flags
  }

  /// The group that an object is in, and its name there.
  private mutating func place(_ path: String, of file: File) throws -> (Group, name: String) {
    let end = path.lastIndex(of: "/") ?? path.startIndex
    let holder = String(path[..<end])
    return (try group(holder.isEmpty ? "/" : holder, of: file), String(path[end...].drop { $0 == "/" }))
  }

  /// Opens a group, from the one that it is in: a path from the root takes as long as it is.
  private mutating func group(_ path: String, of file: File) throws -> Group {
    if let group = groups[path] { return group }
    let group: Group
    if path == "/" {
      group = try file.root
    } else {
      let (holder, name) = try place(path, of: file)
      group = try Group(opening: name, in: holder)
    }
    if groups.count >= Self.mostGroups { groups = groups.filter { path.hasPrefix($0.key) } }
    if groups.count < Self.mostGroups { groups[path] = group }
    return group
  }

  private mutating func dataset(_ path: String, of file: File) throws -> Dataset {
    let (holder, name) = try place(path, of: file)
    return try holder.openDataset(name)
  }

  private mutating func object(_ path: String, of file: File) throws -> any Object {
    if path == "/" { return try file.root }
    let (holder, name) = try place(path, of: file)
    return try holder.kinds(along: [name]).last == .dataset ? holder.openDataset(name) : group(path, of: file)
  }

  private func look(at dataset: Dataset) throws {
    _ = (try dataset.layout, try dataset.filters, try dataset.externalFileNames, try dataset.sources)
    _ = (try dataset.chunkShape, try dataset.storageSize, try dataset.offset, try dataset.identity())
    // Extents of a virtual dataset may need files that are not allowed; then its elements are not read either.
    if try dataset.layout != .virtual { _ = try dataset.dataspace }
  }

  // MARK: Limits

  /// Ends this process with its parent, also in the middle of a call that does not end.
  private func endWithParent() {
    let descriptor = channel.descriptor
    let thread = Thread {
      // Without being asked for, the only event is that the other end is closed.
      var state = pollfd(fd: descriptor, events: 0, revents: 0)
      while poll(&state, 1, -1) < 0, errno == EINTR {}
      _exit(0)
    }
    thread.start()
  }

  /// Has this process end by a signal that much computing from now.
  private func limitTime(_ seconds: Double) {
    let whole = Int(min(seconds, 1e9))
    var timer = itimerval()
    timer.it_value.tv_sec = whole
    timer.it_value.tv_usec = Int((seconds - Double(whole)) * 1e6)
    setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
  }

  /// Lets this process take so much more than at its beginning.
  private func limitMemory(_ bytes: Int) {
    limit(RLIMIT_AS, base > 0 ? base.addingReportingOverflow(bytes).partialValue : Self.addressSpace)
  }

  /// Sets a limit, unless a lower one cannot be exceeded.
  private func limit(_ resource: __rlimit_resource, _ value: Int) {
    var limits = rlimit()
    guard getrlimit(__rlimit_resource_t(resource.rawValue), &limits) == 0 else { return }
    limits.rlim_cur = min(limits.rlim_max, rlim_t(max(0, value)))
    setrlimit(__rlimit_resource_t(resource.rawValue), &limits)
  }
}
