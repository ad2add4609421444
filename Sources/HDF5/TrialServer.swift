import Foundation
import Foundations

/// The helper's side of reading trials: it does what it is told to a file, and says whether that went well.
struct TrialServer {
  /// Seconds of computing, or up to one more, after which reading anything but elements is given up.
  private static let seconds = 1
  /// Elements of which a second may take no fewer bytes than this; the slowest filters manage ten times as many.
  private static let bytesPerSecond = 10_000_000
  /// Sources of a virtual dataset that are looked at in a second, at least.
  private static let sourcesPerSecond = 200
  private static let blockByteCount = 1 << 24
  private static let addressSpace = 2 << 30

  private let channel = TrialChannel(descriptor: TrialProcess.descriptor)

  func serve() -> Never {
    endWithParent()
    limit(RLIMIT_CORE, 0)
    limit(RLIMIT_AS, Self.addressSpace)
    guard channel.send(TrialMessage()), var opening = channel.receive(), let file = open(&opening) else { _exit(1) }
    while var request = channel.receive() {
      answer { try read(&request, in: file) }
    }
    _exit(0)
  }

  /// Does something and says what came of it.
  private func answer(_ body: () throws -> Void) {
    limitTime(Self.seconds)
    var reply = TrialMessage()
    do {
      try body()
      reply.append(0)
    } catch {
      let error = error as? HDF5Error ?? HDF5Error(.library, "\(error)")
      reply.append(1)
      reply.append(error.reason.rawValue)
      reply.append(error.message)
    }
    guard channel.send(reply) else { _exit(1) }
  }

  private func open(_ message: inout TrialMessage) -> File? {
    guard let name = message.text(), let allows = message.number(), let isImage = message.number(),
      let content = message.content()
    else { return nil }
    var file: File?
    answer {
      file =
        try isImage != 0
        ? File.open(image: Array(content), name: name)
        : File.open(
          at: String(decoding: content, as: UTF8.self), externalFiles: allows != 0 ? .allowed : .refused)
    }
    return file
  }

  private func read(_ message: inout TrialMessage, in file: File) throws {
    guard let action = message.number().flatMap({ UInt8(exactly: $0) }).flatMap(ReadingTrial.Action.init),
      let path = message.text(), let name = message.text(), let limit = message.number()
    else { _exit(1) }
    switch action {
    case .open: break
    case .group: _ = try Group(opening: path, of: file)
    case .memberNames:
      let group = try Group(opening: path, of: file)
      _ = (try group.memberCount(), try group.memberNames(atMost: limit))
    case .hasLink: _ = try Group(opening: path, of: file).exists(name)
    case .kind:
      let group = try Group(opening: path, of: file)
      if try group.exists(name) { _ = (try group.kind(of: name), try group.link(of: name)) }
    case .dataset: try look(at: dataset(path, of: file))
    case .attributeNames:
      let object = try object(path, of: file)
      _ = (try object.identity(), try object.attributeCount(), try object.attributeNames(atMost: limit))
    case .attribute: _ = try object(path, of: file).attribute(name)
    case .attributeElements:
      let attribute = try object(path, of: file).attribute(name)
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
    case .elements: try readElements(of: dataset(path, of: file))
    case .chunks: _ = try dataset(path, of: file).unwritten
    case .sources:
      let dataset = try dataset(path, of: file)
      limitTime(Self.seconds + (try dataset.sources.count) / Self.sourcesPerSecond)
      try dataset.requireSources(depth: 0)
    }
  }

  private func dataset(_ path: String, of file: File) throws -> Dataset {
    try file.root.dataset(String(path.drop { $0 == "/" }))
  }

  private func object(_ path: String, of file: File) throws -> any Object {
    if path == "/" { return try file.root }
    return try file.root.kind(of: path) == .dataset ? dataset(path, of: file) : Group(opening: path, of: file)
  }

  private func look(at dataset: Dataset) throws {
    _ = (try dataset.layout, try dataset.filters, try dataset.externalFileNames, try dataset.sources)
    _ = (try dataset.chunkShape, try dataset.storageSize, try dataset.offset, try dataset.identity())
    // Extents of a virtual dataset may need files that are not allowed; then its elements are not read either.
    if try dataset.layout != .virtual { _ = try dataset.dataspace }
  }

  private func readElements(of dataset: Dataset) throws {
    // Of chunks that were never written there is nothing to unpack.
    if try dataset.layout == .chunked, try dataset.storageSize == 0 { return }
    let space = try dataset.dataspace
    let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    func bytes(_ rows: Int) -> Int {
      let (count, overflow) = rows.multipliedReportingOverflow(
        by: max(1, space.count / max(1, space.shape.first ?? 1)))
      let bytes = count.multipliedReportingOverflow(by: max(8, dataset.datatype.byteCount))
      return overflow || bytes.overflow ? memory : min(memory, bytes.partialValue)
    }
    limitTime(Self.seconds + bytes(space.shape.first ?? 1) / Self.bytesPerSecond)
    limit(RLIMIT_AS, Self.addressSpace + 4 * bytes(try dataset.rowsOfBlock(ofAbout: Self.blockByteCount)))
    try dataset.forEachBlock(ofAbout: Self.blockByteCount) { selection in
      if dataset.datatype.isNumeric {
        try dataset.withElements(selecting: selection) { _ in }
      } else if try dataset.datatype.isCompound() {
        for member in try dataset.datatype.members() {
          if case .string = member.datatype.kind {
            _ = try dataset.readStrings(member: [member.name], selecting: selection)
          } else if member.datatype.isNumeric {
            _ = try dataset.read(member: [member.name], as: Double.self, selecting: selection)
          }
        }
      } else {
        _ = try dataset.readStrings(selecting: selection)
      }
    }
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

  private func limitTime(_ seconds: Int) {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    limit(RLIMIT_CPU, usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + 1 + seconds)
  }

  /// Sets a limit, unless a lower one cannot be exceeded.
  private func limit(_ resource: __rlimit_resource, _ value: Int) {
    var limits = rlimit()
    guard getrlimit(__rlimit_resource_t(resource.rawValue), &limits) == 0 else { return }
    limits.rlim_cur = min(limits.rlim_max, rlim_t(max(0, value)))
    setrlimit(__rlimit_resource_t(resource.rawValue), &limits)
  }
}
